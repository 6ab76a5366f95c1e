/* SPDX-License-Identifier: MIT */
/* ring_outline.c - the functions that ccmem/ring_inline.h puts in place, for callers who cannot:
 * other languages, function pointers. The header's bodies are the only ones. */
#include <ccmem/api.h>
#undef CC_INLINE
#define CC_INLINE CC_API
#include <ccmem/ring.h>
