/* SPDX-License-Identifier: MIT */
/* profile/flow.h - whose blocks who frees: frees by the pair of threads, as far as there are any.
 * Private to src/profile.
 *
 * Pairs are kept in the order in which they came, and found by a hash; the pair before is tried
 * first, because frees of others' blocks mostly come in rows.
 */
#ifndef CCI_PROFILE_FLOW_H
#define CCI_PROFILE_FLOW_H
#include "base/index.h"
#include "profile/profile.h"

/* All zero is none. */
typedef struct cci_flows {
    cci_flow_t *item;
    size_t      count, capacity;
    uint32_t    last;
    cci_index_t index;
} cci_flows_t;

/* Frees by thread `to` of blocks of thread `from`. False: out of memory, nothing changed. O(1). */
CC_NODISCARD bool cci_flows_add(cci_flows_t *f, uint32_t from, uint32_t to, uint64_t count,
                                uint64_t bytes);

/* Forget all frees; the pairs stay, with none. */
void cci_flows_clear(cci_flows_t *f);

/* A copy of the pairs for the profile, most frees first; counts, which are in units, become whole.
 * False: out of memory. */
CC_NODISCARD bool cci_flows_collect(const cci_flows_t *f, cci_profile_t *p, uint64_t unit);

void cci_flows_fini(cci_flows_t *f);

#endif
