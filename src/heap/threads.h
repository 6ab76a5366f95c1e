/* SPDX-License-Identifier: MIT */
/* heap/threads.h - the calling thread's cache of the heap behind ccmem/alloc.h. */
#ifndef CCI_HEAP_THREADS_H
#define CCI_HEAP_THREADS_H
#include "heap/heap.h"

/* It is taken if the thread has none yet. NULL: it exits, or there is no memory. O(1). */
cci_cache_t *cci_cache_mine(void);

/* The same without taking one. O(1). */
cci_cache_t *cci_cache_peek(void);

#endif
