/* SPDX-License-Identifier: MIT */
/* region/stride.h - how far objects of one size lie apart. Sizes are 1 to PTRDIFF_MAX / 2,
 * alignments powers of two up to a page. */
#ifndef CCI_REGION_STRIDE_H
#define CCI_REGION_STRIDE_H
#include <stdbool.h>
#include <stddef.h>
#include "prim/poison.h"

static inline size_t cci_round_up(size_t size, size_t align)
{
    return (size + align - 1) & ~(align - 1);
}

/* The most that an object of that size can need: its size is a multiple of it. */
static inline size_t cci_natural_align(size_t size)
{
    size_t divisor = size & -size;

    return divisor < _Alignof(max_align_t) ? divisor : _Alignof(max_align_t);
}

/* The distance of objects. Under a tool with a gap behind each, and aligned as its marks are. */
static inline size_t cci_stride(size_t size, size_t align, bool guarded)
{
    return guarded ? cci_round_up(size + CCI_RED_ZONE, align > 8 ? align : 8)
                   : cci_round_up(size, align);
}

#endif
