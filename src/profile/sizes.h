/* SPDX-License-Identifier: MIT */
/* profile/sizes.h - how often which size was asked for.
 *
 * Sizes up to CCI_SIZES_EXACT are counted each for itself, larger ones by power of two, in the
 * buckets of the trace format (cci_size_bucket).
 */
#ifndef CCI_PROFILE_SIZES_H
#define CCI_PROFILE_SIZES_H
#include <stddef.h>
#include <stdint.h>
#include "trace/encode.h"

enum { CCI_SIZES_EXACT = 4096, CCI_HOT_SIZES = 10, CCI_SIZE_NAME_BYTES = 48 };

typedef struct cci_sizes {
    uint64_t exact[CCI_SIZES_EXACT + 1];
    uint64_t bucket[CCI_SIZE_BUCKETS]; /* while counting only those above; then all */
} cci_sizes_t;

/* Requests of lo to hi bytes; lo == hi is one size, hi == UINT64_MAX has no end. */
typedef struct cci_hot_size {
    uint64_t lo, hi;
    uint64_t count;
} cci_hot_size_t;

/* count: in units of the caller's. */
static inline void cci_sizes_add(cci_sizes_t *s, uint64_t size, uint64_t count)
{
    if (size <= CCI_SIZES_EXACT)
        s->exact[size] += count;
    else
        s->bucket[cci_size_bucket(size)] += count;
}

/* Close the count: units become allocations, the exact sizes join their buckets. Once. */
void cci_sizes_finish(cci_sizes_t *s, uint64_t unit);

/* The most frequent sizes, most frequent first, the smaller first where equal; returns how many,
 * at most CCI_HOT_SIZES. After cci_sizes_finish. */
size_t cci_sizes_hot(const cci_sizes_t *s, cci_hot_size_t out[CCI_HOT_SIZES]);

/* The same when only buckets are known. */
size_t cci_buckets_hot(const uint64_t bucket[CCI_SIZE_BUCKETS], cci_hot_size_t out[CCI_HOT_SIZES]);

/* The sizes of a bucket: 0, 1-8, 9-16, 17-32, ... */
uint64_t cci_bucket_lo(unsigned bucket);
uint64_t cci_bucket_hi(unsigned bucket);

/* "0", "9-16", "32", or "281474976710657+": decimal bytes, as the reports name ranges of sizes. */
void cci_size_range_name(uint64_t lo, uint64_t hi, char out[CCI_SIZE_NAME_BYTES]);

#endif
