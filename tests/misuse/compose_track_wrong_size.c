/* SPDX-License-Identifier: MIT */
/* A block is freed with a larger size than it was asked for with. */
#include <ccmem/compose.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: track: a block of 101 bytes was freed where 100 are live")
{
    cc_track_t track;

    cc_track_init(&track, cc_allocator_heap());
    void *p = cc_allocator_alloc(cc_track_allocator(&track), 100, 8);
    cc_allocator_free(cc_track_allocator(&track), p, 101, 8);
}
