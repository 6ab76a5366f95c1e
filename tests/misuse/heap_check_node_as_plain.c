/* SPDX-License-Identifier: MIT */
/* A node is freed as if it were from cc_alloc. */
#include <ccmem/alloc.h>
#include "support/misuse.h"

MISUSE(CHECKED, "ccmem: heap: block ADDRESS was allocated as class 128 aligned to " MISUSE_TEXT(
                    CC_CACHE_LINE_SIZE) " and freed as class 128")
{
    cc_free(cc_alloc_node(128), 128);
}
