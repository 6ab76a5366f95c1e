/* SPDX-License-Identifier: MIT */
/* profile/slices.h - the run in a few equal slices of time: in which one blocks came, and in which
 * they went. Private to src/profile, but for reading the result.
 *
 * Whoever looks at a part of the run asks what was allocated in it, what was live at its end, and
 * what of that it left behind. All of it are sums over blocks by where they were allocated, in which
 * slice, and in which they were freed; so a range of slices is had without reading the trace again,
 * and is exactly what --from and --to give for its edges. Rejected: sums by site and slice alone, which
 * cannot tell what lives on from what was there before.
 *
 * A slice begins as about a microsecond; when events leave the last one, neighbours are merged and
 * the width doubles. So it does when there are too many rows, or the sites that matter least are
 * made one, CCI_SLICE_OTHERS (slices_room.c). No block is lost by that: sums over all sites stay
 * those of the range, and sites that have rows of their own have all of theirs there. Rejected: to
 * merge slices only, which leaves a program of half a million sites with five.
 *
 * Memory: CCI_SLICE_ROWS rows, of 24 bytes each and 16 to 32 in the index, twice that while some
 * are merged; 1.5 KiB a thread; once sites were made one, a byte a site.
 *
 * What is in no row: frees of blocks that are not known, which count for their thread alone. A block
 * whose free is not in the trace goes when its address comes again, and no thread has freed it. Where
 * clocks disagree (blocks.h) about an edge, a range that begins or ends there would see another
 * order of the two events; the rows have that of the whole run.
 *
 * Failure  false or NULL: out of memory. One that had false has lost an event.
 */
#ifndef CCI_PROFILE_SLICES_H
#define CCI_PROFILE_SLICES_H
#include <ccmem/api.h>
#include "profile/estimate.h"
#include "profile/live.h"
#include "profile/slices_rows.h"
#include "trace/encode.h"

enum {
    CCI_SLICES_MAX = 64,
    CCI_SLICES_MIN = 32, /* so few are not merged for the sake of rows */
    CCI_SLICE_ROWS = 1 << 19
};

typedef struct cci_slice_thread {
    uint64_t alloc_count[CCI_SLICES_MAX], alloc_bytes[CCI_SLICES_MAX], free_count[CCI_SLICES_MAX];
} cci_slice_thread_t;

typedef struct cci_slices {
    uint64_t         start_ns, end_ns; /* end_ns: of the last one begun */
    unsigned         step_log2;        /* a slice is 1 << step_log2 nanoseconds */
    size_t           count;            /* slices begun; at least 1 */
    uint64_t         unit;             /* one block, in all counts here */
    size_t           most_rows;        /* so many are too many */
    cci_slice_rows_t rows;
    bool            *is_other; /* by site, those below other_capacity: it is of CCI_SLICE_OTHERS */
    size_t           other_capacity;
    cci_slice_thread_t *thread; /* by the trace's index; those that did something, at least */
    size_t              thread_count;
    uint64_t            sizes[CCI_SLICES_MAX][CCI_SIZE_BUCKETS]; /* allocations */
} cci_slices_t;

/* unit: one block, in counts. most_rows 0 = CCI_SLICE_ROWS. */
CC_NODISCARD cci_slices_t *cci_slices_create(uint64_t start_ns, uint64_t unit, size_t most_rows);
void                       cci_slices_destroy(cci_slices_t *s);

/* Before the first event: the first slice reaches to now_ns, at least. */
void cci_slices_widen(cci_slices_t *s, uint64_t now_ns);

/* Forget all, and begin at start_ns. */
void cci_slices_restart(cci_slices_t *s, uint64_t start_ns);

/* The sums of a thread, until the next call of anything here. */
CC_NODISCARD cci_slice_thread_t *cci_slices_thread(cci_slices_t *s, uint32_t thread);

/* Events, not before the one before. b was allocated now. */
CC_NODISCARD bool cci_slices_alloc(cci_slices_t *s, const cci_block_t *b, cci_weight_t w);

/* It went at now_ns, and nobody is known to have freed it. */
CC_NODISCARD bool cci_slices_gone(cci_slices_t *s, uint64_t now_ns, const cci_block_t *b,
                                  cci_weight_t w);

/* A thread freed `count` blocks; what they were is cci_slices_gone's. */
CC_NODISCARD bool cci_slices_freed(cci_slices_t *s, uint64_t now_ns, uint32_t thread,
                                   uint64_t count);

/* A copy that reaches to end_ns, or to its last event where that is later. */
CC_NODISCARD cci_slices_t *cci_slices_copy(const cci_slices_t *s, uint64_t end_ns);

/* Of a copy: b lives at the end. No other event comes after it. */
CC_NODISCARD bool cci_slices_lives(cci_slices_t *s, const cci_block_t *b, cci_weight_t w);

/* ---- too many rows ---- */

static inline bool cci_slices_is_crowded(const cci_slices_t *s)
{
    return s->rows.count >= s->most_rows;
}

/* Merge neighbours. False: nothing changed. */
CC_NODISCARD bool cci_slices_halve(cci_slices_t *s);

/* Leave half of most_rows, and those of CCI_SLICE_OTHERS, which is made of the sites that have done
 * least so far, as p has it. On failure sums are as they were. O(sites + rows log rows).
 * slices_room.c */
struct cci_profile;
CC_NODISCARD bool cci_slices_merge_sites(cci_slices_t *s, const struct cci_profile *p);

/* One of both, as slices_room.c says; between events, where there are too many. */
CC_NODISCARD bool cci_slices_shrink(cci_slices_t *s, const struct cci_profile *p);

CC_NODISCARD static inline bool cci_slices_make_room(cci_slices_t *s, const struct cci_profile *p)
{
    return !cci_slices_is_crowded(s) || cci_slices_shrink(s, p);
}

#endif
