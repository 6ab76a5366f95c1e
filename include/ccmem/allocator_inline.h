/* SPDX-License-Identifier: MIT */
/* ccmem/allocator_inline.h - blocks that are taken by moving a cursor, for the compiler to put in
 * place.
 *
 * Included by ccmem/allocator.h and ccmem/arena.h, of which everything here is a private part;
 * programs use no name of this file. It is what an arena does for an ordinary block. The interface
 * does the same for an allocator that it finds to be an arena, since a call through a pointer alone
 * takes twice as long as all of that. The address of its ops tells which one is: that is one
 * comparison, and for any other allocator all that is added.
 *
 * What a block waits for is the cursor that the one before has stored, so nothing is done to it
 * that can be done to the size. It is always a multiple of 8, for sizes are rounded up: most
 * alignments then take no instruction. The limit is a multiple of 16, so aligning the cursor to
 * that cannot take it past the limit, and one comparison is enough. A limit that is NULL, or at
 * the cursor, lets nothing through.
 */
#ifndef CC_ALLOCATOR_INLINE_H
#define CC_ALLOCATOR_INLINE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ccmem/api.h>
CC_BEGIN

/* The free bytes; an arena begins with them. */
typedef struct cc_bump_ {
    unsigned char *cursor, *limit;
} cc_bump_t_;

struct cc_allocator_ops;
extern CC_API const struct cc_allocator_ops cc_arena_ops_;

#ifdef CC_INLINE

enum { CC_BUMP_GRANULE_ = 8, CC_BUMP_ALIGN_MAX_ = 4096 };

/* Does not overflow for what fits into memory. */
CC_HELPER size_t cc_bump_room_(size_t size)
{
    return (size + (CC_BUMP_GRANULE_ - 1)) & ~(size_t)(CC_BUMP_GRANULE_ - 1);
}

/* Where a block begins that is to be put at the cursor. */
CC_HELPER uintptr_t cc_bump_at_(const cc_bump_t_ *b, size_t align)
{
    uintptr_t cursor = (uintptr_t)b->cursor;

    return align <= CC_BUMP_GRANULE_ ? cursor : (cursor + (align - 1)) & ~(uintptr_t)(align - 1);
}

/* Whether a block fits there; not one of size 0. What fits does so with its room, too. */
CC_HELPER bool cc_bump_fits_(const cc_bump_t_ *b, uintptr_t at, size_t size, size_t align)
{
    uintptr_t limit = (uintptr_t)b->limit;

    return (align <= 16 || at <= limit) && size - 1 < limit - at; /* 0 wraps */
}

CC_HELPER void *cc_bump_take_(cc_bump_t_ *b, uintptr_t at, size_t size)
{
    b->cursor = (unsigned char *)(at + cc_bump_room_(size));
    return (void *)at;
}

/* A block, or false: nothing was done. An alignment unknown to the compiler would have to be
 * checked, and is left to the allocator. */
CC_HELPER bool cc_bump_alloc_(cc_bump_t_ *b, size_t size, size_t align, void **block)
{
    if (!__builtin_constant_p(align) || align - 1 >= CC_BUMP_ALIGN_MAX_ ||
        (align & (align - 1)) != 0)
        return false;
    uintptr_t at = cc_bump_at_(b, align);
    if (__builtin_expect(!cc_bump_fits_(b, at, size, align), 0))
        return false;
    *block = cc_bump_take_(b, at, size);
    return true;
}

/* The same for an allocator that may be an arena. */
CC_HELPER bool cc_allocator_bump_(const struct cc_allocator_ops *ops, void *self, size_t size,
                                  size_t align, void **block)
{
    return ops == &cc_arena_ops_ && cc_bump_alloc_((cc_bump_t_ *)self, size, align, block);
}

#else

static inline bool cc_allocator_bump_(const struct cc_allocator_ops *ops, void *self, size_t size,
                                      size_t align, void **block)
{
    (void)ops, (void)self, (void)size, (void)align, (void)block;
    return false;
}

#endif
CC_END
#endif
