/* SPDX-License-Identifier: MIT */
/* profile/live.h - the blocks that are live at this moment of the trace, by address.
 *
 * Open addressing with linear probing, at most half full, and backward-shift deletion, so that no
 * tombstones pile up over a long trace. An entry is 32 bytes: half a cache line, never across two.
 * Twenty-four would save memory and cost a second miss on every third look-up.
 *
 * Invariant: count <= half the slots; every slot between a block's home and its place is taken.
 */
#ifndef CCI_PROFILE_LIVE_H
#define CCI_PROFILE_LIVE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cci_block {
    uint64_t ptr; /* 0 = empty slot */
    uint64_t size;
    uint64_t time_ns;
    uint32_t site;
    uint32_t thread;
} cci_block_t;

typedef struct cci_live {
    cci_block_t *slots;
    size_t       mask; /* slots - 1, a power of two less one; 0 = none yet */
    size_t       count;
    unsigned     shift;
} cci_live_t;

/* All zero is an empty table. Returns its memory. */
void cci_live_fini(cci_live_t *live);

/* The slow path of cci_live_reserve: twice the slots. On failure: no change. */
bool cci_live_grow(cci_live_t *live);

/* Make room for one more block; false: out of memory. Amortised O(1). */
static inline bool cci_live_reserve(cci_live_t *live)
{
    return 2 * live->count < live->mask || cci_live_grow(live);
}

static inline size_t cci_live_home(const cci_live_t *live, uint64_t ptr)
{
    return (size_t)(ptr * UINT64_C(0x9e3779b97f4a7c15) >> live->shift);
}

/* ptr will be asked for soon. */
static inline void cci_live_prefetch(const cci_live_t *live, uint64_t ptr)
{
    if (live->count > 0)
        __builtin_prefetch(&live->slots[cci_live_home(live, ptr)], 1);
}

/* Where ptr is, or the empty slot where it would be. The table is not empty of slots. */
static inline cci_block_t *cci_live_slot(const cci_live_t *live, uint64_t ptr)
{
    size_t i = cci_live_home(live, ptr);

    while (live->slots[i].ptr != ptr && live->slots[i].ptr != 0)
        i = (i + 1) & live->mask;
    return &live->slots[i];
}

/* The live block at ptr, or NULL. */
static inline cci_block_t *cci_live_find(const cci_live_t *live, uint64_t ptr)
{
    if (live->count == 0)
        return NULL;
    cci_block_t *b = cci_live_slot(live, ptr);
    return b->ptr != 0 ? b : NULL;
}

/* slot: an empty one from cci_live_slot for this ptr, after cci_live_reserve. */
static inline void cci_live_put(cci_live_t *live, cci_block_t *slot, cci_block_t block)
{
    *slot = block;
    live->count++;
}

/* block: from cci_live_find. Pointers into the table are void afterwards. */
void cci_live_remove(cci_live_t *live, cci_block_t *block);

/* Every block once, in no order: start with NULL, ends with NULL. */
const cci_block_t *cci_live_next(const cci_live_t *live, const cci_block_t *after);

#endif
