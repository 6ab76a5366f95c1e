/* SPDX-License-Identifier: MIT */
/* totals.c - see totals.h.
 *
 * A bin counts its allocations A and how many blocks it holds, in one word. Blocks come into it by
 * frees F and by what the library brings in, I, and leave it by allocations and by what the
 * library takes out, O; so it holds I + F - O - A, and F is that number - I + O + A.
 *
 * While other threads run, a snapshot may miss a free, but never sees one that was not or whose
 * allocation it does not see. For the first, the library changes I before and O after the word, and
 * O, the word and I are read in that order. For the second, all frees are read before all
 * allocations: a block's allocation is counted before its free is, on whatever threads.
 */
#include "heap/totals.h"

static uint64_t read_counter(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

static uint64_t bin_frees(const cci_cache_t *c, size_t bin)
{
    uint64_t out   = read_counter(&c->out[bin]);
    uint64_t state = read_counter(&c->bins[bin].state);
    uint64_t in    = read_counter(&c->in[bin]);
    uint64_t frees = (state & CC_HEAP_COUNT_) + state / CC_HEAP_SERVED_ + out - in;

    return frees <= UINT64_MAX / 2 ? frees : 0; /* missed more than there were */
}

static uint64_t bin_allocs(const cci_cache_t *c, size_t bin)
{
    return read_counter(&c->bins[bin].state) / CC_HEAP_SERVED_;
}

static void add_frees(cci_totals_t *t, const cci_cache_t *c)
{
    t->unsized_free_count += read_counter(&c->unsized_free_count);
    t->source_free_count += read_counter(&c->source_free_count);
    t->free_count += read_counter(&c->large.free_count);
    t->free_bytes += read_counter(&c->large.free_bytes);
    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++) {
        uint64_t n = bin_frees(c, bin);
        t->free_count += n;
        t->free_bytes += n * cci_bin_size(bin);
    }
}

static void add_allocs(cci_totals_t *t, const cci_cache_t *c)
{
    t->source_alloc_count += read_counter(&c->source_alloc_count);
    t->alloc_count += read_counter(&c->large.alloc_count);
    t->alloc_bytes += read_counter(&c->large.alloc_bytes);
    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++) {
        uint64_t n = bin_allocs(c, bin);
        t->alloc_count += n;
        t->alloc_bytes += n * cci_bin_size(bin);
    }
}

static uint64_t greater(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

cci_totals_t cci_heap_totals(cci_heap_t *heap)
{
    cci_totals_t t = { 0 };

    for (const cci_cache_t *c = cci_heap_caches(heap); c; c = c->next)
        add_frees(&t, c);
    t.free_count = heap->free_count = greater(t.free_count, heap->free_count);
    t.free_bytes = heap->free_bytes = greater(t.free_bytes, heap->free_bytes);
    for (const cci_cache_t *c = cci_heap_caches(heap); c; c = c->next)
        add_allocs(&t, c);
    return t;
}

size_t cci_heap_cached_blocks(const cci_heap_t *heap, size_t bin)
{
    size_t n = cci_depot_count(&heap->depots, bin), slots = cci_depot_slots(&heap->depots, bin);

    for (const cci_cache_t *c = cci_heap_caches(heap); c; c = c->next) {
        n += read_counter(&c->bins[bin].state) & CC_HEAP_COUNT_;
        n += __atomic_load_n(&c->spare_is_full[bin], __ATOMIC_RELAXED) ? slots : 0;
    }
    return n;
}

uint64_t cci_heap_cached_bytes(const cci_heap_t *heap)
{
    uint64_t bytes = 0;

    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++)
        bytes += cci_heap_cached_blocks(heap, bin) * cci_bin_size(bin);
    return bytes;
}

uint64_t cci_heap_bin_frees(const cci_heap_t *heap, size_t bin)
{
    uint64_t n = 0;

    for (const cci_cache_t *c = cci_heap_caches(heap); c; c = c->next)
        n += bin_frees(c, bin);
    return n;
}

uint64_t cci_heap_bin_allocs(const cci_heap_t *heap, size_t bin)
{
    uint64_t n = 0;

    for (const cci_cache_t *c = cci_heap_caches(heap); c; c = c->next)
        n += bin_allocs(c, bin);
    return n;
}
