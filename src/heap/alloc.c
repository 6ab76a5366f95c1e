/* SPDX-License-Identifier: MIT */
/* alloc.c - the functions of ccmem/alloc.h: what the inline part leaves over.
 *
 * A small block comes from a bin, and is counted there. Everything else comes from the backend
 * one by one: large blocks, great alignments, and all blocks of a process that caches nothing. Such
 * a block is counted by the bytes the backend says it has, which are the same when it goes. If
 * those are few enough for a size class, it is counted as one of that class, because that is what
 * it would be taken for by a free without a size.
 *
 * Somebody may want to be told of all that the program does (observer.h). Each function of the program
 * asks for that first, and does the same work either way, by functions that tell nothing: so what
 * one of them needs of another is told once, and counted as ever.
 */
#include <ccmem/alloc.h>
#include <stdint.h>
#include <string.h>
#include "backend/backend.h"
#include "heap/identity.h"
#include "heap/ledger.h"
#include "heap/mode.h"
#include "heap/observer.h"
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

static void *alloc_large(size_t size, bool zero)
{
    size_t request = large_request(size);

    return request ? take(request, 16, zero, CC_HEAP_BINS_ + size) : NULL;
}

static bool is_power_of_two(size_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

/* For less than a line it is a node; and lines are for nodes, which fill them. */
static void *alloc_aligned(size_t size, size_t align)
{
    if (size == 0 || !is_power_of_two(align))
        return NULL;
    if (align < CC_CACHE_LINE_SIZE)
        align = CC_CACHE_LINE_SIZE;
    if (align > PTRDIFF_MAX || size > PTRDIFF_MAX - align)
        return NULL;
    size_t least = align == CC_CACHE_LINE_SIZE ? align : 16;
    return take((size + least - 1) / least * least, align, false, CC_HEAP_BINS_ + size);
}

static void free_large(void *ptr, size_t size)
{
    const cc_backend_t *backend = cci_backend_current();

    if (cci_heap_mode() == CCI_HEAP_CHECK)
        cci_ledger_remove(ptr, CC_HEAP_BINS_ + size);
    size_t usable = backend->usable_size(ptr);
    if (counts_as_small(usable))
        cci_fault("heap", "block %p of %zu bytes was freed as one of %zu", ptr, usable, size);
    drop(backend, ptr, usable);
}

static void free_aligned(void *ptr, size_t size)
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

/* From the bins of the thread, whether its own code sees them or not. */
static void *alloc_cached(size_t bin)
{
    cci_cache_t *cache = cci_cache_mine();
    void        *block;

    if (!cache)
        return alloc_one(bin);
    while (!cc_heap_try_pop_(&cache->bins[bin], &block))
        if (!cci_cache_load(cache, bin))
            return alloc_one(bin);
    return block;
}

static void free_cached(void *ptr, size_t bin)
{
    cci_cache_t *cache = cci_cache_mine();

    if (!cache) {
        cci_cache_free_one(counters(), bin, ptr);
        return;
    }
    while (!cc_heap_try_push_(&cache->bins[bin], ptr))
        if (!cci_cache_make_room(cache, bin)) {
            cci_cache_free_one(cache, bin, ptr);
            return;
        }
}

static void *alloc_in_bin(size_t bin)
{
    if (!caching())
        return take(cci_bin_size(bin), cci_bin_align(bin), false, bin);
    return alloc_cached(bin);
}

static void free_in_bin(void *ptr, size_t bin)
{
    if (caching()) {
        free_cached(ptr, bin);
        return;
    }
    if (cci_heap_mode() == CCI_HEAP_CHECK)
        cci_ledger_remove(ptr, bin);
    drop(cci_backend_current(), ptr, cc_usable_size(ptr));
}

/* The short way, as a program has it. */
static inline void *pop(size_t bin)
{
    void *block;

    return cc_heap_try_pop_(cc_heap_bin_at_(bin), &block) ? block : alloc_in_bin(bin);
}

static inline void push(void *ptr, size_t bin)
{
    if (!cc_heap_try_push_(cc_heap_bin_at_(bin), ptr))
        free_in_bin(ptr, bin);
}

/* ---- the rest of the family ---- */

static bool is_small(size_t size)
{
    return size - 1 < CC_HEAP_SMALL_MAX_; /* 0 wraps */
}

static inline void *alloc_plain(size_t size)
{
    return is_small(size) ? pop(cc_heap_class_(size)) : alloc_large(size, false);
}

static inline void free_plain(void *ptr, size_t size)
{
    if (is_small(size))
        push(ptr, cc_heap_class_(size));
    else
        free_large(ptr, size);
}

static void *alloc_zeroed(size_t size)
{
    if (!is_small(size))
        return alloc_large(size, true);
    size_t class = cc_heap_class_(size);
    if (!caching())
        return take(cci_class_size[class], 16, true, class);
    void *block = pop(class);
    return block ? memset(block, 0, size) : NULL;
}

/* With the cache, any small block goes to the bin that its bytes speak of. */
static void free_unsized(void *ptr, size_t unused)
{
    const cc_backend_t *backend = cci_backend_current();

    (void)unused;
    if (cci_heap_mode() == CCI_HEAP_CHECK)
        cci_ledger_remove_unsized(ptr);
    size_t usable = backend->usable_size(ptr);
    size_t class  = caching() ? cci_identity_of(ptr, usable) : CCI_CLASS_NONE;
    if (class == CCI_CLASS_NONE)
        drop(backend, ptr, usable);
    else
        push(ptr, class);
    cci_cache_t *c = counters();
    cci_count(c, &c->unsized_free_count, 1);
}

static inline bool same_place(size_t old_size, size_t new_size)
{
    return is_small(old_size) && is_small(new_size) &&
           cc_heap_class_(old_size) == cc_heap_class_(new_size);
}

static void *move(void *ptr, size_t old_size, size_t new_size)
{
    void *block = alloc_plain(new_size);

    if (block) {
        memcpy(block, ptr, old_size < new_size ? old_size : new_size);
        free_plain(ptr, old_size);
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

static void *resize(void *ptr, size_t old_size, size_t new_size)
{
    if (same_place(old_size, new_size))
        return ptr;
    if (caching() && old_size > CC_HEAP_SMALL_MAX_ && new_size > CC_HEAP_SMALL_MAX_)
        return resize_large(ptr, new_size);
    return move(ptr, old_size, new_size);
}

/* ---- for an observer ---- */

/* Apart, so that calls of which nobody is told need no registers for it. */
#define TOLD __attribute__((noinline))

/* CC_HEAP_BINS_: it has none. */
static size_t bin_of(const cci_request_t *r)
{
    if (r->kind != CCI_BLOCK_ALIGNED)
        return is_small(r->size) ? cc_heap_class_(r->size) : CC_HEAP_BINS_;
    if (!is_power_of_two(r->align))
        return CC_HEAP_BINS_;
    if (r->align <= CC_CACHE_LINE_SIZE)
        return is_small(r->size) ? cc_heap_node_bin_(r->size) : CC_HEAP_BINS_;
    if (cc_heap_has_aligned_bin_(r->size, r->align))
        return cc_heap_aligned_bin_(r->size, r->align);
    return CC_HEAP_BINS_;
}

static void *serve(const cci_request_t *r, size_t bin)
{
    if (r->kind == CCI_BLOCK_ZEROED)
        return alloc_zeroed(r->size);
    if (bin < CC_HEAP_BINS_)
        return alloc_in_bin(bin);
    if (r->kind == CCI_BLOCK_ALIGNED)
        return alloc_aligned(r->size, r->align);
    return alloc_large(r->size, false);
}

static size_t usable_of(const void *block, size_t bin)
{
    return block && bin < CC_HEAP_BINS_ && caching() ? cci_bin_size(bin) : cc_usable_size(block);
}

static TOLD void *told_alloc(const cci_observer_t *o, const cci_request_t *r)
{
    size_t   bin   = bin_of(r);
    uint64_t began = o->allocating();
    void    *block = serve(r, bin);

    o->allocated(began, block, usable_of(block, bin), r);
    return block;
}

/* Without an old block, or to a size that no block has, it is no change of a block. */
static TOLD void *told_resize(const cci_observer_t *o, void *old, size_t old_size,
                              const cci_request_t *r)
{
    if (!old || large_request(r->size) == 0)
        return told_alloc(o, r);
    uint64_t began = o->resizing(old);
    void    *block = resize(old, old_size, r->size);
    o->resized(began, old, block, usable_of(block, bin_of(r)), r);
    return block;
}

typedef void give_t(void *ptr, size_t how); /* one of the frees above */

static TOLD void told_free(const cci_observer_t *o, give_t *give, void *ptr, size_t how)
{
    uint64_t began = o->freeing(ptr);

    give(ptr, how);
    o->freed(began);
}

/* ---- what the program calls ---- */

/* Does the work of the function that this stands in and ends it, if anybody wants to know of it. */
#define RETURN_TOLD(kind, size, align)                                                   \
    do {                                                                                 \
        const cci_observer_t *observer = cci_heap_observer();                            \
        if (__builtin_expect(observer != NULL, 0))                                       \
            return told_alloc(observer, &(cci_request_t){ (kind), (size), (align),       \
                                                          __builtin_frame_address(0) }); \
    } while (0)

void *cc_heap_refill_(size_t size, size_t bin)
{
    RETURN_TOLD(CCI_BLOCK_PLAIN, size, 0);
    return alloc_in_bin(bin);
}

void *cc_heap_refill_aligned_(size_t size, size_t align, size_t bin)
{
    RETURN_TOLD(CCI_BLOCK_ALIGNED, size, align);
    return alloc_in_bin(bin);
}

void *cc_heap_alloc_large_(size_t size)
{
    RETURN_TOLD(CCI_BLOCK_PLAIN, size, 0);
    return alloc_large(size, false);
}

void *cc_heap_alloc_aligned_(size_t size, size_t align)
{
    RETURN_TOLD(CCI_BLOCK_ALIGNED, size, align);
    return alloc_aligned(size, align);
}

void *cc_calloc(size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes))
        bytes = SIZE_MAX; /* no block has that */
    RETURN_TOLD(CCI_BLOCK_ZEROED, bytes, 0);
    return alloc_zeroed(bytes);
}

void *cc_realloc(void *ptr, size_t old_size, size_t new_size)
{
    const cci_observer_t *o = cci_heap_observer();

    if (__builtin_expect(o != NULL, 0))
        return told_resize(
            o, ptr, old_size,
            &(cci_request_t){ CCI_BLOCK_PLAIN, new_size, 0, __builtin_frame_address(0) });
    return ptr ? resize(ptr, old_size, new_size) : alloc_plain(new_size);
}

static inline __attribute__((always_inline)) void give_back(give_t *give, void *ptr, size_t how)
{
    const cci_observer_t *o = cci_heap_observer();

    if (__builtin_expect(!o, 1))
        give(ptr, how);
    else
        told_free(o, give, ptr, how);
}

void cc_heap_spill_(void *ptr, size_t bin)
{
    give_back(free_in_bin, ptr, bin);
}

void cc_heap_free_large_(void *ptr, size_t size)
{
    give_back(free_large, ptr, size);
}

void cc_heap_free_aligned_(void *ptr, size_t size)
{
    give_back(free_aligned, ptr, size);
}

void cc_free_unsized(void *ptr)
{
    if (ptr)
        give_back(free_unsized, ptr, 0);
}

/* ---- about blocks and caches ---- */

size_t cc_good_size(size_t size)
{
    if (is_small(size))
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
