/* SPDX-License-Identifier: MIT */
/* heap/scavenge.h - how much the depots may hold, and that what nobody needs goes back.
 *
 * There is no thread for this, so a process that calls nothing gives nothing back. While it does,
 * each thread looks after its own bins once in an interval, and empties those it did not use. One
 * of them also gives back what lay in the depots all the time, unless the heap keeps it.
 */
#ifndef CCI_HEAP_SCAVENGE_H
#define CCI_HEAP_SCAVENGE_H
#include "heap/heap.h"

enum {
    CCI_DEPOT_BYTES_A_THREAD  = 8 << 20,
    CCI_DEPOT_BYTES_MOST      = 64 << 20,
    CCI_DEPOT_BYTES_LEFT      = 1 << 20, /* a thread, when one ends */
    CCI_SCAVENGE_INTERVAL_NS  = 250 * 1000 * 1000,
    CCI_SCAVENGE_SLOW_A_CLOCK = 64 /* the clock is looked at once in so many slow calls */
};

/* Bytes that the depots of a heap may hold now. */
size_t cci_scavenge_limit(const cci_heap_t *heap);

/* The calling thread has a bin that is empty or full: see whether it is time. */
void cci_scavenge_tick(cci_cache_t *cache);

/* An interval ends now: the first part for every thread, the second once for all. */
void cci_scavenge_bins(cci_cache_t *cache);
void cci_scavenge_depots(cci_cache_t *cache);

#endif
