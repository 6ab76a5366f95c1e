/* SPDX-License-Identifier: MIT */
/* lockfree/lfqueue_segment.h - a part of the unbounded queue: slots, and who is given which.
 *
 * Each push takes a ticket from `pushed`, each pop one from `popped`, by adding to it; the two that
 * have the same number meet in the slot of that number, and nobody else comes there. Tickets of
 * CCI_SEGMENT_SLOTS and more have none: the segment is used up. A slot is empty at first. Its producer
 * makes it full; its consumer takes the word, or, when that is long in coming, makes it gone:
 * then both take another ticket. Both changes start from empty, so one of the two happens.
 *
 * Seven words and a byte for each of their states are a line, so that any word may be carried. Rejected:
 * a word and a state side by side, of which four are a line, and words that mean empty or gone.
 *
 * When the queue is closed `pushed` of the last segment has CCI_SEGMENT_CLOSED, and the number of its
 * slots that have producers above those bits that tickets of late producers still count up. Of a last
 * segment that is used up `next` says it instead.
 */
#ifndef CCI_LOCKFREE_LFQUEUE_SEGMENT_H
#define CCI_LOCKFREE_LFQUEUE_SEGMENT_H
#include <ccmem/smr.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "prim/cpu.h"

enum {
    CCI_LINE_WORDS    = 7,
    CCI_SEGMENT_LINES = 58,
    CCI_SEGMENT_SLOTS = CCI_SEGMENT_LINES * CCI_LINE_WORDS,
    CCI_SLOT_PATIENCE = 64 /* looks at an empty slot before it is given up */
};

#define CCI_SEGMENT_CLOSED      (UINT64_C(1) << 63)
#define CCI_SEGMENT_FINAL_SHIFT 40

enum { CCI_SLOT_EMPTY, CCI_SLOT_FULL, CCI_SLOT_GONE };

typedef struct cci_line {
    _Atomic uint8_t state[8]; /* one is not used */
    uintptr_t       word[CCI_LINE_WORDS];
} cci_line_t;

typedef struct cci_segment cci_segment_t;

struct cci_segment {
    cc_smr_node_t            node;
    _Atomic(cci_segment_t *) next;
    uint64_t                 before; /* slots of the segments before it */
    unsigned char            distance1[104];
    _Atomic uint64_t         pushed;
    unsigned char            distance2[120];
    _Atomic uint64_t         popped;
    unsigned char            distance3[120];
    cci_line_t               lines[CCI_SEGMENT_LINES];
};

_Static_assert(sizeof(cci_segment_t) == 4096, "a size of the heap, and all of it");

typedef struct cci_slot {
    _Atomic uint8_t *state;
    uintptr_t       *word;
} cci_slot_t;

/* i / 7 without a division, for every slot there is. */
static inline unsigned cci_line_of(uint64_t i)
{
    return (unsigned)i * 9363 >> 16;
}

static inline cci_slot_t cci_slot_at(cci_segment_t *s, uint64_t i)
{
    const unsigned line = cci_line_of(i), k = (unsigned)i - line * CCI_LINE_WORDS;

    return (cci_slot_t){ &s->lines[line].state[k], &s->lines[line].word[k] };
}

/* Acquire pairs with cci_slot_put: the word. */
static inline bool cci_slot_is_full(cci_slot_t slot)
{
    return atomic_load_explicit(slot.state, memory_order_acquire) == CCI_SLOT_FULL;
}

/* By its producer. False: it is gone. */
static inline bool cci_slot_put(cci_slot_t slot, uintptr_t word)
{
    uint8_t empty = CCI_SLOT_EMPTY;

    *slot.word = word;
    return atomic_compare_exchange_strong_explicit(slot.state, &empty, CCI_SLOT_FULL,
                                                   memory_order_release, memory_order_relaxed);
}

/* By its consumer: give it up. True: it is full after all. Acquire as above. */
static inline bool cci_slot_abandon(cci_slot_t slot)
{
    return atomic_exchange_explicit(slot.state, CCI_SLOT_GONE, memory_order_acquire) ==
           CCI_SLOT_FULL;
}

static inline bool cci_slot_await(cci_slot_t slot)
{
    for (unsigned looks = 0; looks < CCI_SLOT_PATIENCE; looks++) {
        if (cci_slot_is_full(slot))
            return true;
        cci_cpu_relax();
    }
    return cci_slot_abandon(slot);
}

/* By its consumer. False: there was no word in time. */
static inline bool cci_slot_take(cci_slot_t slot, uintptr_t *out)
{
    if (!cci_slot_await(slot))
        return false;
    *out = *slot.word;
    return true;
}

/* What pushed becomes when the queue is closed after so many tickets. */
static inline uint64_t cci_segment_closed(uint64_t tickets)
{
    return CCI_SEGMENT_CLOSED | tickets << CCI_SEGMENT_FINAL_SHIFT;
}

/* The slots that have producers, by what pushed is. */
static inline uint64_t cci_segment_slots(uint64_t pushed)
{
    if (__builtin_expect((pushed & CCI_SEGMENT_CLOSED) != 0, 0))
        return (pushed & ~CCI_SEGMENT_CLOSED) >> CCI_SEGMENT_FINAL_SHIFT;
    return pushed < CCI_SEGMENT_SLOTS ? pushed : CCI_SEGMENT_SLOTS;
}

#endif
