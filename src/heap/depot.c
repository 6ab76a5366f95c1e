/* SPDX-License-Identifier: MIT */
/* depot.c - see depot.h. */
#include "heap/depot.h"
#include <stdatomic.h>
#include "heap/cell.h"
#include "heap/lock.h"
#include "heap/ordered.h"
#include "prim/fault.h"

enum {
    FULL_BYTES   = 256 * 1024, /* unsorted magazines: this many bytes of blocks, */
    FULL_MOST    = 32,         /* but no more than so many magazines */
    EMPTY_SPARE  = 4,          /* empty magazines kept at hand */
    VICTIM_BYTES = 64 * 1024   /* less is not worth to be given away first */
};

_Static_assert(sizeof(cci_magazine_t) <= CCI_CELL_BYTES, "a magazine is a cell");

typedef struct depot {
    _Alignas(128) cci_lock_t lock;
    uint32_t         full_count, empty_count;
    cci_magazine_t  *full, *empty;
    cci_ordered_t    ordered;
    _Atomic size_t   count; /* blocks; written under the lock */
    _Atomic uint64_t turn;  /* when it was last used */
    size_t           least; /* that there were since cci_depot_unused */

    _Atomic uintptr_t ceiling_1; /* the ceiling + 1, so that 0 is none; a hint, without the lock */
} depot_t;

static depot_t          depots[CC_HEAP_BINS_];
static _Atomic size_t   total_bytes;
static _Atomic uint64_t turns; /* counts exchanges */

static void take_turn(depot_t *d)
{
    uint64_t turn = atomic_fetch_add_explicit(&turns, 1, memory_order_relaxed);
    atomic_store_explicit(&d->turn, turn, memory_order_relaxed);
}

static void count_in(depot_t *d, size_t bin, size_t n)
{
    atomic_store_explicit(&d->count, d->count + n, memory_order_relaxed);
    atomic_fetch_add_explicit(&total_bytes, n * cci_bin_size(bin), memory_order_relaxed);
}

static void count_out(depot_t *d, size_t bin, size_t n)
{
    atomic_store_explicit(&d->count, d->count - n, memory_order_relaxed);
    atomic_fetch_sub_explicit(&total_bytes, n * cci_bin_size(bin), memory_order_relaxed);
    if (d->count < d->least)
        d->least = d->count;
}

/* ---- magazines ---- */

static uint32_t full_most(size_t bin)
{
    size_t fit = FULL_BYTES / (cci_bin_slots(bin) * cci_bin_size(bin));
    return fit < FULL_MOST ? (uint32_t)fit : FULL_MOST;
}

static void push_full(depot_t *d, cci_magazine_t *magazine)
{
    magazine->next = d->full;
    d->full        = magazine;
    d->full_count++;
}

static cci_magazine_t *pop_full(depot_t *d)
{
    cci_magazine_t *magazine = d->full;

    if (magazine) {
        d->full = magazine->next;
        d->full_count--;
    }
    return magazine;
}

static void push_empty(depot_t *d, cci_magazine_t *magazine)
{
    if (d->empty_count == EMPTY_SPARE) {
        cci_cell_give(magazine);
        return;
    }
    magazine->next = d->empty;
    d->empty       = magazine;
    d->empty_count++;
}

static cci_magazine_t *pop_empty(depot_t *d)
{
    cci_magazine_t *magazine = d->empty;

    if (!magazine)
        return cci_cell_take();
    d->empty = magazine->next;
    d->empty_count--;
    return magazine;
}

/* ---- sorting ---- */

/* Add blocks from the end of the array on; returns how many are left at its front. */
static size_t sort(depot_t *d, void *const *blocks, size_t n)
{
    void  *twice;
    size_t left = cci_ordered_add(&d->ordered, blocks, n, &twice);

    if (twice)
        cci_fault("heap", "block %p was freed twice", twice);
    return left;
}

/* All unsorted magazines. The one that memory ran out at, with what is left in it, or NULL. */
static cci_magazine_t *sort_all(depot_t *d, size_t bin, size_t *left)
{
    cci_magazine_t *magazine;

    while ((magazine = pop_full(d)) != NULL) {
        *left = sort(d, magazine->slot, cci_bin_slots(bin));
        if (*left)
            return magazine;
        push_empty(d, magazine);
    }
    return NULL;
}

/* A magazine that memory ran out at leaves a place for the one that comes. */
static cci_magazine_t *put_sorted(depot_t *d, size_t bin, cci_magazine_t *full, size_t *left)
{
    cci_magazine_t *stuck = sort_all(d, bin, left);

    if (stuck) {
        push_full(d, full);
        return stuck;
    }
    *left = sort(d, full->slot, cci_bin_slots(bin));
    return full;
}

static cci_magazine_t *put(depot_t *d, size_t bin, cci_magazine_t *full, size_t *left)
{
    if (d->ordered.count || d->full_count >= full_most(bin))
        return put_sorted(d, bin, full, left);
    push_full(d, full);
    return pop_empty(d);
}

cci_magazine_t *cci_depot_put(size_t bin, cci_magazine_t *full, size_t *left)
{
    depot_t *d = &depots[bin];

    *left = cci_bin_slots(bin);
    if (!cci_lock_try(&d->lock))
        return full;
    take_turn(d);
    *left                = 0;
    cci_magazine_t *back = put(d, bin, full, left);
    count_in(d, bin, cci_bin_slots(bin) - *left);
    cci_lock_release(&d->lock);
    return back;
}

size_t cci_depot_put_blocks(size_t bin, void *const *blocks, size_t n)
{
    depot_t *d = &depots[bin];

    if (!cci_lock_try(&d->lock))
        return n;
    size_t left = sort(d, blocks, n);
    count_in(d, bin, n - left);
    cci_lock_release(&d->lock);
    return left;
}

/* ---- serving ---- */

/* The lowest blocks, the lowest on top. */
static size_t fill_lowest(depot_t *d, size_t bin, cci_magazine_t *empty)
{
    void  *block[CCI_MAGAZINE_SLOTS];
    size_t n = cci_ordered_take_lowest(&d->ordered, block, cci_bin_slots(bin));

    for (size_t i = 0; i < n; i++)
        empty->slot[n - 1 - i] = block[i];
    return n;
}

static cci_magazine_t *get(depot_t *d, size_t bin, cci_magazine_t *empty, size_t *count)
{
    if (d->ordered.count) {
        *count = fill_lowest(d, bin, empty);
        return empty;
    }
    cci_magazine_t *full = pop_full(d);
    if (full) {
        *count = cci_bin_slots(bin);
        push_empty(d, empty);
    }
    return full;
}

cci_magazine_t *cci_depot_get(size_t bin, cci_magazine_t *empty, size_t *count)
{
    depot_t *d = &depots[bin];

    if (cci_depot_ceiling(bin) != UINTPTR_MAX)
        atomic_store_explicit(&d->ceiling_1, 0, memory_order_relaxed);
    if (cci_depot_count(bin) == 0 || !cci_lock_try(&d->lock))
        return NULL;
    take_turn(d);
    *count                   = 0;
    cci_magazine_t *magazine = get(d, bin, empty, count);
    count_out(d, bin, *count);
    cci_lock_release(&d->lock);
    return magazine;
}

/* ---- giving away ---- */

/* What cannot be sorted goes first. */
static size_t evict(depot_t *d, size_t bin, void **out, size_t n)
{
    size_t          left;
    cci_magazine_t *stuck = sort_all(d, bin, &left);
    if (!stuck)
        return cci_ordered_take_highest(&d->ordered, out, n);

    for (size_t i = 0; i < left; i++)
        out[i] = stuck->slot[i];
    push_empty(d, stuck);
    return left;
}

size_t cci_depot_evict(size_t bin, void **out, size_t n)
{
    depot_t *d = &depots[bin];

    if (cci_depot_count(bin) == 0 || !cci_lock_try(&d->lock))
        return 0;
    size_t taken = evict(d, bin, out, n);
    count_out(d, bin, taken);
    cci_lock_release(&d->lock);
    return taken;
}

uintptr_t cci_depot_ceiling(size_t bin)
{
    return atomic_load_explicit(&depots[bin].ceiling_1, memory_order_relaxed) - 1;
}

void cci_depot_set_ceiling(size_t bin, const void *lowest_evicted)
{
    atomic_store_explicit(&depots[bin].ceiling_1, (uintptr_t)lowest_evicted + 1,
                          memory_order_relaxed);
}

size_t cci_depot_unused(size_t bin)
{
    depot_t *d = &depots[bin];

    if (cci_depot_count(bin) == 0 || !cci_lock_try(&d->lock))
        return 0;
    size_t unused = d->least;
    d->least      = d->count;
    cci_lock_release(&d->lock);
    return unused;
}

size_t cci_depot_count(size_t bin)
{
    return atomic_load_explicit(&depots[bin].count, memory_order_relaxed);
}

size_t cci_depots_bytes(void)
{
    return atomic_load_explicit(&total_bytes, memory_order_relaxed);
}

static size_t bytes_in(size_t bin)
{
    return cci_depot_count(bin) * cci_bin_size(bin);
}

static uint64_t last_turn(size_t bin)
{
    return atomic_load_explicit(&depots[bin].turn, memory_order_relaxed);
}

size_t cci_depots_victim(void)
{
    size_t oldest = CC_HEAP_BINS_, largest = 0;

    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++) {
        if (bytes_in(bin) > bytes_in(largest))
            largest = bin;
        if (bytes_in(bin) >= VICTIM_BYTES &&
            (oldest == CC_HEAP_BINS_ || last_turn(bin) < last_turn(oldest)))
            oldest = bin;
    }
    return oldest < CC_HEAP_BINS_ ? oldest : largest;
}

/* ---- fork ---- */

/* Depots before cells: the order in which the two are taken everywhere. */
void cci_depots_lock(void)
{
    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++)
        cci_lock_wait(&depots[bin].lock);
    cci_lock_wait(&cci_cell_lock);
}

void cci_depots_unlock(void)
{
    cci_lock_release(&cci_cell_lock);
    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++)
        cci_lock_release(&depots[bin].lock);
}
