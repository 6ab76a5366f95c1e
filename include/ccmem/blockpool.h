/* SPDX-License-Identifier: MIT */
/* ccmem/blockpool.h - a heap of its own: blocks of any size for any threads, with a limit, gone as a
 * whole.
 *
 * For a part of a program whose memory is to be bounded, seen, and given up together, although its
 * threads allocate and free on their own: the messages of a queue, a session, a cache, a plug-in. It
 * works as the heap does, by size classes, magazines a thread, and depots between the threads; a block
 * may be freed by any thread, and what one thread allocates and another frees comes back in whole
 * magazines. Where a single thread frees all at once, use ccmem/arena.h; for one size and one thread
 * ccmem/pool.h.
 *
 * Example:
 *   cc_blockpool_t pool;
 *   assert(cc_blockpool_init(&pool, cc_allocator_heap(), 64 << 20) == CC_RESULT_OK);
 *   char *message = cc_blockpool_alloc(&pool, 100);
 *   if (message)
 *       strcpy(message, "hello");
 *   cc_blockpool_free(&pool, message, 100); // by whichever thread
 *   cc_blockpool_fini(&pool);               // whatever was not freed, too
 *
 * Units    sizes are bytes, alignments powers of two.
 * Failure  NULL: the parent has no memory, or the limit is reached. A free that is wrong is a line on
 *          stderr and abort: always for a block that has no size class, in the others for one in
 *          sixteen, and for all of them with CCMEM_HEAP_CHECK=1, in debug builds, and under
 *          AddressSanitizer and Valgrind.
 * Threads  any, but for init and fini. A thread that ends leaves its blocks to the others. After a
 *          fork both sides have a pool each; in the child, blocks that other threads had cached come
 *          back with fini.
 * Source   Bonwick and Adams, "Magazines and Vmem: Extending the Slab Allocator to Many CPUs and
 *          Arbitrary Resources", USENIX Annual Technical Conference 2001.
 */
#ifndef CC_BLOCKPOOL_H
#define CC_BLOCKPOOL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ccmem/alloc.h>
#include <ccmem/allocator.h>
#include <ccmem/api.h>
#include <ccmem/result.h>
CC_BEGIN

#define CC_BLOCKPOOL_MAX  4096            /* pools of a process at a time */
#define CC_BLOCKPOOL_UNIT ((size_t)16384) /* the least that a size takes of the parent */

/* Storage is the caller's. Fields are private, and never change: a copy is the same pool. */
typedef struct cc_blockpool {
    size_t                       table_index;
    struct cc_blockpool_shared_ *shared;
} cc_blockpool_t;

/* ---- life ---- */

/* Make an empty pool that takes chunks of up to 1 MiB, and blocks above CC_ALLOC_CACHED_MAX, from the
 * parent: at most limit bytes at a time; 0: no limit. The parent is called by one thread at a time.
 * The pool's books are in pages of their own: 32 KiB, 12 KiB a thread, and about 2 % of what is free.
 * CC_RESULT_INVALID: a limit below CC_BLOCKPOOL_UNIT; CC_RESULT_NO_MEMORY: there is none for the books;
 * CC_RESULT_EXHAUSTED: there are CC_BLOCKPOOL_MAX pools. O(1). */
CC_API CC_NODISCARD cc_result_t cc_blockpool_init(cc_blockpool_t *pool, cc_allocator_t parent,
                                                  size_t limit);

/* The same in bytes of the caller's memory, which outlives the pool, and nothing else: no block is
 * above CC_ALLOC_CACHED_MAX. What is before and after multiples of CC_BLOCKPOOL_UNIT is not used;
 * CC_RESULT_FULL: that is all of it. O(1). */
CC_API CC_NODISCARD cc_result_t cc_blockpool_init_in(cc_blockpool_t *pool, void *memory,
                                                     size_t bytes);

/* Give everything back to the parent, whatever is in use. No other thread uses the pool then or later,
 * but threads that did may go on. It may be init-ed again; fini of a zeroed pool is nothing.
 * O(chunks + threads). */
CC_API void cc_blockpool_fini(cc_blockpool_t *pool);

/* ---- blocks ---- */

/* A block of at least size bytes, uninitialised, aligned to 16; size 0 is NULL. O(1); once in a
 * magazine a lock, which is held for as many steps as that has blocks. At the limit O(chunks), but
 * only after much was freed. */
CC_API CC_NODISCARD void *cc_blockpool_alloc(cc_blockpool_t *pool, size_t size);

/* Give a block back with the size it was asked for with; NULL is nothing. O(1), as above. */
CC_API void cc_blockpool_free(cc_blockpool_t *pool, void *block, size_t size);

/* The same at a multiple of align; NULL, too, when that is no power of two. O(1), as above. */
CC_API CC_NODISCARD void *cc_blockpool_alloc_aligned(cc_blockpool_t *pool, size_t size,
                                                     size_t align);

/* Give such a block back, with the size and alignment it was asked for with. O(1), as above. */
CC_API void cc_blockpool_free_aligned(cc_blockpool_t *pool, void *block, size_t size, size_t align);

/* Whether a pointer is where a block begins that the pool handed out; it may be free again. O(1),
 * under a lock. */
CC_API bool cc_blockpool_owns(const cc_blockpool_t *pool, const void *block);

/* The pool as an allocator. O(1). */
CC_API cc_allocator_t cc_blockpool_allocator(cc_blockpool_t *pool);

/* ---- memory ---- */

/* The calling thread is idle: the blocks it has cached go to the others. O(blocks). */
CC_API void cc_blockpool_thread_idle(cc_blockpool_t *pool);

/* The same, and chunks without a block in use go back to the parent, but for what other threads have
 * cached of them. O(chunks + free blocks). */
CC_API void cc_blockpool_trim(cc_blockpool_t *pool);

typedef struct cc_blockpool_stats {
    uint64_t alloc_count, free_count; /* blocks */
    uint64_t exhausted_count;         /* allocations refused */
    size_t   live_bytes;              /* in use, as the pool counts: whole blocks */
    size_t   cached_bytes;            /* free, with a thread or between them */
    size_t   reserved_bytes;          /* of the parent now, or of the caller's memory */
    size_t   peak_bytes;              /* the most that ever was */
} cc_blockpool_stats_t;

/* The figures now. While other threads are at work it may miss their last frees. O(threads). */
CC_API cc_blockpool_stats_t cc_blockpool_stats(const cc_blockpool_t *pool);

CC_END
#include <ccmem/blockpool_inline.h>
#endif
