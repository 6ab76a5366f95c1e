/* SPDX-License-Identifier: MIT */
/* index.c - see base/index.h for the contract.
 *
 * A slot keeps 32 bits of the hash, so that an item is looked at only when it almost surely is
 * the one. At most half of the slots are taken, so a search always ends at an empty one.
 */
#include "base/index.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 64 };

struct cci_index_slot {
    uint32_t hash;
    uint32_t item; /* the number + 1; 0 = empty */
};

/* The low half, into which hashes of hash.h have folded the high one; to do it twice would undo it. */
static uint32_t fold(uint64_t hash)
{
    return (uint32_t)hash;
}

static void insert(struct cci_index_slot *slots, size_t capacity, struct cci_index_slot slot)
{
    size_t at = slot.hash & (capacity - 1);

    while (slots[at].item)
        at = (at + 1) & (capacity - 1);
    slots[at] = slot;
}

/* On failure: no change. */
static bool grow(cci_index_t *x)
{
    if (x->capacity > SIZE_MAX / 2)
        return false;
    size_t                 capacity = x->capacity ? 2 * x->capacity : FIRST_CAPACITY;
    struct cci_index_slot *slots    = calloc(capacity, sizeof *slots);
    if (!slots)
        return false;

    for (size_t i = 0; i < x->capacity; i++)
        if (x->slots[i].item)
            insert(slots, capacity, x->slots[i]);
    free(x->slots);
    x->slots    = slots;
    x->capacity = capacity;
    return true;
}

bool cci_index_find(const cci_index_t *x, uint64_t hash, cci_index_same_t *same, const void *items,
                    const void *key, uint32_t *item)
{
    const uint32_t short_hash = fold(hash);
    const size_t   mask       = x->capacity - 1;

    if (x->capacity == 0)
        return false;
    for (size_t at = short_hash & mask; x->slots[at].item; at = (at + 1) & mask) {
        uint32_t found = x->slots[at].item - 1;
        if (x->slots[at].hash == short_hash && same(items, found, key)) {
            *item = found;
            return true;
        }
    }
    return false;
}

bool cci_index_add(cci_index_t *x, uint64_t hash, uint32_t item)
{
    if (x->count >= x->capacity / 2 && !grow(x))
        return false;
    insert(x->slots, x->capacity, (struct cci_index_slot){ fold(hash), item + 1 });
    x->count++;
    return true;
}

void cci_index_fini(cci_index_t *x)
{
    free(x->slots);
    *x = (cci_index_t){ 0 };
}
