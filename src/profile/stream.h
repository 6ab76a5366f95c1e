/* SPDX-License-Identifier: MIT */
/* profile/stream.h - the events, one by one, into the model. Private to src/profile.
 *
 * In sample mode an event stands for several; counts are then kept in units of 1/2^16, so that the
 * same integers do for all modes. cci_stream_finish makes them whole.
 *
 * bytes_at_peak of all sites changes with every new peak, and there are as many peaks as events
 * while the heap grows. So it is written lazily: the program's peaks are numbered, and a site
 * whose number is behind has held its live bytes unchanged since; it takes them down just before
 * they change.
 */
#ifndef CCI_PROFILE_STREAM_H
#define CCI_PROFILE_STREAM_H
#include <math.h>
#include "profile/blocks.h"
#include "profile/flow.h"
#include "profile/profile.h"
#include "profile/slices.h"

/* In sample mode: the sums behind the estimates. */
typedef struct cci_site_sums {
    cci_sample_sum_t count, bytes;
} cci_site_sums_t;

typedef struct cci_stream_sums {
    cci_sample_sum_t alloc_count, alloc_bytes, free_count, free_bytes;
    cci_sample_sum_t current, peak, cross_thread;
} cci_stream_sums_t;

typedef struct cci_stream {
    cci_profile_t    *profile;
    cci_blocks_t      blocks;
    uint64_t          interval; /* sample mode: mean distance of samples, else 0 */
    uint64_t          unit;     /* one allocation, in the counts of the model     */
    uint64_t          now_ns;
    uint64_t          peak_epoch;
    uint32_t         *site_of_node; /* site + 1, 0 = none yet */
    cci_site_sums_t  *site_sums;
    size_t            node_capacity, site_capacity, sums_capacity;
    cci_stream_sums_t sums;
    cci_sizes_t       sizes;
    cci_flows_t       flows;
    cci_slices_t     *slices;  /* NULL: nobody wants them */
    bool              starved; /* out of memory in the middle of an event */
} cci_stream_t;

/* profile is zeroed but for its threads, which are all there. */
void cci_stream_init(cci_stream_t *s, cci_profile_t *profile, uint64_t interval, bool lossy);

/* From now on make slices, too; all that was before is in the first one. No block is known from
 * before the range. most_rows as in cci_slices_create. False: out of memory, nothing changed.
 * O(sites + threads). slices_begin.c */
CC_NODISCARD bool cci_stream_slice(cci_stream_t *s, size_t most_rows);

/* One event. False: out of memory. */
bool cci_stream_event(cci_stream_t *s, const cci_event_t *e);

/* This event comes soon. */
static inline void cci_stream_prefetch(const cci_stream_t *s, const cci_event_t *e)
{
    cci_live_prefetch(&s->blocks.live, e->op == CCI_OP_REALLOC ? e->old_ptr : e->ptr);
}

/* What came before counts no longer; the blocks stay live. */
void cci_stream_begin_range(cci_stream_t *s, uint64_t from_ns);

/* After the last event: settle what is left open, make the counts whole. The program lived to
 * end_ns. */
void cci_stream_finish(cci_stream_t *s, uint64_t end_ns);
void cci_stream_fini(cci_stream_t *s);

/* The slices as they are at end_ns, with what lives then; to be destroyed. s is as it was. NULL: out
 * of memory. slices_end.c */
CC_NODISCARD cci_slices_t *cci_stream_slices(const cci_stream_t *s, uint64_t end_ns);

/* How many allocations a recorded one of size bytes stands for. */
static inline double cci_stream_weight(const cci_stream_t *s, uint64_t size)
{
    return s->interval ? cci_sample_weight(size, s->interval) : 1;
}

/* What a recorded block of size bytes stands for, in units of the model. */
static inline cci_weight_t cci_stream_weigh(const cci_stream_t *s, uint64_t size)
{
    static const double BYTES_MAX = 0x1p62; /* of one block; more is a damaged trace */

    if (s->interval == 0)
        return (cci_weight_t){ 1, 1, size };
    double factor = cci_sample_weight(size, s->interval);
    return (cci_weight_t){ factor, (uint64_t)llround(factor * (double)s->unit),
                           (uint64_t)llround(fmin(factor * (double)size, BYTES_MAX)) };
}

#endif
