/* SPDX-License-Identifier: MIT */
/* threads.c - which cache is whose: first use, thread exit, fork.
 *
 * A thread takes a cache when a bin has no block for the first time. When it exits, its cache goes
 * back for others and the thread is closed for good: destructors of other keys that run later
 * allocate and free through the backend, and never set up anything again (a cache that is rebuilt
 * in such a destructor is lost, which other allocators had to learn).
 *
 * A fork takes all locks and lets them go on both sides, so none is held by a thread that is not
 * there. The caches of those threads are free for others in the child; what was in them stays
 * allocated to nobody.
 */
#include <pthread.h>
#include <stddef.h>
#include "heap/cache.h"
#include "heap/cell.h"
#include "heap/identity.h"
#include "heap/ledger.h"
#include "heap/mode.h"
#include "heap/scavenge.h"
#include "heap/stats.h"
#include "prim/pages.h"

enum { CACHE_PAGES_BYTES = (sizeof(cci_cache_t) + 4095) / 4096 * 4096 };

/* Neither a block to take nor a place to put one: sends every call to the library. */
static cc_heap_bin_ no_bins[CC_HEAP_BINS_];

CC_THREAD cc_heap_bin_ *cc_heap_bins_ = no_bins;

static __thread cci_cache_t *mine __attribute__((tls_model("initial-exec")));
static __thread bool         closed __attribute__((tls_model("initial-exec")));

cci_cache_t                   cci_cache_shared;
static _Atomic(cci_cache_t *) first = &cci_cache_shared;
static _Atomic size_t         users;
static _Atomic uint32_t       generation = 1; /* counts forks */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t  key;
static bool           key_works;

cci_cache_t *cci_cache_first(void)
{
    return atomic_load_explicit(&first, memory_order_acquire);
}

size_t cci_cache_users(void)
{
    return atomic_load_explicit(&users, memory_order_relaxed);
}

cci_cache_t *cci_cache_peek(void)
{
    return mine;
}

/* ---- exit ---- */

static void leave(void *cache)
{
    cci_cache_t *c = cache;

    cc_heap_bins_ = no_bins;
    closed        = true;
    mine          = NULL;
    cci_cache_empty(c);
    size_t others = atomic_fetch_sub_explicit(&users, 1, memory_order_relaxed) - 1;
    cci_cache_shrink_depots(c, others * CCI_DEPOT_BYTES_LEFT);
    atomic_store_explicit(&c->user, 0, memory_order_release); /* for the acquire in claim */
}

/* ---- fork ---- */

/* In the order in which they are taken elsewhere, one inside another. */
static void before_fork(void)
{
    cci_stats_lock();
    cci_ledger_lock();
    cci_identity_lock();
    cci_depots_lock();
}

static void after_fork(void)
{
    cci_depots_unlock();
    cci_identity_unlock();
    cci_ledger_unlock();
    cci_stats_unlock();
}

static void after_fork_in_child(void)
{
    uint32_t now = atomic_load_explicit(&generation, memory_order_relaxed) + 1;

    after_fork();
    atomic_store_explicit(&generation, now, memory_order_relaxed);
    atomic_store_explicit(&users, mine != NULL, memory_order_relaxed);
    if (mine)
        atomic_store_explicit(&mine->user, now, memory_order_relaxed);
}

/* ---- first use ---- */

/* Before the backend makes its key: destructors run in the order of the keys, and blocks are
 * best given back while the backend still knows the thread. */
static void set_up(void)
{
    key_works = pthread_key_create(&key, leave) == 0 &&
                pthread_atfork(before_fork, after_fork, after_fork_in_child) == 0;
}

__attribute__((constructor)) static void set_up_early(void)
{
    pthread_once(&once, set_up);
}

/* A cache of a thread that a fork left behind is emptied by forgetting: what its owner was doing
 * is not known. */
static void forget(cci_cache_t *c)
{
    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++) {
        cc_heap_bin_  *b     = &c->bins[bin];
        const uint64_t count = b->state & CC_HEAP_COUNT_;
        __atomic_store_n(&b->state, b->state - count, __ATOMIC_RELEASE);
        cci_count(c, &c->out[bin], count); /* in this order, see stats.c */
        b->slots      = NULL;
        b->capacity   = 0;
        c->spare[bin] = NULL;
        __atomic_store_n(&c->spare_is_full[bin], false, __ATOMIC_RELAXED);
    }
}

static bool claim(cci_cache_t *c, uint32_t now)
{
    uint32_t user = atomic_load_explicit(&c->user, memory_order_relaxed);

    if (user == now || c == &cci_cache_shared)
        return false;
    if (!atomic_compare_exchange_strong_explicit(&c->user, &user, now, memory_order_acquire,
                                                 memory_order_relaxed))
        return false;
    if (user)
        forget(c);
    return true;
}

static cci_cache_t *claim_any(uint32_t now)
{
    for (cci_cache_t *c = cci_cache_first(); c; c = c->next)
        if (claim(c, now))
            return c;
    return NULL;
}

/* Caches are added at the front and never removed, so no one who walks along the list waits. */
static cci_cache_t *add_cache(uint32_t now)
{
    cci_cache_t *c = cci_pages_map(CACHE_PAGES_BYTES);

    if (!c)
        return NULL;
    atomic_store_explicit(&c->user, now, memory_order_relaxed);
    c->next = atomic_load_explicit(&first, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&first, &c->next, c, memory_order_release,
                                                  memory_order_relaxed))
        ;
    return c;
}

static cci_cache_t *open_cache(void)
{
    uint32_t     now = atomic_load_explicit(&generation, memory_order_relaxed);
    cci_cache_t *c   = claim_any(now);

    if (!c)
        c = add_cache(now);
    if (!c)
        return NULL;
    if (pthread_setspecific(key, c) != 0) {
        atomic_store_explicit(&c->user, 0, memory_order_release);
        return NULL;
    }
    atomic_fetch_add_explicit(&users, 1, memory_order_relaxed);
    return c;
}

cci_cache_t *cci_cache_mine(void)
{
    if (mine || closed)
        return mine;
    pthread_once(&once, set_up);
    if (!key_works)
        return NULL;
    mine = open_cache();
    if (!mine)
        return NULL;
    if (cci_heap_mode() == CCI_HEAP_CACHE)
        cc_heap_bins_ = mine->bins;
    return mine;
}
