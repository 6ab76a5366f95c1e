/* SPDX-License-Identifier: MIT */
/* A pointer into a block is freed. */
#include <ccmem/alloc.h>
#include "support/misuse.h"

MISUSE(CHECKED, "ccmem: heap: block ADDRESS was freed and never allocated")
{
    char *p = cc_alloc(100);

    cc_free_unsized(p + 16);
}
