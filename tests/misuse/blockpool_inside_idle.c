/* SPDX-License-Identifier: MIT */
/* A pointer into a block is freed: found when the thread is idle. With a
 * tool every block is checked, and it is found at once. */
#include <ccmem/blockpool.h>
#include "prim/poison.h"
#include "support/misuse.h"

MISUSE(CACHED, cci_poison_active() ? "ccmem: blockpool: block ADDRESS was freed and is not in use"
                                   : "ccmem: blockpool: ADDRESS was freed, where no block begins")
{
    cc_blockpool_t pool;

    if (cc_blockpool_init(&pool, cc_allocator_system(), 0) != CC_RESULT_OK)
        return;
    cc_blockpool_free(&pool, (char *)cc_blockpool_alloc(&pool, 100) + 16, 100);
    cc_blockpool_thread_idle(&pool);
}
