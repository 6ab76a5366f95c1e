/* SPDX-License-Identifier: MIT */
/* ccmem/slab_inline.h - the short way through ccmem/slab.h, for the compiler to put in place.
 *
 * Included by ccmem/slab.h, of which everything here is a private part; programs use no name of
 * this file. Slot i has a word. When there is an object in the slot, it is the object's key, whose
 * low half is i; so a key is right if, and only if, it is the word of its slot. Otherwise it is the
 * next key of the next vacant slot: the list of vacant slots is one of keys that are ready to be
 * given out, and the first is in the slab. Its end, and the word of a slot in no list, has
 * CC_SLAB_NONE_ as its low half.
 *
 * Words lie apart from the slots: to remove an object is to write its word, and no vacant slot is
 * ever read. Nothing here makes a new peak: see slab.c.
 */
#ifndef CC_SLAB_INLINE_H
#define CC_SLAB_INLINE_H
#include <ccmem/api.h>

#ifdef CC_INLINE
#include <string.h>
CC_BEGIN

#define CC_SLAB_NONE_       UINT32_C(0xffffffff)
#define CC_SLAB_GENERATION_ (UINT64_C(1) << 32)
#define CC_SLAB_LINE_       64 /* slots of this size are filled inline */
#define CC_SLAB_LINE_SHIFT_ 10 /* and this is their page_shift */

/* A new object, or NULL, and its key. In registers: a key that the library stored would have to be
 * in memory also where nothing is left to the library. */
typedef struct cc_slab_made_ {
    void         *slot;
    cc_slab_key_t key;
} cc_slab_made_t_;

/* What the inline functions leave to the library. */
CC_API cc_slab_made_t_ cc_slab_insert_slow_(cc_slab_t *slab);
CC_API cc_slab_made_t_ cc_slab_insert_zeroed_slow_(cc_slab_t *slab);
CC_API cc_slab_made_t_ cc_slab_insert_from_slow_(cc_slab_t *slab, const void *what, size_t size);
CC_API cc_result_t     cc_slab_remove_slow_(cc_slab_t *slab, cc_slab_key_t key);

CC_HELPER void *cc_slab_give_(cc_slab_made_t_ made, cc_slab_key_t *key)
{
    if (made.slot)
        *key = made.key;
    return made.slot;
}

/* Where slot index is. An entry of pages is where slot 0 would be, were all in that page. */
CC_HELPER void *cc_slab_at_(const cc_slab_t *slab, uint32_t index)
{
    return (void *)(slab->pages[index >> slab->page_shift] + index * slab->stride);
}

/* The same for slots of a line, of which the compiler knows more. */
CC_HELPER unsigned char *cc_slab_line_at_(const cc_slab_t *slab, uint32_t index)
{
    uintptr_t page = slab->pages[index >> CC_SLAB_LINE_SHIFT_];

    return (unsigned char *)(page + (size_t)index * CC_SLAB_LINE_);
}

/* The next key, which is right from now on. Find its slot before: the word that is written here may,
 * for all the compiler knows, be an entry of pages. */
CC_HELPER cc_slab_key_t cc_slab_take_(cc_slab_t *slab)
{
    cc_slab_key_t next = slab->vacant;
    uint64_t     *word = &slab->words[(uint32_t)next];

    slab->vacant = *word;
    *word        = next;
    slab->live++;
    return next;
}

CC_INLINE void *cc_slab_insert(cc_slab_t *slab, cc_slab_key_t *key)
{
    if (__builtin_expect((uint32_t)slab->vacant >= slab->fast, 0)) /* CC_SLAB_NONE_ is, too */
        return cc_slab_give_(cc_slab_insert_slow_(slab), key);
    void *slot = cc_slab_at_(slab, (uint32_t)slab->vacant);
    *key       = cc_slab_take_(slab);
    return slot;
}

CC_INLINE void *cc_slab_insert_zeroed(cc_slab_t *slab, cc_slab_key_t *key)
{
    if (__builtin_expect((uint32_t)slab->vacant >= slab->fast_lines, 0))
        return cc_slab_give_(cc_slab_insert_zeroed_slow_(slab), key);
    unsigned char *slot = cc_slab_line_at_(slab, (uint32_t)slab->vacant);
    *key                = cc_slab_take_(slab);
    return memset(slot, 0, CC_SLAB_LINE_);
}

/* Fills a line with 16 to 64 bytes and zeroes. Where the compiler does not know how many, both ends
 * are copied by pieces of fixed size, which may overlap, as the zeroes do with the second. */
CC_HELPER void cc_slab_fill_line_(unsigned char *line, const unsigned char *what, size_t size)
{
    const size_t half = CC_SLAB_LINE_ / 2, end = CC_SLAB_LINE_ / 4;

    if (__builtin_constant_p(size)) {
        memcpy(line, what, size);
        memset(line + size, 0, CC_SLAB_LINE_ - size);
    } else if (size > half) {
        memset(line + half, 0, half);
        memcpy(line, what, half);
        memcpy(line + size - half, what + size - half, half);
    } else {
        memset(line + end, 0, CC_SLAB_LINE_ - end);
        memcpy(line, what, end);
        memcpy(line + size - end, what + size - end, end);
    }
}

CC_INLINE void *cc_slab_insert_from(cc_slab_t *slab, const void *what, size_t size,
                                    cc_slab_key_t *key)
{
    const size_t least = CC_SLAB_LINE_ / 4;

    if (__builtin_expect(
            (uint32_t)slab->vacant >= slab->fast_lines || size - least > CC_SLAB_LINE_ - least, 0))
        return cc_slab_give_(cc_slab_insert_from_slow_(slab, what, size), key);
    unsigned char *slot = cc_slab_line_at_(slab, (uint32_t)slab->vacant);
    *key                = cc_slab_take_(slab);
    cc_slab_fill_line_(slot, (const unsigned char *)what, size);
    return slot;
}

CC_INLINE bool cc_slab_contains(const cc_slab_t *slab, cc_slab_key_t key)
{
    return (uint32_t)key < slab->used && slab->words[(uint32_t)key] == key;
}

CC_INLINE void *cc_slab_get(const cc_slab_t *slab, cc_slab_key_t key)
{
    return cc_slab_contains(slab, key) ? cc_slab_at_(slab, (uint32_t)key) : NULL;
}

CC_INLINE cc_result_t cc_slab_remove(cc_slab_t *slab, cc_slab_key_t key)
{
    uint32_t      index = (uint32_t)key;
    cc_slab_key_t next;

    if (__builtin_expect(index >= slab->fast || slab->words[index] != key, 0) ||
        __builtin_add_overflow(key, CC_SLAB_GENERATION_, &next))
        return cc_slab_remove_slow_(slab, key);
    slab->words[index] = slab->vacant;
    slab->vacant       = next;
    slab->live--;
    return CC_RESULT_OK;
}

CC_INLINE size_t cc_slab_len(const cc_slab_t *slab)
{
    return slab->live;
}

CC_END
#endif
#endif
