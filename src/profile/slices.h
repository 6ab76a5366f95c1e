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
 * A slice begins as about a microsecond; when events leave the last one, neighbours are merged and the
 * width doubles. So do they when there are too many rows: a program of very many sites has fewer slices.
 * Memory: CCI_SLICE_ROWS rows, or 53 a site where that is more, and at the end up to 65 a site; each
 * is 24 bytes, and 16 to 32 in the index. 1.5 KiB a thread.
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
#include "base/index.h"
#include "profile/estimate.h"
#include "profile/live.h"
#include "trace/encode.h"

enum {
    CCI_SLICES_MAX   = 64,
    CCI_SLICES_MIN   = 8, /* so few are not merged for the sake of rows */
    CCI_SLICE_ROWS   = 1 << 18,
    CCI_SLICE_BEFORE = -1 /* born before the first slice */
};

/* Blocks that were allocated in slice born and freed in slice died; cci_slices_t.count: they live. */
typedef struct cci_slice_row {
    uint32_t site;
    int8_t   born, died;
    uint64_t count, bytes; /* as in cci_weight_t */
} cci_slice_row_t;

typedef struct cci_slice_rows {
    cci_slice_row_t *item;
    size_t           count, capacity;
    uint32_t         last; /* the one that was added to */
    cci_index_t      index;
} cci_slice_rows_t;

typedef struct cci_slice_thread {
    uint64_t alloc_count[CCI_SLICES_MAX], alloc_bytes[CCI_SLICES_MAX], free_count[CCI_SLICES_MAX];
} cci_slice_thread_t;

typedef struct cci_slices {
    uint64_t            start_ns, end_ns; /* end_ns: of the last one begun */
    unsigned            step_log2;        /* a slice is 1 << step_log2 nanoseconds */
    size_t              count;            /* slices begun; at least 1 */
    uint64_t            unit;             /* one block, in all counts here */
    cci_slice_rows_t    rows;             /* in no order until they are sorted */
    cci_slice_thread_t *thread; /* by the trace's index; those that did something, at least */
    size_t              thread_count;
    uint64_t            sizes[CCI_SLICES_MAX][CCI_SIZE_BUCKETS]; /* allocations */
} cci_slices_t;

/* unit: one block, in counts. */
CC_NODISCARD cci_slices_t *cci_slices_create(uint64_t start_ns, uint64_t unit);
void                       cci_slices_destroy(cci_slices_t *s);

/* Forget all, and begin at start_ns. */
void cci_slices_restart(cci_slices_t *s, uint64_t start_ns);

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

/* By site, born and died. */
void cci_slices_sort(cci_slices_t *s);

#endif
