/* SPDX-License-Identifier: MIT */
/* scavenge.c - see scavenge.h. */
#include "heap/scavenge.h"
#include <time.h>
#include "prim/clock.h"

size_t cci_scavenge_limit(const cci_heap_t *heap)
{
    size_t bytes = cci_heap_users(heap) * CCI_DEPOT_BYTES_A_THREAD;

    if (heap->source->keeps)
        return SIZE_MAX;
    return bytes < CCI_DEPOT_BYTES_MOST ? bytes : CCI_DEPOT_BYTES_MOST;
}

static void give_back_unused(cci_cache_t *cache, size_t bin)
{
    cci_depots_t *depots = &cache->heap->depots;
    size_t        unused = cci_depot_unused(depots, bin);

    while (unused) {
        void  *block[CCI_MAGAZINE_SLOTS];
        size_t n = unused < CCI_MAGAZINE_SLOTS ? unused : CCI_MAGAZINE_SLOTS;
        n        = cci_depot_evict(depots, bin, block, n);
        if (n == 0)
            return;
        cci_cache_give_back(cache, bin, block, n);
        unused -= n < unused ? n : unused;
    }
}

void cci_scavenge_depots(cci_cache_t *cache)
{
    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++)
        give_back_unused(cache, bin);
}

/* A number that is another one whenever the bin was used: allocations change the upper bits of the
 * state, frees the count in it, unless so many moved out as came in. */
static uint64_t moves(const cci_cache_t *cache, size_t bin)
{
    return cache->bins[bin].state + (cache->in[bin] + cache->out[bin]) * CC_HEAP_SERVED_;
}

void cci_scavenge_bins(cci_cache_t *cache)
{
    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++) {
        if (cache->bins[bin].slots && moves(cache, bin) == cache->moves[bin])
            cci_cache_empty_bin(cache, bin);
        cache->moves[bin] = moves(cache, bin);
    }
}

/* One thread ends an interval: the one that sets the next. */
static bool is_the_one(cci_heap_t *heap, uint64_t now)
{
    uint64_t end = atomic_load_explicit(&heap->scavenge_ns, memory_order_relaxed);

    return now >= end && atomic_compare_exchange_strong_explicit(
                             &heap->scavenge_ns, &end, now + CCI_SCAVENGE_INTERVAL_NS,
                             memory_order_relaxed, memory_order_relaxed);
}

void cci_scavenge_tick(cci_cache_t *cache)
{
    if (++cache->slow_count % CCI_SCAVENGE_SLOW_A_CLOCK != 0)
        return;
    uint64_t now = cci_clock_ns(CLOCK_MONOTONIC_COARSE);
    if (now < cache->scavenge_ns)
        return;
    cache->scavenge_ns = now + CCI_SCAVENGE_INTERVAL_NS;
    cci_scavenge_bins(cache);
    if (!cache->heap->source->keeps && is_the_one(cache->heap, now))
        cci_scavenge_depots(cache);
}
