/* SPDX-License-Identifier: MIT */
/* A thread destroys the domain that it reads in. */
#include <ccmem/smr.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: smr: cc_smr_destroy within a section")
{
    cc_smr_t *domain = cc_smr_create(NULL);

    if (domain && cc_smr_enter(domain))
        cc_smr_destroy(domain);
}
