/* SPDX-License-Identifier: MIT */
/* A block is freed with size 0, which no block has. */
#include <ccmem/alloc.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: heap: block ADDRESS of 112 bytes was freed as one of 0")
{
    cc_free(cc_alloc(100), 0);
}
