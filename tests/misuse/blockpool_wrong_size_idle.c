/* SPDX-License-Identifier: MIT */
/* A block is freed with a wrong size: found when the thread is idle. With a
 * tool every block is checked, and it is found at once. */
#include <ccmem/blockpool.h>
#include "prim/poison.h"
#include "support/misuse.h"

MISUSE(CACHED, cci_poison_active()
                   ? "ccmem: blockpool: block ADDRESS was allocated as 150 bytes aligned to 16 and "
                     "freed as 1000 aligned to 16"
                   : "ccmem: blockpool: block ADDRESS of 160 bytes was freed as one of 1024")
{
    cc_blockpool_t pool;

    if (cc_blockpool_init(&pool, cc_allocator_system(), 0) != CC_RESULT_OK)
        return;
    cc_blockpool_free(&pool, cc_blockpool_alloc(&pool, 150), 1000);
    cc_blockpool_thread_idle(&pool);
}
