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

void cci_depots_init(cci_depots_t *depots, const char *owner, size_t magazine_bytes, bool patient)
{

    depots->patient = patient;
    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++) {
        cci_depot_t *d = &depots->of[bin];
        d->slots       = (uint32_t)cci_bin_slots(bin, magazine_bytes);
        d->block_size  = (uint32_t)cci_bin_size(bin);
        d->owner       = owner;
    }
}

static void give_all(cci_magazine_t *magazine)
{
    while (magazine) {
        cci_magazine_t *next = magazine->next;
        cci_cell_give(magazine);
        magazine = next;
    }
}

void cci_depots_fini(cci_depots_t *depots)
{
    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++) {
        cci_depot_t *d = &depots->of[bin];
        give_all(d->full);
        give_all(d->empty);
        cci_ordered_fini(&d->ordered);
        *d = (cci_depot_t){ 0 };
    }
}

static bool lock(const cci_depots_t *depots, cci_depot_t *d)
{
    if (!depots->patient)
        return cci_lock_try(&d->lock);
    cci_lock_wait(&d->lock);
    return true;
}

static void take_turn(cci_depots_t *depots, cci_depot_t *d)
{
    uint64_t turn = atomic_fetch_add_explicit(&depots->turns, 1, memory_order_relaxed);
    atomic_store_explicit(&d->turn, turn, memory_order_relaxed);
}

static void count_in(cci_depots_t *depots, cci_depot_t *d, size_t n)
{
    atomic_store_explicit(&d->count, d->count + n, memory_order_relaxed);
    atomic_fetch_add_explicit(&depots->bytes, n * d->block_size, memory_order_relaxed);
}

static void count_out(cci_depots_t *depots, cci_depot_t *d, size_t n)
{
    atomic_store_explicit(&d->count, d->count - n, memory_order_relaxed);
    atomic_fetch_sub_explicit(&depots->bytes, n * d->block_size, memory_order_relaxed);
    if (d->count < d->least)
        d->least = d->count;
}

/* ---- magazines ---- */

static uint32_t full_most(const cci_depot_t *d)
{
    uint32_t fit = FULL_BYTES / (d->slots * d->block_size);
    return fit < FULL_MOST ? fit : FULL_MOST;
}

static void push_full(cci_depot_t *d, cci_magazine_t *magazine)
{
    magazine->next = d->full;
    d->full        = magazine;
    d->full_count++;
}

static cci_magazine_t *pop_full(cci_depot_t *d)
{
    cci_magazine_t *magazine = d->full;

    if (magazine) {
        d->full = magazine->next;
        d->full_count--;
    }
    return magazine;
}

static void push_empty(cci_depot_t *d, cci_magazine_t *magazine)
{
    if (d->empty_count == EMPTY_SPARE) {
        cci_cell_give(magazine);
        return;
    }
    magazine->next = d->empty;
    d->empty       = magazine;
    d->empty_count++;
}

static cci_magazine_t *pop_empty(cci_depot_t *d)
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
static size_t sort(cci_depot_t *d, void *const *blocks, size_t n)
{
    void  *twice;
    size_t left = cci_ordered_add(&d->ordered, blocks, n, &twice);

    if (twice)
        cci_fault(d->owner, "block %p was freed twice", twice);
    return left;
}

/* All unsorted magazines. The one that memory ran out at, with what is left in it, or NULL. */
static cci_magazine_t *sort_all(cci_depot_t *d, size_t *left)
{
    cci_magazine_t *magazine;

    while ((magazine = pop_full(d)) != NULL) {
        *left = sort(d, magazine->slot, d->slots);
        if (*left)
            return magazine;
        push_empty(d, magazine);
    }
    return NULL;
}

/* A magazine that memory ran out at leaves a place for the one that comes. */
static cci_magazine_t *put_sorted(cci_depot_t *d, cci_magazine_t *full, size_t *left)
{
    cci_magazine_t *stuck = sort_all(d, left);

    if (stuck) {
        push_full(d, full);
        return stuck;
    }
    *left = sort(d, full->slot, d->slots);
    return full;
}

static cci_magazine_t *put(cci_depot_t *d, cci_magazine_t *full, size_t *left)
{
    if (d->ordered.count || d->full_count >= full_most(d))
        return put_sorted(d, full, left);
    push_full(d, full);
    return pop_empty(d);
}

cci_magazine_t *cci_depot_put(cci_depots_t *depots, size_t bin, cci_magazine_t *full, size_t *left)
{
    cci_depot_t *d = &depots->of[bin];

    *left = d->slots;
    if (!lock(depots, d))
        return full;
    take_turn(depots, d);
    *left                = 0;
    cci_magazine_t *back = put(d, full, left);
    count_in(depots, d, d->slots - *left);
    cci_lock_release(&d->lock);
    return back;
}

size_t cci_depot_put_blocks(cci_depots_t *depots, size_t bin, void *const *blocks, size_t n)
{
    cci_depot_t *d = &depots->of[bin];

    if (!lock(depots, d))
        return n;
    atomic_fetch_add_explicit(&depots->turns, 1, memory_order_relaxed);
    size_t left = sort(d, blocks, n);
    count_in(depots, d, n - left);
    cci_lock_release(&d->lock);
    return left;
}

/* ---- serving ---- */

/* The lowest blocks, the lowest on top. */
static size_t fill_lowest(cci_depot_t *d, cci_magazine_t *empty)
{
    void  *block[CCI_MAGAZINE_SLOTS];
    size_t n = cci_ordered_take_lowest(&d->ordered, block, d->slots);

    for (size_t i = 0; i < n; i++)
        empty->slot[n - 1 - i] = block[i];
    return n;
}

static cci_magazine_t *get(cci_depot_t *d, cci_magazine_t *empty, size_t *count)
{
    if (d->ordered.count) {
        *count = fill_lowest(d, empty);
        return empty;
    }
    cci_magazine_t *full = pop_full(d);
    if (full) {
        *count = d->slots;
        push_empty(d, empty);
    }
    return full;
}

cci_magazine_t *cci_depot_get(cci_depots_t *depots, size_t bin, cci_magazine_t *empty,
                              size_t *count)
{
    cci_depot_t *d = &depots->of[bin];

    if (cci_depot_ceiling(depots, bin) != UINTPTR_MAX)
        atomic_store_explicit(&d->ceiling_1, 0, memory_order_relaxed);
    if (cci_depot_count(depots, bin) == 0 || !lock(depots, d))
        return NULL;
    take_turn(depots, d);
    *count                   = 0;
    cci_magazine_t *magazine = get(d, empty, count);
    count_out(depots, d, *count);
    cci_lock_release(&d->lock);
    return magazine;
}

/* ---- giving away ---- */

/* Sort what is not; returns how many blocks there was no memory for, which are in out. */
static size_t sort_or_take(cci_depot_t *d, void **out)
{
    size_t          left;
    cci_magazine_t *stuck = sort_all(d, &left);
    if (!stuck)
        return 0;

    for (size_t i = 0; i < left; i++)
        out[i] = stuck->slot[i];
    push_empty(d, stuck);
    return left;
}

/* What cannot be sorted goes first. */
static size_t evict(cci_depot_t *d, void **out, size_t n)
{
    size_t taken = sort_or_take(d, out);
    return taken ? taken : cci_ordered_take_highest(&d->ordered, out, n);
}

size_t cci_depot_evict(cci_depots_t *depots, size_t bin, void **out, size_t n)
{
    cci_depot_t *d = &depots->of[bin];

    if (cci_depot_count(depots, bin) == 0 || !lock(depots, d))
        return 0;
    size_t taken = evict(d, out, n);
    count_out(depots, d, taken);
    cci_lock_release(&d->lock);
    return taken;
}

size_t cci_depot_sort(cci_depots_t *depots, size_t bin, void **blocks, size_t n)
{
    cci_depot_t *d = &depots->of[bin];

    if (cci_depot_count(depots, bin) + n == 0 || !lock(depots, d))
        return n;
    d->ordered.waits = true;
    size_t left      = sort(d, blocks, n);
    count_in(depots, d, n - left);
    if (!left) {
        left = sort_or_take(d, blocks);
        count_out(depots, d, left);
    }
    d->ordered.waits = false;
    cci_lock_release(&d->lock);
    return left;
}

bool cci_depot_take_range(cci_depots_t *depots, size_t bin, uintptr_t from, uintptr_t to, size_t n)
{
    cci_depot_t *d = &depots->of[bin];

    if (cci_depot_count(depots, bin) < n || !lock(depots, d))
        return false;
    bool taken = cci_ordered_take_range(&d->ordered, from, to, n);
    if (taken)
        count_out(depots, d, n);
    cci_lock_release(&d->lock);
    return taken;
}

uintptr_t cci_depot_ceiling(const cci_depots_t *depots, size_t bin)
{
    return atomic_load_explicit(&depots->of[bin].ceiling_1, memory_order_relaxed) - 1;
}

void cci_depot_set_ceiling(cci_depots_t *depots, size_t bin, const void *lowest_evicted)
{
    atomic_store_explicit(&depots->of[bin].ceiling_1, (uintptr_t)lowest_evicted + 1,
                          memory_order_relaxed);
}

size_t cci_depot_unused(cci_depots_t *depots, size_t bin)
{
    cci_depot_t *d = &depots->of[bin];

    if (cci_depot_count(depots, bin) == 0 || !lock(depots, d))
        return 0;
    size_t unused = d->least;
    d->least      = d->count;
    cci_lock_release(&d->lock);
    return unused;
}

size_t cci_depot_count(const cci_depots_t *depots, size_t bin)
{
    return atomic_load_explicit(&depots->of[bin].count, memory_order_relaxed);
}

size_t cci_depots_bytes(const cci_depots_t *depots)
{
    return atomic_load_explicit(&depots->bytes, memory_order_relaxed);
}

uint64_t cci_depots_turns(const cci_depots_t *depots)
{
    return atomic_load_explicit(&depots->turns, memory_order_relaxed);
}

static size_t bytes_in(const cci_depots_t *depots, size_t bin)
{
    return cci_depot_count(depots, bin) * depots->of[bin].block_size;
}

static uint64_t last_turn(const cci_depots_t *depots, size_t bin)
{
    return atomic_load_explicit(&depots->of[bin].turn, memory_order_relaxed);
}

size_t cci_depots_victim(const cci_depots_t *depots)
{
    size_t oldest = CC_HEAP_BINS_, largest = 0;

    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++) {
        if (bytes_in(depots, bin) > bytes_in(depots, largest))
            largest = bin;
        if (bytes_in(depots, bin) >= VICTIM_BYTES &&
            (oldest == CC_HEAP_BINS_ || last_turn(depots, bin) < last_turn(depots, oldest)))
            oldest = bin;
    }
    return oldest < CC_HEAP_BINS_ ? oldest : largest;
}

/* ---- fork ---- */

void cci_depots_lock(cci_depots_t *depots)
{
    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++)
        cci_lock_wait(&depots->of[bin].lock);
}

void cci_depots_unlock(cci_depots_t *depots)
{
    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++)
        cci_lock_release(&depots->of[bin].lock);
}
