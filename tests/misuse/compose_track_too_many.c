/* SPDX-License-Identifier: MIT */
/* A block is freed with a smaller size than it was asked for with, and then once more with the rest. */
#include <ccmem/compose.h>
#include "support/misuse.h"

static void keep(void *self, void *ptr, size_t size, size_t align)
{
    (void)self, (void)ptr, (void)size, (void)align;
}

static void *lend(void *self, size_t size, size_t align)
{
    (void)size, (void)align;
    return self;
}

MISUSE(CACHED, "ccmem: track: a block of 30 bytes was freed where 40 are live")
{
    static const cc_allocator_ops_t ops = { lend, keep };
    static _Alignas(8) char         bytes[100];
    cc_track_t                      track;

    cc_track_init(&track, (cc_allocator_t){ &ops, bytes });
    void *p = cc_allocator_alloc(cc_track_allocator(&track), 100, 8);
    cc_allocator_free(cc_track_allocator(&track), p, 60, 8);
    cc_allocator_free(cc_track_allocator(&track), p, 30, 8);
}
