/* SPDX-License-Identifier: MIT */
/* heap/block_map.h - a map from blocks to numbers, in memory of its own.
 *
 * Open addressing, linear probing, at most half full; a removal moves the followers up, so there
 * are no marks of what was (Knuth, The Art of Computer Programming, volume 3, 6.4, algorithm R).
 *
 * Threads  one at a time.
 */
#ifndef CCI_HEAP_BLOCK_MAP_H
#define CCI_HEAP_BLOCK_MAP_H
#include <stdbool.h>
#include <stddef.h>

/* All zero is an empty map. Fields are private but for count. */
typedef struct cci_block_map {
    struct cci_block_slot *slots;
    size_t                 capacity, count;
} cci_block_map_t;

/* Set the number of a block, which is no NULL. False: no memory, the map is as before. Amortised
 * O(1). */
bool cci_block_map_set(cci_block_map_t *map, const void *block, size_t number);

/* The number of a block, valid until the map changes; NULL: it is not in. O(1). */
const size_t *cci_block_map_find(const cci_block_map_t *map, const void *block);

/* Take a block out if it is in. O(1). */
void cci_block_map_remove(cci_block_map_t *map, const void *block);

/* Walk through all blocks, with *at 0 first; NULL: that was the last. The map does not change
 * meanwhile. */
const void *cci_block_map_next(const cci_block_map_t *map, size_t *at, size_t *number);

/* Give the memory back; the map is empty. O(1). */
void cci_block_map_fini(cci_block_map_t *map);

#endif
