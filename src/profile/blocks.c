/* SPDX-License-Identifier: MIT */
/* blocks.c - see profile/blocks.h. */
#include "profile/blocks.h"

void cci_blocks_fini(cci_blocks_t *b)
{
    cci_live_fini(&b->live);
    cci_live_fini(&b->waiting);
}

void cci_blocks_forget_early(cci_blocks_t *b)
{
    b->early_until = 0;
}

static void remember_early(cci_blocks_t *b, uint64_t ptr, uint32_t thread, uint64_t now_ns)
{
    b->early[b->early_next] = (cci_early_free_t){ ptr, now_ns, thread };
    b->early_next           = (b->early_next + 1) % CCI_EARLY_SLOTS;
    b->early_until          = now_ns + CCI_EARLY_NS;
}

/* The free of this block by another thread that came too early, or NULL. Newest first, as far as
 * they may still be meant. */
static cci_early_free_t *find_early(cci_blocks_t *b, const cci_block_t *block)
{
    for (unsigned k = 1; k <= CCI_EARLY_SLOTS; k++) {
        cci_early_free_t *e = &b->early[(b->early_next - k) % CCI_EARLY_SLOTS];
        if (e->time_ns + CCI_EARLY_NS < block->time_ns)
            return NULL;
        if (e->ptr == block->ptr && e->thread != block->thread)
            return e;
    }
    return NULL;
}

static bool meet_early(cci_blocks_t *b, const cci_block_t *block, cci_settled_t *out)
{
    cci_early_free_t *e = find_early(b, block);

    if (!e)
        return false;
    out->early        = true;
    out->early_thread = e->thread;
    e->ptr            = 0;
    return true;
}

/* The block in `slot` of live makes room for the next one at its address. */
static bool set_waiting(cci_blocks_t *b, const cci_block_t *slot, cci_settled_t *out)
{
    if (!cci_live_reserve(&b->waiting))
        return false;
    cci_block_t *place = cci_live_slot(&b->waiting, slot->ptr);
    if (place->ptr != 0) {
        out->implied = *place;
        *place       = *slot;
    } else {
        cci_live_put(&b->waiting, place, *slot);
    }
    return true;
}

bool cci_blocks_open(cci_blocks_t *b, const cci_block_t *block, cci_settled_t *out)
{
    *out = (cci_settled_t){ 0 };
    if (block->time_ns <= b->early_until && meet_early(b, block, out))
        return true;
    if (!cci_live_reserve(&b->live))
        return false;

    cci_block_t *slot = cci_live_slot(&b->live, block->ptr);
    if (slot->ptr == 0) {
        cci_live_put(&b->live, slot, *block);
        return true;
    }
    if (!set_waiting(b, slot, out))
        return false;
    *slot = *block;
    return true;
}

/* ptr was given out twice: is its free the older block's? Either way that one waits no longer. */
static bool close_waiting(cci_blocks_t *b, cci_block_t *waiting, uint64_t now_ns,
                          cci_block_t *block, cci_settled_t *out)
{
    const cci_block_t *newer = cci_live_find(&b->live, waiting->ptr);
    bool               late  = now_ns - newer->time_ns > b->await_ns;

    *(late ? &out->implied : block) = *waiting;
    cci_live_remove(&b->waiting, waiting);
    return !late;
}

bool cci_blocks_close(cci_blocks_t *b, uint64_t ptr, uint32_t thread, uint64_t now_ns,
                      cci_block_t *block, cci_settled_t *out)
{
    *out                 = (cci_settled_t){ 0 };
    cci_block_t *waiting = cci_live_find(&b->waiting, ptr);
    if (waiting && close_waiting(b, waiting, now_ns, block, out))
        return true;

    cci_block_t *found = cci_live_find(&b->live, ptr);
    if (!found) {
        remember_early(b, ptr, thread, now_ns);
        return false;
    }
    *block = *found;
    cci_live_remove(&b->live, found);
    return true;
}
