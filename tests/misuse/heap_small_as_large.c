/* SPDX-License-Identifier: MIT */
/* A small block is freed as a large one: found at once. */
#include <ccmem/alloc.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: heap: block ADDRESS of 112 bytes was freed as one of 100000")
{
    cc_free(cc_alloc(100), 100000);
}
