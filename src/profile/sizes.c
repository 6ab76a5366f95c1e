/* SPDX-License-Identifier: MIT */
/* sizes.c - see profile/sizes.h. */
#include <inttypes.h>
#include <stdio.h>
#include "profile/sizes.h"

uint64_t cci_bucket_lo(unsigned bucket)
{
    if (bucket <= 1)
        return bucket;
    return (UINT64_C(4) << (bucket - 1)) + 1;
}

uint64_t cci_bucket_hi(unsigned bucket)
{
    if (bucket == CCI_SIZE_BUCKETS - 1)
        return UINT64_MAX;
    return bucket == 0 ? 0 : UINT64_C(4) << bucket;
}

void cci_sizes_finish(cci_sizes_t *s, uint64_t unit)
{
    for (uint64_t size = 0; size <= CCI_SIZES_EXACT; size++) {
        s->bucket[cci_size_bucket(size)] += s->exact[size];
        s->exact[size] = (s->exact[size] + unit / 2) / unit;
    }
    for (unsigned b = 0; b < CCI_SIZE_BUCKETS; b++)
        s->bucket[b] = (s->bucket[b] + unit / 2) / unit;
}

/* Keep the list of at most CCI_HOT_SIZES in order; an equal count stays behind the earlier one. */
static size_t hot_insert(cci_hot_size_t *list, size_t n, cci_hot_size_t item)
{
    size_t at = n;

    if (item.count == 0)
        return n;
    while (at > 0 && list[at - 1].count < item.count)
        at--;
    if (at == CCI_HOT_SIZES)
        return n;
    n = n < CCI_HOT_SIZES ? n + 1 : n;
    for (size_t i = n - 1; i > at; i--)
        list[i] = list[i - 1];
    list[at] = item;
    return n;
}

static size_t hot_buckets_from(const uint64_t *bucket, unsigned first, cci_hot_size_t *out,
                               size_t n)
{
    for (unsigned b = first; b < CCI_SIZE_BUCKETS; b++)
        n = hot_insert(out, n, (cci_hot_size_t){ cci_bucket_lo(b), cci_bucket_hi(b), bucket[b] });
    return n;
}

size_t cci_sizes_hot(const cci_sizes_t *s, cci_hot_size_t out[CCI_HOT_SIZES])
{
    size_t n = 0;

    for (uint64_t size = 0; size <= CCI_SIZES_EXACT; size++)
        n = hot_insert(out, n, (cci_hot_size_t){ size, size, s->exact[size] });
    return hot_buckets_from(s->bucket, cci_size_bucket(CCI_SIZES_EXACT) + 1, out, n);
}

size_t cci_buckets_hot(const uint64_t bucket[CCI_SIZE_BUCKETS], cci_hot_size_t out[CCI_HOT_SIZES])
{
    return hot_buckets_from(bucket, 0, out, 0);
}

void cci_size_range_name(uint64_t lo, uint64_t hi, char out[CCI_SIZE_NAME_BYTES])
{
    if (lo == hi)
        snprintf(out, CCI_SIZE_NAME_BYTES, "%" PRIu64, lo);
    else if (hi == UINT64_MAX)
        snprintf(out, CCI_SIZE_NAME_BYTES, "%" PRIu64 "+", lo);
    else
        snprintf(out, CCI_SIZE_NAME_BYTES, "%" PRIu64 "-%" PRIu64, lo, hi);
}
