/* SPDX-License-Identifier: MIT */
/* protect.c - reads and nodes of another era than the last, and contracts broken. */
#include "prim/fault.h"
#include "smr/check.h"
#include "smr/read.h"

/* up is seen by who frees before a pointer that is read after this. */
void cc_smr_raise_(cc_smr_guard_t *guard, uint64_t era)
{
    __atomic_store_n(&guard->up, era, __ATOMIC_RELEASE);
    cci_smr_fence_reader(cci_guard_of(guard)->domain);
}

/* A word counts when the era did not change while it was read. */
uintptr_t cci_smr_read_slow(cc_smr_guard_t *g, const void *slot)
{
    for (;;) {
        void    *word = __atomic_load_n((cc_smr_pointer_ const *)slot, __ATOMIC_ACQUIRE);
        uint64_t era  = __atomic_load_n(&g->domain->era, __ATOMIC_RELAXED);
        if (era == g->up || cci_guard_of(g)->domain->is_ebr)
            return (uintptr_t)word;
        cc_smr_raise_(g, era);
    }
}

void *cc_smr_protect_slow_(cc_smr_guard_t *guard, const void *slot)
{
    cci_guard_t *g    = cci_guard_of(guard);
    void        *node = (void *)cci_smr_read_slow(guard, slot);

    if (g->domain->check)
        cci_check_read(g, node);
    return node;
}

void cc_smr_fault_(const void *node)
{
    cci_fault("smr", "node %p is retired twice", node);
}
