/* SPDX-License-Identifier: MIT */
/* blockpool.c - see ccmem/blockpool.h: a heap (heap/heap.h) whose source are chunks (supply.h).
 *
 * What is free stays in the depots, which have no bound here: so a thread that frees what another
 * allocates feeds it, and memory stays flat. At the limit the depots are looked through for spans of
 * which all blocks are there; their units are then free for blocks of other sizes, and whole chunks
 * for what is larger. That costs a look at every span, so it is tried again only after blocks were
 * put into the depots some times more.
 *
 * When blocks are checked, each is noted with what it was asked for, and no call is handled inline;
 * what a thread has free is poisoned, and each block is followed by a gap.
 */
#include <string.h>
#include "heap/mode.h"
#include "heap/totals.h"
#include "prim/fault.h"
#include "prim/pages.h"
#include "prim/poison.h"
#include "region/blockpool.h"

enum {
    POOL_BYTES         = (sizeof(cci_blockpool_t) + 4095) / 4096 * 4096,
    MAGAZINES_OF_LIMIT = 64, /* a magazine is no more of the limit than 1 in so many */
    SPANS_A_TURN       = 64  /* looked through, for each time that blocks came into a depot */
};

/* ---- as a source ---- */

/* Blocks that no depot took. */
static size_t take_returned(cci_blockpool_t *pool, size_t bin, void **out, size_t n)
{
    size_t got = 0;

    while (got < n && pool->returned[bin]) {
        void *block = pool->returned[bin];
        memcpy(&pool->returned[bin], block, sizeof block);
        cci_poison(block, cci_bin_size(bin));
        pool->returned_bytes -= cci_bin_size(bin);
        out[got++] = block;
    }
    return got;
}

static void put_returned(cci_blockpool_t *pool, size_t bin, void *block)
{
    cci_unpoison(block, sizeof block);
    memcpy(block, &pool->returned[bin], sizeof block);
    pool->returned[bin] = block;
    pool->returned_bytes += cci_bin_size(bin);
}

static size_t take(cci_heap_t *heap, size_t bin, void **out, size_t n)
{
    cci_blockpool_t *pool = cci_blockpool_of(heap);

    pthread_mutex_lock(&pool->lock);
    size_t got = take_returned(pool, bin, out, n);
    got += cci_supply_cut(&pool->supply, bin, out + got, n - got);
    pthread_mutex_unlock(&pool->lock);
    return got;
}

static void give(cci_heap_t *heap, size_t bin, void *const *blocks, size_t n)
{
    cci_blockpool_t *pool = cci_blockpool_of(heap);

    pthread_mutex_lock(&pool->lock);
    for (size_t i = 0; i < n; i++)
        put_returned(pool, bin, blocks[i]);
    pthread_mutex_unlock(&pool->lock);
}

/* The lock is held. */
static void check_one(const cci_blockpool_t *pool, size_t bin, const void *block)
{
    cci_supply_place_t place = cci_supply_find(&pool->supply, block);

    if (place.bin == CC_HEAP_BINS_)
        cci_fault("blockpool", "block %p was freed and is not of the pool", block);
    if (place.bin != bin)
        cci_fault("blockpool", "block %p of %zu bytes was freed as one of %zu", block,
                  cci_bin_size(place.bin), cci_bin_size(bin));
    if (!place.is_block)
        cci_fault("blockpool", "%p was freed, where no block begins", block);
}

static void check(cci_heap_t *heap, size_t bin, void *const *blocks, size_t n)
{
    cci_blockpool_t *pool = cci_blockpool_of(heap);

    pthread_mutex_lock(&pool->lock);
    for (size_t i = 0; i < n; i++)
        check_one(pool, bin, blocks[i]);
    pthread_mutex_unlock(&pool->lock);
}

static const cci_source_t supply_source = { take, give, check, true };

/* ---- noting blocks ---- */

static size_t note_of(size_t size, size_t align)
{
    return size << 6 | (size_t)__builtin_ctzll(align);
}

static size_t noted_size(size_t note)
{
    return note >> 6;
}

static size_t noted_align(size_t note)
{
    return (size_t)1 << (note & 63);
}

/* A noted block is freed; the lock is held. */
static void unnote(cci_blockpool_t *pool, const void *block, size_t size, size_t align)
{
    const size_t *found = cci_block_map_find(&pool->noted, block);

    if (!found)
        cci_fault("blockpool", "block %p was freed and is not in use", block);
    if (*found != note_of(size, align))
        cci_fault("blockpool",
                  "block %p was allocated as %zu bytes aligned to %zu and freed as %zu aligned to "
                  "%zu",
                  block, noted_size(*found), noted_align(*found), size, align);
    cci_block_map_remove(&pool->noted, block);
}

/* ---- blocks with a bin ---- */

static size_t bin_for(const cci_blockpool_t *pool, size_t size, size_t align)
{
    return cci_bin_for(pool->guarded ? size + CCI_RED_ZONE : size, align);
}

/* For a thread without a cache: from the depot, for there is no other way to it. */
static void *serve_uncached(cci_blockpool_t *pool, size_t bin)
{
    void  *block[CCI_MAGAZINE_SLOTS];
    size_t n = cci_depot_evict(&pool->heap.depots, bin, block, 1);

    if (n == 0)
        return cci_cache_alloc_one(pool->heap.shared, bin);
    if (n > 1)
        give(&pool->heap, bin, block + 1, n - 1);
    cci_cache_t *c = pool->heap.shared;
    cci_count(c, &c->in[bin], 1);
    cci_count(c, &c->bins[bin].state, CC_HEAP_SERVED_);
    return block[0];
}

/* To the depot, where others find it, and sort_depot. */
static void accept_uncached(cci_blockpool_t *pool, size_t bin, void *block)
{
    cci_cache_t *c = pool->heap.shared;

    check(&pool->heap, bin, &block, 1);
    if (cci_depot_put_blocks(&pool->heap.depots, bin, &block, 1))
        cci_cache_give_back(c, bin, &block, 1);
    cci_count(c, &c->out[bin], 1);
}

static void *serve(cci_blockpool_t *pool, size_t bin)
{
    cci_cache_t *cache = cci_blockpool_cache(pool);
    void        *block;

    if (!cache)
        return serve_uncached(pool, bin);
    if (cc_heap_try_pop_(&cache->bins[bin], &block))
        return block;
    if (cci_cache_load(cache, bin) && cc_heap_try_pop_(&cache->bins[bin], &block))
        return block;
    return cache->bins[bin].slots ? NULL : serve_uncached(pool, bin); /* there was no magazine */
}

static void accept(cci_blockpool_t *pool, size_t bin, void *block)
{
    cci_cache_t *cache = cci_blockpool_cache(pool);

    if (!cache ||
        (!cc_heap_try_push_(&cache->bins[bin], block) &&
         !(cci_cache_make_room(cache, bin) && cc_heap_try_push_(&cache->bins[bin], block))))
        accept_uncached(pool, bin, block);
}

/* Note a block that was served, and let it be used. False: no memory to note it. */
static bool hand_out(cci_blockpool_t *pool, void *block, size_t size, size_t align)
{
    pthread_mutex_lock(&pool->lock);
    bool noted = cci_block_map_set(&pool->noted, block, note_of(size, align));
    pthread_mutex_unlock(&pool->lock);
    if (noted)
        cci_unpoison(block, size);
    return noted;
}

static void *alloc_small(cci_blockpool_t *pool, size_t bin, size_t size, size_t align)
{
    void *block = serve(pool, bin);

    if (!block || !pool->checked || hand_out(pool, block, size, align))
        return block;
    accept(pool, bin, block);
    return NULL;
}

static void free_small(cci_blockpool_t *pool, size_t bin, void *block, size_t size, size_t align)
{
    if (pool->checked) {
        pthread_mutex_lock(&pool->lock);
        unnote(pool, block, size, align);
        pthread_mutex_unlock(&pool->lock);
        cci_poison(block, cci_bin_size(bin));
    }
    accept(pool, bin, block);
}

/* ---- blocks without a bin ---- */

static void *alloc_large(cci_blockpool_t *pool, size_t size, size_t align)
{
    cci_cache_t *c = pool->heap.shared;

    if (size > PTRDIFF_MAX / 64 || align > PTRDIFF_MAX / 64)
        return NULL;
    pthread_mutex_lock(&pool->lock);
    void *block = cci_supply_alloc_large(&pool->supply, size, align);
    if (block && !cci_block_map_set(&pool->noted, block, note_of(size, align))) {
        cci_supply_free_large(&pool->supply, block, size, align);
        block = NULL;
    }
    pthread_mutex_unlock(&pool->lock);
    if (block) {
        cci_count(c, &c->large.alloc_bytes, size);
        cci_count(c, &c->large.alloc_count, 1);
    }
    return block;
}

static void free_large(cci_blockpool_t *pool, void *block, size_t size, size_t align)
{
    cci_cache_t *c = pool->heap.shared;

    pthread_mutex_lock(&pool->lock);
    unnote(pool, block, size, align);
    cci_supply_free_large(&pool->supply, block, size, align);
    cci_count(c, &c->large.free_bytes, size);
    cci_count(c, &c->large.free_count, 1);
    pthread_mutex_unlock(&pool->lock);
}

static void free_all_large(cci_blockpool_t *pool)
{
    size_t      at = 0, note;
    const void *block;

    while ((block = cci_block_map_next(&pool->noted, &at, &note)) != NULL) {
        size_t size = noted_size(note), align = noted_align(note);
        if (bin_for(pool, size, align) == CC_HEAP_BINS_)
            cci_supply_free_large(&pool->supply, (void *)block, size, align);
    }
    cci_block_map_fini(&pool->noted);
}

/* ---- at the limit ---- */

/* What no depot took is tried again; what cannot be sorted is kept instead. The lock is held. */
static void sort_depot(cci_blockpool_t *pool, size_t bin)
{
    void  *block[CCI_MAGAZINE_SLOTS];
    size_t n, left;

    do {
        n    = take_returned(pool, bin, block, CCI_MAGAZINE_SLOTS);
        left = cci_depot_sort(&pool->heap.depots, bin, block, n);
        for (size_t i = 0; i < left; i++)
            put_returned(pool, bin, block[i]);
    } while (n && !left);
}

static bool take_span(void *depots, size_t bin, uintptr_t from, uintptr_t to, size_t n)
{
    return cci_depot_take_range(depots, bin, from, to, n);
}

/* The lock is held. */
static bool reclaim(cci_blockpool_t *pool)
{
    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++)
        sort_depot(pool, bin);
    return cci_supply_reclaim(&pool->supply, take_span, &pool->heap.depots);
}

/* Whether enough came into the depots for another look at all spans. The lock is held. */
static bool is_hopeful(const cci_blockpool_t *pool)
{
    uint64_t turns = cci_depots_turns(&pool->heap.depots) - pool->hopeless;

    return turns > pool->supply.reserved / CC_BLOCKPOOL_UNIT / SPANS_A_TURN;
}

/* Something could not be had. Returns whether it may be now. */
static bool find_room(cci_blockpool_t *pool)
{
    cci_cache_t *cache = cci_blockpool_peek(pool);
    bool         found = false;

    if (cache)
        cci_cache_empty(cache);
    pthread_mutex_lock(&pool->lock);
    if (is_hopeful(pool)) {
        found = reclaim(pool);
        if (!found)
            pool->hopeless = cci_depots_turns(&pool->heap.depots);
    }
    pthread_mutex_unlock(&pool->lock);
    return found;
}

/* ---- the public functions: blocks ---- */

static void *alloc_once(cci_blockpool_t *pool, size_t size, size_t align)
{
    size_t bin = bin_for(pool, size, align);

    return bin < CC_HEAP_BINS_ ? alloc_small(pool, bin, size, align)
                               : alloc_large(pool, size, align);
}

void *cc_blockpool_alloc_slow_(cc_blockpool_t *pool, size_t size, size_t align)
{
    cci_blockpool_t *p = pool->shared;

    if (size == 0 || size > PTRDIFF_MAX)
        return NULL;
    void *block = alloc_once(p, size, align);
    if (!block && find_room(p))
        block = alloc_once(p, size, align);
    if (!block)
        atomic_fetch_add_explicit(&p->exhausted_count, 1, memory_order_relaxed);
    return block;
}

void cc_blockpool_free_slow_(cc_blockpool_t *pool, void *block, size_t size, size_t align)
{
    size_t bin = bin_for(pool->shared, size, align);

    if (bin < CC_HEAP_BINS_)
        free_small(pool->shared, bin, block, size, align);
    else
        free_large(pool->shared, block, size, align);
}

static bool is_power_of_two(size_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

void *cc_blockpool_alloc_aligned(cc_blockpool_t *pool, size_t size, size_t align)
{
    if (!is_power_of_two(align))
        return NULL;
    return align <= 16 ? cc_blockpool_alloc(pool, size)
                       : cc_blockpool_alloc_slow_(pool, size, align);
}

void cc_blockpool_free_aligned(cc_blockpool_t *pool, void *block, size_t size, size_t align)
{
    if (align <= 16)
        cc_blockpool_free(pool, block, size);
    else if (block)
        cc_blockpool_free_slow_(pool, block, size, align);
}

bool cc_blockpool_owns(const cc_blockpool_t *pool, const void *block)
{
    cci_blockpool_t *p = pool->shared;

    pthread_mutex_lock(&p->lock);
    bool owns = cci_supply_find(&p->supply, block).is_block || cci_block_map_find(&p->noted, block);
    pthread_mutex_unlock(&p->lock);
    return owns;
}

/* ---- life ---- */

/* A pool but for its chunks; result when it is NULL. */
static cci_blockpool_t *make(size_t limit, cc_result_t *result)
{
    size_t           magazine = limit / MAGAZINES_OF_LIMIT;
    cci_blockpool_t *pool     = cci_pages_map(POOL_BYTES);

    *result = CC_RESULT_NO_MEMORY;
    if (!pool)
        return NULL;
    pool->guarded = cci_poison_active();
    pool->checked = pool->guarded || cci_heap_mode() == CCI_HEAP_CHECK;
    pthread_mutex_init(&pool->lock, NULL);
    if (cci_heap_init(&pool->heap, &supply_source, "blockpool",
                      magazine < CCI_MAGAZINE_BYTES ? magazine : CCI_MAGAZINE_BYTES)) {
        *result = CC_RESULT_EXHAUSTED;
        if (cci_blockpool_enter(pool))
            return pool;
        cci_heap_fini(&pool->heap);
    }
    cci_pages_unmap(pool, POOL_BYTES);
    return NULL;
}

static void publish(cc_blockpool_t *pool, cci_blockpool_t *made)
{
    *pool = (cc_blockpool_t){ .table_index = made->checked ? 0 : made->index, .shared = made };
}

cc_result_t cc_blockpool_init(cc_blockpool_t *pool, cc_allocator_t parent, size_t limit)
{
    cc_result_t result;

    if (limit == 0)
        limit = SIZE_MAX;
    if (limit < CC_BLOCKPOOL_UNIT)
        return CC_RESULT_INVALID;
    cci_blockpool_t *made = make(limit, &result);
    if (!made)
        return result;
    cci_supply_init(&made->supply, parent, limit);
    publish(pool, made);
    return CC_RESULT_OK;
}

cc_result_t cc_blockpool_init_in(cc_blockpool_t *pool, void *memory, size_t bytes)
{
    const uintptr_t unit  = CC_BLOCKPOOL_UNIT;
    uintptr_t       start = (uintptr_t)memory, end = start + bytes;
    cc_result_t     result;

    start = (start + unit - 1) & ~(unit - 1);
    end &= ~(unit - 1);
    if (end <= start)
        return CC_RESULT_FULL;
    cci_blockpool_t *made = make(end - start, &result);
    if (!made)
        return result;
    cci_supply_init_in(&made->supply, start, end);
    publish(pool, made);
    return CC_RESULT_OK;
}

void cc_blockpool_fini(cc_blockpool_t *pool)
{
    cci_blockpool_t *p = pool->shared;

    if (!p)
        return;
    cci_blockpool_leave(p);
    free_all_large(p);
    cci_supply_fini(&p->supply);
    cci_heap_fini(&p->heap);
    pthread_mutex_destroy(&p->lock);
    cci_pages_unmap(p, POOL_BYTES);
    *pool = (cc_blockpool_t){ 0 };
}

/* ---- memory ---- */

void cc_blockpool_thread_idle(cc_blockpool_t *pool)
{
    cci_cache_t *cache = cci_blockpool_peek(pool->shared);

    if (cache)
        cci_cache_empty(cache);
}

void cc_blockpool_trim(cc_blockpool_t *pool)
{
    cc_blockpool_thread_idle(pool);
    pthread_mutex_lock(&pool->shared->lock);
    reclaim(pool->shared);
    pthread_mutex_unlock(&pool->shared->lock);
}

cc_blockpool_stats_t cc_blockpool_stats(const cc_blockpool_t *pool)
{
    cci_blockpool_t *p = pool->shared;

    pthread_mutex_lock(&p->lock);
    cci_totals_t         totals = cci_heap_totals(&p->heap);
    cc_blockpool_stats_t stats  = {
         .alloc_count     = totals.alloc_count,
         .free_count      = totals.free_count,
         .exhausted_count = atomic_load_explicit(&p->exhausted_count, memory_order_relaxed),
         .live_bytes      = totals.alloc_bytes - totals.free_bytes,
         .cached_bytes    = cci_heap_cached_bytes(&p->heap) + p->returned_bytes,
         .reserved_bytes  = p->supply.reserved,
         .peak_bytes      = p->supply.peak,
    };
    pthread_mutex_unlock(&p->lock);
    return stats;
}

/* ---- as an allocator ---- */

static void *pool_alloc(void *self, size_t size, size_t align)
{
    return cc_blockpool_alloc_aligned(self, size, align);
}

static void pool_free(void *self, void *block, size_t size, size_t align)
{
    cc_blockpool_free_aligned(self, block, size, align);
}

cc_allocator_t cc_blockpool_allocator(cc_blockpool_t *pool)
{
    static const cc_allocator_ops_t ops = { pool_alloc, pool_free };

    return (cc_allocator_t){ &ops, pool };
}
