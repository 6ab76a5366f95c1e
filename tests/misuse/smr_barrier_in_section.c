/* SPDX-License-Identifier: MIT */
/* A thread waits for its own section to end. */
#include <ccmem/smr.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: smr: cc_smr_barrier within a section")
{
    cc_smr_t *domain = cc_smr_create(NULL);

    if (domain && cc_smr_enter(domain))
        cc_smr_barrier(domain);
}
