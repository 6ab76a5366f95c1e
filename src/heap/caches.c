/* SPDX-License-Identifier: MIT */
/* caches.c - the caches of a heap; see heap.h.
 *
 * Caches are added at the front of a list and never removed, so no one who walks along it waits. Which
 * are in use is told by the number of forks that the process has behind it: in a child those of other
 * threads are free for all without being touched.
 */
#include "heap/heap.h"
#include "heap/scavenge.h"
#include "prim/pages.h"

enum { CACHE_PAGES_BYTES = (sizeof(cci_cache_t) + 4095) / 4096 * 4096 };

static _Atomic uint32_t generation = 1; /* counts forks */

static uint32_t generation_now(void)
{
    return atomic_load_explicit(&generation, memory_order_relaxed);
}

cci_cache_t *cci_heap_caches(const cci_heap_t *heap)
{
    return atomic_load_explicit(&heap->caches, memory_order_acquire);
}

size_t cci_heap_users(const cci_heap_t *heap)
{
    return atomic_load_explicit(&heap->users, memory_order_relaxed);
}

static bool claim(cci_cache_t *c, uint32_t now)
{
    uint32_t user = atomic_load_explicit(&c->user, memory_order_relaxed);

    if (user == now || c->is_shared)
        return false;
    if (!atomic_compare_exchange_strong_explicit(&c->user, &user, now, memory_order_acquire,
                                                 memory_order_relaxed))
        return false;
    if (user)
        cci_cache_forget(c);
    return true;
}

static cci_cache_t *claim_any(cci_heap_t *heap, uint32_t now)
{
    for (cci_cache_t *c = cci_heap_caches(heap); c; c = c->next)
        if (claim(c, now))
            return c;
    return NULL;
}

static cci_cache_t *add_cache(cci_heap_t *heap, uint32_t now)
{
    cci_cache_t *c = cci_pages_map(CACHE_PAGES_BYTES);

    if (!c)
        return NULL;
    c->heap = heap;
    atomic_store_explicit(&c->user, now, memory_order_relaxed);
    c->next = atomic_load_explicit(&heap->caches, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&heap->caches, &c->next, c, memory_order_release,
                                                  memory_order_relaxed))
        ;
    return c;
}

bool cci_heap_init(cci_heap_t *heap, const cci_source_t *source, const char *owner,
                   size_t magazine_bytes)
{
    heap->source = source;
    heap->shared = add_cache(heap, 0);
    if (!heap->shared)
        return false;
    heap->shared->is_shared = true;
    cci_depots_init(&heap->depots, owner, magazine_bytes, source->keeps);
    return true;
}

/* What a fork left behind in a cache may be half of something, and stays. */
static bool was_left_behind(const cci_cache_t *c)
{
    uint32_t user = atomic_load_explicit(&c->user, memory_order_relaxed);
    return user && user != generation_now();
}

void cci_heap_fini(cci_heap_t *heap)
{
    cci_cache_t *next;

    for (cci_cache_t *c = cci_heap_caches(heap); c; c = next) {
        next = c->next;
        if (!was_left_behind(c))
            cci_cache_drop(c);
        cci_pages_unmap(c, CACHE_PAGES_BYTES);
    }
    cci_depots_fini(&heap->depots);
}

cci_cache_t *cci_heap_open_cache(cci_heap_t *heap)
{
    uint32_t     now = generation_now();
    cci_cache_t *c   = claim_any(heap, now);

    if (!c)
        c = add_cache(heap, now);
    if (c)
        atomic_fetch_add_explicit(&heap->users, 1, memory_order_relaxed);
    return c;
}

void cci_heap_close_cache(cci_cache_t *cache)
{
    cci_heap_t *heap = cache->heap;

    cci_cache_empty(cache);
    size_t others = atomic_fetch_sub_explicit(&heap->users, 1, memory_order_relaxed) - 1;
    if (!heap->source->keeps)
        cci_cache_shrink_depots(cache, others * CCI_DEPOT_BYTES_LEFT);
    atomic_store_explicit(&cache->user, 0, memory_order_release); /* for the acquire in claim */
}

void cci_heap_keep_cache(cci_heap_t *heap, cci_cache_t *mine)
{
    atomic_store_explicit(&heap->users, mine != NULL, memory_order_relaxed);
    if (mine)
        atomic_store_explicit(&mine->user, generation_now(), memory_order_relaxed);
}

void cci_caches_after_fork(void)
{
    atomic_store_explicit(&generation, generation_now() + 1, memory_order_relaxed);
}
