/* SPDX-License-Identifier: MIT */
/* stats.c - the statistics of ccmem/alloc.h: sums over the counters that every thread keeps anyway.
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
#include <string.h>
#include "heap/cache.h"
#include "heap/lock.h"
#include "heap/stats.h"

typedef struct totals {
    uint64_t alloc_count, free_count, alloc_bytes, free_bytes, unsized_free_count;
    uint64_t backend_alloc_count, backend_free_count;
} totals_t;

/* Counting was enabled at `since` and off before; `before` is what was counted until then. */
static cci_lock_t lock;
static bool       enabled;
static totals_t   since, before;

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

static void add_frees(totals_t *t, const cci_cache_t *c)
{
    t->unsized_free_count += read_counter(&c->unsized_free_count);
    t->backend_free_count += read_counter(&c->backend_free_count);
    t->free_count += read_counter(&c->large.free_count);
    t->free_bytes += read_counter(&c->large.free_bytes);
    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++) {
        uint64_t n = bin_frees(c, bin);
        t->free_count += n;
        t->free_bytes += n * cci_bin_size(bin);
    }
}

static void add_allocs(totals_t *t, const cci_cache_t *c)
{
    t->backend_alloc_count += read_counter(&c->backend_alloc_count);
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

/* Frees never become fewer; that fewer are seen than before only means that some are missed now. The
 * lock is held. */
static totals_t totals_now(void)
{
    static uint64_t free_count, free_bytes; /* the most that was seen */
    totals_t        t = { 0 };

    for (const cci_cache_t *c = cci_cache_first(); c; c = c->next)
        add_frees(&t, c);
    t.free_count = free_count = greater(t.free_count, free_count);
    t.free_bytes = free_bytes = greater(t.free_bytes, free_bytes);
    for (const cci_cache_t *c = cci_cache_first(); c; c = c->next)
        add_allocs(&t, c);
    return t;
}

/* a + b - c, field by field: all are counts. */
static totals_t plus_minus(totals_t a, totals_t b, totals_t c)
{
    enum { FIELDS = sizeof(totals_t) / sizeof(uint64_t) };
    uint64_t x[FIELDS], y[FIELDS], z[FIELDS];

    memcpy(x, &a, sizeof a);
    memcpy(y, &b, sizeof b);
    memcpy(z, &c, sizeof c);
    for (size_t i = 0; i < FIELDS; i++)
        x[i] += y[i] - z[i];
    memcpy(&a, x, sizeof a);
    return a;
}

static totals_t counted(totals_t now)
{
    return enabled ? plus_minus(before, now, since) : before;
}

void cci_stats_lock(void)
{
    cci_lock_wait(&lock);
}

void cci_stats_unlock(void)
{
    cci_lock_release(&lock);
}

void cc_alloc_stats_enable(bool enable)
{
    cci_lock_wait(&lock);
    totals_t now = totals_now();
    before       = counted(now);
    since        = now;
    enabled      = enable;
    cci_lock_release(&lock);
}

void cc_alloc_stats_reset(void)
{
    cci_lock_wait(&lock);
    before = (totals_t){ 0 };
    since  = totals_now();
    cci_lock_release(&lock);
}

/* ---- what is cached ---- */

static size_t cached_blocks(size_t bin)
{
    size_t n = cci_depot_count(bin);

    for (const cci_cache_t *c = cci_cache_first(); c; c = c->next) {
        n += read_counter(&c->bins[bin].state) & CC_HEAP_COUNT_;
        n += __atomic_load_n(&c->spare_is_full[bin], __ATOMIC_RELAXED) ? cci_bin_slots(bin) : 0;
    }
    return n;
}

static uint64_t cached_bytes(void)
{
    uint64_t bytes = 0;

    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++)
        bytes += cached_blocks(bin) * cci_bin_size(bin);
    return bytes;
}

cc_alloc_snapshot_t cc_alloc_stats_snapshot(void)
{
    cci_lock_wait(&lock);
    totals_t now = totals_now();
    totals_t c   = counted(now);
    cci_lock_release(&lock);

    return (cc_alloc_snapshot_t){
        .alloc_count         = c.alloc_count,
        .free_count          = c.free_count,
        .alloc_bytes         = c.alloc_bytes,
        .free_bytes          = c.free_bytes,
        .current_allocated   = now.alloc_bytes - now.free_bytes,
        .unsized_free_count  = c.unsized_free_count,
        .cached_bytes        = cached_bytes(),
        .backend_alloc_count = c.backend_alloc_count,
        .backend_free_count  = c.backend_free_count,
        .backend             = cci_backend_current()->name,
    };
}

/* ---- by size class ---- */

static cc_alloc_class_stats_t class_stats(size_t bin)
{
    cc_alloc_class_stats_t s = { .size         = cci_bin_size(bin),
                                 .align        = cci_bin_align(bin),
                                 .cached_count = cached_blocks(bin) };

    for (const cci_cache_t *c = cci_cache_first(); c; c = c->next)
        s.free_count += bin_frees(c, bin);
    for (const cci_cache_t *c = cci_cache_first(); c; c = c->next)
        s.alloc_count += bin_allocs(c, bin);
    return s;
}

/* Of the sizes, those that are whole lines have a second bin that is used. */
static bool exists(size_t bin)
{
    return cci_bin_size(bin) % cci_bin_align(bin) == 0;
}

size_t cc_alloc_stats_classes(cc_alloc_class_stats_t *out, size_t capacity)
{
    size_t n = 0;

    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++) {
        if (!exists(bin))
            continue;
        if (n < capacity)
            out[n] = class_stats(bin);
        n++;
    }
    return n;
}
