/* SPDX-License-Identifier: MIT */
/* A node that was retired stays in the structure, and somebody finds it when it was freed. */
#include <ccmem/smr.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: smr: node ADDRESS is read after it was freed")
{
    cc_smr_options_t options = CC_SMR_OPTIONS_DEFAULT;
    options.check            = true;
    cc_smr_t       *domain   = cc_smr_create(&options);
    cc_smr_guard_t *g        = domain ? cc_smr_enter(domain) : NULL;
    void           *shared   = g ? cc_smr_alloc(g, 64) : NULL;

    if (!shared)
        return;
    cc_smr_retire(g, shared, 64, NULL);
    cc_smr_leave(g);
    cc_smr_barrier(domain);
    g = cc_smr_enter(domain);
    if (g)
        cc_smr_protect(g, &shared);
}
