/* SPDX-License-Identifier: MIT */
/* region/blockpool.h - what the threads of a block pool share, and which threads there are.
 *
 * Lock order: that of all pools (blockpool_threads.c), that of a pool, those of its depots, and then
 * what the parent and the heap have. A parent that is a pool gets no call that makes it take the first:
 * what it is asked for has no bin.
 */
#ifndef CCI_REGION_BLOCKPOOL_H
#define CCI_REGION_BLOCKPOOL_H
#include <pthread.h>
#include <stdatomic.h>
#include <ccmem/blockpool.h>
#include "heap/heap.h"
#include "region/supply.h"

/* Every block that is noted: all that have no bin, and with checked all others, too. The number is its
 * size and alignment (blockpool.c). */
typedef struct cc_blockpool_shared_ {
    cci_heap_t       heap;             /* the first member, see cci_blockpool_of */
    size_t           index;            /* in the tables of threads */
    bool             checked, guarded; /* every block is noted; and watched by a tool */
    _Atomic uint64_t exhausted_count;

    struct cc_blockpool_shared_ *older, *younger; /* under the lock of all pools */

    pthread_mutex_t lock; /* of all below */
    cci_supply_t    supply;
    cci_block_map_t noted;
    void    *returned[CC_HEAP_BINS_]; /* free, each pointing to the next: no depot took them */
    size_t   returned_bytes;
    uint64_t hopeless; /* so many turns of the depots ago nothing could be reclaimed */
} cci_blockpool_t;

static inline cci_blockpool_t *cci_blockpool_of(cci_heap_t *heap)
{
    return (cci_blockpool_t *)heap;
}

/* ---- threads (blockpool_threads.c) ---- */

/* Give a pool an index. False: there is none left, or no key. */
bool cci_blockpool_enter(cci_blockpool_t *pool);

/* No thread uses the pool any more. O(its caches). */
void cci_blockpool_leave(cci_blockpool_t *pool);

/* The calling thread's cache, taken if it has none yet. NULL: it exits, or there is no memory. */
cci_cache_t *cci_blockpool_cache(cci_blockpool_t *pool);

/* The same without taking one. */
cci_cache_t *cci_blockpool_peek(const cci_blockpool_t *pool);

#endif
