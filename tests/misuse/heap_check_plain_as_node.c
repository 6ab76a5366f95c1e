/* SPDX-License-Identifier: MIT */
/* A block of cc_alloc is freed as a node. */
#include <ccmem/alloc.h>
#include "support/misuse.h"

MISUSE(CHECKED,
       "ccmem: heap: block ADDRESS was allocated as class 64 and freed as class 64 aligned to 64")
{
    cc_free_node(cc_alloc(64), 64);
}
