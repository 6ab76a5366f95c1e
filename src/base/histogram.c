/* SPDX-License-Identifier: MIT */
/* histogram.c - see base/histogram.h. */
#include "base/histogram.h"

/* How many values share a bucket, as a power of two. */
static unsigned shift_of(unsigned bucket)
{
    return bucket < 2 * CCI_HISTOGRAM_STEPS ? 0 : bucket / CCI_HISTOGRAM_STEPS - 1;
}

uint64_t cci_histogram_lo(unsigned bucket)
{
    unsigned shift = shift_of(bucket);
    return (uint64_t)(bucket - shift * CCI_HISTOGRAM_STEPS) << shift;
}

uint64_t cci_histogram_hi(unsigned bucket)
{
    if (bucket == CCI_HISTOGRAM_BUCKETS - 1)
        return UINT64_MAX;
    return cci_histogram_lo(bucket + 1) - 1;
}

/* The last bucket has no middle: what is certain is where it begins. */
static double middle(unsigned bucket)
{
    uint64_t lo = cci_histogram_lo(bucket);

    if (bucket == CCI_HISTOGRAM_BUCKETS - 1)
        return (double)lo;
    return ((double)lo + (double)cci_histogram_hi(bucket)) / 2;
}

void cci_histogram_merge(cci_histogram_t *h, const cci_histogram_t *more)
{
    h->count += more->count;
    h->sum += more->sum;
    for (unsigned b = 0; b < CCI_HISTOGRAM_BUCKETS; b++)
        h->bucket[b] += more->bucket[b];
}

void cci_histogram_subtract(cci_histogram_t *h, const cci_histogram_t *less)
{
    h->count -= less->count;
    h->sum -= less->sum;
    for (unsigned b = 0; b < CCI_HISTOGRAM_BUCKETS; b++)
        h->bucket[b] -= less->bucket[b];
}

/* The place of the value in the order of all, from 1. */
static uint64_t rank_of(const cci_histogram_t *h, double q)
{
    double   exact = q * (double)h->count;
    uint64_t rank  = (uint64_t)exact;

    rank += (double)rank < exact;
    if (rank < 1)
        return 1;
    return rank < h->count ? rank : h->count;
}

double cci_histogram_quantile(const cci_histogram_t *h, double q)
{
    if (h->count == 0)
        return 0;
    uint64_t left = rank_of(h, q);
    unsigned b    = 0;
    while (b < CCI_HISTOGRAM_BUCKETS - 1 && h->bucket[b] < left)
        left -= h->bucket[b++];
    return middle(b);
}
