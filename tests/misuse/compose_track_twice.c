/* SPDX-License-Identifier: MIT */
/* A block is freed twice: nothing is live the second time. */
#include <ccmem/compose.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: track: a block of 100 bytes was freed where 0 are live")
{
    cc_track_t track;

    cc_track_init(&track, cc_allocator_heap());
    void *p = cc_allocator_alloc(cc_track_allocator(&track), 100, 8);
    cc_allocator_free(cc_track_allocator(&track), p, 100, 8);
    cc_allocator_free(cc_track_allocator(&track), p, 100, 8);
}
