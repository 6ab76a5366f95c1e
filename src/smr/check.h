/* SPDX-License-Identifier: MIT */
/* smr/check.h - finds out who reads what is freed, without a sanitizer.
 *
 * The word of a node that was freed says so. For it to stay, such nodes are kept for a while; their
 * other bytes are overwritten, and looked at before the memory goes on: somebody may have written.
 */
#ifndef CCI_SMR_CHECK_H
#define CCI_SMR_CHECK_H
#include "smr/domain.h"

/* cc_smr_free keeps what it is given, from now on. */
void cci_check_begin(void);

/* Free what is kept, once it was looked at. */
void cci_check_let_go(void);

/* Around a fork. */
void cci_check_lock(void);
void cci_check_unlock(void);

/* A node was read: it is none that was freed. Counts its age. Any bits below the alignment of a node
 * are ignored, but for the lowest: a pointer with that is out of a node that was taken out, and the
 * structure has yet to find out whether it counts. */
void cci_check_read(cci_guard_t *g, const void *pointer);

/* The word of a node that nobody has any more. */
#define CCI_SMR_DEAD (CC_SMR_RETIRED_ | UINT64_C(0x0dead0dead0dead0))

static inline void cci_check_dead(const cci_domain_t *d, void *node)
{
    if (d->check)
        __atomic_store_n(&((cc_smr_node_t *)node)->era_, CCI_SMR_DEAD, __ATOMIC_RELAXED);
}

#endif
