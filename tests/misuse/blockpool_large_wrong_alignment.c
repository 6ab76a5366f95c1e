/* SPDX-License-Identifier: MIT */
/* A block with a great alignment is freed with a greater one: always found. */
#include <ccmem/blockpool.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: blockpool: block ADDRESS was allocated as 100 bytes aligned to 8192 and "
               "freed as 100 aligned to 16384")
{
    cc_blockpool_t pool;

    if (cc_blockpool_init(&pool, cc_allocator_system(), 0) != CC_RESULT_OK)
        return;
    void *p = cc_blockpool_alloc_aligned(&pool, 100, 8192);

    cc_blockpool_free_aligned(&pool, p, 100, 16384);
}
