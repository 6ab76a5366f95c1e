/* SPDX-License-Identifier: MIT */
/* A node is written to once the section that it was read in has ended. */
#include <ccmem/smr.h>
#include "support/misuse.h"

typedef struct node {
    cc_smr_node_t smr;
    int           value;
} node_t;

MISUSE(CACHED, "ccmem: smr: node ADDRESS was written after it was freed")
{
    cc_smr_options_t options = CC_SMR_OPTIONS_DEFAULT;
    options.check            = true;
    cc_smr_t       *domain   = cc_smr_create(&options);
    cc_smr_guard_t *g        = domain ? cc_smr_enter(domain) : NULL;
    node_t         *node     = g ? cc_smr_alloc(g, sizeof *node) : NULL;

    if (!node)
        return;
    cc_smr_retire(g, node, sizeof *node, NULL);
    cc_smr_leave(g);
    cc_smr_barrier(domain);
    __atomic_store_n(&node->value, 1, __ATOMIC_RELAXED);
    cc_smr_destroy(domain);
}
