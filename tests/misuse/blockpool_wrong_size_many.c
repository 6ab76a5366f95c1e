/* SPDX-License-Identifier: MIT */
/* Blocks are freed with a wrong size at one place: found when they leave their thread. With a
 * tool every block is checked, and it is found at once. */
#include <ccmem/blockpool.h>
#include "prim/poison.h"
#include "support/misuse.h"

MISUSE(CACHED, cci_poison_active()
                   ? "ccmem: blockpool: block ADDRESS was allocated as 100 bytes aligned to 16 and "
                     "freed as 50 aligned to 16"
                   : "ccmem: blockpool: block ADDRESS of 112 bytes was freed as one of 64")
{
    cc_blockpool_t pool;

    if (cc_blockpool_init(&pool, cc_allocator_system(), 0) != CC_RESULT_OK)
        return;
    enum { BLOCKS = 2000 };
    static void *p[BLOCKS];

    for (int i = 0; i < BLOCKS; i++)
        p[i] = cc_blockpool_alloc(&pool, 100);
    for (int i = 0; i < BLOCKS; i++)
        cc_blockpool_free(&pool, p[i], 50);
}
