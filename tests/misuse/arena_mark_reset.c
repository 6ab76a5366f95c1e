/* SPDX-License-Identifier: MIT */
/* A rewind to a mark from before a reset. */
#include <ccmem/arena.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: arena: rewind to a mark that is stale or of another arena")
{
    cc_arena_t a;

    cc_arena_init(&a, cc_allocator_heap(), NULL);
    cc_arena_mark_t mark = cc_arena_mark(&a);
    cc_arena_reset(&a, CC_ARENA_KEEP_ALL);
    cc_arena_rewind(&a, mark);
}
