/* SPDX-License-Identifier: MIT */
/* base/histogram.h - how often which value occurred: exact for small values, to 3 % for all others.
 *
 * Log-linear, as HdrHistogram has it: each doubling is divided into CCI_HISTOGRAM_STEPS buckets of
 * equal width, so a bucket is never wider than 1/32 of the values in it, and values below 64 have one
 * each. What is told of a value is the middle of its bucket, which is off by 1/64 of it at the most.
 * Values from 2^36 on share the last bucket.
 *
 * The buckets are numbered without looking at any table, so that a recorder may count in an array
 * of its own, of whatever integers it likes (cci_histogram_bucket).
 *
 * Units    the caller's; integers.
 * Failure  none: counts wrap after 2^64.
 */
#ifndef CCI_HISTOGRAM_H
#define CCI_HISTOGRAM_H
#include <stdint.h>

enum {
    CCI_HISTOGRAM_STEPS_LOG2 = 5,
    CCI_HISTOGRAM_STEPS      = 1 << CCI_HISTOGRAM_STEPS_LOG2,
    CCI_HISTOGRAM_MAX_LOG2   = 36,
    CCI_HISTOGRAM_BUCKETS =
        (CCI_HISTOGRAM_MAX_LOG2 - CCI_HISTOGRAM_STEPS_LOG2 + 1) * CCI_HISTOGRAM_STEPS
};

/* All zero is empty. */
typedef struct cci_histogram {
    uint64_t count; /* of all buckets */
    uint64_t sum;   /* of the values, exact */
    uint64_t bucket[CCI_HISTOGRAM_BUCKETS];
} cci_histogram_t;

/* Which bucket a value falls into. O(1). */
static inline unsigned cci_histogram_bucket(uint64_t value)
{
    unsigned log2  = 63u - (unsigned)__builtin_clzll(value | CCI_HISTOGRAM_STEPS);
    unsigned shift = log2 - CCI_HISTOGRAM_STEPS_LOG2; /* values of 1 << shift share a bucket */

    if (log2 >= CCI_HISTOGRAM_MAX_LOG2)
        return CCI_HISTOGRAM_BUCKETS - 1;
    return shift * CCI_HISTOGRAM_STEPS + (unsigned)(value >> shift);
}

/* The least and the greatest value of a bucket; those of the last have no end. */
uint64_t cci_histogram_lo(unsigned bucket);
uint64_t cci_histogram_hi(unsigned bucket);

/* `times` more of a value. */
static inline void cci_histogram_add(cci_histogram_t *h, uint64_t value, uint64_t times)
{
    h->count += times;
    h->sum += value * times;
    h->bucket[cci_histogram_bucket(value)] += times;
}

/* Into h, or out of it what was put in before. O(buckets). */
void cci_histogram_merge(cci_histogram_t *h, const cci_histogram_t *more);
void cci_histogram_subtract(cci_histogram_t *h, const cci_histogram_t *less);

/* The value that a part q of all, 0 to 1, does not exceed; 0 of none. O(buckets). */
double cci_histogram_quantile(const cci_histogram_t *h, double q);

#endif
