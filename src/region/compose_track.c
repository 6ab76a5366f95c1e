/* SPDX-License-Identifier: MIT */
/* compose_track.c - see ccmem/compose.h.
 *
 * Sums only: no list of blocks, so that counting costs the same however many there are. A free that
 * does not fit the sums is none of ours; one that fits by chance shows in what is live in the end.
 */
#include <ccmem/compose.h>
#include "prim/fault.h"

/* The least i with size <= 2^i; size > 0. */
static unsigned bucket_of(size_t size)
{
    return size == 1 ? 0 : 64 - (unsigned)__builtin_clzll(size - 1);
}

static void raise_peak(size_t *peak, size_t value)
{
    if (value > *peak)
        *peak = value;
}

static void *track_alloc(void *self, size_t size, size_t align)
{
    cc_track_t       *t   = self;
    cc_track_stats_t *now = &t->now;
    void             *ptr = cc_allocator_alloc(t->parent, size, align);

    if (!ptr) {
        now->refused_count++;
        return NULL;
    }
    now->alloc_count++;
    now->alloc_bytes += size;
    now->size_counts[bucket_of(size)]++;
    raise_peak(&now->peak_count, ++now->live_count);
    raise_peak(&now->peak_bytes, now->live_bytes += size);
    return ptr;
}

static void track_free(void *self, void *ptr, size_t size, size_t align)
{
    cc_track_t       *t   = self;
    cc_track_stats_t *now = &t->now;

    if (now->live_count == 0 || size > now->live_bytes)
        cci_fault("track", "a block of %zu bytes was freed where %zu are live", size,
                  now->live_bytes);
    now->free_count++;
    now->free_bytes += size;
    now->live_count--;
    now->live_bytes -= size;
    cc_allocator_free(t->parent, ptr, size, align);
}

void cc_track_init(cc_track_t *t, cc_allocator_t parent)
{
    *t = (cc_track_t){ .parent = parent };
}

void cc_track_reset(cc_track_t *t)
{
    const size_t count = t->now.live_count, bytes = t->now.live_bytes;

    t->now = (cc_track_stats_t){
        .live_count = count, .live_bytes = bytes, .peak_count = count, .peak_bytes = bytes
    };
}

cc_allocator_t cc_track_allocator(cc_track_t *t)
{
    static const cc_allocator_ops_t ops = { track_alloc, track_free };

    return (cc_allocator_t){ &ops, t };
}

cc_track_stats_t cc_track_stats(const cc_track_t *t)
{
    return t->now;
}
