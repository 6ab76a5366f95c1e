/* SPDX-License-Identifier: MIT */
/* pool_outline.c - the functions that ccmem/pool_inline.h puts in place, for callers who cannot. */
#include <ccmem/api.h>
#undef CC_INLINE
#define CC_INLINE CC_API
#include <ccmem/pool.h>
