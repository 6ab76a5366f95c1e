/* SPDX-License-Identifier: MIT */
/* profile/timeline.h - the course of the heap in a bounded number of intervals.
 *
 * All intervals are equally long. It begins with about a microsecond each; when the events leave
 * the last one, neighbours are merged and the length doubles. So a trace of any length ends with
 * between CCI_TIMELINE_MAX/2 and CCI_TIMELINE_MAX intervals, without being read twice.
 */
#ifndef CCI_PROFILE_TIMELINE_H
#define CCI_PROFILE_TIMELINE_H
#include <stddef.h>
#include <stdint.h>

enum { CCI_TIMELINE_MAX = 2000 };

typedef struct cci_timeline_point {
    uint64_t max_bytes; /* most that was allocated at once in the interval */
    uint64_t end_bytes; /* allocated at its end                            */
    uint64_t allocs;
    uint64_t frees;
    uint64_t alloc_bytes;
} cci_timeline_point_t;

/* What an event was: how many allocations, of how many bytes, and how many frees. */
typedef struct cci_timeline_calls {
    uint32_t allocs, frees;
    uint64_t bytes;
} cci_timeline_calls_t;

typedef struct cci_timeline {
    uint64_t             start_ns;
    unsigned             step_log2; /* an interval is 1 << step_log2 nanoseconds */
    size_t               count;     /* intervals begun; at least 1               */
    uint64_t             end_ns;    /* of the last one begun                     */
    cci_timeline_point_t point[CCI_TIMELINE_MAX];
} cci_timeline_t;

/* Begin at start_ns, where `bytes` are allocated already. */
void cci_timeline_init(cci_timeline_t *t, uint64_t start_ns, uint64_t bytes);

/* The slow path of cci_timeline_note: begin the interval of now. O(1) amortised. */
void cci_timeline_advance(cci_timeline_t *t, uint64_t now_ns);

/* After an event at now_ns, not before the one before: the heap is at `bytes`. */
static inline void cci_timeline_note(cci_timeline_t *t, uint64_t now_ns, uint64_t bytes,
                                     cci_timeline_calls_t calls)
{
    if (now_ns >= t->end_ns)
        cci_timeline_advance(t, now_ns);
    cci_timeline_point_t *p = &t->point[t->count - 1];
    p->max_bytes            = bytes > p->max_bytes ? bytes : p->max_bytes;
    p->end_bytes            = bytes;
    p->allocs += calls.allocs;
    p->frees += calls.frees;
    p->alloc_bytes += calls.bytes;
}

#endif
