/* SPDX-License-Identifier: MIT */
/* heap/cell.h - equal pieces of memory for the heap's own structures.
 *
 * A magazine is 128 words, a node of an ordered set 66; one kind of piece serves both. Cells come
 * from pages, not from a backend: the heap's bookkeeping never stands between the blocks of the
 * program. Pages are kept for other cells; at the worst they are two per cent of what they keep the
 * books of.
 *
 * Threads  any.
 */
#ifndef CCI_HEAP_CELL_H
#define CCI_HEAP_CELL_H
#include <stddef.h>
#include "heap/lock.h"

enum { CCI_CELL_BYTES = 1088, CCI_CELL_ALIGN = 64 };

/* A cell, its content undefined; NULL: no memory, or the pool is in other hands. O(1). */
void *cci_cell_take(void);

/* The same, but waits for the pool: where there is no other way to go on. NULL: no memory. */
void *cci_cell_await(void);

void cci_cell_give(void *cell);

/* Of the pool, for a fork. */
extern cci_lock_t cci_cell_lock;

#endif
