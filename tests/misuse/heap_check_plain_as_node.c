/* SPDX-License-Identifier: MIT */
/* A block of cc_alloc is freed as a node. */
#include <ccmem/alloc.h>
#include "support/misuse.h"

MISUSE(CHECKED, "ccmem: heap: block ADDRESS was allocated as class 128 and freed as class 128 "
                "aligned to " MISUSE_TEXT(CC_CACHE_LINE_SIZE))
{
    cc_free_node(cc_alloc(128), 128);
}
