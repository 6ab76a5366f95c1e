/* SPDX-License-Identifier: MIT */
/* heap/heap.h - one heap: where its blocks come from, its depots, and the caches of its threads.
 *
 * There is one behind ccmem/alloc.h, whose blocks come from the backend, and one behind each block
 * pool, whose blocks come from chunks of the pool. Between a block's source and a thread's bins both
 * work the same way, and by the same code: cache.h moves blocks, depot.h keeps them.
 */
#ifndef CCI_HEAP_HEAP_H
#define CCI_HEAP_HEAP_H
#include <stdatomic.h>
#include <stdbool.h>
#include "heap/cache.h"
#include "heap/depot.h"

typedef struct cci_heap cci_heap_t;

/* Where blocks come from, and what becomes of those that the depots do not take. Any thread calls. */
typedef struct cci_source {
    /* Up to n new blocks of a bin, n at least 1; returns how many. */
    size_t (*take)(cci_heap_t *heap, size_t bin, void **out, size_t n);
    /* Blocks of a bin come back. */
    void (*give)(cci_heap_t *heap, size_t bin, void *const *blocks, size_t n);
    /* Blocks were freed as belonging to a bin: end the process with a line when one does not. */
    void (*check)(cci_heap_t *heap, size_t bin, void *const *blocks, size_t n);
    /* What is free stays in the depots, however much it is, and is waited for. */
    bool keeps;
} cci_source_t;

struct cci_heap {
    const cci_source_t    *source;
    _Atomic(cci_cache_t *) caches;      /* all there ever were */
    cci_cache_t           *shared;      /* one of them: for counting, where a thread has none */
    _Atomic size_t         users;       /* caches in use */
    _Atomic uint64_t       scavenge_ns; /* when the interval ends */
    uint64_t               free_count, free_bytes; /* the most that totals.c saw */
    cci_depots_t           depots;
};

/* The one behind ccmem/alloc.h (threads.c). */
extern cci_heap_t cci_heap_main;

/* Blocks of the backend (backend_source.c). */
extern const cci_source_t cci_backend_source;

/* ---- caches (caches.c) ---- */

/* A heap in zeroed memory. owner is who speaks when a block is freed twice. False: no memory. */
bool cci_heap_init(cci_heap_t *heap, const cci_source_t *source, const char *owner,
                   size_t magazine_bytes);

/* Give back everything but the blocks, which the heap forgets. No thread uses it. */
void cci_heap_fini(cci_heap_t *heap);

/* The first of all; each has the next. O(1). */
cci_cache_t *cci_heap_caches(const cci_heap_t *heap);

/* Caches in use now. O(1). */
size_t cci_heap_users(const cci_heap_t *heap);

/* A cache for the calling thread: one that nobody uses, or a new one. NULL: no memory. O(caches). */
cci_cache_t *cci_heap_open_cache(cci_heap_t *heap);

/* Its thread needs it no more: what is in it goes to the depots. O(blocks in it). */
void cci_heap_close_cache(cci_cache_t *cache);

/* In the child of a fork: no cache is in use but the one of the forking thread, if there is one; see
 * also cci_caches_after_fork. */
void cci_heap_keep_cache(cci_heap_t *heap, cci_cache_t *mine);

/* Once in the child, before the heaps: all caches are those of threads that are not there. */
void cci_caches_after_fork(void);

#endif
