/* SPDX-License-Identifier: MIT */
/* ordered.c - see ordered.h. */
#include "heap/ordered.h"
#include <assert.h>
#include <string.h>
#include "heap/cell.h"
#include "prim/pages.h"

enum {
    GRAIN_SHIFT  = 4,
    WORD_SHIFT   = GRAIN_SHIFT + 6,
    WINDOW_SHIFT = WORD_SHIFT + 6,
    REGION_SHIFT = WINDOW_SHIFT + 6
};

typedef struct cci_ordered_window {
    uint64_t used; /* words that are not 0 */
    uint64_t word[64];
} window_t;

typedef struct cci_ordered_region {
    uintptr_t number; /* its address / its size */
    uint64_t  used;   /* windows that exist */
    window_t *window[64];
} region_t;

_Static_assert(sizeof(window_t) <= CCI_CELL_BYTES && sizeof(region_t) <= CCI_CELL_BYTES,
               "a node is a cell");

static size_t index_of(uintptr_t address, unsigned shift)
{
    return address >> shift & 63;
}

static size_t lowest(uint64_t bits)
{
    return (size_t)__builtin_ctzll(bits);
}

static size_t highest(uint64_t bits)
{
    return 63 - (size_t)__builtin_clzll(bits);
}

static void *new_cell(const cci_ordered_t *set)
{
    return set->waits ? cci_cell_await() : cci_cell_take();
}

/* ---- regions ---- */

/* How many regions stand before the one of that number. */
static size_t regions_below(const cci_ordered_t *set, uintptr_t number)
{
    size_t low = 0, high = set->region_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (set->regions[middle]->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static region_t **recent_slot(cci_ordered_t *set, uintptr_t number)
{
    return &set->recent[number % CCI_ORDERED_RECENT];
}

/* The first array is a cell, later ones are pages. */
static void release_array(region_t **array, size_t capacity)
{
    if (capacity > CCI_CELL_BYTES / sizeof *array)
        cci_pages_unmap(array, capacity * sizeof *array);
    else if (array)
        cci_cell_give(array);
}

static bool grow_array(cci_ordered_t *set)
{
    size_t capacity =
        set->region_capacity ? 8 * set->region_capacity : CCI_CELL_BYTES / sizeof(region_t *);
    region_t **array =
        set->region_capacity ? cci_pages_map(capacity * sizeof *array) : new_cell(set);

    if (!array)
        return false;
    if (set->region_count)
        memcpy(array, set->regions, set->region_count * sizeof *array);
    release_array(set->regions, set->region_capacity);
    set->regions         = array;
    set->region_capacity = capacity;
    return true;
}

static region_t *add_region(cci_ordered_t *set, size_t at, uintptr_t number)
{
    if (set->region_count == set->region_capacity && !grow_array(set))
        return NULL;
    region_t *region = new_cell(set);
    if (!region)
        return NULL;
    memset(region, 0, sizeof *region);
    region->number = number;
    memmove(set->regions + at + 1, set->regions + at,
            (set->region_count - at) * sizeof *set->regions);
    set->regions[at] = region;
    set->region_count++;
    return region;
}

static void remove_region(cci_ordered_t *set, size_t at)
{
    region_t  *region = set->regions[at];
    region_t **recent = recent_slot(set, region->number);

    if (*recent == region)
        *recent = NULL;
    memmove(set->regions + at, set->regions + at + 1,
            (set->region_count - at - 1) * sizeof *set->regions);
    set->region_count--;
    cci_cell_give(region);
}

static __attribute__((noinline)) region_t *find_region(cci_ordered_t *set, uintptr_t number)
{
    size_t    at     = regions_below(set, number);
    region_t *region = at < set->region_count && set->regions[at]->number == number
                           ? set->regions[at]
                           : add_region(set, at, number);
    if (region)
        *recent_slot(set, number) = region;
    return region;
}

/* The region of an address; made if there is none. */
static inline region_t *region_for(cci_ordered_t *set, uintptr_t address)
{
    uintptr_t number = address >> REGION_SHIFT;
    region_t *recent = *recent_slot(set, number);

    if (__builtin_expect(recent && recent->number == number, 1))
        return recent;
    return find_region(set, number);
}

/* ---- windows ---- */

static window_t *add_window(const cci_ordered_t *set, region_t *region, size_t w)
{
    window_t *window = new_cell(set);

    if (window) {
        memset(window, 0, sizeof *window);
        region->window[w] = window;
        region->used |= UINT64_C(1) << w;
    }
    return window;
}

static void remove_window(region_t *region, size_t w)
{
    cci_cell_give(region->window[w]);
    region->window[w] = NULL;
    region->used &= ~(UINT64_C(1) << w);
}

/* A new window in a region, or NULL, and then no region without windows stays behind. */
static __attribute__((noinline)) window_t *make_window(cci_ordered_t *set, region_t *region,
                                                       size_t w)
{
    window_t *window = add_window(set, region, w);

    if (!region->used)
        remove_region(set, regions_below(set, region->number));
    return window;
}

/* The window of an address; made if there is none. NULL: no memory. */
static inline window_t *window_for(cci_ordered_t *set, uintptr_t address)
{
    region_t *region = region_for(set, address);
    size_t    w      = index_of(address, WINDOW_SHIFT);

    if (__builtin_expect(!region, 0))
        return NULL;
    window_t *window = region->window[w];
    return __builtin_expect(window != NULL, 1) ? window : make_window(set, region, w);
}

/* Many words are 0 only at first, so the summary, which is in another cache line, is mostly left
 * alone. */
static inline bool set_bit(window_t *window, uintptr_t address)
{
    size_t   word = index_of(address, WORD_SHIFT);
    uint64_t bits = window->word[word], bit = UINT64_C(1) << index_of(address, GRAIN_SHIFT);

    if (__builtin_expect(bits == 0, 0))
        window->used |= UINT64_C(1) << word;
    window->word[word] = bits | bit;
    return !(bits & bit);
}

size_t cci_ordered_add(cci_ordered_t *set, void *const *blocks, size_t n, void **twice)
{
    size_t left = n;

    *twice = NULL;
    while (left) {
        uintptr_t address = (uintptr_t)blocks[left - 1];
        assert(address % (1u << GRAIN_SHIFT) == 0);
        window_t *window = window_for(set, address);
        if (__builtin_expect(!window, 0))
            break;
        if (__builtin_expect(!set_bit(window, address), 0)) {
            *twice = blocks[left - 1];
            break;
        }
        left--;
    }
    set->count += n - left;
    return left;
}

/* ---- taking ---- */

/* At most n blocks of one word, from its low end or its high end. */
static size_t take_from_word(window_t *window, size_t word, uintptr_t base, bool low, void **out,
                             size_t n)
{
    uint64_t bits  = window->word[word];
    size_t   taken = 0;

    while (bits && taken < n) {
        size_t bit = low ? lowest(bits) : highest(bits);
        bits &= ~(UINT64_C(1) << bit);
        out[taken++] = (void *)(base + ((uintptr_t)bit << GRAIN_SHIFT));
    }
    window->word[word] = bits;
    if (!bits)
        window->used &= ~(UINT64_C(1) << word);
    return taken;
}

static size_t take_from_window(window_t *window, uintptr_t base, bool low, void **out, size_t n)
{
    size_t taken = 0;

    while (window->used && taken < n) {
        size_t word = low ? lowest(window->used) : highest(window->used);
        taken += take_from_word(window, word, base + ((uintptr_t)word << WORD_SHIFT), low,
                                out + taken, n - taken);
    }
    return taken;
}

static size_t take_from_region(region_t *region, bool low, void **out, size_t n)
{
    size_t taken = 0;

    while (region->used && taken < n) {
        size_t    w    = low ? lowest(region->used) : highest(region->used);
        uintptr_t base = (region->number << REGION_SHIFT) + ((uintptr_t)w << WINDOW_SHIFT);
        taken += take_from_window(region->window[w], base, low, out + taken, n - taken);
        if (!region->window[w]->used)
            remove_window(region, w);
    }
    return taken;
}

static inline size_t take(cci_ordered_t *set, bool low, void **out, size_t n)
{
    size_t taken = 0;

    while (set->region_count && taken < n) {
        size_t    at     = low ? 0 : set->region_count - 1;
        region_t *region = set->regions[at];
        taken += take_from_region(region, low, out + taken, n - taken);
        if (!region->used)
            remove_region(set, at);
    }
    set->count -= taken;
    return taken;
}

size_t cci_ordered_take_lowest(cci_ordered_t *set, void **out, size_t n)
{
    return take(set, true, out, n);
}

size_t cci_ordered_take_highest(cci_ordered_t *set, void **out, size_t n)
{
    return take(set, false, out, n);
}

/* The window of an address; NULL: there is none. */
static window_t *existing_window(const cci_ordered_t *set, uintptr_t address, size_t *at)
{
    uintptr_t number = address >> REGION_SHIFT;

    *at = regions_below(set, number);
    if (*at == set->region_count || set->regions[*at]->number != number)
        return NULL;
    return set->regions[*at]->window[index_of(address, WINDOW_SHIFT)];
}

/* How many blocks begin in the word of an address. */
static size_t count_in_word(const cci_ordered_t *set, uintptr_t address)
{
    size_t          at;
    const window_t *window = existing_window(set, address, &at);

    if (!window)
        return 0;
    return (size_t)__builtin_popcountll(window->word[index_of(address, WORD_SHIFT)]);
}

/* Take out all blocks that begin in the word of an address. */
static void clear_word(cci_ordered_t *set, uintptr_t address)
{
    size_t    at, word = index_of(address, WORD_SHIFT);
    window_t *window = existing_window(set, address, &at);

    if (!window)
        return;
    set->count -= (size_t)__builtin_popcountll(window->word[word]);
    window->word[word] = 0;
    window->used &= ~(UINT64_C(1) << word);
    if (!window->used)
        remove_window(set->regions[at], index_of(address, WINDOW_SHIFT));
    if (!set->regions[at]->used)
        remove_region(set, at);
}

bool cci_ordered_take_range(cci_ordered_t *set, uintptr_t from, uintptr_t to, size_t n)
{
    const uintptr_t step  = (uintptr_t)1 << WORD_SHIFT;
    size_t          count = 0;

    for (uintptr_t word = from; word < to; word += step)
        count += count_in_word(set, word);
    if (count != n)
        return false;
    for (uintptr_t word = from; word < to; word += step)
        clear_word(set, word);
    return true;
}

/* ---- end ---- */

static void give_region(region_t *region)
{
    while (region->used)
        remove_window(region, lowest(region->used));
    cci_cell_give(region);
}

void cci_ordered_fini(cci_ordered_t *set)
{
    for (size_t i = 0; i < set->region_count; i++)
        give_region(set->regions[i]);
    release_array(set->regions, set->region_capacity);
    *set = (cci_ordered_t){ 0 };
}

/* ---- validity ---- */

/* The number of blocks, SIZE_MAX when a summary is wrong. */
static size_t count_window(const window_t *window)
{
    size_t count = 0;

    for (unsigned i = 0; i < 64; i++) {
        if ((window->word[i] != 0) != (window->used >> i & 1))
            return SIZE_MAX;
        count += (size_t)__builtin_popcountll(window->word[i]);
    }
    return count ? count : SIZE_MAX;
}

static size_t count_region(const region_t *region)
{
    size_t count = 0;

    for (unsigned i = 0; i < 64; i++) {
        if ((region->window[i] != NULL) != (region->used >> i & 1))
            return SIZE_MAX;
        size_t here = region->window[i] ? count_window(region->window[i]) : 0;
        if (here == SIZE_MAX)
            return SIZE_MAX;
        count += here;
    }
    return count ? count : SIZE_MAX;
}

bool cci_ordered_is_valid(const cci_ordered_t *set)
{
    size_t count = 0;

    for (size_t i = 0; i < set->region_count; i++) {
        size_t here = count_region(set->regions[i]);
        if (here == SIZE_MAX || (i && set->regions[i - 1]->number >= set->regions[i]->number))
            return false;
        count += here;
    }
    return count == set->count;
}
