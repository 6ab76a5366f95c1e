/* SPDX-License-Identifier: MIT */
/* stats.c - the statistics of ccmem/alloc.h. */
#include "heap/stats.h"
#include <string.h>
#include "backend/backend.h"
#include "heap/lock.h"
#include "heap/totals.h"

/* Counting was enabled at `since` and off before; `before` is what was counted until then. */
static cci_lock_t   lock;
static bool         enabled;
static cci_totals_t since, before;

/* a + b - c, field by field: all are counts. */
static cci_totals_t plus_minus(cci_totals_t a, cci_totals_t b, cci_totals_t c)
{
    enum { FIELDS = sizeof(cci_totals_t) / sizeof(uint64_t) };
    uint64_t x[FIELDS], y[FIELDS], z[FIELDS];

    memcpy(x, &a, sizeof a);
    memcpy(y, &b, sizeof b);
    memcpy(z, &c, sizeof c);
    for (size_t i = 0; i < FIELDS; i++)
        x[i] += y[i] - z[i];
    memcpy(&a, x, sizeof a);
    return a;
}

static cci_totals_t counted(cci_totals_t now)
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
    cci_totals_t now = cci_heap_totals(&cci_heap_main);
    before           = counted(now);
    since            = now;
    enabled          = enable;
    cci_lock_release(&lock);
}

void cc_alloc_stats_reset(void)
{
    cci_lock_wait(&lock);
    before = (cci_totals_t){ 0 };
    since  = cci_heap_totals(&cci_heap_main);
    cci_lock_release(&lock);
}

cc_alloc_snapshot_t cc_alloc_stats_snapshot(void)
{
    cci_lock_wait(&lock);
    cci_totals_t now = cci_heap_totals(&cci_heap_main);
    cci_totals_t c   = counted(now);
    cci_lock_release(&lock);

    return (cc_alloc_snapshot_t){
        .alloc_count         = c.alloc_count,
        .free_count          = c.free_count,
        .alloc_bytes         = c.alloc_bytes,
        .free_bytes          = c.free_bytes,
        .current_allocated   = now.alloc_bytes - now.free_bytes,
        .unsized_free_count  = c.unsized_free_count,
        .cached_bytes        = cci_heap_cached_bytes(&cci_heap_main),
        .backend_alloc_count = c.source_alloc_count,
        .backend_free_count  = c.source_free_count,
        .backend             = cci_backend_current()->name,
    };
}

/* ---- by size class ---- */

static cc_alloc_class_stats_t class_stats(size_t bin)
{
    uint64_t frees = cci_heap_bin_frees(&cci_heap_main, bin); /* before the allocations */

    return (cc_alloc_class_stats_t){
        .size         = cci_bin_size(bin),
        .align        = cci_bin_align(bin),
        .alloc_count  = cci_heap_bin_allocs(&cci_heap_main, bin),
        .free_count   = frees,
        .cached_count = cci_heap_cached_blocks(&cci_heap_main, bin),
    };
}

/* Of the sizes, those that are whole lines have a second bin that is used; a block that is a line and
 * aligned to it is one of these. */
static bool exists(size_t bin)
{
    if (cci_bin_is_aligned(bin))
        return cci_bin_align(bin) > CC_CACHE_LINE_SIZE;
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
