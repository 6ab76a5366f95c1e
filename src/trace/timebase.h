/* SPDX-License-Identifier: MIT */
/* trace/timebase.h - from the clock's ticks to nanoseconds since the trace's start. */
#ifndef CCI_TRACE_TIMEBASE_H
#define CCI_TRACE_TIMEBASE_H
#include <stdint.h>

#include "trace/format.h"

typedef struct cci_timebase {
    cci_clock_pair_t start, latest; /* latest: the one furthest from the start that makes sense */
    cci_clock_kind_t kind;
    unsigned         shift;
    double           ns_per_unit; /* a unit is 1 << shift ticks */
} cci_timebase_t;

/* A trace as its header describes it. Until cci_timebase_fit a tick counts as a nanosecond. */
void cci_timebase_init(cci_timebase_t *t, const cci_trace_header_t *header);

/* One more instant on both clocks; ones that cannot be are ignored. */
void cci_timebase_see(cci_timebase_t *t, cci_clock_pair_t at);

/* Take the rate from what was seen. NULL, or what a person should know about it. */
const char *cci_timebase_fit(cci_timebase_t *t);

/* time: ticks >> shift. 0 before the start. Never falls when time rises. */
static inline uint64_t cci_timebase_ns(const cci_timebase_t *t, uint64_t time)
{
    const uint64_t start = t->start.ticks >> t->shift;
    if (time <= start)
        return 0;
    double ns = (double)(time - start) * t->ns_per_unit;
    return ns < 0x1p63 ? (uint64_t)ns : UINT64_C(1) << 63;
}

/* Of the latest instant seen, on the other clock. */
uint64_t cci_timebase_latest_ns(const cci_timebase_t *t);

#endif
