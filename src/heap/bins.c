/* SPDX-License-Identifier: MIT */
/* bins.c - see bins.h.
 *
 * A thread reads its pointer with every call, and cannot be asked to look anywhere else; so whoever
 * hides the bins writes the pointers of the others. A cache notes where that of its thread is, and
 * everything about it happens under one lock: a thread that ends takes the note back before its
 * memory goes, and one that begins meanwhile finds out what its pointer is to be.
 *
 * A thread that first allocates in the last destructor it has, or that leaves by the system call alone,
 * ends without taking its note back. So the system is asked whether it is there before anything is
 * written.
 *
 * The pointer is written and read relaxed. Bins are used by nobody but their thread, whichever way
 * it came to them.
 */
#include "heap/bins.h"
#include "heap/heap.h"
#include "heap/lock.h"
#include "prim/thread_id.h"

/* Neither a block to take nor a place to put one: sends every call to the library. */
static cc_heap_bin_ no_bins[CC_HEAP_BINS_];

CC_THREAD cc_heap_bin_ *cc_heap_bins_ = no_bins;

static cci_lock_t lock;
static bool       hidden;

static void point(const cci_cache_t *cache, const cc_heap_bin_ *bins)
{
    __atomic_store_n((const cc_heap_bin_ **)cache->owner, bins, __ATOMIC_RELAXED);
}

static void point_as_it_is(const cci_cache_t *cache)
{
    point(cache, hidden ? no_bins : cache->bins);
}

void cci_bins_open(cci_cache_t *cache)
{
    cci_lock_wait(&lock);
    cache->owner    = &cc_heap_bins_;
    cache->owner_id = cci_thread_id();
    point_as_it_is(cache);
    cci_lock_release(&lock);
}

void cci_bins_close(cci_cache_t *cache)
{
    cci_lock_wait(&lock);
    if (cache->owner)
        point(cache, no_bins);
    cache->owner = NULL;
    cci_lock_release(&lock);
}

static void set_hidden(bool hide)
{
    cci_lock_wait(&lock);
    hidden = hide;
    for (cci_cache_t *c = cci_heap_caches(&cci_heap_main); c; c = c->next) {
        if (c->owner && !cci_thread_lives(c->owner_id))
            c->owner = NULL;
        if (c->owner)
            point_as_it_is(c);
    }
    cci_lock_release(&lock);
}

void cci_bins_hide(void)
{
    set_hidden(true);
}

void cci_bins_show(void)
{
    set_hidden(false);
}

void cci_bins_lock(void)
{
    cci_lock_wait(&lock);
}

void cci_bins_unlock(void)
{
    cci_lock_release(&lock);
}

void cci_bins_after_fork(cci_cache_t *mine)
{
    for (cci_cache_t *c = cci_heap_caches(&cci_heap_main); c; c = c->next)
        if (c != mine)
            c->owner = NULL;
    if (mine)
        mine->owner_id = cci_thread_id();
}
