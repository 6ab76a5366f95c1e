/* SPDX-License-Identifier: MIT */
/* What an observer of the heap is told: all the program does, once, as it was asked for; and that
 * nothing else changes by it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ccmem/allocator.h>
#include "support/told.h"

#define APART __attribute__((noinline)) static

enum { LINE = CC_CACHE_LINE_SIZE };

static const size_t sizes[]      = { 1,    16,   17,    64,    100,   128,   129,   1000,
                                     4096, 4097, 32767, 32768, 32769, 40960, 40961, 200000 };
static const size_t impossible[] = { 0, (size_t)PTRDIFF_MAX + 1, SIZE_MAX };

/* ---- one way to allocate each, and its free ---- */

typedef struct way {
    const char      *name;
    cci_block_kind_t kind;
    size_t           align; /* told; 0: none */
    void *(*alloc)(size_t size);
    void (*release)(void *ptr, size_t size);
} way_t;

static const void *asked_from; /* frame of the function that called the heap */

/* Whoever calls stands in the frame and comes back to it. */
#define WAY(name, call)                           \
    APART void *name(size_t size)                 \
    {                                             \
        asked_from  = __builtin_frame_address(0); \
        void *block = (call);                     \
        __asm__ volatile("" : "+r"(block));       \
        return block;                             \
    }

WAY(plain, cc_alloc(size))
WAY(constant, size == 64 ? cc_alloc(64) : cc_alloc(size))
WAY(zeroed, cc_calloc(1, size))
WAY(zeroed_many, size % 4 ? cc_calloc(size, 1) : cc_calloc(size / 4, 4))
WAY(from_nothing, cc_realloc(NULL, 0, size))
WAY(node, cc_alloc_node(size))
WAY(aligned_8, cc_alloc_aligned(size, 8))
WAY(aligned_32, cc_alloc_aligned(size, 32))
WAY(aligned_64, cc_alloc_aligned(size, 64))
WAY(aligned_256, cc_alloc_aligned(size, 256))
WAY(aligned_4096, cc_alloc_aligned(size, 4096))
WAY(aligned_8192, cc_alloc_aligned(size, 8192))

static void free_plain(void *ptr, size_t size)
{
    cc_free(ptr, size);
}

static void free_unsized(void *ptr, size_t size)
{
    (void)size;
    cc_free_unsized(ptr);
}

static void free_node(void *ptr, size_t size)
{
    cc_free_node(ptr, size);
}

#define FREE_ALIGNED(align)                                  \
    static void free_aligned_##align(void *ptr, size_t size) \
    {                                                        \
        cc_free_aligned(ptr, size, align);                   \
    }
FREE_ALIGNED(8)
FREE_ALIGNED(32)
FREE_ALIGNED(64)
FREE_ALIGNED(256)
FREE_ALIGNED(4096)
FREE_ALIGNED(8192)

static const way_t ways[] = {
    { "cc_alloc", CCI_BLOCK_PLAIN, 0, plain, free_plain },
    { "cc_alloc, unsized", CCI_BLOCK_PLAIN, 0, plain, free_unsized },
    { "cc_alloc of a constant", CCI_BLOCK_PLAIN, 0, constant, free_plain },
    { "cc_calloc", CCI_BLOCK_ZEROED, 0, zeroed, free_plain },
    { "cc_calloc of many", CCI_BLOCK_ZEROED, 0, zeroed_many, free_unsized },
    { "cc_realloc of nothing", CCI_BLOCK_PLAIN, 0, from_nothing, free_plain },
    { "cc_alloc_node", CCI_BLOCK_ALIGNED, LINE, node, free_node },
    { "cc_alloc_node, unsized", CCI_BLOCK_ALIGNED, LINE, node, free_unsized },
    { "cc_alloc_aligned 8", CCI_BLOCK_PLAIN, 0, aligned_8, free_aligned_8 },
    { "cc_alloc_aligned 32", CCI_BLOCK_ALIGNED, 32, aligned_32, free_aligned_32 },
    { "cc_alloc_aligned 64", CCI_BLOCK_ALIGNED, 64, aligned_64, free_aligned_64 },
    { "cc_alloc_aligned 256", CCI_BLOCK_ALIGNED, 256, aligned_256, free_aligned_256 },
    { "cc_alloc_aligned 256, unsized", CCI_BLOCK_ALIGNED, 256, aligned_256, free_unsized },
    { "cc_alloc_aligned 4096", CCI_BLOCK_ALIGNED, 4096, aligned_4096, free_aligned_4096 },
    { "cc_alloc_aligned 8192", CCI_BLOCK_ALIGNED, 8192, aligned_8192, free_aligned_8192 },
};

static void assert_asked(const told_t *t, const way_t *way, size_t size)
{
    if (t->request.kind != way->kind || t->request.size != size ||
        (way->align && t->request.align != way->align))
        fail_msg("%s of %zu: told kind %d, size %zu, align %zu", way->name, size, t->request.kind,
                 t->request.size, t->request.align);
}

/* What the heap counts a block as, which is what it has. */
static void assert_usable(const told_t *t, const way_t *way, size_t size)
{
    assert_true(t->usable >= size && t->usable <= cc_usable_size(t->ptr));
    if (cached() && way->kind != CCI_BLOCK_ALIGNED && size <= CC_ALLOC_CACHED_MAX)
        assert_int_equal(t->usable, cc_good_size(size));
    else if (!cached() || size > CC_ALLOC_CACHED_MAX)
        assert_int_equal(t->usable, cc_usable_size(t->ptr));
}

/* ---- allocation and free ---- */

static void test_every_way(void **state)
{
    (void)state;
    observe();
    for (size_t i = 0; i < COUNT(ways) * COUNT(sizes); i++) {
        const way_t  *way  = &ways[i / COUNT(sizes)];
        size_t        size = sizes[i % COUNT(sizes)];
        void         *p    = way->alloc(size);
        const told_t *t    = only(ALLOCATION);

        assert_ptr_equal(t->ptr, p);
        assert_non_null(p);
        assert_asked(t, way, size);
        assert_usable(t, way, size);
        assert_ptr_equal(t->callers_frame, asked_from);
        way->release(p, size);
        assert_ptr_equal(only(RELEASE)->old, p);
    }
    observe_no_more();
}

/* Blocks of a class above the size that was asked for, so many that bins run empty and full. */
static void test_full_and_empty_bins(void **state)
{
    enum { BLOCKS = 900 };
    static void *p[BLOCKS];

    (void)state;
    observe();
    for (size_t i = 0; i < COUNT(ways); i++) {
        told_count = 0;
        for (size_t k = 0; k < BLOCKS; k++)
            assert_non_null(p[k] = ways[i].alloc(1001));
        assert_int_equal(told_count, BLOCKS);
        for (size_t k = 0; k < BLOCKS; k++) {
            assert_ptr_equal(told[k].ptr, p[k]);
            assert_asked(&told[k], &ways[i], 1001);
        }
        told_count = 0;
        for (size_t k = 0; k < BLOCKS; k++)
            ways[i].release(p[k], 1001);
        assert_int_equal(told_count, BLOCKS);
        for (size_t k = 0; k < BLOCKS; k++)
            assert_ptr_equal(told[k].old, p[k]);
        told_count = 0;
    }
    observe_no_more();
}

/* An allocation is counted before its end is told, a free after its beginning. */
static void test_told_around_it(void **state)
{
    (void)state;
    observe();
    for (size_t i = 0; i < COUNT(ways) * COUNT(sizes); i++) {
        const way_t  *way  = &ways[i / COUNT(sizes)];
        size_t        size = sizes[i % COUNT(sizes)];
        void         *p    = way->alloc(size);
        const told_t *t    = only(ALLOCATION);
        assert_int_equal(t->after.alloc_count, t->before.alloc_count + 1);
        assert_int_equal(t->after.free_count, t->before.free_count);
        way->release(p, size);
        t = only(RELEASE);
        assert_int_equal(t->after.alloc_count, t->before.alloc_count);
        assert_int_equal(t->after.free_count, t->before.free_count + 1);
    }
    observe_no_more();
}

static void test_impossible_sizes(void **state)
{
    (void)state;
    observe();
    for (size_t i = 0; i < COUNT(ways) * COUNT(impossible); i++) {
        const way_t    *way  = &ways[i / COUNT(impossible)];
        volatile size_t size = impossible[i % COUNT(impossible)];

        assert_null(way->alloc(size));
        const told_t *t = only(ALLOCATION);
        assert_null(t->ptr);
        assert_int_equal(t->usable, 0);
        assert_asked(t, way, size);
    }
    volatile size_t half = SIZE_MAX / 2 + 2;
    assert_null(cc_calloc(half, 2));
    assert_int_equal(only(ALLOCATION)->request.size, SIZE_MAX);
    volatile size_t odd = 24;
    assert_null(cc_alloc_aligned(100, odd));
    const told_t *t = only(ALLOCATION);
    assert_null(t->ptr);
    assert_int_equal(t->request.align, 24);
    observe_no_more();
}

static void test_no_memory(void **state)
{
    (void)state;
    cc_trim();
    observe();
    for (size_t i = 0; i < COUNT(ways) * COUNT(sizes); i++) {
        const way_t *way  = &ways[i / COUNT(sizes)];
        size_t       size = sizes[i % COUNT(sizes)];

        cc_trim();
        test_backend_refuse(0, SIZE_MAX);
        void *p = way->alloc(size);
        test_backend_refuse(0, 0);
        assert_null(p);
        const told_t *t = only(ALLOCATION);
        assert_null(t->ptr);
        assert_asked(t, way, size);
    }
    observe_no_more();
}

static void test_free_of_nothing(void **state)
{
    void *volatile nothing = NULL;

    (void)state;
    observe();
    cc_free(nothing, 10);
    cc_free(nothing, 100000);
    cc_free(nothing, 0);
    cc_free_unsized(nothing);
    cc_free_node(nothing, 10);
    cc_free_node(nothing, 100000);
    cc_free_aligned(nothing, 10, 256);
    cc_free_aligned(nothing, 100000, 256);
    assert_nothing_told();
    observe_no_more();
}

/* Called through a pointer, and through the interface of all allocators. */
static void test_by_address(void **state)
{
    void *(*volatile alloc)(size_t)          = cc_alloc;
    void (*volatile release)(void *, size_t) = cc_free;
    cc_allocator_t heap                      = cc_allocator_heap();

    (void)state;
    observe();
    void *p = alloc(100);
    assert_ptr_equal(only(ALLOCATION)->ptr, p);
    release(p, 100);
    assert_ptr_equal(only(RELEASE)->old, p);
    p               = cc_allocator_alloc(heap, 100, 128);
    const told_t *t = only(ALLOCATION);
    assert_ptr_equal(t->ptr, p);
    assert_int_equal(t->request.size, 100);
    assert_int_equal(t->request.align, 128);
    cc_allocator_free(heap, p, 100, 128);
    assert_ptr_equal(only(RELEASE)->old, p);
    observe_no_more();
}

/* ---- change of size ---- */

APART void *resize(void *ptr, size_t old_size, size_t new_size)
{
    asked_from  = __builtin_frame_address(0);
    void *block = cc_realloc(ptr, old_size, new_size);
    __asm__ volatile("" : "+r"(block));
    return block;
}

static void test_every_resize(void **state)
{
    static const size_t pairs[][2] = {
        { 50, 60 },         { 64, 49 },       { 100, 1000 },    { 1000, 10 },
        { 1000, 50000 },    { 50000, 1000 },  { 50000, 60000 }, { 60000, 200000 },
        { 200000, 150000 }, { 32768, 32769 }, { 40961, 33000 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        size_t old_size = pairs[i][0], new_size = pairs[i][1];
        void  *p = cc_alloc(old_size);
        observe();
        void         *q = resize(p, old_size, new_size);
        const told_t *t = only(CHANGE);
        assert_non_null(q);
        assert_ptr_equal(t->old, p);
        assert_ptr_equal(t->ptr, q);
        assert_asked(t, &ways[0], new_size);
        assert_usable(t, &ways[0], new_size);
        assert_ptr_equal(t->callers_frame, asked_from);
        observe_no_more();
        cc_free(q, new_size);
    }
}

static void test_resize_in_place(void **state)
{
    void *p = cc_alloc(50);

    (void)state;
    observe();
    assert_ptr_equal(cc_realloc(p, 50, 60), p);
    assert_ptr_equal(only(CHANGE)->ptr, p);
    cc_free(p, 60);
    observe_no_more();
}

static void test_resize_without_memory(void **state)
{
    static const size_t pairs[][2] = { { 100, 1000 }, { 1000, 50000 }, { 50000, 60000 } };

    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        void *p = cc_alloc(pairs[i][0]);
        cc_trim();
        observe();
        test_backend_refuse(0, SIZE_MAX);
        assert_null(cc_realloc(p, pairs[i][0], pairs[i][1]));
        test_backend_refuse(0, 0);
        const told_t *t = only(CHANGE);
        assert_ptr_equal(t->old, p);
        assert_null(t->ptr);
        assert_int_equal(t->usable, 0);
        cc_free(p, pairs[i][0]);
        assert_ptr_equal(only(RELEASE)->old, p);
        observe_no_more();
    }
}

/* The block stays as it is: no change of it, but a request that could not be met. */
static void test_resize_to_impossible_sizes(void **state)
{
    (void)state;
    observe();
    for (size_t size = 100; size <= 50000; size += 49900) {
        void *p = cc_alloc(size);
        only(ALLOCATION);
        for (size_t i = 0; i < COUNT(impossible); i++) {
            volatile size_t to = impossible[i];
            assert_null(cc_realloc(p, size, to));
            const told_t *t = only(ALLOCATION);
            assert_null(t->ptr);
            assert_int_equal(t->request.size, to);
        }
        cc_free(p, size);
        only(RELEASE);
    }
    observe_no_more();
}

/* ---- on and off ---- */

static void test_off_again(void **state)
{
    (void)state;
    cc_free(cc_alloc(64), 64);
    assert_true(bins_are_shown() == cached());
    observe();
    assert_ptr_equal(cci_heap_observer(), &observer);
    assert_false(bins_are_shown());
    void *p = cc_alloc(64);
    only(ALLOCATION);
    observe_no_more();
    assert_null(cci_heap_observer());
    assert_true(bins_are_shown() == cached());
    cc_free(p, 64);
    cc_free(cc_alloc(50000), 50000);
    cc_free(cc_calloc(1, 64), 64);
    cc_free_unsized(cc_alloc_node(64));
    cc_free(cc_realloc(cc_alloc(64), 64, 1000), 1000);
    assert_nothing_told();
}

static const cci_observer_t *next; /* for the observer that gives up */

static uint64_t give_up(void)
{
    cci_heap_observe(next);
    return allocating();
}

/* Who heard the beginning hears the end; the next call is another's. */
static void test_change_within_a_call(void **state)
{
    static const cci_observer_t quitter = { give_up, allocated, freeing, freed, resizing, resized };

    (void)state;
    for (int i = 0; i < 2; i++) {
        next = i ? &observer : NULL;
        observe();
        cci_heap_observe(&quitter);
        void *p = cc_alloc(64);
        assert_ptr_equal(only(ALLOCATION)->ptr, p);
        assert_ptr_equal(cci_heap_observer(), next);
        cc_free(p, 64);
        assert_int_equal(told_count, i);
        observe_no_more();
    }
}

/* ---- what is counted ---- */

enum { MIXED = 600, ROUNDS = 20 };

static void work(void)
{
    static void *p[MIXED];

    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < MIXED; i++)
            p[i] = ways[i % COUNT(ways)].alloc(sizes[i % COUNT(sizes)]);
        for (size_t i = 0; i < MIXED; i++)
            ways[i % COUNT(ways)].release(p[i], sizes[i % COUNT(sizes)]);
    }
    for (size_t i = 0; i < MIXED; i++)
        cc_free(cc_realloc(cc_alloc(i + 1), i + 1, 2 * i + 1), 2 * i + 1);
}

typedef struct figures {
    cc_alloc_snapshot_t all;
    cc_alloc_class_stats_t class[200];
    size_t classes;
} figures_t;

static void measure(figures_t *f, bool observed)
{
    cc_trim();
    cc_alloc_stats_reset();
    if (observed)
        observe();
    work();
    observe_no_more();
    f->all     = cc_alloc_stats_snapshot();
    f->classes = cc_alloc_stats_classes(f->class, COUNT(f->class));
}

static void assert_backend_is_spared(const figures_t *f)
{
    if (cached())
        assert_true(f->all.backend_alloc_count < f->all.alloc_count / 2);
    else
        assert_int_equal(f->all.backend_alloc_count, f->all.alloc_count);
}

static void assert_same_counts(const figures_t *a, const figures_t *b)
{
    assert_int_equal(a->all.alloc_count, b->all.alloc_count);
    assert_int_equal(a->all.free_count, b->all.free_count);
    assert_int_equal(a->all.alloc_bytes, b->all.alloc_bytes);
    assert_int_equal(a->all.free_bytes, b->all.free_bytes);
    assert_int_equal(a->all.current_allocated, b->all.current_allocated);
    assert_int_equal(a->all.unsized_free_count, b->all.unsized_free_count);
}

/* From one to the next as from that to the last: they are of the process since it began. */
static void assert_same_steps(const figures_t *f)
{
    for (size_t i = 0; i < f[0].classes; i++) {
        const cc_alloc_class_stats_t *a = &f[0].class[i], *b = &f[1].class[i], *c = &f[2].class[i];
        assert_int_equal(c->alloc_count - b->alloc_count, b->alloc_count - a->alloc_count);
        assert_int_equal(c->free_count - b->free_count, b->free_count - a->free_count);
    }
}

/* An irregular backend makes other blocks each time, which are counted as what they are. What depends
 * on when the heap last gave back what nobody needs is not the same in any two runs. */
static void test_counts_are_the_same(void **state)
{
    static figures_t f[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        measure(&f[i], i == 2);
    assert_int_equal(f[1].all.alloc_count, f[2].all.alloc_count);
    assert_int_equal(f[1].all.unsized_free_count, f[2].all.unsized_free_count);
    assert_backend_is_spared(&f[1]);
    assert_backend_is_spared(&f[2]);
    if (!cc_backend_current(NULL)->uniform)
        return;
    assert_same_counts(&f[1], &f[2]);
    assert_same_steps(f);
}

/* ---- the kinds of process ---- */

static int child(const char *task)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_way),
        cmocka_unit_test(test_full_and_empty_bins),
        cmocka_unit_test(test_told_around_it),
        cmocka_unit_test(test_impossible_sizes),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_free_of_nothing),
        cmocka_unit_test(test_by_address),
        cmocka_unit_test(test_every_resize),
        cmocka_unit_test(test_resize_in_place),
        cmocka_unit_test(test_resize_without_memory),
        cmocka_unit_test(test_resize_to_impossible_sizes),
        cmocka_unit_test(test_off_again),
        cmocka_unit_test(test_change_within_a_call),
        cmocka_unit_test(test_counts_are_the_same),
        cmocka_unit_test(test_nothing_is_left),
    };

    test_backend_use(strcmp(task, "irregular") == 0);
    cc_alloc_stats_enable(true);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    return told_main(argc, argv, child);
}
