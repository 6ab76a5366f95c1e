/* SPDX-License-Identifier: MIT */
/* A rewind to a mark of an arena that is gone, whose memory and whose first mark this one has. */
#include <ccmem/arena.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: arena: rewind to a mark that is stale or of another arena")
{
    static unsigned char     buffer[1000];
    const cc_arena_options_t options = { .buffer = buffer, .buffer_size = sizeof buffer };
    cc_arena_t               a;
    cc_arena_init(&a, cc_allocator_heap(), &options);
    cc_arena_mark_t foreign = cc_arena_mark(&a);
    cc_arena_fini(&a);
    cc_arena_init(&a, cc_allocator_heap(), &options);
    cc_arena_mark_t own = cc_arena_mark(&a);
    (void)own;
    cc_arena_rewind(&a, foreign);
}
