/* SPDX-License-Identifier: MIT */
/* live.c - see profile/live.h. */
#include <stdlib.h>
#include <string.h>
#include "profile/live.h"

enum { FIRST_SLOTS_LOG2 = 10, LINE_BYTES = 64 };

_Static_assert(LINE_BYTES % sizeof(cci_block_t) == 0, "no block on two lines");

void cci_live_fini(cci_live_t *live)
{
    free(live->slots);
    *live = (cci_live_t){ 0 };
}

static bool live_make(cci_live_t *live, unsigned slots_log2)
{
    size_t slots = (size_t)1 << slots_log2;

    if (slots > PTRDIFF_MAX / sizeof *live->slots)
        return false;
    *live = (cci_live_t){ .slots = aligned_alloc(LINE_BYTES, slots * sizeof *live->slots),
                          .mask  = slots - 1,
                          .shift = 64 - slots_log2 };
    if (live->slots)
        memset(live->slots, 0, slots * sizeof *live->slots);
    return live->slots != NULL;
}

bool cci_live_grow(cci_live_t *live)
{
    cci_live_t bigger;

    if (!live_make(&bigger, live->slots ? 64 - live->shift + 1 : FIRST_SLOTS_LOG2))
        return false;
    for (const cci_block_t *b = cci_live_next(live, NULL); b; b = cci_live_next(live, b))
        cci_live_put(&bigger, cci_live_slot(&bigger, b->ptr), *b);
    cci_live_fini(live);
    *live = bigger;
    return true;
}

/* Is going on from `home` to `place` a path over `hole`? Then the block may move there. */
static bool passes(size_t home, size_t hole, size_t place, size_t mask)
{
    return ((hole - home) & mask) < ((place - home) & mask);
}

void cci_live_remove(cci_live_t *live, cci_block_t *block)
{
    size_t hole = (size_t)(block - live->slots);

    for (size_t i = (hole + 1) & live->mask; live->slots[i].ptr != 0; i = (i + 1) & live->mask) {
        if (!passes(cci_live_home(live, live->slots[i].ptr), hole, i, live->mask))
            continue;
        live->slots[hole] = live->slots[i];
        hole              = i;
    }
    live->slots[hole].ptr = 0;
    live->count--;
}

const cci_block_t *cci_live_next(const cci_live_t *live, const cci_block_t *after)
{
    if (!live->slots)
        return NULL;
    const cci_block_t *end = live->slots + live->mask + 1;
    for (const cci_block_t *b = after ? after + 1 : live->slots; b < end; b++)
        if (b->ptr != 0)
            return b;
    return NULL;
}
