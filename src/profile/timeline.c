/* SPDX-License-Identifier: MIT */
/* timeline.c - see profile/timeline.h. */
#include <stdbool.h>
#include "profile/timeline.h"

enum { FIRST_STEP_LOG2 = 10 };

static void set_end(cci_timeline_t *t)
{
    t->end_ns = t->start_ns + ((uint64_t)t->count << t->step_log2);
}

/* Begin one more interval, in which nothing has happened. */
static void begin_point(cci_timeline_t *t, uint64_t bytes)
{
    t->point[t->count++] = (cci_timeline_point_t){ .max_bytes = bytes, .end_bytes = bytes };
    set_end(t);
}

void cci_timeline_init(cci_timeline_t *t, uint64_t start_ns, uint64_t bytes)
{
    t->start_ns  = start_ns;
    t->step_log2 = FIRST_STEP_LOG2;
    t->count     = 0;
    begin_point(t, bytes);
}

static cci_timeline_point_t merged(const cci_timeline_point_t *a, const cci_timeline_point_t *b)
{
    return (cci_timeline_point_t){
        .max_bytes   = a->max_bytes > b->max_bytes ? a->max_bytes : b->max_bytes,
        .end_bytes   = b->end_bytes,
        .allocs      = a->allocs + b->allocs,
        .frees       = a->frees + b->frees,
        .alloc_bytes = a->alloc_bytes + b->alloc_bytes,
    };
}

/* Merge neighbours; an odd last one is the first half of its longer interval. */
static void halve(cci_timeline_t *t)
{
    size_t pairs = t->count / 2;
    bool   odd   = t->count % 2 != 0;

    for (size_t i = 0; i < pairs; i++)
        t->point[i] = merged(&t->point[2 * i], &t->point[2 * i + 1]);
    if (odd)
        t->point[pairs] = t->point[t->count - 1];
    t->count = pairs + odd;
    t->step_log2++;
    set_end(t);
}

void cci_timeline_advance(cci_timeline_t *t, uint64_t now_ns)
{
    uint64_t bytes = t->point[t->count - 1].end_bytes;

    while ((now_ns - t->start_ns) >> t->step_log2 >= CCI_TIMELINE_MAX)
        halve(t);
    uint64_t wanted = ((now_ns - t->start_ns) >> t->step_log2) + 1;
    while (t->count < wanted)
        begin_point(t, bytes);
}
