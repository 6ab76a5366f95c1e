/* SPDX-License-Identifier: MIT */
/* blockpool_threads.c - which threads have a cache in which pools.
 *
 * A thread has a table with an entry for each pool there can be: the bins of its cache there, or NULL.
 * A cache knows the table it is entered in, so that a pool that ends can take itself out of the tables
 * of threads that go on; and a thread that ends finds all of its caches in its table. Both happen
 * under one lock, as does taking a cache, so neither meets half of the other.
 *
 * A fork takes that lock and those of all pools, the youngest first; in the child the caches of other
 * threads are free for new ones, and what was in them is lost until the pool ends.
 */
#include <stddef.h>
#include "heap/threads.h"
#include "prim/pages.h"
#include "region/blockpool.h"

enum { ENTRIES = CC_BLOCKPOOL_MAX + 1, TABLE_BYTES = ENTRIES * sizeof(cc_heap_bin_ *) };

/* The table of a thread that has no cache yet, or none any more. */
static cc_heap_bin_ *no_caches[ENTRIES];

CC_THREAD cc_heap_bin_ **cc_blockpool_tables_ = no_caches;

static __thread bool closed __attribute__((tls_model("initial-exec")));

static pthread_mutex_t  lock = PTHREAD_MUTEX_INITIALIZER;
static cci_blockpool_t *pools[ENTRIES]; /* by index; 0 is none */
static cci_blockpool_t *newest;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t  key;
static bool           key_works;

static cci_cache_t *cache_of(cc_heap_bin_ *bins)
{
    return (cci_cache_t *)((char *)bins - offsetof(cci_cache_t, bins));
}

/* ---- exit ---- */

static void leave(void *table)
{
    cc_heap_bin_ **entries = table;

    pthread_mutex_lock(&lock);
    for (size_t i = 1; i < ENTRIES; i++)
        if (entries[i])
            cci_heap_close_cache(cache_of(entries[i]));
    pthread_mutex_unlock(&lock);
    cc_blockpool_tables_ = no_caches;
    closed               = true;
    cci_pages_unmap(table, TABLE_BYTES);
}

/* ---- fork ---- */

/* A pool may be the parent of another, which then calls it with its own lock held; that one is younger. */
static void before_fork(void)
{
    pthread_mutex_lock(&lock);
    for (cci_blockpool_t *pool = newest; pool; pool = pool->older) {
        pthread_mutex_lock(&pool->lock);
        cci_depots_lock(&pool->heap.depots);
    }
}

static void after_fork(void)
{
    for (cci_blockpool_t *pool = newest; pool; pool = pool->older) {
        cci_depots_unlock(&pool->heap.depots);
        pthread_mutex_unlock(&pool->lock);
    }
    pthread_mutex_unlock(&lock);
}

static void after_fork_in_child(void)
{
    after_fork();
    for (cci_blockpool_t *pool = newest; pool; pool = pool->older)
        cci_heap_keep_cache(&pool->heap, cci_blockpool_peek(pool));
}

/* ---- pools ---- */

/* The heap's own handlers come first: a pool's locks are taken before the heap's. */
static void set_up(void)
{
    cci_cache_mine();
    key_works = pthread_key_create(&key, leave) == 0 &&
                pthread_atfork(before_fork, after_fork, after_fork_in_child) == 0;
}

static void enter_at(cci_blockpool_t *pool, size_t i)
{
    pool->index = i;
    pools[i]    = pool;
    pool->older = newest;
    if (newest)
        newest->younger = pool;
    newest = pool;
}

static void take_out(cci_blockpool_t *pool)
{
    pools[pool->index] = NULL;
    if (pool->younger)
        pool->younger->older = pool->older;
    else
        newest = pool->older;
    if (pool->older)
        pool->older->younger = pool->younger;
}

bool cci_blockpool_enter(cci_blockpool_t *pool)
{
    size_t i = 1;

    pthread_once(&once, set_up);
    pthread_mutex_lock(&lock);
    while (i < ENTRIES && pools[i])
        i++;
    bool entered = key_works && i < ENTRIES;
    if (entered)
        enter_at(pool, i);
    pthread_mutex_unlock(&lock);
    return entered;
}

void cci_blockpool_leave(cci_blockpool_t *pool)
{
    pthread_mutex_lock(&lock);
    take_out(pool);
    for (cci_cache_t *c = cci_heap_caches(&pool->heap); c; c = c->next)
        if (atomic_load_explicit(&c->user, memory_order_relaxed))
            ((cc_heap_bin_ **)c->owner)[pool->index] = NULL;
    pthread_mutex_unlock(&lock);
}

/* ---- caches ---- */

cci_cache_t *cci_blockpool_peek(const cci_blockpool_t *pool)
{
    cc_heap_bin_ *bins = cc_blockpool_tables_[pool->index];
    return bins ? cache_of(bins) : NULL;
}

static bool make_table(void)
{
    cc_heap_bin_ **table = cci_pages_map(TABLE_BYTES);

    if (!table)
        return false;
    if (pthread_setspecific(key, table) != 0) {
        cci_pages_unmap(table, TABLE_BYTES);
        return false;
    }
    cc_blockpool_tables_ = table;
    return true;
}

static cci_cache_t *open_cache(cci_blockpool_t *pool)
{
    pthread_mutex_lock(&lock);
    cci_cache_t *cache = cci_heap_open_cache(&pool->heap);
    if (cache) {
        cache->owner                      = cc_blockpool_tables_;
        cc_blockpool_tables_[pool->index] = cache->bins;
    }
    pthread_mutex_unlock(&lock);
    return cache;
}

cci_cache_t *cci_blockpool_cache(cci_blockpool_t *pool)
{
    cci_cache_t *cache = cci_blockpool_peek(pool);

    if (cache || closed)
        return cache;
    if (cc_blockpool_tables_ == no_caches && !make_table())
        return NULL;
    return open_cache(pool);
}
