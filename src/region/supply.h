/* SPDX-License-Identifier: MIT */
/* region/supply.h - the memory of a block pool: chunks of the parent, cut into spans of equal blocks.
 *
 * A chunk is up to 64 units of 16 KiB. A span is 1, 2, 4 or 8 of them in a row and holds blocks of one
 * bin: as few as leave no more than an eighth of them over. Blocks are cut off a span one after
 * another as they are asked for, so no page is touched before it is needed; from then on they are the
 * heap's, in bins and depots, until the pool is gone or all blocks of a span are found in the depot
 * together (cci_supply_reclaim).
 *
 * Invariants: a unit of a chunk is in the map as long as the chunk is there, and nothing else is; of a
 * bin one span at most is being cut; reserved is what the parent gave, and no more than limit.
 *
 * Threads  one at a time.
 */
#ifndef CCI_REGION_SUPPLY_H
#define CCI_REGION_SUPPLY_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ccmem/allocator.h>
#include "heap/block_map.h"
#include "heap/size_class.h"

enum { CCI_SUPPLY_UNITS = 64 };

typedef struct cci_supply_unit {
    uint8_t  bin;
    uint8_t  units; /* of its span; 0: it is free */
    uint8_t  place; /* in its span; what follows is said by the first of a span only */
    uint16_t cut;   /* blocks that were cut off */
} cci_supply_unit_t;

/* What is known of a chunk, in a cell. */
typedef struct cci_supply_chunk {
    struct cci_supply_chunk *next;
    uintptr_t                base;
    unsigned                 count; /* units */
    uint64_t                 free;  /* of them, a bit each */
    cci_supply_unit_t        unit[CCI_SUPPLY_UNITS];
} cci_supply_chunk_t;

typedef struct cci_supply {
    cc_allocator_t      parent;               /* without ops: there is only storage */
    uintptr_t           storage, storage_end; /* of the caller, not used yet */
    size_t              limit, reserved, peak;
    unsigned            next_count; /* units of the next chunk, if they can be had */
    size_t              free_units;
    cci_supply_chunk_t *first;
    cci_block_map_t     units; /* where a unit begins, to its chunk */
    cci_supply_chunk_t
           *cutting[CC_HEAP_BINS_]; /* the chunk of the span that blocks are cut off, or NULL */
    uint8_t cutting_unit[CC_HEAP_BINS_];
} cci_supply_t;

/* Where a pointer is. */
typedef struct cci_supply_place {
    size_t bin;      /* of the span; CC_HEAP_BINS_: it is in none */
    bool   is_block; /* a block that was cut off begins there */
} cci_supply_place_t;

/* Chunks of a parent, or pieces of storage. */
void cci_supply_init(cci_supply_t *supply, cc_allocator_t parent, size_t limit);
void cci_supply_init_in(cci_supply_t *supply, uintptr_t storage, uintptr_t end);

/* Give all back. */
void cci_supply_fini(cci_supply_t *supply);

/* Up to n new blocks of a bin; returns how many. O(n), and O(supply) for the first of a span. */
size_t cci_supply_cut(cci_supply_t *supply, size_t bin, void **out, size_t n);

/* O(1). */
cci_supply_place_t cci_supply_find(const cci_supply_t *supply, const void *ptr);

/* Bytes that the parent gives beside chunks, within the limit. NULL, false: they are too many. */
void *cci_supply_alloc_large(cci_supply_t *supply, size_t size, size_t align);
void  cci_supply_free_large(cci_supply_t *supply, void *block, size_t size, size_t align);

/* For each span, ask whether it may go: whether all of its n blocks of a bin, between from and to, were
 * free and are now taken out of where they were. Then its units are free for others, and chunks of
 * which all are go back to the parent. Returns whether a unit became free. O(units). */
typedef bool (*cci_supply_taker_t)(void *context, size_t bin, uintptr_t from, uintptr_t to,
                                   size_t n);
bool cci_supply_reclaim(cci_supply_t *supply, cci_supply_taker_t take, void *context);

#endif
