/* SPDX-License-Identifier: MIT */
/* timebase.c - see trace/timebase.h.
 *
 * The rate is the slope between the start and the latest pair: the further apart they are, the
 * less it matters that the two clocks of a pair are not read at the same instant (some 50 ns).
 */
#include "trace/timebase.h"

#include <math.h>

/* Nanoseconds a tick: from clocks above 100 GHz to ones below 10 kHz. Others are no clocks. */
static const double rate_min = 0.01, rate_max = 100000.0;

static const uint64_t short_ns = 1000000; /* a pair nearer to the start gives a doubtful rate */

static double rate_between(cci_clock_pair_t a, cci_clock_pair_t b)
{
    return (double)(b.mono_ns - a.mono_ns) / (double)(b.ticks - a.ticks);
}

void cci_timebase_init(cci_timebase_t *t, const cci_trace_header_t *header)
{
    *t = (cci_timebase_t){ .start       = header->start,
                           .latest      = header->start,
                           .kind        = (cci_clock_kind_t)header->clock_kind,
                           .shift       = header->tick_shift,
                           .ns_per_unit = ldexp(1.0, (int)header->tick_shift) };
}

void cci_timebase_see(cci_timebase_t *t, cci_clock_pair_t at)
{
    if (at.ticks <= t->start.ticks || at.mono_ns <= t->latest.mono_ns)
        return;
    double rate = rate_between(t->start, at);
    if (rate >= rate_min && rate <= rate_max)
        t->latest = at;
}

uint64_t cci_timebase_latest_ns(const cci_timebase_t *t)
{
    return t->latest.mono_ns - t->start.mono_ns;
}

const char *cci_timebase_fit(cci_timebase_t *t)
{
    if (t->kind == CCI_CLOCK_MONOTONIC) /* its tick is a nanosecond */
        return NULL;
    if (t->latest.ticks == t->start.ticks)
        return "the clock's rate is not known: times are in ticks";
    t->ns_per_unit = ldexp(rate_between(t->start, t->latest), (int)t->shift);
    return cci_timebase_latest_ns(t) < short_ns ? "too short to know the clock's rate well" : NULL;
}
