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
 * The depots of one heap know how many bytes they hold together. Where that is bounded, the caller
 * evicts the highest blocks of one depot and gives them to the backend; what nobody took for a while
 * is given away too (cci_depot_unused).
 *
 * Threads  any. A depot that is in other hands declines, unless its heap is to wait: for most it is
 *          cheaper to ask the backend.
 */
#ifndef CCI_HEAP_DEPOT_H
#define CCI_HEAP_DEPOT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdatomic.h>
#include "heap/lock.h"
#include "heap/ordered.h"
#include "heap/size_class.h"

/* A stack of blocks; a cell. Its owner knows how many are in it. */
typedef struct cci_magazine {
    struct cci_magazine *next;
    void                *slot[CCI_MAGAZINE_SLOTS];
} cci_magazine_t;

/* The free blocks of one bin. Private. */
typedef struct cci_depot {
    _Alignas(128) cci_lock_t lock;
    uint32_t         slots, block_size; /* in a full magazine, of a block; set once */
    const char      *owner;             /* who speaks when a block is freed twice; set once */
    uint32_t         full_count, empty_count;
    cci_magazine_t  *full, *empty;
    cci_ordered_t    ordered;
    _Atomic size_t   count; /* blocks; written under the lock */
    _Atomic uint64_t turn;  /* when it was last used */
    size_t           least; /* that there were since cci_depot_unused */

    _Atomic uintptr_t ceiling_1; /* the ceiling + 1, so that 0 is none; a hint, without the lock */
} cci_depot_t;

/* All depots of a heap. */
typedef struct cci_depots {
    _Atomic size_t   bytes;   /* in all of them */
    _Atomic uint64_t turns;   /* counts exchanges, and batches of single blocks */
    bool             patient; /* wait for a depot instead of declining; set once */
    cci_depot_t      of[CC_HEAP_BINS_];
} cci_depots_t;

/* Before the first use, of zeroed memory. A magazine holds about so many bytes; CCI_MAGAZINE_BYTES
 * where nothing speaks against it. */
void cci_depots_init(cci_depots_t *depots, const char *owner, size_t magazine_bytes, bool patient);

/* Give the memory for the books back, and forget all blocks. */
void cci_depots_fini(cci_depots_t *depots);

/* How many blocks a full magazine holds; 0 before init. O(1). */
static inline size_t cci_depot_slots(const cci_depots_t *depots, size_t bin)
{
    return depots->of[bin].slots;
}

/* Give a full magazine away. Returns one that holds the *left blocks that were not taken, mostly none,
 * or NULL when none is left and there is no empty magazine to be had. O(1) amortised. */
cci_magazine_t *cci_depot_put(cci_depots_t *depots, size_t bin, cci_magazine_t *full, size_t *left);

/* Exchange an empty magazine for one with *count blocks, 1 or more, the first to take on top. NULL:
 * there is none, and empty stays the caller's. O(blocks). */
cci_magazine_t *cci_depot_get(cci_depots_t *depots, size_t bin, cci_magazine_t *empty,
                              size_t *count);

/* Give single blocks away; returns how many are left at the front of the array. O(n). */
size_t cci_depot_put_blocks(cci_depots_t *depots, size_t bin, void *const *blocks, size_t n);

/* Take blocks out for good, highest first: about n, which is up to CCI_MAGAZINE_SLOTS, and out has
 * room for that many. Returns how many. O(n). */
size_t cci_depot_evict(cci_depots_t *depots, size_t bin, void **out, size_t n);

/* While the depots are overfull: blocks of the bin from this address on would only be evicted again, and
 * go straight to the backend. UINTPTR_MAX: none would. Set by whoever evicts, for as long as
 * nobody asks for a block of the bin. */
uintptr_t cci_depot_ceiling(const cci_depots_t *depots, size_t bin);
void      cci_depot_set_ceiling(cci_depots_t *depots, size_t bin, const void *lowest_evicted);

/* Sort n blocks in and all that are there. Returns how many are left at the front of the array, which
 * has room for CCI_MAGAZINE_SLOTS, because memory ran out; cells in other hands are waited for.
 * O(n + unsorted blocks). */
size_t cci_depot_sort(cci_depots_t *depots, size_t bin, void **blocks, size_t n);

/* Take out the sorted blocks from one address to another, multiples of 1024, if there are exactly n of
 * them. False: there are not. O(to - from). */
bool cci_depot_take_range(cci_depots_t *depots, size_t bin, uintptr_t from, uintptr_t to, size_t n);

/* How many blocks are in it that nobody took since this was asked before. */
size_t cci_depot_unused(cci_depots_t *depots, size_t bin);

/* A number that changes whenever blocks are put into a depot. */
uint64_t cci_depots_turns(const cci_depots_t *depots);

/* Blocks in a depot now, bytes in all of them. */
size_t cci_depot_count(const cci_depots_t *depots, size_t bin);
size_t cci_depots_bytes(const cci_depots_t *depots);

/* The depot to take from when they hold too much: of those with more than a little the one that was
 * used longest ago. */
size_t cci_depots_victim(const cci_depots_t *depots);

/* Before a fork, and after it on both sides: every lock here is in the hands of the forking thread,
 * so in the child none is lost. That of the cells (cell.h) is taken after all of these. */
void cci_depots_lock(cci_depots_t *depots);
void cci_depots_unlock(cci_depots_t *depots);

#endif
