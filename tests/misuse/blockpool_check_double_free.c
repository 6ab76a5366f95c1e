/* SPDX-License-Identifier: MIT */
/* A block is freed twice. */
#include <ccmem/blockpool.h>
#include "support/misuse.h"

MISUSE(CHECKED, "ccmem: blockpool: block ADDRESS was freed and is not in use")
{
    cc_blockpool_t pool;

    if (cc_blockpool_init(&pool, cc_allocator_system(), 0) != CC_RESULT_OK)
        return;
    void *p = cc_blockpool_alloc(&pool, 100);

    cc_blockpool_free(&pool, p, 100);
    cc_blockpool_free(&pool, p, 100);
}
