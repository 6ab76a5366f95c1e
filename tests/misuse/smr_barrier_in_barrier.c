/* SPDX-License-Identifier: MIT */
/* A callback of a barrier waits for another one. */
#include <ccmem/smr.h>
#include "support/misuse.h"

static cc_smr_t *domain;

static void wait_for_all(void *node, size_t size)
{
    cc_smr_barrier(domain);
    cc_smr_free(node, size);
}

MISUSE(CACHED, "ccmem: smr: cc_smr_barrier within a callback")
{
    domain               = cc_smr_create(NULL);
    cc_smr_guard_t *g    = domain ? cc_smr_enter(domain) : NULL;
    void           *node = g ? cc_smr_alloc(g, 64) : NULL;

    if (!node)
        return;
    cc_smr_retire(g, node, 64, wait_for_all);
    cc_smr_leave(g);
    cc_smr_barrier(domain);
}
