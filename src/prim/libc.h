/* SPDX-License-Identifier: MIT */
/* prim/libc.h - the C library's own heap, whatever stands before it in the order of symbols. */
#ifndef CCI_PRIM_LIBC_H
#define CCI_PRIM_LIBC_H
#include <stdint.h>

/* Before several threads use the C library's heap: where another allocator serves malloc nobody did
 * yet, and its first use is no matter for two threads at once. Later calls do nothing. */
void cci_libc_heap_begin(void);

/* The C library's own mallinfo2, for cci_libc_heap_bytes; NULL where it has none. Begins. */
void *cci_libc_find_mallinfo2(void);

/* The bytes of all blocks that the C library's malloc has given out and not got back, of all
 * threads. O(its free chunks). */
uint64_t cci_libc_heap_bytes(void *mallinfo2);

/* "2.36", or "" where the C library does not say. */
const char *cci_libc_version(void);

#endif
