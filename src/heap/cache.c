/* SPDX-License-Identifier: MIT */
/* cache.c - see cache.h. */
#include "heap/cache.h"
#include "heap/cell.h"
#include "heap/heap.h"
#include "heap/scavenge.h"

enum { PASS_STEP = 8, CHECK_STEP = 16 };

static cci_depots_t *depots(const cci_cache_t *cache)
{
    return &cache->heap->depots;
}

/* ---- magazines ---- */

static size_t full_count(const cci_cache_t *cache, size_t bin)
{
    return cci_depot_slots(depots(cache), bin);
}

static cci_magazine_t *current(const cc_heap_bin_ *b)
{
    return b->slots ? (cci_magazine_t *)((char *)b->slots - offsetof(cci_magazine_t, slot)) : NULL;
}

static size_t current_count(const cc_heap_bin_ *b)
{
    return b->state & CC_HEAP_COUNT_;
}

static void set_count(cc_heap_bin_ *b, size_t count)
{
    __atomic_store_n(&b->state, (b->state & ~CC_HEAP_COUNT_) | count, __ATOMIC_RELEASE);
}

/* Blocks come into the current magazine, or leave it, otherwise than by an allocation or a free. In
 * each case first what makes the count of frees look smaller, then what makes it right: see
 * stats.c, which reads in the other order. */
static void bring_in(cci_cache_t *cache, size_t bin, size_t n)
{
    cc_heap_bin_ *b = &cache->bins[bin];

    cci_count(cache, &cache->in[bin], n);
    set_count(b, current_count(b) + n);
}

static void take_out(cci_cache_t *cache, size_t bin, size_t n)
{
    cc_heap_bin_ *b = &cache->bins[bin];

    set_count(b, current_count(b) - n);
    cci_count(cache, &cache->out[bin], n);
}

/* Work on another magazine, or none. The bin is empty. */
static void set_current(cci_cache_t *cache, size_t bin, cci_magazine_t *magazine)
{
    cc_heap_bin_ *b = &cache->bins[bin];

    b->slots    = magazine ? magazine->slot : NULL;
    b->capacity = magazine ? full_count(cache, bin) : 0;
}

/* The current magazine is full and the spare one empty, or the other way round. */
static void swap_with_spare(cci_cache_t *cache, size_t bin)
{
    cc_heap_bin_   *b     = &cache->bins[bin];
    cci_magazine_t *spare = cache->spare[bin];
    bool            full  = cache->spare_is_full[bin];

    take_out(cache, bin, current_count(b));
    cache->spare[bin] = current(b);
    __atomic_store_n(&cache->spare_is_full[bin], !full, __ATOMIC_RELAXED);
    set_current(cache, bin, spare);
    bring_in(cache, bin, full ? full_count(cache, bin) : 0);
}

/* ---- to and from the source ---- */

/* The first block of the source goes on top: blocks are handed out in the order it gave them. */
static void reverse(void **blocks, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        void *first       = blocks[i];
        blocks[i]         = blocks[n - 1 - i];
        blocks[n - 1 - i] = first;
    }
}

void cci_cache_give_back(cci_cache_t *cache, size_t bin, void *const *blocks, size_t n)
{
    cache->heap->source->give(cache->heap, bin, blocks, n);
    cci_count(cache, &cache->source_free_count, n);
}

static void check(cci_cache_t *cache, size_t bin, void *const *blocks, size_t n)
{
    cache->heap->source->check(cache->heap, bin, blocks, n);
}

/* Give some blocks of one depot to the source. *lowest is the lowest of them. CC_HEAP_BINS_: there was
 * none to be had; else the bin. */
static size_t evict_some(cci_cache_t *cache, void **lowest)
{
    void  *block[CCI_MAGAZINE_SLOTS];
    size_t bin = cci_depots_victim(depots(cache));
    size_t n   = cci_depot_evict(depots(cache), bin, block, CCI_MAGAZINE_SLOTS);

    if (n == 0)
        return CC_HEAP_BINS_;
    *lowest = block[n - 1];
    cci_cache_give_back(cache, bin, block, n);
    return bin;
}

void cci_cache_shrink_depots(cci_cache_t *cache, size_t bytes)
{
    void *lowest;

    while (cci_depots_bytes(depots(cache)) > bytes && evict_some(cache, &lowest) < CC_HEAP_BINS_)
        ;
}

/* The depots were put more into than they may hold. */
static void keep_within_limit(cci_cache_t *cache)
{
    while (cci_depots_bytes(depots(cache)) > cci_scavenge_limit(cache->heap)) {
        void  *lowest;
        size_t bin = evict_some(cache, &lowest);
        if (bin == CC_HEAP_BINS_)
            return;
        cci_depot_set_ceiling(depots(cache), bin, lowest);
    }
}

/* ---- an empty bin ---- */

static bool load_from_depot(cci_cache_t *cache, size_t bin)
{
    cc_heap_bin_   *b = &cache->bins[bin];
    size_t          count;
    cci_magazine_t *magazine = cci_depot_get(depots(cache), bin, current(b), &count);

    if (magazine) {
        set_current(cache, bin, magazine);
        bring_in(cache, bin, count);
    }
    return magazine;
}

/* A bin that is used little holds little: each time twice as much as the last. */
static bool load_from_source(cci_cache_t *cache, size_t bin)
{
    cc_heap_bin_ *b = &cache->bins[bin];
    size_t        n = 2 * (size_t)cache->batch[bin], most = full_count(cache, bin);

    n                 = n == 0 ? 1 : n < most ? n : most;
    cache->batch[bin] = (uint8_t)n;
    n                 = cache->heap->source->take(cache->heap, bin, b->slots, n);
    reverse(b->slots, n);
    cci_count(cache, &cache->source_alloc_count, n);
    b->capacity = most;
    bring_in(cache, bin, n);
    return n;
}

bool cci_cache_load(cci_cache_t *cache, size_t bin)
{
    cc_heap_bin_ *b = &cache->bins[bin];

    cci_scavenge_tick(cache);
    if (cache->spare_is_full[bin]) {
        swap_with_spare(cache, bin);
        return true;
    }
    if (!b->slots)
        set_current(cache, bin, cci_cell_take());
    if (!b->slots)
        return false;
    return load_from_depot(cache, bin) || load_from_source(cache, bin);
}

/* ---- a full bin ---- */

/* One block in sixteen, others each time: enough for a size that is wrong at one place of a program,
 * at a sixteenth of the cost, which is that of looking at the pages of blocks nobody needs. */
static void check_some(cci_cache_t *cache, size_t bin, void *const *blocks, size_t n)
{
    void  *some[CCI_MAGAZINE_SLOTS / CHECK_STEP + 1];
    size_t count = 0;

    for (size_t i = cache->slow_count % CHECK_STEP; i < n; i += CHECK_STEP)
        some[count++] = blocks[i];
    check(cache, bin, some, count);
}

/* The full spare goes to the depot; what the depot does not take goes to the source. Returns an
 * empty magazine or NULL. */
static cci_magazine_t *exchange_full(cci_cache_t *cache, size_t bin, cci_magazine_t *full)
{
    size_t left;

    check_some(cache, bin, full->slot, full_count(cache, bin));
    cci_magazine_t *empty = cci_depot_put(depots(cache), bin, full, &left);
    if (left)
        cci_cache_give_back(cache, bin, empty->slot, left);
    keep_within_limit(cache);
    return empty;
}

static void give_spare_away(cci_cache_t *cache, size_t bin)
{
    if (cache->spare_is_full[bin]) {
        cache->spare[bin] = exchange_full(cache, bin, cache->spare[bin]);
        __atomic_store_n(&cache->spare_is_full[bin], false, __ATOMIC_RELAXED);
    }
}

/* Move the blocks from the given one on that are at or above the ceiling to high, the others
 * together; returns how many went. No branch on an address that may still have to be loaded. */
static size_t split(void **slots, size_t from, size_t count, uintptr_t ceiling, void **high)
{
    size_t n = 0, keep = from;

    for (size_t i = from; i < count; i++) {
        void  *block   = slots[i];
        size_t is_high = (uintptr_t)block >= ceiling;
        high[n]        = block;
        slots[keep]    = block;
        n += is_high;
        keep += !is_high;
    }
    return n;
}

/* Of the newest blocks of the current magazine, those at or above the ceiling go to the source; the
 * others stay, and few more are let in. So what a thread holds on to while the depots are
 * overfull is next to nothing, and does not keep its pages from becoming empty. False: there
 * is no room; all that stayed belong into the depot. */
static bool pass_high_ones(cci_cache_t *cache, size_t bin, uintptr_t ceiling)
{
    cc_heap_bin_ *b     = &cache->bins[bin];
    size_t        count = current_count(b), most = full_count(cache, bin);
    size_t        from = b->capacity < most ? count - PASS_STEP : 0; /* older ones were seen */
    void         *high[CCI_MAGAZINE_SLOTS];
    size_t        n = split(b->slots, from, count, ceiling, high);

    take_out(cache, bin, n);
    check_some(cache, bin, high, n);
    cci_cache_give_back(cache, bin, high, n);
    count -= n;
    b->capacity = count + PASS_STEP < most ? count + PASS_STEP : most;
    return count < most;
}

bool cci_cache_make_room(cci_cache_t *cache, size_t bin)
{
    cc_heap_bin_ *b       = &cache->bins[bin];
    uintptr_t     ceiling = cci_depot_ceiling(depots(cache), bin);

    cci_scavenge_tick(cache);
    if (!b->slots) { /* the first block of the bin is a free one */
        set_current(cache, bin, cci_cell_take());
        return b->slots;
    }
    give_spare_away(cache, bin);
    if ((ceiling != UINTPTR_MAX || b->capacity < full_count(cache, bin)) &&
        pass_high_ones(cache, bin, ceiling))
        return true;
    if (!cache->spare[bin])
        cache->spare[bin] = cci_cell_take();
    if (!cache->spare[bin])
        return false;
    swap_with_spare(cache, bin);
    return true;
}

/* ---- without a cache ---- */

void *cci_cache_alloc_one(cci_cache_t *cache, size_t bin)
{
    void *block;

    if (!cache->heap->source->take(cache->heap, bin, &block, 1))
        return NULL;
    cci_count(cache, &cache->source_alloc_count, 1);
    cci_count(cache, &cache->in[bin], 1);
    cci_count(cache, &cache->bins[bin].state, CC_HEAP_SERVED_);
    return block;
}

void cci_cache_free_one(cci_cache_t *cache, size_t bin, void *block)
{
    check(cache, bin, &block, 1);
    cci_cache_give_back(cache, bin, &block, 1);
    cci_count(cache, &cache->out[bin], 1);
}

/* ---- everything ---- */

static void put_away(cci_cache_t *cache, size_t bin, cci_magazine_t *magazine, size_t count)
{
    if (!magazine)
        return;
    check(cache, bin, magazine->slot, count);
    size_t left = cci_depot_put_blocks(depots(cache), bin, magazine->slot, count);
    if (left)
        cci_cache_give_back(cache, bin, magazine->slot, left);
    cci_cell_give(magazine);
}

void cci_cache_empty_bin(cci_cache_t *cache, size_t bin)
{
    cc_heap_bin_   *b        = &cache->bins[bin];
    cci_magazine_t *magazine = current(b), *spare = cache->spare[bin];
    size_t          count         = current_count(b);
    bool            spare_is_full = cache->spare_is_full[bin];

    take_out(cache, bin, count);
    set_current(cache, bin, NULL);
    cache->spare[bin] = NULL;
    __atomic_store_n(&cache->spare_is_full[bin], false, __ATOMIC_RELAXED);
    put_away(cache, bin, magazine, count);
    put_away(cache, bin, spare, spare_is_full ? full_count(cache, bin) : 0);
    cache->batch[bin] = 0;
}

void cci_cache_empty(cci_cache_t *cache)
{
    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++)
        cci_cache_empty_bin(cache, bin);
}

void cci_cache_forget(cci_cache_t *cache)
{
    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++) {
        take_out(cache, bin, current_count(&cache->bins[bin]));
        set_current(cache, bin, NULL);
        cache->spare[bin] = NULL;
        __atomic_store_n(&cache->spare_is_full[bin], false, __ATOMIC_RELAXED);
    }
}

static void give_cell(cci_magazine_t *magazine)
{
    if (magazine)
        cci_cell_give(magazine);
}

void cci_cache_drop(cci_cache_t *cache)
{
    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++) {
        give_cell(current(&cache->bins[bin]));
        give_cell(cache->spare[bin]);
    }
}
