/* SPDX-License-Identifier: MIT */
/* A block is freed twice. */
#include <ccmem/alloc.h>
#include "support/misuse.h"

MISUSE(CHECKED, "ccmem: heap: block ADDRESS was freed twice")
{
    void *p = cc_alloc(100);

    cc_free(p, 100);
    cc_free(p, 100);
}
