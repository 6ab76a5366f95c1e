/* SPDX-License-Identifier: MIT */
/* A block that was aligned is freed as one that was not. */
#include <ccmem/blockpool.h>
#include "support/misuse.h"

MISUSE(CHECKED, "ccmem: blockpool: block ADDRESS was allocated as 100 bytes aligned to 64 and "
                "freed as 100 aligned to 16")
{
    cc_blockpool_t pool;

    if (cc_blockpool_init(&pool, cc_allocator_system(), 0) != CC_RESULT_OK)
        return;
    cc_blockpool_free(&pool, cc_blockpool_alloc_aligned(&pool, 100, 64), 100);
}
