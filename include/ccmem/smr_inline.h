/* SPDX-License-Identifier: MIT */
/* ccmem/smr_inline.h - the short way through ccmem/smr.h, for the compiler to put in place.
 *
 * Included by ccmem/smr.h, of which everything here is a private part; programs use no name of
 * this file. A thread has a guard in each domain that it entered. The guard says which eras the
 * thread may hold nodes of, [lo, up], and has the list of what the thread retired; a thread finds it
 * through a few seats of its own, by the number of the domain. Outside of sections up still says which
 * era the last one saw.
 *
 * Under EBR up is taken for the end of time, so whoever holds anything holds all that is retired
 * later, and never has to raise it.
 *
 * Which operation pairs with which:
 *   enter: acquiring load of the era           unlink; era that ends, by a read-modify-write: in a
 *                                              later one the pointer is not found
 *   enter: lo, up; fence; loads of pointers    unlink; fence; loads of lo, up
 *   protect: up; fence; the pointer once more  the same
 *   leave: lo, releasing                       loads of up, then lo, acquiring: what was read before is
 *                                              read before it is freed
 *   enter, raise: up, releasing                loads of up, then lo, acquiring, without any fence: who saw a
 *                                              later era than a node was retired in can have found it
 *                                              in the section that lo began, and in none after it
 *   enter: fence; visitor                      visitor; fence; lo (src/smr/visit.h): one sees the other
 *   birth, then the publishing release         acquiring load of the pointer, then of the era
 * The fences of the left column are for the compiler alone where the system can make every thread of
 * the process pass one (membarrier): then the right column pays for both, once for many nodes.
 *
 * This layout is compiled into programs. Whoever changes it gives the functions that end with "_"
 * other names, so that the loader refuses a program that does not fit.
 */
#ifndef CC_SMR_INLINE_H
#define CC_SMR_INLINE_H
#include <ccmem/api.h>

#ifdef CC_INLINE
CC_BEGIN

#define CC_SMR_IDLE_    UINT64_MAX
#define CC_SMR_RETIRED_ (UINT64_C(1) << 63) /* of a node's word; the rest is the era of its birth */
#define CC_SMR_DUE_     (UINT64_C(1) << 63) /* there is enough to look whether to free */

enum { CC_SMR_SEATS_ = 16 };

struct cc_smr {
    uint64_t      number; /* of no other domain, ever */
    uint64_t      seat;   /* where threads keep it, in bytes */
    unsigned char distance1[112];
    uint64_t      era; /* alone in its lines */
    unsigned char distance2[120];
};

typedef struct cc_smr_retired_ {
    void           *node;
    size_t          size;
    cc_smr_free_fn *callback;
    uint64_t        birth, retired; /* eras; the latter is known when the domain looks */
} cc_smr_retired_;

struct cc_smr_guard {
    /* what others look at */
    uint64_t      lo, up;
    uint32_t      visitor; /* who has the list; and whether readers have fences of their own */
    unsigned char distance[108];
    /* the thread's own */
    uint64_t         unusual; /* sections within the first one; CC_SMR_DUE_ */
    const uint64_t  *watched; /* differs from up: up is to be raised */
    cc_smr_t        *domain;
    cc_smr_retired_ *next, *end;  /* room for what is retired */
    uint64_t         retired;     /* nodes ever */
    uint32_t         allocations; /* until the next look at the era */
};

/* A slot is a pointer to whatever nodes there are. */
typedef void *cc_smr_pointer_ __attribute__((may_alias));

typedef struct cc_smr_seat_ {
    uint64_t        number;
    cc_smr_guard_t *guard;
} cc_smr_seat_;

extern CC_API CC_THREAD cc_smr_seat_ cc_smr_seats_[CC_SMR_SEATS_];

/* What the inline functions leave to the library. */
CC_API cc_smr_guard_t *cc_smr_attach_(cc_smr_t *domain);
CC_API void            cc_smr_enter_slow_(cc_smr_guard_t *guard);
CC_API void            cc_smr_leave_slow_(cc_smr_guard_t *guard);
CC_API void           *cc_smr_protect_slow_(cc_smr_guard_t *guard, const void *slot);
CC_API void            cc_smr_tick_(cc_smr_guard_t *guard);
CC_API void            cc_smr_raise_(cc_smr_guard_t *guard, uint64_t era);
CC_API void            cc_smr_retire_slow_(cc_smr_guard_t *guard, void *node, size_t size,
                                           cc_smr_free_fn *callback);
CC_API void            cc_smr_fault_(const void *node);

CC_HELPER cc_smr_seat_ *cc_smr_seat_of_(const cc_smr_t *domain)
{
    return (cc_smr_seat_ *)((char *)cc_smr_seats_ + domain->seat);
}

/* lo before up, which stays behind the section before: who looks between the two finds an up below lo, or
 * the same eras. Releasing, for the reads of that section. */
CC_INLINE cc_smr_guard_t *cc_smr_enter(cc_smr_t *domain)
{
    const cc_smr_seat_ *seat = cc_smr_seat_of_(domain);
    cc_smr_guard_t     *g    = seat->guard;

    if (__builtin_expect(seat->number != domain->number, 0)) {
        g = cc_smr_attach_(domain);
        if (!g)
            return g;
    }
    if (__builtin_expect(__atomic_load_n(&g->lo, __ATOMIC_RELAXED) != CC_SMR_IDLE_, 0)) {
        g->unusual++;
        return g;
    }
    uint64_t era = __atomic_load_n(&domain->era, __ATOMIC_ACQUIRE);
    __atomic_store_n(&g->lo, era, __ATOMIC_RELEASE);
    __atomic_store_n(&g->up, era, __ATOMIC_RELEASE);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (__builtin_expect(__atomic_load_n(&g->visitor, __ATOMIC_ACQUIRE) != 0, 0))
        cc_smr_enter_slow_(g);
    return g;
}

CC_INLINE void cc_smr_leave(cc_smr_guard_t *guard)
{
    if (__builtin_expect(guard->unusual != 0, 0)) {
        cc_smr_leave_slow_(guard);
        return;
    }
    __atomic_store_n(&guard->lo, CC_SMR_IDLE_, __ATOMIC_RELEASE);
}

/* The era is read after the pointer: it is no less than the birth of the node. */
CC_INLINE void *cc_smr_protect(cc_smr_guard_t *guard, const void *slot)
{
    void    *node = __atomic_load_n((cc_smr_pointer_ const *)slot, __ATOMIC_ACQUIRE);
    uint64_t era  = __atomic_load_n(guard->watched, __ATOMIC_RELAXED);

    if (__builtin_expect(era == __atomic_load_n(&guard->up, __ATOMIC_RELAXED), 1))
        return node;
    return cc_smr_protect_slow_(guard, slot);
}

/* The thread holds what it makes, too, whatever others do to it once it is published. */
CC_INLINE void *cc_smr_alloc(cc_smr_guard_t *guard, size_t size)
{
    cc_smr_node_t *node = (cc_smr_node_t *)cc_alloc_node(size);

    if (__builtin_expect(!node, 0))
        return node;
    if (__builtin_expect(--guard->allocations == 0, 0))
        cc_smr_tick_(guard);
    uint64_t era = __atomic_load_n(&guard->domain->era, __ATOMIC_RELAXED);
    if (__builtin_expect(era != __atomic_load_n(&guard->up, __ATOMIC_RELAXED), 0))
        cc_smr_raise_(guard, era);
    __atomic_store_n(&node->era_, era, __ATOMIC_RELAXED);
    return node;
}

CC_INLINE void cc_smr_retire(cc_smr_guard_t *guard, void *node, size_t size,
                             cc_smr_free_fn *callback)
{
    cc_smr_node_t   *n     = (cc_smr_node_t *)node;
    cc_smr_retired_ *r     = guard->next;
    uint64_t         birth = __atomic_load_n(&n->era_, __ATOMIC_RELAXED);

    if (__builtin_expect(r == guard->end, 0)) {
        cc_smr_retire_slow_(guard, node, size, callback);
        return;
    }
    if (__builtin_expect((birth & CC_SMR_RETIRED_) != 0, 0))
        cc_smr_fault_(node);
    __atomic_store_n(&n->era_, birth | CC_SMR_RETIRED_, __ATOMIC_RELAXED);
    r->node     = node;
    r->size     = size;
    r->callback = callback;
    r->birth    = birth;
    guard->next = r + 1;
    __atomic_store_n(&guard->retired, guard->retired + 1, __ATOMIC_RELAXED);
}

CC_END
#endif
#endif
