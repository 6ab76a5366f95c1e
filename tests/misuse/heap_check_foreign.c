/* SPDX-License-Identifier: MIT */
/* A block of another allocator is freed. */
#include <stdlib.h>
#include <ccmem/alloc.h>
#include "support/misuse.h"

MISUSE(CHECKED, "ccmem: heap: block ADDRESS was freed and never allocated")
{
    cc_free(malloc(100), 100);
}
