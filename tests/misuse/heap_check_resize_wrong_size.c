/* SPDX-License-Identifier: MIT */
/* A block is resized from a size that it does not have. */
#include <ccmem/alloc.h>
#include "support/misuse.h"

static void *volatile p_used;

MISUSE(CHECKED, "ccmem: heap: block ADDRESS was allocated as class 112 and freed as class 80")
{
    p_used = cc_realloc(cc_alloc(100), 80, 1000);
}
