/* SPDX-License-Identifier: MIT */
/* A block of another allocator is freed into a limit. */
#include <ccmem/alloc.h>
#include <ccmem/compose.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: limit: a block of 100 bytes was freed where 60 are in use")
{
    cc_limit_t limit;

    cc_limit_init(&limit, cc_allocator_heap(), 1000);
    void *own = cc_allocator_alloc(cc_limit_allocator(&limit), 60, 8);
    if (own)
        cc_allocator_free(cc_limit_allocator(&limit), cc_alloc(100), 100, 8);
}
