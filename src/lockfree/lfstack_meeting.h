/* SPDX-License-Identifier: MIT */
/* lockfree/lfstack_meeting.h - where a push and a pop meet that got in each other's way.
 *
 * A push and a pop that happen at once cancel each other out: the stack is the same after both. So a push
 * that failed at the top offers its node at one of a few places, waits for a while, and takes the
 * offer back; a pop that failed there takes an offer that it finds, and the node with it. The node was
 * in no stack, and nobody looks into it but who took it: it is freed at once. That an address is offered
 * again is no harm: who takes it takes what is offered now.
 *
 * A place is empty, or has an offer, or says that it was taken, until who offered has seen it. Pushes that
 * find no empty place make use of one more from then on, those that wait in vain of one less: many
 * threads spread, few ones meet. Rejected: pops that wait, too, for which places need twice as many states;
 * a pop that finds nothing tries at the top again, where it is soon alone.
 *
 * Which operation pairs with which:
 *   offer: release, compare and swap    take: acquire, compare and swap: the word in the node
 *   taken, then empty                   nothing: who comes next brings his own node
 */
#ifndef CCI_LOCKFREE_LFSTACK_MEETING_H
#define CCI_LOCKFREE_LFSTACK_MEETING_H
#include <ccmem/alloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "prim/cpu.h"

enum { CCI_MEETING_PLACES = 8, CCI_MEETING_PATIENCE = 64 };

/* What a place has, else than a node. */
enum { CCI_MEETING_EMPTY, CCI_MEETING_TAKEN };

typedef struct cci_meeting_place {
    _Alignas(CC_CACHE_LINE_SIZE) _Atomic uintptr_t has;
} cci_meeting_place_t;

/* All 0 at first. */
typedef struct cci_meeting {
    cci_meeting_place_t place[CCI_MEETING_PLACES];
    _Alignas(CC_CACHE_LINE_SIZE) _Atomic uint32_t more; /* places in use but for one; a hint */
} cci_meeting_t;

static inline uint32_t cci_meeting_more(const cci_meeting_t *m)
{
    return atomic_load_explicit(&m->more, memory_order_relaxed);
}

static inline cci_meeting_place_t *cci_meeting_place(cci_meeting_t *m, uint32_t number)
{
    return &m->place[number % (cci_meeting_more(m) + 1)];
}

static inline void cci_meeting_widen(cci_meeting_t *m)
{
    uint32_t more = cci_meeting_more(m);

    if (more < CCI_MEETING_PLACES - 1)
        atomic_store_explicit(&m->more, more + 1, memory_order_relaxed);
}

static inline void cci_meeting_narrow(cci_meeting_t *m)
{
    uint32_t more = cci_meeting_more(m);

    if (more > 0)
        atomic_store_explicit(&m->more, more - 1, memory_order_relaxed);
}

static inline void cci_meeting_await(cci_meeting_place_t *p)
{
    for (unsigned looks = 0; looks < CCI_MEETING_PATIENCE; looks++) {
        if (atomic_load_explicit(&p->has, memory_order_relaxed) == CCI_MEETING_TAKEN)
            return;
        cci_cpu_relax();
    }
}

/* True: somebody has taken the node. number: of the thread, or any. */
static inline bool cci_meeting_offer(cci_meeting_t *m, uint32_t number, void *node)
{
    cci_meeting_place_t *p   = cci_meeting_place(m, number);
    uintptr_t            has = CCI_MEETING_EMPTY;

    if (!atomic_compare_exchange_strong_explicit(&p->has, &has, (uintptr_t)node,
                                                 memory_order_release, memory_order_relaxed)) {
        cci_meeting_widen(m);
        return false;
    }
    cci_meeting_await(p);
    has = (uintptr_t)node;
    if (atomic_compare_exchange_strong_explicit(&p->has, &has, CCI_MEETING_EMPTY,
                                                memory_order_relaxed, memory_order_relaxed)) {
        cci_meeting_narrow(m);
        return false;
    }
    atomic_store_explicit(&p->has, CCI_MEETING_EMPTY, memory_order_relaxed);
    return true;
}

/* A node that is offered, which is the caller's now, or NULL. */
static inline void *cci_meeting_take(cci_meeting_t *m, uint32_t number)
{
    cci_meeting_place_t *p   = cci_meeting_place(m, number);
    uintptr_t            has = atomic_load_explicit(&p->has, memory_order_relaxed);

    if (has == CCI_MEETING_EMPTY || has == CCI_MEETING_TAKEN ||
        !atomic_compare_exchange_strong_explicit(&p->has, &has, CCI_MEETING_TAKEN,
                                                 memory_order_acquire, memory_order_relaxed))
        return NULL;
    return (void *)has;
}

#endif
