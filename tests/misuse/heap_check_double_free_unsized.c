/* SPDX-License-Identifier: MIT */
/* A block is freed twice, the second time without its size. */
#include <ccmem/alloc.h>
#include "support/misuse.h"

MISUSE(CHECKED, "ccmem: heap: block ADDRESS was freed twice")
{
    void *p = cc_alloc(5000);

    cc_free(p, 5000);
    cc_free_unsized(p);
}
