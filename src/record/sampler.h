/* SPDX-License-Identifier: MIT */
/* record/sampler.h - which allocations are samples, and which frees are frees of samples.
 *
 * Every byte allocated has the same chance to be hit, 1 / interval: a thread counts bytes down from
 * an exponentially distributed number, and the allocation that crosses 0 is a sample. Its chance was
 * 1 - exp(-size / interval), which is what an unbiased estimate divides by (Duffield et al.,
 * "Charging from sampled network usage", 2001; the Horvitz-Thompson estimator).
 *
 * Almost every free is of no sample, so the question must cost next to nothing: 16 KiB of counters,
 * indexed by a hash of the address, stay in the first-level cache and answer "no" for most; only
 * then the table of sampled addresses is asked, which is exact. (Measured on the way here: an exact
 * table alone, half a megabyte, costs a program 8 % by the cache lines it takes; an inexact filter
 * alone writes tens of megabytes of frees that never were.)
 *
 * Threads: any; lock-free. An address is in the table from the return of its allocation until its
 * free, during which nobody else can have it, so entries of the same address never race.
 */
#ifndef CCI_RECORD_SAMPLER_H
#define CCI_RECORD_SAMPLER_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "trace/encode.h"

struct cci_thread;

enum { CCI_FILTER_BITS = 14 };

/* Where a countdown ends whatever the interval: blocks below it have a size bucket without asking,
 * and no address space has room for larger ones. */
#define CCI_COUNTDOWN_MAX CCI_SIZE_BUCKETS_END

extern _Atomic uint8_t cci_sampler_filter[1 << CCI_FILTER_BITS]
    __attribute__((visibility("hidden")));

static inline uint64_t cci_sampler_hash(uintptr_t ptr)
{
    return ptr * UINT64_C(0x9E3779B97F4A7C15);
}

/* False: ptr is no sample. True: it may be one. */
static inline bool cci_sampler_may_hold(uintptr_t ptr)
{
    return atomic_load_explicit(
               &cci_sampler_filter[cci_sampler_hash(ptr) >> (64 - CCI_FILTER_BITS)],
               memory_order_relaxed) != 0;
}

/* Remember a sample. False: too many live near it; it must be counted as lost. */
bool cci_sampler_insert(uintptr_t ptr);

/* Forget ptr; whether it was a sample. */
bool cci_sampler_remove(uintptr_t ptr);

/* A thread's first countdown, by its mode; seed 0 chooses. */
void cci_sampler_seed(struct cci_thread *t, uint64_t seed);

/* The bytes up to the next sample, whose byte is the last of them: 1 at least. */
int64_t cci_sampler_gap(struct cci_thread *t);

/* The child of a fork starts with no samples. */
void cci_sampler_forget(void);

#endif
