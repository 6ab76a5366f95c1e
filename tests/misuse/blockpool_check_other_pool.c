/* SPDX-License-Identifier: MIT */
/* A block of one pool is freed into another. */
#include <ccmem/blockpool.h>
#include "support/misuse.h"

MISUSE(CHECKED, "ccmem: blockpool: block ADDRESS was freed and is not in use")
{
    cc_blockpool_t pool;

    if (cc_blockpool_init(&pool, cc_allocator_system(), 0) != CC_RESULT_OK)
        return;
    cc_blockpool_t other;

    if (cc_blockpool_init(&other, cc_allocator_system(), 0) == CC_RESULT_OK)
        cc_blockpool_free(&other, cc_blockpool_alloc(&pool, 100), 100);
}
