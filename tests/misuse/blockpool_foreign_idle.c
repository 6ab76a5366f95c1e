/* SPDX-License-Identifier: MIT */
/* A block of the heap is freed into a pool: found when the thread is idle. With a
 * tool every block is checked, and it is found at once. */
#include <ccmem/alloc.h>
#include <ccmem/blockpool.h>
#include "prim/poison.h"
#include "support/misuse.h"

MISUSE(CACHED, cci_poison_active()
                   ? "ccmem: blockpool: block ADDRESS was freed and is not in use"
                   : "ccmem: blockpool: block ADDRESS was freed and is not of the pool")
{
    cc_blockpool_t pool;

    if (cc_blockpool_init(&pool, cc_allocator_system(), 0) != CC_RESULT_OK)
        return;
    cc_blockpool_free(&pool, cc_alloc(100), 100);
    cc_blockpool_thread_idle(&pool);
}
