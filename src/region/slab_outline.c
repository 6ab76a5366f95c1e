/* SPDX-License-Identifier: MIT */
/* slab_outline.c - the functions that ccmem/slab_inline.h puts in place, for callers who cannot. */
#include <ccmem/api.h>
#undef CC_INLINE
#define CC_INLINE CC_API
#include <ccmem/slab.h>
