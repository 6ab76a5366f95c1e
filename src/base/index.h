/* SPDX-License-Identifier: MIT */
/* base/index.h - finds the items of an array by their value.
 *
 * The array stays with the caller; the index knows item numbers and their hashes only, so one
 * implementation serves every kind of item, and growing it looks at no item.
 *
 * Failure  false: out of memory, the index is unchanged.
 * Threads  one at a time.
 */
#ifndef CCI_INDEX_H
#define CCI_INDEX_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ccmem/api.h>

/* All zero is an empty index. Fields are private. */
typedef struct cci_index {
    struct cci_index_slot *slots;           /* open addressing, linear probing */
    size_t                 capacity, count; /* capacity: 0 or a power of two, at least 2 count */
} cci_index_t;

/* Whether items[item] has the value key. */
typedef bool cci_index_same_t(const void *items, uint32_t item, const void *key);

/* The number of the item that is the same as key and was added under hash. O(1). */
bool cci_index_find(const cci_index_t *x, uint64_t hash, cci_index_same_t *same, const void *items,
                    const void *key, uint32_t *item);

/* Add an item that is not in yet; its number is below UINT32_MAX. Amortised O(1). */
CC_NODISCARD bool cci_index_add(cci_index_t *x, uint64_t hash, uint32_t item);

/* Release it; the index is empty again. */
void cci_index_fini(cci_index_t *x);

#endif
