/* SPDX-License-Identifier: MIT */
/* region/block_set.h - a set of blocks, in memory of an allocator that the caller names each time.
 *
 * Up to half of CC_FALLBACK_FEW_ blocks are in the set itself. Beyond that it takes a table, which goes
 * back when the set is empty again: a set that holds nothing has nothing.
 *
 * The heap has a map much like this (heap/block_map.h). That one takes pages of the system, which is
 * right for a heap and wrong here, where nothing but what was handed in may be used.
 *
 * Threads  one at a time.
 */
#ifndef CCI_REGION_BLOCK_SET_H
#define CCI_REGION_BLOCK_SET_H
#include <stdbool.h>
#include <ccmem/compose.h>

/* An empty set, which stays where it is. */
void cci_block_set_init(cc_fallback_set_ *set);

/* Give the table back; the set is empty. */
void cci_block_set_fini(cc_fallback_set_ *set, cc_allocator_t books);

/* See to it that one more block fits. False: no memory, the set is as before. Amortised O(1). */
bool cci_block_set_reserve(cc_fallback_set_ *set, cc_allocator_t books);

/* Add a block that is not in; there is room. O(1). */
void cci_block_set_add(cc_fallback_set_ *set, const void *block);

/* Take a block out. False: it was not in. O(1). */
bool cci_block_set_remove(cc_fallback_set_ *set, cc_allocator_t books, const void *block);

#endif
