/* SPDX-License-Identifier: MIT */
/* profile/blocks.h - which block a free frees, although threads' clocks differ a little.
 *
 * Events come in the order of the clock, which is not quite the order in which things happened.
 * Two things then look impossible, and each has its answer:
 *
 *   a free of an unknown address     the clock of the freeing thread is behind: the allocation
 *       comes within CCI_EARLY_NS, from another thread, and is freed at once. If it does not come,
 *       the block is from before the recording (or of the parent, after a fork): unmatched.
 *   an allocation at a live address  the older block's free is yet to come (a realloc that moved
 *       is stamped after the old address was free for others). The older block waits; the next
 *       free of the address is its own. After await_ns, or when the address is given out a third
 *       time, that free is not in the trace: the block was freed all the same, "implied".
 *
 * So every block is closed once and counts are right, whichever of the two blocks at one address
 * a free is given to.
 *
 * Invariant: a waiting block has a newer one of its address in `live`.
 */
#ifndef CCI_PROFILE_BLOCKS_H
#define CCI_PROFILE_BLOCKS_H
#include "profile/live.h"

enum {
    CCI_EARLY_NS    = 2000, /* twice what clocks may differ by */
    CCI_EARLY_SLOTS = 64    /* a power of two */
};

typedef struct cci_early_free {
    uint64_t ptr; /* 0 = none, or met its allocation */
    uint64_t time_ns;
    uint32_t thread;
} cci_early_free_t;

typedef struct cci_blocks {
    cci_live_t       live;
    cci_live_t       waiting; /* older blocks whose address was given out again */
    uint64_t         await_ns;
    uint64_t         early_until; /* no early free is of use after this */
    unsigned         early_next;
    cci_early_free_t early[CCI_EARLY_SLOTS];
} cci_blocks_t;

/* What an event settled besides its own block. */
typedef struct cci_settled {
    cci_block_t implied; /* ptr != 0: this older block must have been freed */
    bool        early;   /* the new block was freed before it was seen, by early_thread */
    uint32_t    early_thread;
} cci_settled_t;

/* All zero but await_ns is empty. Returns its memory. */
void cci_blocks_fini(cci_blocks_t *b);

/* A block was allocated (ptr != 0). It is live afterwards, unless out->early. False: out of
 * memory, nothing changed. O(1). */
bool cci_blocks_open(cci_blocks_t *b, const cci_block_t *block, cci_settled_t *out);

/* ptr was freed by thread. True: *block is what it was, and out->implied may be set; false: no
 * such block, which is kept in mind as an early free. O(1). */
bool cci_blocks_close(cci_blocks_t *b, uint64_t ptr, uint32_t thread, uint64_t now_ns,
                      cci_block_t *block, cci_settled_t *out);

/* From here on earlier frees meet nothing. */
void cci_blocks_forget_early(cci_blocks_t *b);

#endif
