/* SPDX-License-Identifier: MIT */
/* A block of the heap is freed into a pool. */
#include <ccmem/alloc.h>
#include <ccmem/blockpool.h>
#include "support/misuse.h"

MISUSE(CHECKED, "ccmem: blockpool: block ADDRESS was freed and is not in use")
{
    cc_blockpool_t pool;

    if (cc_blockpool_init(&pool, cc_allocator_system(), 0) != CC_RESULT_OK)
        return;
    cc_blockpool_free(&pool, cc_alloc(100), 100);
}
