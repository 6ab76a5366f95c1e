/* SPDX-License-Identifier: MIT */
/* heap/depot.h - the free blocks that threads share, a depot for each bin.
 *
 * As long as there are few, a depot is Bonwick's: a stack of full magazines, which change hands
 * whole, one lock for dozens of blocks, no look at any of them. That alone is what makes a cache
 * slow in the end: some hundred blocks in the order of their frees are spread over all pages of
 * the backend, keep every one of them from becoming empty, and are handed out all over memory. So
 * beyond a few magazines a depot sorts them into an ordered set, and serves the lowest address
 * first until that is used up.
 *
 * What all depots hold together is bounded, in bytes: as long as it is more, the caller evicts the
 * highest blocks of one depot and gives them to the backend. What nobody took for a while is given
 * away too (cci_depot_unused).
 *
 * Threads  any. A depot that is in other hands declines; nothing here waits but for a fork.
 */
#ifndef CCI_HEAP_DEPOT_H
#define CCI_HEAP_DEPOT_H
#include <stdbool.h>
#include <stddef.h>
#include "heap/size_class.h"

/* A stack of blocks; a cell. Its owner knows how many are in it. */
typedef struct cci_magazine {
    struct cci_magazine *next;
    void                *slot[CCI_MAGAZINE_SLOTS];
} cci_magazine_t;

/* Give a full magazine away. Returns one that holds the *left blocks that were not taken, mostly none,
 * or NULL when none is left and there is no empty magazine to be had. O(1) amortised. */
cci_magazine_t *cci_depot_put(size_t bin, cci_magazine_t *full, size_t *left);

/* Exchange an empty magazine for one with *count blocks, 1 or more, the first to take on top. NULL:
 * there is none, and empty stays the caller's. O(blocks). */
cci_magazine_t *cci_depot_get(size_t bin, cci_magazine_t *empty, size_t *count);

/* Give single blocks away; returns how many are left at the front of the array. O(n). */
size_t cci_depot_put_blocks(size_t bin, void *const *blocks, size_t n);

/* Take blocks out for good, highest first: about n, which is up to CCI_MAGAZINE_SLOTS, and out has
 * room for that many. Returns how many. O(n). */
size_t cci_depot_evict(size_t bin, void **out, size_t n);

/* While the depots are overfull: blocks of the bin from this address on would only be evicted again, and
 * go straight to the backend. UINTPTR_MAX: none would. Set by whoever evicts, for as long as
 * nobody asks for a block of the bin. */
uintptr_t cci_depot_ceiling(size_t bin);
void      cci_depot_set_ceiling(size_t bin, const void *lowest_evicted);

/* How many blocks are in it that nobody took since this was asked before. */
size_t cci_depot_unused(size_t bin);

/* Blocks in a depot now, bytes in all of them. */
size_t cci_depot_count(size_t bin);
size_t cci_depots_bytes(void);

/* The depot to take from when they hold too much: of those with more than a little the one that was
 * used longest ago. */
size_t cci_depots_victim(void);

/* Before a fork, and after it on both sides: every lock here is in the hands of the forking thread,
 * so in the child none is lost. */
void cci_depots_lock(void);
void cci_depots_unlock(void);

#endif
