/* SPDX-License-Identifier: MIT */
/* A block is freed with another size, of the same class. */
#include <ccmem/blockpool.h>
#include "support/misuse.h"

MISUSE(CHECKED, "ccmem: blockpool: block ADDRESS was allocated as 100 bytes aligned to 16 and "
                "freed as 101 aligned to 16")
{
    cc_blockpool_t pool;

    if (cc_blockpool_init(&pool, cc_allocator_system(), 0) != CC_RESULT_OK)
        return;
    cc_blockpool_free(&pool, cc_blockpool_alloc(&pool, 100), 101);
}
