/* SPDX-License-Identifier: MIT */
/* ccmem/alloc.h - a general allocator that is told the size at both ends.
 *
 * cc_free knows the size, so a block goes to and from an array of its thread without a look at the
 * block or its page. What the arrays do not hold is a block of the backend (ccmem/backend.h),
 * whose own free would take it: cc_free_unsized does. For objects that die together, or that are
 * all of one size, a region is faster still.
 *
 * Example:
 *   double *v = cc_alloc(100 * sizeof *v);
 *   if (v)
 *       v[0] = 1.0;
 *   cc_free(v, 100 * sizeof *v);
 *
 * Which free takes which block:
 *   cc_alloc, cc_calloc, cc_realloc       cc_free with the size asked for, or cc_free_unsized
 *   cc_alloc_aligned                      cc_free_aligned with size and alignment, or cc_free_unsized
 *   cc_alloc_node                         cc_free_node with the size, or cc_free_unsized
 *
 * Units    sizes are bytes; blocks are aligned to 16 at least.
 * Failure  NULL: out of memory, size 0, a size above PTRDIFF_MAX, an alignment that is no power of
 *          two, a product that overflows. errno may be changed. A block freed with a wrong size,
 *          twice, or that was never allocated is a line on stderr and abort: always and at once with
 *          CCMEM_HEAP_CHECK=1 or in a debug build of the library; otherwise later, when blocks
 *          leave the arrays of their thread and some of them are looked at.
 * Threads  any thread frees any block, also while it exits and in the child of a fork. Not for
 *          signal handlers.
 * Source   Bonwick, Adams, "Magazines and Vmem", USENIX 2001.
 */
#ifndef CC_ALLOC_H
#define CC_ALLOC_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ccmem/api.h>
CC_BEGIN

/* Nodes keep this distance, so that two of them never share a line, nor a pair of lines on machines
 * that fetch pairs. */
#if defined(__aarch64__) || defined(__powerpc64__)
#define CC_CACHE_LINE_SIZE 128
#else
#define CC_CACHE_LINE_SIZE 64
#endif

/* Blocks up to this size are kept for reuse; larger ones come from the backend each time. */
#define CC_ALLOC_CACHED_MAX 32768

/* size bytes, uninitialised. O(1), amortised over many blocks up to CC_ALLOC_CACHED_MAX. */
CC_API CC_NODISCARD void *cc_alloc(size_t size) CC_MALLOC CC_SIZED(1);

/* count * size bytes, all zero. O(count * size). */
CC_API CC_NODISCARD void *cc_calloc(size_t count, size_t size) CC_MALLOC CC_SIZED2(1, 2);

/* size bytes at a multiple of align, a power of two. Cost as cc_alloc up to alignment 64, and up
 * to 4096 for sizes up to 4096, which then take the next power of two. */
CC_API CC_NODISCARD void *cc_alloc_aligned(size_t size, size_t align) CC_MALLOC CC_SIZED(1)
    CC_ALIGNED(2);

/* At least size bytes that share no cache line with another block. Cost as cc_alloc. */
CC_API CC_NODISCARD void *cc_alloc_node(size_t size) CC_MALLOC CC_SIZED(1);

/* The block with new_size bytes, moved if need be, the first bytes kept; ptr NULL is cc_alloc.
 * NULL: the block is as it was, also for new_size 0. O(old_size) when it moves. */
CC_API CC_NODISCARD void *cc_realloc(void *ptr, size_t old_size, size_t new_size) CC_SIZED(3);

/* Give a block back; NULL is nothing. O(1). */
CC_API void cc_free(void *ptr, size_t size);

/* Give back any block of this header without its size; NULL is nothing. Asks the backend. O(1). */
CC_API void cc_free_unsized(void *ptr);

/* Give back a block of cc_alloc_aligned; NULL is nothing. O(1). */
CC_API void cc_free_aligned(void *ptr, size_t size, size_t align);

/* Give back a block of cc_alloc_node; NULL is nothing. O(1). */
CC_API void cc_free_node(void *ptr, size_t size);

/* The bytes reserved for a block of that size: the largest size that costs no more memory. 0 for a
 * size that is always NULL. O(1). */
CC_API size_t cc_good_size(size_t size);

/* The bytes that may be used of a block: as many as asked for, or more. No size for cc_free. NULL is
 * 0. Asks the backend. O(1). */
CC_API size_t cc_usable_size(const void *ptr);

/* Give everything that is cached back: of the calling thread, and what threads share; then ask the
 * backend to give free memory to the system. O(cached blocks). */
CC_API void cc_trim(void);

/* Before the calling thread waits for long: others may use what it cached. O(cached blocks). */
CC_API void cc_thread_idle(void);

/* ---- statistics ---- */

/* Counts and bytes since the last reset, as far as counting was enabled. Bytes are reserved
 * bytes: of cached sizes cc_good_size, of others what the backend says the block has. A snapshot
 * while other threads allocate has no free without its allocation. */
typedef struct cc_alloc_snapshot {
    uint64_t    alloc_count;
    uint64_t    free_count;
    uint64_t    alloc_bytes;
    uint64_t    free_bytes;
    uint64_t    current_allocated;   /* bytes live now, whenever they were allocated */
    uint64_t    unsized_free_count;  /* of free_count */
    uint64_t    cached_bytes;        /* free, held for reuse, now */
    uint64_t    backend_alloc_count; /* calls of the backend */
    uint64_t    backend_free_count;
    const char *backend; /* its name */
} cc_alloc_snapshot_t;

/* One size class. */
typedef struct cc_alloc_class_stats {
    size_t   size, align; /* of its blocks */
    uint64_t alloc_count, free_count;
    uint64_t cached_count; /* blocks held for reuse, now */
} cc_alloc_class_stats_t;

/* Count from now on, or stop. Off at first. What happened before is not counted and never will be;
 * counting itself costs nothing. O(threads). */
CC_API void cc_alloc_stats_enable(bool enable);

/* The figures now. O(threads). */
CC_API cc_alloc_snapshot_t cc_alloc_stats_snapshot(void);

/* Counts and bytes start again at 0; blocks live now stay in current_allocated. O(threads). */
CC_API void cc_alloc_stats_reset(void);

/* Write up to capacity size classes, by alignment and size, since the process began. Returns how many
 * there are. O(classes * threads). */
CC_API size_t cc_alloc_stats_classes(cc_alloc_class_stats_t *out, size_t capacity);

CC_END
#include <ccmem/alloc_inline.h>
#endif
