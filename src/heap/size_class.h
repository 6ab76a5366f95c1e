/* SPDX-License-Identifier: MIT */
/* heap/size_class.h - the sizes that blocks are cached in.
 *
 * 16 to 128 by 16, then four sizes to each doubling, up to 32 KiB: what mimalloc and jemalloc use,
 * so that a class asked of them is no larger in memory. Each size has two bins: blocks aligned to 16,
 * and blocks that keep the distance of cache lines. A backend cannot be trusted to align the former
 * like the latter, and glibc would pay for it with memory. Greater alignments up to a page have a
 * bin for each power of two, in blocks aligned to their size.
 */
#ifndef CCI_HEAP_SIZE_CLASS_H
#define CCI_HEAP_SIZE_CLASS_H
#include <stdbool.h>
#include <ccmem/alloc.h>

enum {
    CCI_MAGAZINE_SLOTS = 128,
    CCI_MAGAZINE_BYTES =
        128 * 1024,         /* a magazine holds about so much where nothing else is said, */
    CCI_MAGAZINE_LEAST = 2, /* or so many blocks, if that is more */
    CCI_CLASS_NONE     = CC_HEAP_SIZES_
};

/* Blocks of this many bytes and more are never cached. No block that is has so many, so the bytes
 * a block has tell whether it is. */
#define CCI_LARGE_MIN ((size_t)CC_HEAP_SMALL_MAX_ + CC_HEAP_SMALL_MAX_ / 4)

extern const uint16_t cci_class_size[CC_HEAP_SIZES_];

static inline bool cci_bin_is_plain(size_t bin)
{
    return bin < CC_HEAP_SIZES_;
}

/* Aligned to its size, which is a power of two. */
static inline bool cci_bin_is_aligned(size_t bin)
{
    return bin >= 2 * CC_HEAP_SIZES_;
}

static inline size_t cci_bin_size(size_t bin)
{
    if (cci_bin_is_aligned(bin))
        return (size_t)128 << (bin - 2 * CC_HEAP_SIZES_);
    return cci_class_size[cci_bin_is_plain(bin) ? bin : bin - CC_HEAP_SIZES_];
}

/* The plain bin of that size. */
static inline size_t cci_bin_class(size_t bin)
{
    return cci_bin_is_plain(bin) ? bin : cc_heap_class_of_[cci_bin_size(bin) / 16];
}

static inline size_t cci_bin_align(size_t bin)
{
    if (cci_bin_is_aligned(bin))
        return cci_bin_size(bin);
    return cci_bin_is_plain(bin) ? 16 : CC_CACHE_LINE_SIZE;
}

/* How many blocks of that bin a full magazine of about so many bytes holds. */
static inline size_t cci_bin_slots(size_t bin, size_t magazine_bytes)
{
    size_t fit = magazine_bytes / cci_bin_size(bin);

    if (fit > CCI_MAGAZINE_SLOTS)
        return CCI_MAGAZINE_SLOTS;
    return fit < CCI_MAGAZINE_LEAST ? CCI_MAGAZINE_LEAST : fit;
}

/* The bin for blocks of that size and alignment, which is a power of two; CC_HEAP_BINS_: none. */
static inline size_t cci_bin_for(size_t size, size_t align)
{
    if (align > CC_CACHE_LINE_SIZE)
        return cc_heap_has_aligned_bin_(size, align) ? cc_heap_aligned_bin_(size, align)
                                                     : CC_HEAP_BINS_;
    if (size - 1 >= CC_HEAP_SMALL_MAX_)
        return CC_HEAP_BINS_;
    return align <= 16 ? cc_heap_class_(size) : cc_heap_node_bin_(size);
}

/* The largest class that is no larger than usable, which is below CCI_LARGE_MIN. */
static inline size_t cci_class_within(size_t usable)
{
    if (usable >= CC_HEAP_SMALL_MAX_)
        return CC_HEAP_SIZES_ - 1;
    size_t class = cc_heap_class_of_[(usable + 15) / 16];
    return class && cci_class_size[class] > usable ? class - 1 : class;
}

#endif
