/* SPDX-License-Identifier: MIT */
/* threads.c - the heap behind ccmem/alloc.h, and which of its caches is whose: first use, thread exit,
 * fork.
 *
 * A thread takes a cache when a bin has no block for the first time. When it exits, its cache goes
 * back for others and the thread is closed for good: destructors of other keys that run later
 * allocate and free through the backend, and never set up anything again (a cache that is rebuilt
 * in such a destructor is lost, which other allocators had to learn).
 *
 * A fork takes all locks and lets them go on both sides, so none is held by a thread that is not
 * there. The caches of those threads are free for others in the child; what was in them stays
 * allocated to nobody. Nobody is told of the child's blocks.
 */
#include "heap/threads.h"
#include <pthread.h>
#include <stddef.h>
#include "heap/bins.h"
#include "heap/cell.h"
#include "heap/identity.h"
#include "heap/ledger.h"
#include "heap/mode.h"
#include "heap/observer.h"
#include "heap/stats.h"

static __thread cci_cache_t *mine __attribute__((tls_model("initial-exec")));
static __thread bool         closed __attribute__((tls_model("initial-exec")));

static cci_cache_t shared = { .heap = &cci_heap_main, .is_shared = true };

cci_heap_t cci_heap_main = { .source = &cci_backend_source, .caches = &shared, .shared = &shared };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t  key;
static bool           key_works;

cci_cache_t *cci_cache_peek(void)
{
    return mine;
}

/* ---- exit ---- */

static void leave(void *cache)
{
    cci_bins_close(cache);
    closed = true;
    mine   = NULL;
    cci_heap_close_cache(cache);
}

/* ---- fork ---- */

/* In the order in which they are taken elsewhere, one inside another. */
static void before_fork(void)
{
    cci_bins_lock();
    cci_stats_lock();
    cci_ledger_lock();
    cci_identity_lock();
    cci_depots_lock(&cci_heap_main.depots);
    cci_lock_wait(&cci_cell_lock);
}

static void after_fork(void)
{
    cci_lock_release(&cci_cell_lock);
    cci_depots_unlock(&cci_heap_main.depots);
    cci_identity_unlock();
    cci_ledger_unlock();
    cci_stats_unlock();
    cci_bins_unlock();
}

static void after_fork_in_child(void)
{
    after_fork();
    cci_caches_after_fork();
    cci_heap_keep_cache(&cci_heap_main, mine);
    cci_bins_after_fork(mine);
    cci_heap_observe(NULL);
}

/* ---- first use ---- */

/* Before the backend makes its key: destructors run in the order of the keys, and blocks are
 * best given back while the backend still knows the thread. */
static void set_up(void)
{
    cci_depots_init(&cci_heap_main.depots, "heap", CCI_MAGAZINE_BYTES, false);
    key_works = pthread_key_create(&key, leave) == 0 &&
                pthread_atfork(before_fork, after_fork, after_fork_in_child) == 0;
}

__attribute__((constructor)) static void set_up_early(void)
{
    pthread_once(&once, set_up);
}

static cci_cache_t *open_cache(void)
{
    cci_cache_t *c = cci_heap_open_cache(&cci_heap_main);

    if (c && pthread_setspecific(key, c) != 0) {
        cci_heap_close_cache(c);
        return NULL;
    }
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
        cci_bins_open(mine);
    return mine;
}
