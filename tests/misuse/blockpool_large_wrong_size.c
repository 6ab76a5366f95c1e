/* SPDX-License-Identifier: MIT */
/* A block without a size class is freed with another size: always found. */
#include <ccmem/blockpool.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: blockpool: block ADDRESS was allocated as 50000 bytes aligned to 16 and "
               "freed as 50001 aligned to 16")
{
    cc_blockpool_t pool;

    if (cc_blockpool_init(&pool, cc_allocator_system(), 0) != CC_RESULT_OK)
        return;
    cc_blockpool_free(&pool, cc_blockpool_alloc(&pool, 50000), 50001);
}
