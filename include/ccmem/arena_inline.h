/* SPDX-License-Identifier: MIT */
/* ccmem/arena_inline.h - the short way through ccmem/arena.h, for the compiler to put in place.
 *
 * Included by ccmem/arena.h, of which everything here is a private part; programs use no name of
 * this file. An allocation moves the cursor, if the limit allows it; everything else is done in
 * the library. Alignments unknown to the compiler are, too, because they have to be checked.
 *
 * What an allocation waits for is the cursor that the one before has stored, so nothing is done to
 * it that can be done to the size. It is always a multiple of 8, for sizes are rounded up: most
 * alignments then take no instruction. The limit is a multiple of 16, so aligning the cursor to
 * that cannot take it past the limit, and one comparison is enough. A limit that is NULL, or stays
 * at the cursor while a tool watches, sends each call to the library.
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

enum { CC_ARENA_GRANULE_ = 8 };

/* Does not overflow for what fits into memory. */
CC_HELPER size_t cc_arena_room_(size_t size)
{
    return (size + (CC_ARENA_GRANULE_ - 1)) & ~(size_t)(CC_ARENA_GRANULE_ - 1);
}

/* Where a block begins that is to be put at the cursor. */
CC_HELPER uintptr_t cc_arena_at_(const cc_arena_t *a, size_t align)
{
    uintptr_t cursor = (uintptr_t)a->cursor;

    return align <= CC_ARENA_GRANULE_ ? cursor : (cursor + (align - 1)) & ~(uintptr_t)(align - 1);
}

/* Whether a block fits there; not one of size 0. What fits does so with its room, too. */
CC_HELPER bool cc_arena_fits_(const cc_arena_t *a, uintptr_t at, size_t size, size_t align)
{
    uintptr_t limit = (uintptr_t)a->limit;

    return (align <= 16 || at <= limit) && size - 1 < limit - at; /* 0 wraps */
}

CC_HELPER void *cc_arena_take_(cc_arena_t *a, uintptr_t at, size_t size)
{
    a->cursor = (unsigned char *)(at + cc_arena_room_(size));
    return (void *)at;
}

CC_INLINE void *cc_arena_alloc(cc_arena_t *a, size_t size, size_t align)
{
    if (__builtin_constant_p(align) && align - 1 < CC_ARENA_ALIGN_MAX &&
        (align & (align - 1)) == 0) {
        uintptr_t at = cc_arena_at_(a, align);
        if (__builtin_expect(cc_arena_fits_(a, at, size, align), 1))
            return cc_arena_take_(a, at, size);
    }
    return cc_arena_alloc_(a, size, align);
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
    return (uintptr_t)ptr + cc_arena_room_(size) == (uintptr_t)a->cursor;
}

CC_INLINE void *cc_arena_resize(cc_arena_t *a, void *ptr, size_t old_size, size_t new_size,
                                size_t align)
{
    uintptr_t left = (uintptr_t)a->limit - (uintptr_t)ptr;

    if (__builtin_expect(
            cc_arena_is_last_(a, ptr, old_size) && new_size > old_size && new_size <= left, 1)) {
        a->cursor = (unsigned char *)ptr + cc_arena_room_(new_size);
        return ptr;
    }
    return cc_arena_resize_(a, ptr, old_size, new_size, align);
}

/* Nothing to undo, one chunk and no new peak: high says all three. */
CC_INLINE void cc_arena_reset(cc_arena_t *a, size_t keep)
{
    if (__builtin_expect(keep == CC_ARENA_KEEP_ALL && (size_t)(a->cursor - a->start) < a->high, 1))
        a->cursor = a->start;
    else
        cc_arena_reset_(a, keep);
}

#endif
CC_END
#endif
