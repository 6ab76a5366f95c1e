/* SPDX-License-Identifier: MIT */
/* slices_end.c - the slices of a stream, closed; see profile/stream.h. */
#include "profile/stream.h"

/* Blocks whose free is not in the trace: they are gone by the end. */
static bool end_waiting(cci_slices_t *slices, const cci_stream_t *s)
{
    const uint64_t now_ns = slices->end_ns - 1;

    for (const cci_block_t *b = cci_live_next(&s->blocks.waiting, NULL); b;
         b                    = cci_live_next(&s->blocks.waiting, b))
        if (!cci_slices_make_room(slices, s->profile) ||
            !cci_slices_gone(slices, now_ns, b, cci_stream_weigh(s, b->size)))
            return false;
    return true;
}

/* That the number of slices stays as it is. */
static bool make_room(cci_slices_t *slices, const cci_stream_t *s)
{
    return !cci_slices_is_crowded(slices) || cci_slices_merge_sites(slices, s->profile);
}

/* The last to come, when nothing changes the number of slices any more. */
static bool add_live(cci_slices_t *slices, const cci_stream_t *s)
{
    for (const cci_block_t *b = cci_live_next(&s->blocks.live, NULL); b;
         b                    = cci_live_next(&s->blocks.live, b))
        if (!make_room(slices, s) || !cci_slices_lives(slices, b, cci_stream_weigh(s, b->size)))
            return false;
    return true;
}

cci_slices_t *cci_stream_slices(const cci_stream_t *s, uint64_t end_ns)
{
    cci_slices_t *slices = cci_slices_copy(s->slices, end_ns);

    if (slices && (!end_waiting(slices, s) || !add_live(slices, s))) {
        cci_slices_destroy(slices);
        return NULL;
    }
    if (slices)
        cci_slice_rows_sort(&slices->rows);
    return slices;
}
