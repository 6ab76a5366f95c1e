/* SPDX-License-Identifier: MIT */
/* A block is freed twice among many: found when the depot sorts them. */
#include <ccmem/alloc.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: heap: block ADDRESS was freed twice")
{
    enum { BLOCKS = 50000 };
    static void *p[BLOCKS];

    for (int i = 0; i < BLOCKS; i++)
        p[i] = cc_alloc(1000);
    for (int i = 0; i < BLOCKS; i++)
        cc_free(p[i == 77 ? 78 : i], 1000);
}
