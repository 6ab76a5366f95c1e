/* SPDX-License-Identifier: MIT */
/* A block is freed twice: found when the blocks of the thread are sorted. With a
 * tool every block is checked, and it is found at once. */
#include <ccmem/blockpool.h>
#include "prim/poison.h"
#include "support/misuse.h"

MISUSE(CACHED, cci_poison_active() ? "ccmem: blockpool: block ADDRESS was freed and is not in use"
                                   : "ccmem: blockpool: block ADDRESS was freed twice")
{
    cc_blockpool_t pool;

    if (cc_blockpool_init(&pool, cc_allocator_system(), 0) != CC_RESULT_OK)
        return;
    void *p = cc_blockpool_alloc(&pool, 100);

    cc_blockpool_free(&pool, p, 100);
    cc_blockpool_free(&pool, p, 100);
    cc_blockpool_thread_idle(&pool);
}
