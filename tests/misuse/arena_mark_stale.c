/* SPDX-License-Identifier: MIT */
/* A rewind to a mark that an older one took away; another mark is at its place since. */
#include <ccmem/arena.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: arena: rewind to a mark that is stale or of another arena")
{
    cc_arena_t a;

    cc_arena_init(&a, cc_allocator_heap(), NULL);
    cc_arena_mark_t outer = cc_arena_mark(&a), inner = cc_arena_mark(&a);
    cc_arena_rewind(&a, outer);
    cc_arena_mark_t other = cc_arena_mark(&a);
    (void)other; /* at the place of the inner one */
    cc_arena_rewind(&a, inner);
}
