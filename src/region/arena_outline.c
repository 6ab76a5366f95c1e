/* SPDX-License-Identifier: MIT */
/* arena_outline.c - the functions that ccmem/arena_inline.h and ccmem/scratch.h put in place, for
 * callers who cannot: other languages, function pointers, compilers without the attribute. The
 * headers' bodies are the only ones. */
#include <ccmem/api.h>
#undef CC_INLINE
#define CC_INLINE CC_API
#include <ccmem/scratch.h>
