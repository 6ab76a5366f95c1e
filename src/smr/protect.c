/* SPDX-License-Identifier: MIT */
/* protect.c - reads and nodes of another era than the last, and contracts broken. */
#include "prim/fault.h"
#include "smr/check.h"

/* up is seen by who frees before a pointer that is read after this. */
void cc_smr_raise_(cc_smr_guard_t *guard, uint64_t era)
{
    __atomic_store_n(&guard->up, era, __ATOMIC_RELEASE);
    cci_smr_fence_reader(cci_guard_of(guard)->domain);
}

/* A pointer counts when the era did not change while it was read. */
static void *read_in_era(cci_guard_t *g, const void *slot)
{
    for (;;) {
        void    *node = __atomic_load_n((cc_smr_pointer_ const *)slot, __ATOMIC_ACQUIRE);
        uint64_t era  = __atomic_load_n(&g->domain->head.era, __ATOMIC_RELAXED);
        if (era == g->head.up || g->domain->is_ebr)
            return node;
        cc_smr_raise_(&g->head, era);
    }
}

void *cc_smr_protect_slow_(cc_smr_guard_t *guard, const void *slot)
{
    cci_guard_t *g    = cci_guard_of(guard);
    void        *node = read_in_era(g, slot);

    if (g->domain->check)
        cci_check_read(g, node);
    return node;
}

void cc_smr_fault_(const void *node)
{
    cci_fault("smr", "node %p is retired twice", node);
}
