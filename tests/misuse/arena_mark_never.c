/* SPDX-License-Identifier: MIT */
/* A rewind to a mark that was never taken; its number is one that the arena holds for another use.
 * */
#include <ccmem/arena.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: arena: rewind to a mark that is stale or of another arena")
{
    enum { LARGE = 100000 };
    cc_arena_mark_t never = { LARGE + 64 }; /* the size of the block's chunk */
    cc_arena_t      a;

    cc_arena_init(&a, cc_allocator_heap(), NULL);
    if (cc_arena_alloc(&a, LARGE, 8))
        cc_arena_rewind(&a, never);
}
