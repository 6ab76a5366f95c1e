/* SPDX-License-Identifier: MIT */
/* A node is freed as if it were from cc_alloc. */
#include <ccmem/alloc.h>
#include "support/misuse.h"

MISUSE(CHECKED,
       "ccmem: heap: block ADDRESS was allocated as class 64 aligned to 64 and freed as class 64")
{
    cc_free(cc_alloc_node(64), 64);
}
