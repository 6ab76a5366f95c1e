/* SPDX-License-Identifier: MIT */
/* heap/cache.h - what one thread caches of a heap, and what it has counted.
 *
 * A bin works on one magazine, the current; a second, the spare, is full or empty. When the current
 * runs empty and the spare is full they change places, and the other way round: so a thread that
 * allocates and frees around the edge of a magazine does not go to the depot each time. (Bonwick's
 * "previous".)
 *
 * Who owns what: the current magazine is the bin's slots, the spare is the cache's; all in pages
 * that stay as long as the heap and serve one thread after another, so counters are never lost and
 * need no lock to be summed.
 */
#ifndef CCI_HEAP_CACHE_H
#define CCI_HEAP_CACHE_H
#include <stdatomic.h>
#include <stdbool.h>
#include "heap/depot.h"

/* Of blocks that have no bin; bytes are the usable ones. */
typedef struct cci_large_counts {
    uint64_t alloc_count, alloc_bytes, free_count, free_bytes;
} cci_large_counts_t;

typedef struct cci_cache {
    cci_large_counts_t large;
    uint64_t           unsized_free_count;
    uint64_t           source_alloc_count, source_free_count; /* blocks from it, and to it */
    uint32_t           slow_count;                            /* times a bin was empty or full */
    _Atomic uint32_t   user;        /* 0: nobody; else the generation of its thread's process */
    struct cci_heap   *heap;        /* never changes */
    struct cci_cache  *next;        /* of all of the heap; never changes */
    void              *owner;       /* what the heap notes of the thread that uses it */
    uint32_t           owner_id;    /* and the system's number of it, where the heap asks for it */
    bool               is_shared;   /* of threads that have no cache; many write to it */
    uint64_t           scavenge_ns; /* when it looks for bins that were not used */

    /* Not where a page begins: there many a block begins, too, and a processor takes a store to the
     * one for a store to the other as long as it compares 12 bits of their addresses. */
    _Alignas(256) cc_heap_bin_ bins[CC_HEAP_BINS_];

    uint64_t        in[CC_HEAP_BINS_], out[CC_HEAP_BINS_]; /* blocks moved to and from current */
    uint64_t        moves[CC_HEAP_BINS_]; /* what cci_scavenge_bins saw of each bin last */
    cci_magazine_t *spare[CC_HEAP_BINS_];
    bool            spare_is_full[CC_HEAP_BINS_];
    uint8_t         batch[CC_HEAP_BINS_]; /* how many blocks the source gave last */
} cci_cache_t;

/* Add to a counter of a cache. release: what was added to others before is seen by whoever sees
 * this. */
static inline void cci_count(cci_cache_t *cache, uint64_t *counter, uint64_t n)
{
    if (!cache->is_shared)
        __atomic_store_n(counter, *counter + n, __ATOMIC_RELEASE);
    else
        __atomic_fetch_add(counter, n, __ATOMIC_RELEASE);
}

/* Fill the empty current magazine of a bin. False: there is no block to be had. */
bool cci_cache_load(cci_cache_t *cache, size_t bin);

/* Make room in the full current magazine of a bin. False: there is no memory for a magazine. */
bool cci_cache_make_room(cci_cache_t *cache, size_t bin);

/* A block from the source, or back to it, past the bins: for threads without a cache, whose counters
 * are the shared ones. NULL: there is none. */
void *cci_cache_alloc_one(cci_cache_t *cache, size_t bin);
void  cci_cache_free_one(cci_cache_t *cache, size_t bin, void *block);

/* Give all that the cache, or a bin of it, holds to the depots, or to the source what they do not
 * take, and empty magazines to the pool of cells. */
void cci_cache_empty(cci_cache_t *cache);
void cci_cache_empty_bin(cci_cache_t *cache, size_t bin);

/* Of a cache whose thread a fork left behind: what is in it is lost, for what its owner was doing is
 * not known. */
void cci_cache_forget(cci_cache_t *cache);

/* Give the magazines to the pool of cells and forget the blocks, at the end of a heap. */
void cci_cache_drop(cci_cache_t *cache);

/* Give blocks to the source. */
void cci_cache_give_back(cci_cache_t *cache, size_t bin, void *const *blocks, size_t n);

/* Give blocks of the depots to the source until they hold no more than so many bytes together. */
void cci_cache_shrink_depots(cci_cache_t *cache, size_t bytes);

#endif
