/* SPDX-License-Identifier: MIT */
/* A pointer into a block is freed. */
#include <ccmem/blockpool.h>
#include "support/misuse.h"

MISUSE(CHECKED, "ccmem: blockpool: block ADDRESS was freed and is not in use")
{
    cc_blockpool_t pool;

    if (cc_blockpool_init(&pool, cc_allocator_system(), 0) != CC_RESULT_OK)
        return;
    cc_blockpool_free(&pool, (char *)cc_blockpool_alloc(&pool, 100) + 16, 84);
}
