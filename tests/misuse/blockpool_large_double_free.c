/* SPDX-License-Identifier: MIT */
/* A block without a size class is freed twice: always found. */
#include <ccmem/blockpool.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: blockpool: block ADDRESS was freed and is not in use")
{
    cc_blockpool_t pool;

    if (cc_blockpool_init(&pool, cc_allocator_system(), 0) != CC_RESULT_OK)
        return;
    void *p = cc_blockpool_alloc(&pool, 50000);

    cc_blockpool_free(&pool, p, 50000);
    cc_blockpool_free(&pool, p, 50000);
}
