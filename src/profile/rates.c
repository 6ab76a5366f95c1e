/* SPDX-License-Identifier: MIT */
/* rates.c - see profile/rates.h. */
#include "profile/rates.h"

/* Where interval i ends; the last one ends with the run. */
static uint64_t end_of(const cci_profile_t *p, size_t i)
{
    uint64_t end = p->timeline.start_ns + ((uint64_t)(i + 1) << p->timeline.step_log2);
    return end < p->to_ns ? end : p->to_ns;
}

static size_t first_of_window(size_t last)
{
    return last + 1 < CCI_RATE_WINDOW ? 0 : last + 1 - CCI_RATE_WINDOW;
}

static double seconds_of_window(const cci_profile_t *p, size_t last)
{
    uint64_t begin =
        p->timeline.start_ns + ((uint64_t)first_of_window(last) << p->timeline.step_log2);
    uint64_t end = end_of(p, last);

    return end > begin ? (double)(end - begin) / 1e9 : 0;
}

cci_rates_t cci_rates_at(const cci_profile_t *p, size_t i)
{
    const double seconds = seconds_of_window(p, i);
    cci_rates_t  sum     = { 0 };

    if (seconds == 0)
        return sum;
    for (size_t k = first_of_window(i); k <= i; k++) {
        const cci_timeline_point_t *point = &p->timeline.point[k];
        sum.allocs += (double)point->allocs;
        sum.frees += (double)point->frees;
        sum.bytes += (double)point->alloc_bytes;
    }
    return (cci_rates_t){ sum.allocs / seconds, sum.frees / seconds, sum.bytes / seconds };
}

static void raise(cci_rate_peak_t *peak, double per_second, uint64_t end_ns)
{
    if (per_second > peak->per_second)
        *peak = (cci_rate_peak_t){ per_second, end_ns };
}

/* Shorter windows, at the start, would make peaks of single calls: a run that has no whole window
 * is one. */
void cci_rates_find_peaks(cci_profile_t *p)
{
    const size_t count = p->timeline.count;
    const size_t first = count < CCI_RATE_WINDOW ? count - 1 : CCI_RATE_WINDOW - 1;

    for (size_t i = first; i < count; i++) {
        cci_rates_t at = cci_rates_at(p, i);
        raise(&p->rates.allocs, at.allocs, end_of(p, i));
        raise(&p->rates.frees, at.frees, end_of(p, i));
        raise(&p->rates.bytes, at.bytes, end_of(p, i));
    }
    p->rates.window_ns = end_of(p, first) - p->timeline.start_ns;
}
