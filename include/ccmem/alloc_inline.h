/* SPDX-License-Identifier: MIT */
/* ccmem/alloc_inline.h - the short way through ccmem/alloc.h, for the compiler to put in place.
 *
 * Included by ccmem/alloc.h, of which everything here is a private part; programs use no name of
 * this file. Each thread has an array of bins, one a size class; a bin is a stack of free blocks. An
 * allocation pops, a free pushes, and an empty or a full stack is handled in the library. A size
 * known to the compiler becomes the place of its bin.
 *
 * One word of a bin says how many blocks are in it and how many it ever gave out, so that counting
 * costs no store; a store more is what a pop would feel. Frees follow from that word and from what
 * the library moved in and out (src/heap/stats.c). The word is stored with release: who sees a
 * free, or anything this thread did after it, sees the allocation that came before it on any thread.
 *
 * While somebody is told of every block (src/heap/observer.h) the pointer to the bins of a thread
 * points to bins that are empty and full at once, so that each call comes to the library. Another
 * thread writes it then, for which it is loaded as an atomic. The library is told the size and
 * the alignment that were asked for, although the bin is all it needs.
 *
 * This layout is compiled into programs. Whoever changes it gives cc_heap_bins_ and
 * cc_heap_class_of_ other names, so that the loader refuses a program that does not fit.
 */
#ifndef CC_ALLOC_INLINE_H
#define CC_ALLOC_INLINE_H
#include <ccmem/api.h>

#ifdef CC_INLINE
CC_BEGIN

enum {
    CC_HEAP_SMALL_MAX_ = CC_ALLOC_CACHED_MAX,
    CC_HEAP_ALIGN_MAX_ = 4096,
    CC_HEAP_SIZES_     = 40, /* size classes */
    CC_HEAP_ALIGNED_   = 6,  /* powers of two from 128 to CC_HEAP_ALIGN_MAX_ */
    /* plain blocks; those that keep line distance; those aligned to their size, which is one of
     * the powers */
    CC_HEAP_BINS_ = 2 * CC_HEAP_SIZES_ + CC_HEAP_ALIGNED_
};

typedef struct cc_heap_bin_ {
    uint64_t state; /* blocks in it: the low 8 bits; allocations it served: the others */
    void   **slots;
    uint64_t capacity; /* blocks it may hold now */
} cc_heap_bin_;

#define CC_HEAP_COUNT_  UINT64_C(255) /* of state */
#define CC_HEAP_SERVED_ UINT64_C(256)

extern CC_API CC_THREAD cc_heap_bin_ *cc_heap_bins_;
extern CC_API const uint8_t           cc_heap_class_of_[CC_HEAP_SMALL_MAX_ / 16 + 1];

/* The bin is empty, or full, or hidden, or the thread has none; ptr is no NULL. */
CC_API void *cc_heap_refill_(size_t size, size_t bin);
CC_API void *cc_heap_refill_aligned_(size_t size, size_t align, size_t bin);
CC_API void  cc_heap_spill_(void *ptr, size_t bin);

/* Sizes and alignments without a bin, 0 among them; ptr is no NULL. */
CC_API void *cc_heap_alloc_large_(size_t size);
CC_API void *cc_heap_alloc_aligned_(size_t size, size_t align);
CC_API void  cc_heap_free_large_(void *ptr, size_t size);
CC_API void  cc_heap_free_aligned_(void *ptr, size_t size);

/* Classes are 16 bytes apart up to 128, then four to each doubling. size is 1 to
 * CC_HEAP_SMALL_MAX_. */
CC_HELPER size_t cc_heap_class_(size_t size)
{
    if (!__builtin_constant_p(size))
        return cc_heap_class_of_[(size + 15) / 16];
    if (size <= 128)
        return (size + 15) / 16 - 1;
    size_t doubling = (size_t)(63 - __builtin_clzll(size - 1)); /* 2^doubling < size */
    return 8 + (doubling - 7) * 4 + (((size - 1) >> (doubling - 2)) & 3);
}

/* The block that came last into a bin. False: there is none. */
CC_HELPER bool cc_heap_try_pop_(cc_heap_bin_ *b, void **out)
{
    uint64_t state = b->state, count = state & CC_HEAP_COUNT_;

    if (__builtin_expect(count == 0, 0))
        return false;
    __atomic_store_n(&b->state, state + CC_HEAP_SERVED_ - 1, __ATOMIC_RELEASE);
    *out = b->slots[count - 1];
    return true;
}

/* A block into a bin. False: it is full. */
CC_HELPER bool cc_heap_try_push_(cc_heap_bin_ *b, void *ptr)
{
    uint64_t state = b->state, count = state & CC_HEAP_COUNT_;

    if (__builtin_expect(count == b->capacity, 0))
        return false;
    b->slots[count] = ptr;
    __atomic_store_n(&b->state, state + 1, __ATOMIC_RELEASE);
    return true;
}

/* A bin of the calling thread, or one that looks empty and full. Relaxed: the bins are its own. */
CC_HELPER cc_heap_bin_ *cc_heap_bin_at_(size_t bin)
{
    cc_heap_bin_ *bins = __atomic_load_n(&cc_heap_bins_, __ATOMIC_RELAXED);

    return &bins[bin];
}

CC_HELPER void *cc_heap_pop_(size_t bin, size_t size)
{
    void *block;

    return cc_heap_try_pop_(cc_heap_bin_at_(bin), &block) ? block : cc_heap_refill_(size, bin);
}

CC_HELPER void *cc_heap_pop_aligned_(size_t bin, size_t size, size_t align)
{
    void *block;

    return cc_heap_try_pop_(cc_heap_bin_at_(bin), &block)
               ? block
               : cc_heap_refill_aligned_(size, align, bin);
}

CC_HELPER void cc_heap_push_(void *ptr, size_t bin)
{
    if (!cc_heap_try_push_(cc_heap_bin_at_(bin), ptr))
        cc_heap_spill_(ptr, bin);
}

CC_INLINE void *cc_alloc(size_t size)
{
    if (__builtin_expect(size - 1 >= CC_HEAP_SMALL_MAX_, 0)) /* 0 wraps */
        return cc_heap_alloc_large_(size);
    return cc_heap_pop_(cc_heap_class_(size), size);
}

CC_INLINE void cc_free(void *ptr, size_t size)
{
    if (__builtin_expect(!ptr, 0))
        return;
    if (__builtin_expect(size - 1 >= CC_HEAP_SMALL_MAX_, 0))
        cc_heap_free_large_(ptr, size);
    else
        cc_heap_push_(ptr, cc_heap_class_(size));
}

/* The bin of nodes; size is 1 to CC_HEAP_SMALL_MAX_. */
CC_HELPER size_t cc_heap_node_bin_(size_t size)
{
    const size_t line = CC_CACHE_LINE_SIZE;

    return CC_HEAP_SIZES_ + cc_heap_class_((size + line - 1) / line * line);
}

/* A node for an alignment of up to a line. */
CC_HELPER void *cc_heap_alloc_node_(size_t size, size_t align)
{
    if (__builtin_expect(size - 1 >= CC_HEAP_SMALL_MAX_, 0))
        return cc_heap_alloc_aligned_(size, align);
    return cc_heap_pop_aligned_(cc_heap_node_bin_(size), size, align);
}

CC_INLINE void *cc_alloc_node(size_t size)
{
    return cc_heap_alloc_node_(size, CC_CACHE_LINE_SIZE);
}

CC_INLINE void cc_free_node(void *ptr, size_t size)
{
    if (__builtin_expect(!ptr, 0))
        return;
    if (__builtin_expect(size - 1 >= CC_HEAP_SMALL_MAX_, 0))
        cc_heap_free_aligned_(ptr, size);
    else
        cc_heap_push_(ptr, cc_heap_node_bin_(size));
}

/* Whether a size and an alignment above a line have a bin, and which. */
CC_HELPER bool cc_heap_has_aligned_bin_(size_t size, size_t align)
{
    return size - 1 < CC_HEAP_ALIGN_MAX_ && align <= CC_HEAP_ALIGN_MAX_ &&
           (align & (align - 1)) == 0;
}

/* Of the power of two that neither exceeds. */
CC_HELPER size_t cc_heap_aligned_bin_(size_t size, size_t align)
{
    size_t below = (size - 1) | (align - 1); /* its highest bit is that of the greater */

    return 2 * CC_HEAP_SIZES_ + (size_t)(63 - __builtin_clzll(below)) - 6;
}

CC_INLINE void *cc_alloc_aligned(size_t size, size_t align)
{
    if (align - 1 < 16 && (align & (align - 1)) == 0)
        return cc_alloc(size);
    if (align - 1 < CC_CACHE_LINE_SIZE && (align & (align - 1)) == 0)
        return cc_heap_alloc_node_(size, align);
    if (align && cc_heap_has_aligned_bin_(size, align))
        return cc_heap_pop_aligned_(cc_heap_aligned_bin_(size, align), size, align);
    return cc_heap_alloc_aligned_(size, align); /* refuses what is no alignment */
}

CC_INLINE void cc_free_aligned(void *ptr, size_t size, size_t align)
{
    if (align <= 16)
        cc_free(ptr, size);
    else if (align <= CC_CACHE_LINE_SIZE)
        cc_free_node(ptr, size);
    else if (!ptr)
        return;
    else if (cc_heap_has_aligned_bin_(size, align))
        cc_heap_push_(ptr, cc_heap_aligned_bin_(size, align));
    else
        cc_heap_free_aligned_(ptr, size);
}

CC_END
#endif
#endif
