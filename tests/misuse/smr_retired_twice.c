/* SPDX-License-Identifier: MIT */
/* A node is taken out by two, and both retire it. */
#include <ccmem/smr.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: smr: node ADDRESS is retired twice")
{
    cc_smr_t       *domain = cc_smr_create(NULL);
    cc_smr_guard_t *g      = domain ? cc_smr_enter(domain) : NULL;
    void           *node   = g ? cc_smr_alloc(g, 64) : NULL;

    if (!node)
        return;
    cc_smr_retire(g, node, 64, NULL);
    cc_smr_retire(g, node, 64, NULL);
}
