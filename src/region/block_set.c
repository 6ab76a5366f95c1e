/* SPDX-License-Identifier: MIT */
/* block_set.c - see region/block_set.h.
 *
 * Open addressing, linear probing, at most half full; a removal moves the followers up, so there are
 * no marks of what was (Knuth, The Art of Computer Programming, volume 3, 6.4, algorithm R).
 *
 * Invariant: capacity is a power of two, 2 * count <= capacity; slots is few or a table of books.
 */
#include "region/block_set.h"
#include <string.h>
#include "base/hash.h"

static size_t home(const cc_fallback_set_ *set, const void *block)
{
    return cci_hash_mix(0, (uintptr_t)block) & (set->capacity - 1);
}

/* Where a block is, or the free slot it would be put in. */
static size_t place_of(const cc_fallback_set_ *set, const void *block)
{
    size_t i = home(set, block);

    while (set->slots[i] && set->slots[i] != block)
        i = (i + 1) & (set->capacity - 1);
    return i;
}

static void give_table_back(cc_fallback_set_ *set, cc_allocator_t books)
{
    if (set->slots != set->few)
        cc_allocator_free(books, set->slots, set->capacity * sizeof *set->slots,
                          _Alignof(const void *));
}

void cci_block_set_init(cc_fallback_set_ *set)
{
    *set       = (cc_fallback_set_){ .capacity = CC_FALLBACK_FEW_ };
    set->slots = set->few;
}

void cci_block_set_fini(cc_fallback_set_ *set, cc_allocator_t books)
{
    give_table_back(set, books);
    cci_block_set_init(set);
}

/* On failure: no change. The capacity does not overflow: its half is full of blocks. */
static bool grow(cc_fallback_set_ *set, cc_allocator_t books)
{
    cc_fallback_set_ wider = { .capacity = 2 * set->capacity, .count = set->count };
    const size_t     bytes = wider.capacity * sizeof *wider.slots;

    wider.slots = cc_allocator_alloc(books, bytes, _Alignof(const void *));
    if (!wider.slots)
        return false;
    memset(wider.slots, 0, bytes);
    for (size_t i = 0; i < set->capacity; i++)
        if (set->slots[i])
            wider.slots[place_of(&wider, set->slots[i])] = set->slots[i];
    give_table_back(set, books);
    *set = wider;
    return true;
}

bool cci_block_set_reserve(cc_fallback_set_ *set, cc_allocator_t books)
{
    return set->count < set->capacity / 2 || grow(set, books);
}

void cci_block_set_add(cc_fallback_set_ *set, const void *block)
{
    set->slots[place_of(set, block)] = block;
    set->count++;
}

/* Whether the block of a slot may stand at hole: its home is not between the two. */
static bool may_move(const cc_fallback_set_ *set, size_t slot, size_t hole)
{
    size_t mask = set->capacity - 1;

    return ((slot - home(set, set->slots[slot])) & mask) >= ((slot - hole) & mask);
}

/* Free the slot, and move up what probed past it. */
static void empty_slot(cc_fallback_set_ *set, size_t hole)
{
    size_t mask = set->capacity - 1;

    for (size_t i = (hole + 1) & mask; set->slots[i]; i = (i + 1) & mask)
        if (may_move(set, i, hole)) {
            set->slots[hole] = set->slots[i];
            hole             = i;
        }
    set->slots[hole] = NULL;
    set->count--;
}

bool cci_block_set_remove(cc_fallback_set_ *set, cc_allocator_t books, const void *block)
{
    size_t i = place_of(set, block);

    if (!set->slots[i])
        return false;
    empty_slot(set, i);
    if (set->count == 0)
        cci_block_set_fini(set, books);
    return true;
}
