/* SPDX-License-Identifier: MIT */
/* slices_begin.c - slices of a stream that may have had events already; see profile/stream.h.
 *
 * Of what was before, when is not known any more. So the first slice is as wide as all of it: a
 * range that begins later has what it would have had, and so has the whole run.
 */
#include "profile/stream.h"

/* Blocks that came and went, site by site; what lives is added at the end. */
static bool take_gone(cci_slices_t *slices, const cci_stream_t *s)
{
    const cci_profile_t *p = s->profile;

    for (uint32_t i = 0; i < p->site_count; i++) {
        const cci_site_t  *site = &p->sites[i];
        const cci_block_t  b    = { .site = i, .time_ns = slices->start_ns };
        const cci_weight_t w    = { .count = site->tally.alloc_count - site->live_count,
                                    .bytes = site->tally.alloc_bytes - site->live_bytes };
        if (w.count && !(cci_slices_make_room(slices, p) &&
                         cci_slices_gone(slices, slices->end_ns - 1, &b, w)))
            return false;
    }
    return true;
}

static bool take_threads(cci_slices_t *slices, const cci_stream_t *s)
{
    for (uint32_t i = 0; i < s->profile->thread_count; i++) {
        const cci_tally_t  *t      = &s->profile->threads[i].tally;
        cci_slice_thread_t *thread = cci_slices_thread(slices, i);
        if (!thread)
            return false;
        thread->alloc_count[0] = t->alloc_count;
        thread->alloc_bytes[0] = t->alloc_bytes;
        thread->free_count[0]  = t->free_count;
    }
    return true;
}

static void take_sizes(cci_slices_t *slices, const cci_sizes_t *sizes)
{
    for (unsigned b = 0; b < CCI_SIZE_BUCKETS; b++)
        slices->sizes[0][b] = sizes->bucket[b];
    for (uint64_t size = 0; size <= CCI_SIZES_EXACT; size++)
        slices->sizes[0][cci_size_bucket(size)] += sizes->exact[size];
}

static bool take_all(cci_slices_t *slices, const cci_stream_t *s)
{
    cci_slices_widen(slices, s->now_ns);
    take_sizes(slices, &s->sizes);
    return take_gone(slices, s) && take_threads(slices, s);
}

bool cci_stream_slice(cci_stream_t *s, size_t most_rows)
{
    cci_slices_t *slices = cci_slices_create(s->profile->timeline.start_ns, s->unit, most_rows);

    if (!slices || !take_all(slices, s)) {
        cci_slices_destroy(slices);
        return false;
    }
    s->slices = slices;
    return true;
}
