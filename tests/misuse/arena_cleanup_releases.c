/* SPDX-License-Identifier: MIT */
/* A cleanup resets the arena that is being rewound. */
#include <ccmem/arena.h>
#include "support/misuse.h"

static void release(void *arena)
{
    cc_arena_reset(arena, CC_ARENA_KEEP_ALL);
}

MISUSE(CACHED, "ccmem: arena: a cleanup releases what its own arena holds")
{
    cc_arena_t a;

    cc_arena_init(&a, cc_allocator_heap(), NULL);
    cc_arena_mark_t mark = cc_arena_mark(&a);
    if (cc_arena_add_cleanup(&a, release, &a))
        cc_arena_rewind(&a, mark);
}
