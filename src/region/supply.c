/* SPDX-License-Identifier: MIT */
/* supply.c - see supply.h. */
#include "region/supply.h"
#include <string.h>
#include "heap/cell.h"
#include "prim/poison.h"

enum { UNIT = 16384, FIRST_COUNT = 4, SPAN_MOST = 8 };

_Static_assert(sizeof(cci_supply_chunk_t) <= CCI_CELL_BYTES, "what is known of a chunk is a cell");

void cci_supply_init(cci_supply_t *supply, cc_allocator_t parent, size_t limit)
{
    *supply = (cci_supply_t){ .parent = parent, .limit = limit, .next_count = FIRST_COUNT };
}

void cci_supply_init_in(cci_supply_t *supply, uintptr_t storage, uintptr_t end)
{
    *supply = (cci_supply_t){ .storage     = storage,
                              .storage_end = end,
                              .limit       = end - storage,
                              .next_count  = CCI_SUPPLY_UNITS };
}

/* ---- chunks ---- */

static void *get_bytes(cci_supply_t *supply, size_t bytes)
{
    if (supply->parent.ops)
        return cc_allocator_alloc(supply->parent, bytes, UNIT);
    void *start = (void *)supply->storage;
    supply->storage += bytes;
    return start;
}

static void account(cci_supply_t *supply, size_t bytes)
{
    supply->reserved += bytes;
    if (supply->reserved > supply->peak)
        supply->peak = supply->reserved;
}

/* Take the first n units of a chunk out of the map. */
static void unmap_units(cci_supply_t *supply, const cci_supply_chunk_t *chunk, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        cci_block_map_remove(&supply->units, (void *)(chunk->base + (uintptr_t)i * UNIT));
}

static bool map_units(cci_supply_t *supply, const cci_supply_chunk_t *chunk)
{
    for (unsigned i = 0; i < chunk->count; i++)
        if (!cci_block_map_set(&supply->units, (void *)(chunk->base + (uintptr_t)i * UNIT),
                               (size_t)chunk)) {
            unmap_units(supply, chunk, i);
            return false;
        }
    return true;
}

static uint64_t lowest_bits(unsigned n)
{
    return UINT64_MAX >> (64 - n);
}

/* Books for a chunk of count units. NULL: no memory. */
static cci_supply_chunk_t *describe(cci_supply_t *supply, uintptr_t base, unsigned count)
{
    cci_supply_chunk_t *chunk = cci_cell_await();

    if (!chunk)
        return NULL;
    memset(chunk, 0, sizeof *chunk);
    chunk->base  = base;
    chunk->count = count;
    chunk->free  = lowest_bits(count);
    if (map_units(supply, chunk))
        return chunk;
    cci_cell_give(chunk);
    return NULL;
}

static bool add_chunk(cci_supply_t *supply, unsigned count)
{
    size_t bytes = (size_t)count * UNIT;
    void  *start = get_bytes(supply, bytes);

    if (!start)
        return false;
    cci_supply_chunk_t *chunk = describe(supply, (uintptr_t)start, count);
    if (!chunk) {
        if (supply->parent.ops)
            cc_allocator_free(supply->parent, start, bytes, UNIT);
        else
            supply->storage -= bytes;
        return false;
    }
    chunk->next   = supply->first;
    supply->first = chunk;
    supply->free_units += count;
    account(supply, bytes);
    cci_poison(start, bytes);
    return true;
}

/* A chunk of at least `least` units; better one of twice as many as the last. */
static bool grow(cci_supply_t *supply, unsigned least)
{
    size_t   room  = (supply->limit - supply->reserved) / UNIT;
    unsigned count = supply->next_count > least ? supply->next_count : least;

    if (room < least)
        return false;
    if (count > room)
        count = (unsigned)room;
    if (!add_chunk(supply, count) && (count == least || !add_chunk(supply, least)))
        return false;
    if (supply->next_count < CCI_SUPPLY_UNITS)
        supply->next_count *= 2;
    return true;
}

/* All of its units are free. *link is what points to it. */
static void remove_chunk(cci_supply_t *supply, cci_supply_chunk_t **link)
{
    cci_supply_chunk_t *chunk = *link;
    size_t              bytes = (size_t)chunk->count * UNIT;

    *link = chunk->next;
    unmap_units(supply, chunk, chunk->count);
    supply->free_units -= chunk->count;
    supply->reserved -= bytes;
    cci_unpoison((void *)chunk->base, bytes);
    cc_allocator_free(supply->parent, (void *)chunk->base, bytes, UNIT);
    cci_cell_give(chunk);
}

/* Storage goes nowhere, but its watcher is told. */
static void forget_chunk(cci_supply_t *supply, cci_supply_chunk_t **link)
{
    cci_supply_chunk_t *chunk = *link;

    *link = chunk->next;
    unmap_units(supply, chunk, chunk->count);
    cci_unpoison((void *)chunk->base, (size_t)chunk->count * UNIT);
    cci_cell_give(chunk);
}

void cci_supply_fini(cci_supply_t *supply)
{
    while (supply->first) {
        if (supply->parent.ops)
            remove_chunk(supply, &supply->first);
        else
            forget_chunk(supply, &supply->first);
    }
    cci_block_map_fini(&supply->units);
}

/* ---- spans ---- */

/* How many units a span of a bin has: 1, 2, 4 or 8. */
static unsigned span_units(size_t bin)
{
    unsigned units = 1;

    while (units < SPAN_MOST && units * UNIT % cci_bin_size(bin) > units * UNIT / 8)
        units *= 2;
    return units;
}

static size_t span_blocks(size_t bin, const cci_supply_unit_t *first)
{
    return first->units * UNIT / cci_bin_size(bin);
}

/* Bit i: units i to i + n - 1 are free; n is a power of two. */
static uint64_t free_runs(uint64_t free, unsigned n)
{
    for (unsigned have = 1; have < n; have *= 2)
        free &= free >> have;
    return free;
}

static void mark_span(cci_supply_chunk_t *chunk, unsigned first, unsigned units, size_t bin)
{
    for (unsigned i = 0; i < units; i++)
        chunk->unit[first + i] = (cci_supply_unit_t){ .bin   = (uint8_t)bin,
                                                      .units = (uint8_t)units,
                                                      .place = (uint8_t)i };
    chunk->free &= ~(lowest_bits(units) << first);
}

/* Make the lowest run of free units of some chunk the span to be cut. False: there is none. */
static bool find_span(cci_supply_t *supply, size_t bin, unsigned units)
{
    if (supply->free_units < units)
        return false;
    for (cci_supply_chunk_t *chunk = supply->first; chunk; chunk = chunk->next) {
        uint64_t runs = free_runs(chunk->free, units);
        if (!runs)
            continue;
        unsigned first = (unsigned)__builtin_ctzll(runs);
        mark_span(chunk, first, units, bin);
        supply->free_units -= units;
        supply->cutting[bin]      = chunk;
        supply->cutting_unit[bin] = (uint8_t)first;
        return true;
    }
    return false;
}

static bool open_span(cci_supply_t *supply, size_t bin)
{
    unsigned units = span_units(bin);

    return find_span(supply, bin, units) || (grow(supply, units) && find_span(supply, bin, units));
}

/* ---- blocks ---- */

/* Cut up to n blocks off the open span. */
static size_t cut_some(cci_supply_t *supply, size_t bin, void **out, size_t n)
{
    cci_supply_chunk_t *chunk = supply->cutting[bin];
    unsigned            unit  = supply->cutting_unit[bin];
    cci_supply_unit_t  *first = &chunk->unit[unit];
    uintptr_t           start = chunk->base + (uintptr_t)unit * UNIT;
    size_t              left  = span_blocks(bin, first) - first->cut;

    if (n > left)
        n = left;
    for (size_t i = 0; i < n; i++)
        out[i] = (void *)(start + (first->cut + i) * cci_bin_size(bin));
    first->cut = (uint16_t)(first->cut + n);
    if (n == left)
        supply->cutting[bin] = NULL;
    return n;
}

size_t cci_supply_cut(cci_supply_t *supply, size_t bin, void **out, size_t n)
{
    size_t got = 0;

    while (got < n && (supply->cutting[bin] || open_span(supply, bin)))
        got += cut_some(supply, bin, out + got, n - got);
    return got;
}

cci_supply_place_t cci_supply_find(const cci_supply_t *supply, const void *ptr)
{
    uintptr_t     address = (uintptr_t)ptr;
    const size_t *found =
        cci_block_map_find(&supply->units, (void *)(address & ~(uintptr_t)(UNIT - 1)));

    if (!found)
        return (cci_supply_place_t){ CC_HEAP_BINS_, false };
    const cci_supply_chunk_t *chunk = (const cci_supply_chunk_t *)*found;
    const cci_supply_unit_t  *unit  = &chunk->unit[(address - chunk->base) / UNIT];
    if (unit->units == 0)
        return (cci_supply_place_t){ CC_HEAP_BINS_, false };
    const cci_supply_unit_t *first  = unit - unit->place;
    size_t                   offset = address - chunk->base - (size_t)(first - chunk->unit) * UNIT;
    size_t                   size   = cci_bin_size(unit->bin);
    return (cci_supply_place_t){ unit->bin, offset % size == 0 && offset / size < first->cut };
}

void *cci_supply_alloc_large(cci_supply_t *supply, size_t size, size_t align)
{
    if (!supply->parent.ops || size > supply->limit - supply->reserved)
        return NULL;
    void *block = cc_allocator_alloc(supply->parent, size, align);
    if (block)
        account(supply, size);
    return block;
}

void cci_supply_free_large(cci_supply_t *supply, void *block, size_t size, size_t align)
{
    supply->reserved -= size;
    cc_allocator_free(supply->parent, block, size, align);
}

/* ---- reclaiming ---- */

static void free_span(cci_supply_t *supply, cci_supply_chunk_t *chunk, unsigned first)
{
    unsigned units = chunk->unit[first].units;
    size_t   bin   = chunk->unit[first].bin;

    if (supply->cutting[bin] == chunk && supply->cutting_unit[bin] == first)
        supply->cutting[bin] = NULL;
    memset(&chunk->unit[first], 0, units * sizeof chunk->unit[0]);
    chunk->free |= lowest_bits(units) << first;
    supply->free_units += units;
}

static bool reclaim_spans(cci_supply_t *supply, cci_supply_chunk_t *chunk, cci_supply_taker_t take,
                          void *context)
{
    uint64_t free_before = chunk->free;
    unsigned units;

    for (unsigned i = 0; i < chunk->count; i += units) {
        const cci_supply_unit_t first = chunk->unit[i];
        uintptr_t               from  = chunk->base + (uintptr_t)i * UNIT;
        units                         = first.units ? first.units : 1;
        if (first.units &&
            take(context, first.bin, from, from + (uintptr_t)units * UNIT, first.cut))
            free_span(supply, chunk, i);
    }
    return chunk->free != free_before;
}

bool cci_supply_reclaim(cci_supply_t *supply, cci_supply_taker_t take, void *context)
{
    cci_supply_chunk_t **link = &supply->first;
    bool                 any  = false;

    while (*link) {
        cci_supply_chunk_t *chunk = *link;
        any |= reclaim_spans(supply, chunk, take, context);
        if (supply->parent.ops && chunk->free == lowest_bits(chunk->count))
            remove_chunk(supply, link);
        else
            link = &chunk->next;
    }
    return any;
}
