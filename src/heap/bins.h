/* SPDX-License-Identifier: MIT */
/* heap/bins.h - where the inline part of ccmem/alloc.h finds the bins of its thread: cc_heap_bins_.
 *
 * While bins are hidden, the pointer of every thread is to bins that are neither to be popped from nor
 * pushed to, and each call comes to the library, which uses those of the cache.
 *
 * Threads  any; but hide and show one at a time.
 */
#ifndef CCI_HEAP_BINS_H
#define CCI_HEAP_BINS_H
#include "heap/cache.h"

/* From now on, until cci_bins_close, the calling thread's pointer leads to that cache. */
void cci_bins_open(cci_cache_t *cache);

/* The calling thread's pointer leads to no cache, before it gives up this one, its own. */
void cci_bins_close(cci_cache_t *cache);

/* Of all threads, also of those to come. Who is within a call ends it as it began. O(threads). */
void cci_bins_hide(void);
void cci_bins_show(void);

/* Around a fork; then in the child: there is no thread but the one whose cache this is, or, with NULL,
 * one that has none. */
void cci_bins_lock(void);
void cci_bins_unlock(void);
void cci_bins_after_fork(cci_cache_t *mine);

#endif
