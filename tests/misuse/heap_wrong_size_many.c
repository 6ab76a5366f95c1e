/* SPDX-License-Identifier: MIT */
/* Blocks are freed with a wrong size at one place of a program: found when they leave their thread. */
#include <ccmem/alloc.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: heap: block ADDRESS of 112 bytes was freed as one of 64")
{
    enum { BLOCKS = 2000 };
    static void *p[BLOCKS];

    for (int i = 0; i < BLOCKS; i++)
        p[i] = cc_alloc(100);
    for (int i = 0; i < BLOCKS; i++)
        cc_free(p[i], 50);
}
