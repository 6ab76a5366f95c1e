/* SPDX-License-Identifier: MIT */
/* block_map.c - see block_map.h. */
#include "heap/block_map.h"
#include <stdint.h>
#include "base/hash.h"
#include "prim/pages.h"

enum { FIRST_CAPACITY = 256 };

typedef struct cci_block_slot {
    const void *block; /* NULL: free */
    size_t      number;
} slot_t;

static size_t home(const cci_block_map_t *map, const void *block)
{
    return cci_hash_mix(0, (uintptr_t)block) & (map->capacity - 1);
}

/* The slot a block is in, or the free one it would be put in. The map has a free slot. */
static slot_t *slot_of(const cci_block_map_t *map, const void *block)
{
    size_t i = home(map, block);

    while (map->slots[i].block && map->slots[i].block != block)
        i = (i + 1) & (map->capacity - 1);
    return &map->slots[i];
}

static bool grow(cci_block_map_t *map)
{
    cci_block_map_t wider = { .capacity = map->capacity ? 2 * map->capacity : FIRST_CAPACITY,
                              .count    = map->count };

    wider.slots = cci_pages_map(wider.capacity * sizeof *wider.slots);
    if (!wider.slots)
        return false;
    for (size_t i = 0; i < map->capacity; i++)
        if (map->slots[i].block)
            *slot_of(&wider, map->slots[i].block) = map->slots[i];
    if (map->slots)
        cci_pages_unmap(map->slots, map->capacity * sizeof *map->slots);
    *map = wider;
    return true;
}

bool cci_block_map_set(cci_block_map_t *map, const void *block, size_t number)
{
    if (2 * map->count >= map->capacity && !grow(map))
        return false;
    slot_t *slot = slot_of(map, block);
    map->count += slot->block == NULL;
    *slot = (slot_t){ block, number };
    return true;
}

const size_t *cci_block_map_find(const cci_block_map_t *map, const void *block)
{
    if (map->count == 0)
        return NULL;
    const slot_t *slot = slot_of(map, block);
    return slot->block ? &slot->number : NULL;
}

/* Whether the block of a slot may stand at hole: its home is not between the two. */
static bool may_move(const cci_block_map_t *map, size_t slot, size_t hole)
{
    size_t mask = map->capacity - 1;
    return ((slot - home(map, map->slots[slot].block)) & mask) >= ((slot - hole) & mask);
}

void cci_block_map_remove(cci_block_map_t *map, const void *block)
{
    if (map->count == 0)
        return;
    slot_t *slot = slot_of(map, block);
    if (!slot->block)
        return;
    size_t mask = map->capacity - 1, hole = (size_t)(slot - map->slots);
    for (size_t i = (hole + 1) & mask; map->slots[i].block; i = (i + 1) & mask)
        if (may_move(map, i, hole)) {
            map->slots[hole] = map->slots[i];
            hole             = i;
        }
    map->slots[hole].block = NULL;
    map->count--;
}

const void *cci_block_map_next(const cci_block_map_t *map, size_t *at, size_t *number)
{
    while (*at < map->capacity) {
        const slot_t *slot = &map->slots[(*at)++];
        if (slot->block) {
            *number = slot->number;
            return slot->block;
        }
    }
    return NULL;
}

void cci_block_map_fini(cci_block_map_t *map)
{
    if (map->slots)
        cci_pages_unmap(map->slots, map->capacity * sizeof *map->slots);
    *map = (cci_block_map_t){ 0 };
}
