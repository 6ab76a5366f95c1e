/* SPDX-License-Identifier: MIT */
/* blockpool_outline.c - the functions that ccmem/blockpool_inline.h puts in place, for callers who
 * cannot. Those of the heap have their own (heap/outline.c). */
#include <ccmem/alloc.h>
#undef CC_INLINE
#define CC_INLINE CC_API
#include <ccmem/blockpool.h>
