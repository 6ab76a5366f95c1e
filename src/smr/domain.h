/* SPDX-License-Identifier: MIT */
/* smr/domain.h - what a domain and a thread in it are made of.
 *
 * A guard serves one thread after another and stays as long as the domain, so that whoever walks
 * along the list of guards needs no lock. Who owns what of a guard: lo and up are written by its
 * thread. The lists of retired nodes are the thread's while it is in a section, and otherwise whose
 * visitor is (visit.h). The rest is under the lock of the registry (registry.h).
 *
 * Retired nodes go through three places: fresh, whose era of retirement is not known yet; old, whose
 * is; and a chain of a sweep (sweep.c), which is nobody else's. The era is that which ends when a sweep
 * begins, once for all that is fresh: later than the node was taken out, which is safe, and
 * a read-modify-write in 64 nodes where each would need one.
 */
#ifndef CCI_SMR_DOMAIN_H
#define CCI_SMR_DOMAIN_H
#include <ccmem/smr.h>
#include <pthread.h>
#include <stdatomic.h>

enum { CCI_RETIRED_A_BLOCK = 127 };

#define CCI_MIXED UINT64_C(0) /* no era */

typedef struct cci_block {
    struct cci_block *next;
    size_t            count;   /* not known of the one that is being filled */
    uint64_t          retired; /* the era of all of them; or each has its own */
    cc_smr_retired_   at[CCI_RETIRED_A_BLOCK];
} cci_block_t;

typedef struct cci_domain cci_domain_t;
typedef struct cci_guard  cci_guard_t;

struct cci_guard {
    cc_smr_guard_t head;
    cci_domain_t  *domain; /* never changes */
    uint32_t       number; /* in the domain, from 2; never changes */
    cci_guard_t   *next;   /* of all of the domain; never changes */
    cci_block_t   *fresh;  /* the first one is being filled: head.next points into it */
    cci_block_t   *old;
    cci_block_t   *spare;  /* one that is empty, or none */
    uint64_t       ticked; /* the era when the thread looked last whether to begin another */
    uint64_t       sweeps; /* odd: nodes are in a chain of the thread's */
    uint64_t       due;    /* what head.retired is when to look whether to free */
    uint64_t       gone;   /* of head.retired those that are not in fresh and old; others look */
    uint64_t       freed, lost;
    uint64_t       barrier; /* the last one that visited; under the lock of barriers */
    uint64_t       ages[CC_SMR_AGES];

    /* under the lock of the registry */
    bool          is_used;   /* by a thread */
    bool          is_left;   /* by a thread that ended, with retired nodes; see visit.h */
    cci_guard_t  *next_mine; /* of all of the thread that uses it, or of those that nobody uses */
    cci_guard_t **mine;      /* the head of that list */
};

struct cci_domain {
    cc_smr_t               head;
    bool                   check, is_fenced;
    uint32_t               scan_step;
    uint32_t               tick_step; /* allocations between two looks at the era */
    bool                   is_ebr;
    const uint64_t        *watched; /* of its guards; NULL: their own up */
    _Atomic(cci_guard_t *) guards;
    cci_guard_t           *vacant;   /* under the lock of the registry */
    cci_domain_t          *next;     /* the same */
    _Atomic uint32_t       threads;  /* guards with is_used */
    _Atomic uint32_t       left;     /* guards with is_left */
    _Atomic uint32_t       barriers; /* that wait: nodes keep to their guards meanwhile */
    pthread_mutex_t        barrier;  /* one at a time; it knows its thread */
    uint64_t               barrier_number;
    _Atomic uint64_t       freed;     /* by barriers */
    uint64_t               forgotten; /* nodes in hands of threads that a fork left behind */
    _Atomic uint64_t       safe;      /* all threads passed a fence since the eras before ended */
};

/* up of a guard that no thread has. */
#define CCI_GUARD_GONE UINT64_MAX

/* Bits of a guard's visitor. */
#define CCI_VISIT_FENCED (UINT32_C(1) << 31) /* always set where readers have fences of their own */

static inline cci_domain_t *cci_domain_of(cc_smr_t *domain)
{
    return (cci_domain_t *)domain;
}

static inline cci_guard_t *cci_guard_of(cc_smr_guard_t *guard)
{
    return (cci_guard_t *)guard;
}

/* Nodes in fresh and old; of the thread's own, or under its visitor. For others as it was lately: all
 * that was retired before what they have seen is in it, or somebody took it along. */
static inline uint64_t cci_guard_count(const cci_guard_t *g)
{
    return __atomic_load_n(&g->head.retired, __ATOMIC_RELAXED) -
           __atomic_load_n(&g->gone, __ATOMIC_RELAXED);
}

static inline bool cci_guard_is_empty(const cci_guard_t *g)
{
    return cci_guard_count(g) == 0;
}

/* Whether the guard's thread is in no section, as far as can be seen. */
static inline bool cci_guard_is_idle(const cci_guard_t *g)
{
    return __atomic_load_n(&g->head.lo, __ATOMIC_ACQUIRE) == CC_SMR_IDLE_;
}

static inline cci_guard_t *cci_domain_guards(cci_domain_t *d)
{
    return atomic_load_explicit(&d->guards, memory_order_acquire);
}

/* A full fence. ThreadSanitizer understands none; a read-modify-write instead. */
#if defined(__SANITIZE_THREAD__)
static inline void cci_smr_fence(cci_domain_t *d)
{
    __atomic_fetch_add(&d->head.era, 0, __ATOMIC_SEQ_CST);
}
#else
static inline void cci_smr_fence(cci_domain_t *d)
{
    (void)d;
    atomic_thread_fence(memory_order_seq_cst);
}
#endif

/* Whether nobody but the calling thread can be in a section. Behind a fence. */
static inline bool cci_domain_is_alone(cci_domain_t *d)
{
    return atomic_load_explicit(&d->threads, memory_order_acquire) <= 1;
}

/* A reader's: for the compiler alone where readers have none of their own. */
static inline void cci_smr_fence_reader(cci_domain_t *d)
{
    atomic_signal_fence(memory_order_seq_cst);
    if (d->is_fenced)
        cci_smr_fence(d);
}

/* Nobody waits. */
void cci_domain_init_barrier(cci_domain_t *d);

/* One in the calling thread and in every reader. Microseconds where readers have none of their own. */
void cci_smr_fence_all(cci_domain_t *d);

#endif
