/* SPDX-License-Identifier: MIT */
/* A block of the heap without a size class is freed into a pool: always found. */
#include <ccmem/alloc.h>
#include <ccmem/blockpool.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: blockpool: block ADDRESS was freed and is not in use")
{
    cc_blockpool_t pool;

    if (cc_blockpool_init(&pool, cc_allocator_system(), 0) != CC_RESULT_OK)
        return;
    cc_blockpool_free(&pool, cc_alloc(50000), 50000);
}
