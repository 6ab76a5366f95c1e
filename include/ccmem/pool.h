/* SPDX-License-Identifier: MIT */
/* ccmem/pool.h - a fixed number of blocks of one size, all there before the first is used.
 *
 * Use a pool where running out must be an answer and not a search for more memory: buffers of a
 * protocol, requests in flight, a real-time loop. A wrong free is found in every kind of build, and
 * told by its kind. When the number is not known, ccmem/slab.h grows; when blocks differ in size,
 * ccmem/alloc.h serves.
 *
 * Example:
 *   cc_pool_t pool;
 *   assert(cc_pool_init(&pool, cc_allocator_heap(), 1920, 0, 50) == CC_RESULT_OK);
 *   char *command = cc_pool_alloc(&pool);
 *   if (command) {
 *       strcpy(command, "attach");
 *       assert(cc_pool_free(&pool, command + 1) == CC_RESULT_MISALIGNED);
 *       assert(cc_pool_free(&pool, command) == CC_RESULT_OK);
 *       assert(cc_pool_free(&pool, command) == CC_RESULT_DOUBLE_FREE);
 *   }
 *   cc_pool_fini(&pool);
 *
 * Units    sizes are bytes, counts are blocks.
 * Failure  NULL or CC_RESULT_EXHAUSTED: all blocks are in use. A wrong free is a result, and
 *          changes nothing but a count; as an allocator, which has no results: one line on stderr
 *          and abort.
 * Threads  one thread at a time a pool; pools share nothing.
 * Source   finding a block by multiplication: Lemire, Kaser, Kurz, "Faster remainder by direct
 *          computation", Software: Practice & Experience 49(6), 2019.
 */
#ifndef CC_POOL_H
#define CC_POOL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ccmem/allocator.h>
#include <ccmem/api.h>
#include <ccmem/result.h>
CC_BEGIN

#define CC_POOL_ALIGN_MAX 4096

/* Blocks that came at once. Private. */
typedef struct cc_pool_batch_ {
    uintptr_t              base;   /* of the first block */
    size_t                 bytes;  /* of the blocks */
    unsigned char         *live;   /* one a block: whether it is in use */
    size_t                 count;  /* blocks */
    size_t                 used;   /* of them, the first ones, were in use since the last reset */
    void                  *memory; /* of all that belongs to the batch */
    size_t                 reserved;
    struct cc_pool_batch_ *next; /* that came later */
} cc_pool_batch_;

/* Storage is the caller's. Fields are private; see ccmem/pool_inline.h. */
typedef struct cc_pool {
    void         **top;        /* the block that was freed last; below the first is a NULL */
    size_t         fast;       /* bytes of the first batch if it is handled inline, or 0 */
    uint64_t       reciprocal; /* 2^64 / stride, rounded up */
    uint64_t       alloc_count;
    cc_pool_batch_ first;
    void         **bottom;            /* of the stack whose top is top */
    size_t         used, peak, count; /* blocks of all batches */
    size_t         stride, block_size, align;
    uint64_t       exhausted_count, refused_count;
    cc_allocator_t parent;
    bool           guarded;
} cc_pool_t;

/* Take count blocks of block_size bytes, at a multiple of align, from the parent; align 0 is what
 * an object of that size can need. CC_RESULT_INVALID: a size or a count of 0, an align that is no
 * power of two or above CC_POOL_ALIGN_MAX; CC_RESULT_NO_MEMORY: there is not so much, or the bytes
 * of all blocks times those of one are beyond 2^64. O(count), but touches no block. */
CC_API CC_NODISCARD cc_result_t cc_pool_init(cc_pool_t *pool, cc_allocator_t parent,
                                             size_t block_size, size_t align, size_t count);

/* The same with as many blocks as fit into bytes of the caller's memory, which outlives the pool; a
 * byte a block and a pointer go off for the pool itself. CC_RESULT_FULL: not one fits.
 * O(blocks). */
CC_API CC_NODISCARD cc_result_t cc_pool_init_in(cc_pool_t *pool, void *memory, size_t bytes,
                                                size_t block_size, size_t align);

/* Give everything back to the parent, whatever is in use; it may be init-ed again. O(batches). */
CC_API void cc_pool_fini(cc_pool_t *pool);

/* Add count blocks, which come from the parent of cc_pool_init; the only way for a pool to grow.
 * They cost a call and a search through the batches each time. CC_RESULT_NO_MEMORY: nothing
 * changed; CC_RESULT_INVALID: count is 0; CC_RESULT_UNSUPPORTED: the pool is in the caller's
 * memory. O(blocks). */
CC_API CC_NODISCARD cc_result_t cc_pool_grow(cc_pool_t *pool, size_t count);

/* A block, uninitialised; NULL: all are in use. O(1). */
CC_API CC_NODISCARD void *cc_pool_alloc(cc_pool_t *pool);

/* The same for code that passes results on: CC_RESULT_OK and *out, or CC_RESULT_EXHAUSTED. O(1). */
CC_API cc_result_t cc_pool_take(cc_pool_t *pool, void **out);

/* Give a block back; NULL is nothing. Otherwise one of
 *   CC_RESULT_FOREIGN       it is not in the pool's memory
 *   CC_RESULT_OUT_OF_RANGE  it is there, but where no block was handed out yet
 *   CC_RESULT_MISALIGNED    it is in a block, but not its start
 *   CC_RESULT_DOUBLE_FREE   it is a block that is free
 * O(1). */
CC_API cc_result_t cc_pool_free(cc_pool_t *pool, void *block);

/* All blocks are free again. O(blocks). */
CC_API void cc_pool_reset(cc_pool_t *pool);

/* Whether a pointer is the start of a block in use. O(batches). */
CC_API bool cc_pool_owns(const cc_pool_t *pool, const void *block);

/* The pool as an allocator of blocks up to block_size and align. NULL for what does not fit; a
 * wrong free ends the process. O(1). */
CC_API cc_allocator_t cc_pool_allocator(cc_pool_t *pool);

typedef struct cc_pool_stats {
    size_t   count, live, peak; /* blocks; in use now, and at most */
    uint64_t alloc_count;       /* blocks handed out */
    uint64_t reuse_count;       /* of them, blocks that had been in use before */
    uint64_t free_count;        /* given back, by reset too */
    uint64_t exhausted_count;   /* allocations refused */
    uint64_t refused_count;     /* frees refused */
    size_t   used_bytes;        /* live * block_size */
    size_t   reserved_bytes;    /* of the parent, or of the caller's memory */
} cc_pool_stats_t;

/* The figures now; the hit rate is reuse_count / alloc_count. O(batches). */
CC_API cc_pool_stats_t cc_pool_stats(const cc_pool_t *pool);

CC_END
#include <ccmem/pool_inline.h>
#endif
