/* SPDX-License-Identifier: MIT */
/* ccmem/scratch.h - memory for the length of a frame, a request or a function.
 *
 * An arena (ccmem/arena.h) whose chunks are small, of one size, and kept: a frame that needs no
 * more than those before it asks nobody for memory. Scopes nest inside a frame. A thread has
 * scratches of its own for functions that only need memory while they run. For what outlives its
 * scope, use an arena of its own.
 *
 * Example:
 *   cc_scratch_t s;
 *   cc_scratch_init(&s, cc_allocator_heap(), 0);
 *   for (int frame = 0; frame < 3; frame++) {
 *       int *v = cc_scratch_alloc(&s, 100 * sizeof *v, _Alignof(int));
 *       if (v)
 *           v[0] = frame;
 *       cc_scratch_reset(&s);
 *   }
 *   assert(cc_scratch_stats(&s).parent_allocs == 1);
 *   cc_scratch_fini(&s);
 *
 * Units    as in ccmem/arena.h.
 * Failure  as in ccmem/arena.h. A scope that ended already is a line on stderr and abort.
 * Threads  one at a time a scratch; that of cc_scratch_thread is the calling thread's.
 */
#ifndef CC_SCRATCH_H
#define CC_SCRATCH_H
#include <ccmem/arena.h>
CC_BEGIN

#define CC_SCRATCH_CHUNK_DEFAULT ((size_t)4096)

/* Fields are private, storage is the caller's. It must not move. */
typedef struct cc_scratch {
    cc_arena_t arena;
} cc_scratch_t;

/* What was allocated since it began ends with it. */
typedef struct cc_scratch_scope {
    cc_scratch_t   *scratch;
    cc_arena_mark_t mark;
} cc_scratch_scope_t;

/* ---- life ---- */

/* Make an empty scratch; takes no memory yet. chunk_size 0 is CC_SCRATCH_CHUNK_DEFAULT. O(1). */
CC_API void cc_scratch_init(cc_scratch_t *s, cc_allocator_t parent, size_t chunk_size);

/* Give every chunk back. The scratch may be init-ed again. O(chunks). */
CC_API void cc_scratch_fini(cc_scratch_t *s);

/* A scratch of the calling thread that is none of the count scratches in in_use, so that what a
 * caller gets from one is safe from scopes that its callees end in another. NULL: no memory for
 * one. Its memory is the heap's, and goes when the thread ends. O(count * scratches). */
CC_API CC_NODISCARD cc_scratch_t *cc_scratch_thread(cc_scratch_t *const *in_use, size_t count);

/* ---- blocks: as of ccmem/arena.h ---- */

/* size bytes, uninitialised. Amortised O(1). */
CC_API CC_NODISCARD void *cc_scratch_alloc(cc_scratch_t *s, size_t size, size_t align) CC_SIZED(2)
    CC_ALIGNED(3);

/* The same, all zero. O(size). */
CC_API CC_NODISCARD void *cc_scratch_alloc_zero(cc_scratch_t *s, size_t size, size_t align)
    CC_SIZED(2) CC_ALIGNED(3);

/* The same, with the bytes of source. O(size). */
CC_API CC_NODISCARD void *cc_scratch_copy(cc_scratch_t *s, const void *source, size_t size,
                                          size_t align) CC_SIZED(3) CC_ALIGNED(4);

/* The block with new_size bytes, in place if it is the last one of its scope, otherwise moved.
 * NULL: the block is as it was. O(1) in place, O(old_size) when it moves. */
CC_API CC_NODISCARD void *cc_scratch_resize(cc_scratch_t *s, void *ptr, size_t old_size,
                                            size_t new_size, size_t align) CC_SIZED(4)
    CC_ALIGNED(5);

/* ---- frames and scopes ---- */

/* The end of a frame: everything is released, all scopes with it, and every chunk is kept. O(1) if
 * all was in one chunk, else O(scopes and large blocks). */
CC_API void cc_scratch_reset(cc_scratch_t *s);

/* Give chunks back in which nothing is, until no more than keep bytes are held. O(chunks). */
CC_API void cc_scratch_trim(cc_scratch_t *s, size_t keep);

/* Begin a scope. Without memory for its record it releases nothing when it ends. O(1). */
CC_API CC_NODISCARD cc_scratch_scope_t cc_scratch_begin(cc_scratch_t *s);

/* End a scope, and those that began inside it: the scratch is as it was before. O(scopes and large
 * blocks). */
CC_API void cc_scratch_end(cc_scratch_scope_t scope);

/* ---- questions ---- */

/* The figures now: of all frames, but for used. O(1). */
CC_API cc_arena_stats_t cc_scratch_stats(const cc_scratch_t *s);

/* Whether ptr lies in memory that the scratch has handed out and not released. O(chunks and
 * scopes). */
CC_API bool cc_scratch_owns(const cc_scratch_t *s, const void *ptr);

/* The scratch for whoever takes an allocator. O(1). */
CC_API cc_allocator_t cc_scratch_allocator(cc_scratch_t *s);

/* ---- the short way, as in ccmem/arena_inline.h ---- */

#ifdef CC_INLINE
CC_INLINE void *cc_scratch_alloc(cc_scratch_t *s, size_t size, size_t align)
{
    return cc_arena_alloc(&s->arena, size, align);
}

CC_INLINE void *cc_scratch_alloc_zero(cc_scratch_t *s, size_t size, size_t align)
{
    return cc_arena_alloc_zero(&s->arena, size, align);
}

CC_INLINE void *cc_scratch_copy(cc_scratch_t *s, const void *source, size_t size, size_t align)
{
    return cc_arena_copy(&s->arena, source, size, align);
}

CC_INLINE void *cc_scratch_resize(cc_scratch_t *s, void *ptr, size_t old_size, size_t new_size,
                                  size_t align)
{
    return cc_arena_resize(&s->arena, ptr, old_size, new_size, align);
}

CC_INLINE void cc_scratch_reset(cc_scratch_t *s)
{
    cc_arena_reset(&s->arena, CC_ARENA_KEEP_ALL);
}
#endif

CC_END
#endif
