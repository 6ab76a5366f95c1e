/* SPDX-License-Identifier: MIT */
/* prim/clock.h - the cheapest monotonic clock of this machine, in ticks of unknown length.
 *
 * Two cci_clock_pair_t of one run, as far apart as the run is long, give the ticks' rate better
 * than any calibration at start could, and cost the program nothing.
 */
#ifndef CCI_PRIM_CLOCK_H
#define CCI_PRIM_CLOCK_H
#include <stdint.h>
#include <time.h>
#include "base/clock_kind.h"

#if defined(__x86_64__)
#include <x86intrin.h>
static inline uint64_t cci_clock_counter(void)
{
    return __rdtsc();
}
#elif defined(__aarch64__)
static inline uint64_t cci_clock_counter(void)
{
    uint64_t v;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(v));
    return v;
}
#else
static inline uint64_t cci_clock_counter(void)
{
    return 0;
}
#endif

static inline uint64_t cci_clock_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Which clock serves here: the processor's counter when it ticks evenly and alike on all
 * processors, CLOCK_MONOTONIC otherwise. Reads a file under /sys; ask once. */
cci_clock_kind_t cci_clock_choose(void);

/* The shift that makes units of about 10 ns out of a clock's ticks. */
unsigned cci_clock_shift(cci_clock_kind_t kind);

static inline uint64_t cci_clock_ticks(cci_clock_kind_t kind)
{
    if (__builtin_expect(kind != CCI_CLOCK_MONOTONIC, 1))
        return cci_clock_counter();
    return cci_clock_ns(CLOCK_MONOTONIC);
}

/* Both clocks at one instant, or nearly: of a few readings the one that was least interrupted. */
static inline cci_clock_pair_t cci_clock_pair(cci_clock_kind_t kind)
{
    enum { READINGS = 3 };
    cci_clock_pair_t best   = { 0 };
    uint64_t         before = cci_clock_ns(CLOCK_MONOTONIC), least = UINT64_MAX;

    if (kind == CCI_CLOCK_MONOTONIC)
        return (cci_clock_pair_t){ .ticks = before, .mono_ns = before };
    for (int i = 0; i < READINGS; i++) {
        uint64_t ticks = cci_clock_counter(), after = cci_clock_ns(CLOCK_MONOTONIC);
        if (after - before < least) {
            least = after - before;
            best  = (cci_clock_pair_t){ .ticks = ticks, .mono_ns = before + least / 2 };
        }
        before = after;
    }
    return best;
}

#endif
