/* SPDX-License-Identifier: MIT */
/* A block that was aligned is freed as one that was not: found when the thread is idle. With a
 * tool every block is checked, and it is found at once. */
#include <ccmem/blockpool.h>
#include "prim/poison.h"
#include "support/misuse.h"

MISUSE(CACHED, cci_poison_active()
                   ? "ccmem: blockpool: block ADDRESS was allocated as 200 bytes aligned to 256 "
                     "and freed as 200 aligned to 16"
                   : "ccmem: blockpool: block ADDRESS of 256 bytes was freed as one of 224")
{
    cc_blockpool_t pool;

    if (cc_blockpool_init(&pool, cc_allocator_system(), 0) != CC_RESULT_OK)
        return;
    cc_blockpool_free(&pool, cc_blockpool_alloc_aligned(&pool, 200, 256), 200);
    cc_blockpool_thread_idle(&pool);
}
