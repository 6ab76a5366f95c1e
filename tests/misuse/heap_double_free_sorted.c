/* SPDX-License-Identifier: MIT */
/* A block is freed twice: found when the blocks are sorted. */
#include <ccmem/alloc.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: heap: block ADDRESS was freed twice")
{
    void *p = cc_alloc(100);

    cc_free(p, 100);
    cc_free(p, 100);
    cc_thread_idle();
}
