/* SPDX-License-Identifier: MIT */
/* heap/totals.h - what a heap did and holds: sums over the counters that every thread keeps anyway.
 *
 * Threads  any; the sums of one heap, one at a time.
 */
#ifndef CCI_HEAP_TOTALS_H
#define CCI_HEAP_TOTALS_H
#include "heap/heap.h"

/* Only such counts: they are added and subtracted as an array. */
typedef struct cci_totals {
    uint64_t alloc_count, free_count, alloc_bytes, free_bytes, unsized_free_count;
    uint64_t source_alloc_count, source_free_count;
} cci_totals_t;

/* Everything since the heap began. Frees never become fewer; that fewer are seen than before only means
 * that some are missed now. O(caches). */
cci_totals_t cci_heap_totals(cci_heap_t *heap);

/* Of one bin; read the frees first. O(caches). */
uint64_t cci_heap_bin_frees(const cci_heap_t *heap, size_t bin);
uint64_t cci_heap_bin_allocs(const cci_heap_t *heap, size_t bin);

/* What is free, in caches and depots. O(caches). */
size_t   cci_heap_cached_blocks(const cci_heap_t *heap, size_t bin);
uint64_t cci_heap_cached_bytes(const cci_heap_t *heap);

#endif
