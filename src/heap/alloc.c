/* SPDX-License-Identifier: MIT */
/* alloc.c - the functions of ccmem/alloc.h: what the inline part leaves over.
 *
 * A small block comes from a bin, and is counted there. Everything else comes from the backend
 * one by one: large blocks, great alignments, and all blocks of a process that caches nothing. Such
 * a block is counted by the bytes the backend says it has, which are the same when it goes. If
 * those are few enough for a size class, it is counted as one of that class, because that is what
 * it would be taken for by a free without a size.
 */
#include <ccmem/alloc.h>
#include <stdint.h>
#include <string.h>
#include "backend/backend.h"
#include "heap/identity.h"
#include "heap/ledger.h"
#include "heap/mode.h"
#include "heap/threads.h"
#include "prim/fault.h"

static bool caching(void)
{
    return __builtin_expect(cci_heap_mode() == CCI_HEAP_CACHE, 1);
}

/* For counting: the calling thread's cache, or the one that all share who have none. */
static cci_cache_t *counters(void)
{
    cci_cache_t *cache = cci_cache_mine();
    return cache ? cache : cci_heap_main.shared;
}

/* ---- blocks without a bin ---- */

static bool counts_as_small(size_t usable)
{
    return usable < CCI_LARGE_MIN && caching();
}

static void count_alloc(size_t usable)
{
    cci_cache_t *c = counters();

    cci_count(c, &c->source_alloc_count, 1);
    if (counts_as_small(usable)) {
        size_t class = cci_class_within(usable);
        cci_count(c, &c->in[class], 1);
        cci_count(c, &c->bins[class].state, CC_HEAP_SERVED_);
    } else {
        cci_count(c, &c->large.alloc_bytes, usable);
        cci_count(c, &c->large.alloc_count, 1);
    }
}

static void count_free(size_t usable)
{
    cci_cache_t *c = counters();

    cci_count(c, &c->source_free_count, 1);
    if (counts_as_small(usable)) {
        cci_count(c, &c->out[cci_class_within(usable)], 1);
    } else {
        cci_count(c, &c->large.free_bytes, usable);
        cci_count(c, &c->large.free_count, 1);
    }
}

static void *ask_once(const cc_backend_t *backend, size_t size, size_t align, bool zero)
{
    if (zero)
        return backend->calloc(1, size);
    return align > 16 ? backend->alloc_aligned(size, align) : backend->alloc(size);
}

/* What is cached may be what the backend lacks. False: nothing is. */
static bool free_depots(void)
{
    if (cci_depots_bytes(&cci_heap_main.depots) == 0)
        return false;
    cci_cache_shrink_depots(counters(), 0);
    return true;
}

static void *ask(const cc_backend_t *backend, size_t size, size_t align, bool zero)
{
    void *block = ask_once(backend, size, align, zero);

    if (__builtin_expect(block != NULL, 1) || !free_depots())
        return block;
    return ask_once(backend, size, align, zero);
}

/* A block past the bins, of 1 to PTRDIFF_MAX - align bytes. */
static void *take(size_t size, size_t align, bool zero, cci_entry_t entry)
{
    const cc_backend_t *backend = cci_backend_current();
    void               *block   = ask(backend, size, align, zero);

    if (!block)
        return NULL;
    if (cci_heap_mode() == CCI_HEAP_CHECK && !cci_ledger_add(block, entry)) {
        backend->free(block);
        return NULL;
    }
    cci_identity_forget(&block, 1); /* an earlier block of that address */
    count_alloc(backend->usable_size(block));
    return block;
}

static void drop(const cc_backend_t *backend, void *block, size_t usable)
{
    backend->free(block);
    count_free(usable);
}

/* What is asked of the backend for a block of more than the small sizes; 0: there is none. While
 * blocks are cached it has more bytes than any of those. */
static size_t large_request(size_t size)
{
    if (size == 0 || size > PTRDIFF_MAX)
        return 0;
    return size < CCI_LARGE_MIN && caching() ? CCI_LARGE_MIN : size;
}

void *cc_heap_alloc_large_(size_t size)
{
    size_t request = large_request(size);

    return request ? take(request, 16, false, CC_HEAP_BINS_ + size) : NULL;
}

static bool is_power_of_two(size_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

/* Lines are for nodes, which fill them. */
void *cc_heap_alloc_aligned_(size_t size, size_t align)
{
    if (size == 0 || !is_power_of_two(align) || align > PTRDIFF_MAX || size > PTRDIFF_MAX - align)
        return NULL;
    size_t least = align == CC_CACHE_LINE_SIZE ? align : 16;
    return take((size + least - 1) / least * least, align, false, CC_HEAP_BINS_ + size);
}

void cc_heap_free_large_(void *ptr, size_t size)
{
    const cc_backend_t *backend = cci_backend_current();

    if (cci_heap_mode() == CCI_HEAP_CHECK)
        cci_ledger_remove(ptr, CC_HEAP_BINS_ + size);
    size_t usable = backend->usable_size(ptr);
    if (counts_as_small(usable))
        cci_fault("heap", "block %p of %zu bytes was freed as one of %zu", ptr, usable, size);
    drop(backend, ptr, usable);
}

void cc_heap_free_aligned_(void *ptr, size_t size)
{
    const cc_backend_t *backend = cci_backend_current();

    if (cci_heap_mode() == CCI_HEAP_CHECK)
        cci_ledger_remove(ptr, CC_HEAP_BINS_ + size);
    size_t usable = backend->usable_size(ptr);
    if (usable < size)
        cci_fault("heap", "block %p of %zu bytes was freed as one of %zu", ptr, usable, size);
    drop(backend, ptr, usable);
}

/* ---- blocks with a bin ---- */

/* One block, past the cache: for a thread that has none. */
static void *alloc_one(size_t bin)
{
    void *block = cci_cache_alloc_one(counters(), bin);

    if (block || !free_depots())
        return block;
    return cci_cache_alloc_one(counters(), bin);
}

void *cc_heap_refill_(size_t bin)
{
    if (!caching())
        return take(cci_bin_size(bin), cci_bin_align(bin), false, bin);
    cci_cache_t *cache = cci_cache_mine();
    return cache && cci_cache_load(cache, bin) ? cc_heap_pop_(bin) : alloc_one(bin);
}

void cc_heap_spill_(void *ptr, size_t bin)
{
    if (!caching()) {
        if (cci_heap_mode() == CCI_HEAP_CHECK)
            cci_ledger_remove(ptr, bin);
        drop(cci_backend_current(), ptr, cc_usable_size(ptr));
        return;
    }
    cci_cache_t *cache = cci_cache_mine();
    if (cache && cci_cache_make_room(cache, bin))
        cc_heap_push_(ptr, bin);
    else
        cci_cache_free_one(counters(), bin, ptr);
}

/* ---- the rest of the family ---- */

void *cc_calloc(size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    if (bytes - 1 >= CC_HEAP_SMALL_MAX_) {
        size_t request = large_request(bytes);
        return request ? take(request, 16, true, CC_HEAP_BINS_ + bytes) : NULL;
    }
    size_t class = cc_heap_class_(bytes);
    if (!caching())
        return take(cci_class_size[class], 16, true, class);
    void *block = cc_heap_pop_(class);
    return block ? memset(block, 0, bytes) : NULL;
}

/* With the cache, any small block goes to the bin that its bytes speak of. */
static void free_unsized(void *ptr)
{
    const cc_backend_t *backend = cci_backend_current();

    if (cci_heap_mode() == CCI_HEAP_CHECK)
        cci_ledger_remove_unsized(ptr);
    size_t usable = backend->usable_size(ptr);
    size_t class  = caching() ? cci_identity_of(ptr, usable) : CCI_CLASS_NONE;
    if (class == CCI_CLASS_NONE)
        drop(backend, ptr, usable);
    else
        cc_heap_push_(ptr, class);
}

void cc_free_unsized(void *ptr)
{
    if (!ptr)
        return;
    free_unsized(ptr);
    cci_cache_t *c = counters();
    cci_count(c, &c->unsized_free_count, 1);
}

static bool same_place(size_t old_size, size_t new_size)
{
    return old_size - 1 < CC_HEAP_SMALL_MAX_ && new_size - 1 < CC_HEAP_SMALL_MAX_ &&
           cc_heap_class_(old_size) == cc_heap_class_(new_size);
}

static void *move(void *ptr, size_t old_size, size_t new_size)
{
    void *block = cc_alloc(new_size);

    if (block) {
        memcpy(block, ptr, old_size < new_size ? old_size : new_size);
        cc_free(ptr, old_size);
    }
    return block;
}

/* The backend may grow a large block where it is, or move its pages. */
static void *resize_large(void *ptr, size_t new_size)
{
    const cc_backend_t *backend = cci_backend_current();
    size_t              request = large_request(new_size), usable = backend->usable_size(ptr);
    void               *block = request ? backend->realloc(ptr, request) : NULL;

    if (block) {
        count_alloc(backend->usable_size(block));
        count_free(usable);
    }
    return block;
}

void *cc_realloc(void *ptr, size_t old_size, size_t new_size)
{
    if (!ptr)
        return cc_alloc(new_size);
    if (same_place(old_size, new_size))
        return ptr;
    if (caching() && old_size > CC_HEAP_SMALL_MAX_ && new_size > CC_HEAP_SMALL_MAX_)
        return resize_large(ptr, new_size);
    return move(ptr, old_size, new_size);
}

size_t cc_good_size(size_t size)
{
    if (size - 1 < CC_HEAP_SMALL_MAX_)
        return cci_class_size[cc_heap_class_(size)];
    return large_request(size);
}

size_t cc_usable_size(const void *ptr)
{
    return ptr ? cci_backend_current()->usable_size(ptr) : 0;
}

void cc_thread_idle(void)
{
    cci_cache_t *cache = cci_cache_peek();

    if (cache)
        cci_cache_empty(cache);
}

void cc_trim(void)
{
    const cc_backend_t *backend = cci_backend_current();

    cc_thread_idle();
    cci_cache_shrink_depots(counters(), 0);
    if (backend->trim)
        backend->trim();
}
