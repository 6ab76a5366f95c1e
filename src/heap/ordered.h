/* SPDX-License-Identifier: MIT */
/* heap/ordered.h - a set of free blocks that gives them back in the order of their addresses.
 *
 * Blocks freed in any order come out as if freed in order: whoever walks what was allocated one
 * after another walks through memory forwards. Taking the lowest first and giving the highest
 * away also leaves whole pages of the backend empty, which it can then reuse or return.
 *
 * A block is one bit, for the 16 bytes it begins in; the block itself is not touched. 64 bits are
 * a word, 64 words a window of 64 KiB, 64 windows a region of 4 MiB; each level has one word that
 * says what below it is not empty, so lowest and highest are found with two bit scans. Regions are
 * few and stand in a sorted array. (A van Emde Boas tree cut off at the height that a heap needs;
 * a sorted list or heap of pointers would compare on every step, and mispredict.)
 *
 * Invariant: a window, a region, exists exactly while it holds a block.
 * Threads  one at a time.
 */
#ifndef CCI_HEAP_ORDERED_H
#define CCI_HEAP_ORDERED_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CCI_ORDERED_RECENT = 16 };

/* All zero is an empty set. Fields are private but for count and waits. */
typedef struct cci_ordered {
    struct cci_ordered_region **regions; /* by address */
    size_t                      region_count, region_capacity;
    size_t                      count; /* blocks */
    bool                        waits; /* for cells in other hands, instead of doing without */
    struct cci_ordered_region  *recent[CCI_ORDERED_RECENT];
} cci_ordered_t;

/* Add blocks, aligned to 16, from the end of the array on. Returns how many are left at its front: 0,
 * or those from which on memory ran out or, with *twice set to it, the last is in already. O(n), and
 * O(regions) for the first of a region. */
size_t cci_ordered_add(cci_ordered_t *set, void *const *blocks, size_t n, void **twice);

/* Take out the n lowest blocks, or all there are, ascending. Returns how many. O(n). */
size_t cci_ordered_take_lowest(cci_ordered_t *set, void **out, size_t n);

/* Take out the n highest blocks, or all there are, descending. Returns how many. O(n). */
size_t cci_ordered_take_highest(cci_ordered_t *set, void **out, size_t n);

/* Take out the blocks from one address to another, multiples of 1024, if there are exactly n of them,
 * n > 0. False: there are not, and nothing changed. O(to - from). */
bool cci_ordered_take_range(cci_ordered_t *set, uintptr_t from, uintptr_t to, size_t n);

/* Give all memory back; the set is empty. O(blocks / 64). */
void cci_ordered_fini(cci_ordered_t *set);

/* Whether the invariants hold. O(blocks). */
bool cci_ordered_is_valid(const cci_ordered_t *set);

#endif
