/* SPDX-License-Identifier: MIT */
/* profile/estimate.h - from sampled allocations to all of them, and how sure that is.
 *
 * The recorder samples bytes at exponential distances of `interval` on average, so that a request
 * of s bytes is in the sample with p = 1 - exp(-s/interval), independent of all others. Each one
 * seen therefore stands for w = 1/p, itself and w - 1 unseen ones (Horvitz and Thompson), and a
 * sum of y over all allocations has
 *
 *     the estimate    sum of w y                              over the sample
 *     the variance    sum of (1-p)/p^2 y^2 = sum of w (w-1) y^2
 *
 * A normal interval is useless at the handful of samples that most sites have. What was seen is
 * certain; the unseen rest is a sum of geometric counts, and a gamma distribution of the same mean
 * m and variance v stands in for it: shape m^2/v, scale v/m. Half a sample is added (Jeffreys'
 * choice), which for equal small requests makes exactly the Poisson interval chi2(2k+1)/2.
 * Where weights differ, the ones missing from the sample are the heavy ones: for the upper end
 * 1 + 20/k of the k samples are taken for as heavy as the heaviest seen. That number is empirical:
 * it brought simulated sites of mixed sizes nearest to 95 %, and does nothing to equal ones.
 */
#ifndef CCI_PROFILE_ESTIMATE_H
#define CCI_PROFILE_ESTIMATE_H
#include <stdint.h>

/* Holds the truth 95 times of 100. */
typedef struct cci_interval {
    double lo, hi;
} cci_interval_t;

/* A sum of y over sampled allocations; all zero is the empty one. */
typedef struct cci_sample_sum {
    uint64_t count;             /* samples            */
    double   seen;              /* sum of y           */
    double   unseen;            /* sum of (w-1) y     */
    double   variance;          /* sum of w (w-1) y^2 */
    double   heaviest;          /* the largest (w-1) y ever added ... */
    double   heaviest_variance; /* ... and its w (w-1) y^2        */
} cci_sample_sum_t;

/* What an event stands for: so many times itself, and blocks, in units of the model, and their bytes. */
typedef struct cci_weight {
    double   factor;
    uint64_t count, bytes;
} cci_weight_t;

/* How many allocations a sampled one of size bytes stands for. interval > 0. */
double cci_sample_weight(uint64_t size, uint64_t interval);

void cci_sample_sum_add(cci_sample_sum_t *s, double y, double weight);

/* Take back what was added; rounding leaves some 1e-16 of the largest sum there was. */
void cci_sample_sum_remove(cci_sample_sum_t *s, double y, double weight);

static inline double cci_sample_sum_value(const cci_sample_sum_t *s)
{
    return s->seen + s->unseen;
}

/* Where the sum over all allocations lies. unit: what one sample would add to an empty sum, which
 * need not be a sum over nothing. */
cci_interval_t cci_sample_sum_interval(const cci_sample_sum_t *s, double unit);

#endif
