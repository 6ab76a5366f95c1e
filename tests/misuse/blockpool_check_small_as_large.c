/* SPDX-License-Identifier: MIT */
/* A block that has a size class is freed as one that has none. */
#include <ccmem/blockpool.h>
#include "support/misuse.h"

MISUSE(CHECKED, "ccmem: blockpool: block ADDRESS was allocated as 100 bytes aligned to 16 and "
                "freed as 50000 aligned to 16")
{
    cc_blockpool_t pool;

    if (cc_blockpool_init(&pool, cc_allocator_system(), 0) != CC_RESULT_OK)
        return;
    cc_blockpool_free(&pool, cc_blockpool_alloc(&pool, 100), 50000);
}
