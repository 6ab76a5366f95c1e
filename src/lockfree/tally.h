/* SPDX-License-Identifier: MIT */
/* lockfree/tally.h - how many entries there are, counted by many threads: one stripe a thread, as far as
 * there are enough. */
#ifndef CCI_LOCKFREE_TALLY_H
#define CCI_LOCKFREE_TALLY_H
#include <stdatomic.h>
#include "smr/domain.h"

enum { CCI_STRIPES = 8 };

typedef struct cci_tally {
    struct {
        _Alignas(CC_CACHE_LINE_SIZE) _Atomic uint64_t count; /* put less removed, modulo 2^64 */
    } stripe[CCI_STRIPES];
} cci_tally_t;

/* The stripe of a thread. */
static inline size_t cci_stripe_of(cc_smr_guard_t *g)
{
    return cci_guard_of(g)->number % CCI_STRIPES;
}

static inline void cci_tally_add(cci_tally_t *t, size_t stripe, int64_t change)
{
    atomic_fetch_add_explicit(&t->stripe[stripe].count, (uint64_t)change, memory_order_relaxed);
}

/* Removals may be seen before what was put: then there are none. */
static inline size_t cci_tally_sum(const cci_tally_t *t)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < CCI_STRIPES; i++)
        sum += atomic_load_explicit(&t->stripe[i].count, memory_order_relaxed);
    return (int64_t)sum > 0 ? (size_t)sum : 0;
}

#endif
