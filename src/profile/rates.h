/* SPDX-License-Identifier: MIT */
/* profile/rates.h - how fast memory was allocated and freed when that was fastest.
 *
 * A rate needs a stretch of time. It is CCI_RATE_WINDOW intervals of the timeline, which are some
 * 1 % of the run: short enough to find a burst, long enough to be more than the clock's grain. The
 * window moves on by an interval at a time.
 */
#ifndef CCI_PROFILE_RATES_H
#define CCI_PROFILE_RATES_H
#include "profile/profile.h"

/* The moving averages at the end of interval i: over it and those before it, at most
 * CCI_RATE_WINDOW of them, as far as they are in the profile's time. */
typedef struct cci_rates {
    double allocs, frees, bytes; /* per second */
} cci_rates_t;

cci_rates_t cci_rates_at(const cci_profile_t *p, size_t i);

/* Fill in the profile's peaks, once its timeline and range are complete. O(intervals). */
void cci_rates_find_peaks(cci_profile_t *p);

#endif
