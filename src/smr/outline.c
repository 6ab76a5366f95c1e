/* SPDX-License-Identifier: MIT */
/* outline.c - the functions that ccmem/smr_inline.h puts in place, for callers who cannot: other
 * languages, function pointers, compilers without the attribute. The header's bodies are the only
 * ones. */
#include <ccmem/alloc.h>
#undef CC_INLINE
#define CC_INLINE CC_API
#include <ccmem/smr.h>
