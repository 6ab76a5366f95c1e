/* SPDX-License-Identifier: MIT */
/* A pointer into a block is freed. */
#include <ccmem/pool.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: pool: free of ADDRESS: not the start of a block")
{
    cc_pool_t pool;

    if (cc_pool_init(&pool, cc_allocator_heap(), 64, 0, 4) != CC_RESULT_OK)
        return;
    cc_allocator_t a = cc_pool_allocator(&pool);
    char          *p = cc_allocator_alloc(a, 64, 16);
    cc_allocator_free(a, p + 8, 64, 16);
}
