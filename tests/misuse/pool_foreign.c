/* SPDX-License-Identifier: MIT */
/* A pointer that is not of the pool is freed into it. */
#include <ccmem/pool.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: pool: free of ADDRESS: not of this allocator")
{
    cc_pool_t pool;

    if (cc_pool_init(&pool, cc_allocator_heap(), 64, 0, 4) != CC_RESULT_OK)
        return;
    cc_allocator_t a = cc_pool_allocator(&pool);
    char          *p = cc_allocator_alloc(a, 64, 16);
    char           other[64];

    if (p)
        cc_allocator_free(a, other, 64, 16);
}
