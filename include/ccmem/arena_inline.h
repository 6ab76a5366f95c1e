/* SPDX-License-Identifier: MIT */
/* ccmem/arena_inline.h - the short way through ccmem/arena.h, for the compiler to put in place.
 *
 * Included by ccmem/arena.h, of which everything here is a private part; programs use no name of
 * this file. An allocation moves the cursor, if the limit allows it (ccmem/allocator_inline.h);
 * everything else is done in the library. While a tool watches the limit stays at the cursor, which
 * sends each call there.
 *
 * No function here is called cold: a caller that always reaches one, say to make its arena, is
 * itself taken for cold by gcc, which then fills memory with `rep stosb`.
 */
#ifndef CC_ARENA_INLINE_H
#define CC_ARENA_INLINE_H
#include <string.h>
#include <ccmem/api.h>
CC_BEGIN

/* What the short way leaves over. */
CC_API void *cc_arena_alloc_(cc_arena_t *a, size_t size, size_t align);
CC_API void *cc_arena_resize_(cc_arena_t *a, void *ptr, size_t old_size, size_t new_size,
                              size_t align);
CC_API void  cc_arena_reset_(cc_arena_t *a, size_t keep);

#ifdef CC_INLINE

CC_INLINE void *cc_arena_alloc(cc_arena_t *a, size_t size, size_t align)
{
    void *block = NULL;

    return cc_bump_alloc_(&a->bump, size, align, &block) ? block : cc_arena_alloc_(a, size, align);
}

CC_INLINE void *cc_arena_alloc_zero(cc_arena_t *a, size_t size, size_t align)
{
    void *p = cc_arena_alloc(a, size, align);

    return p ? memset(p, 0, size) : p;
}

CC_INLINE void *cc_arena_copy(cc_arena_t *a, const void *source, size_t size, size_t align)
{
    void *p = cc_arena_alloc(a, size, align);

    return p && size ? memcpy(p, source, size) : p;
}

/* The last block ends at the cursor, with its room; no other does. */
CC_HELPER bool cc_arena_is_last_(const cc_arena_t *a, const void *ptr, size_t size)
{
    return (uintptr_t)ptr + cc_bump_room_(size) == (uintptr_t)a->bump.cursor;
}

CC_INLINE void *cc_arena_resize(cc_arena_t *a, void *ptr, size_t old_size, size_t new_size,
                                size_t align)
{
    uintptr_t left = (uintptr_t)a->bump.limit - (uintptr_t)ptr;

    if (__builtin_expect(
            cc_arena_is_last_(a, ptr, old_size) && new_size > old_size && new_size <= left, 1)) {
        a->bump.cursor = (unsigned char *)ptr + cc_bump_room_(new_size);
        return ptr;
    }
    return cc_arena_resize_(a, ptr, old_size, new_size, align);
}

/* Nothing to undo, one chunk and no new peak: high says all three. */
CC_INLINE void cc_arena_reset(cc_arena_t *a, size_t keep)
{
    if (__builtin_expect(keep == CC_ARENA_KEEP_ALL && (size_t)(a->bump.cursor - a->start) < a->high,
                         1))
        a->bump.cursor = a->start;
    else
        cc_arena_reset_(a, keep);
}

#endif
CC_END
#endif
