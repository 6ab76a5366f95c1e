/* SPDX-License-Identifier: MIT */
/* The statistics of ccmem/alloc.h are exact, from whenever they are enabled, for every mix of frees;
 * and what is cached is bounded, told, and given back. Runs itself again for each kind of process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ccmem/alloc.h>
#include "heap/mode.h"
#include "heap/scavenge.h"
#include "support/again.h"
#include "support/test_backend.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool caches(void)
{
    return cci_heap_mode() == CCI_HEAP_CACHE;
}

/* ---- blocks, and what they count for ---- */

typedef enum {
    PLAIN,
    ZEROED,
    LITTLE_ALIGNED,
    LINE_ALIGNED,
    MUCH_ALIGNED,
    PAGES_ALIGNED,
    NODE,
    KINDS
} kind_t;

static const size_t align_of[KINDS] = { 16, 16, 8, 32, 256, 16384, CC_CACHE_LINE_SIZE };

typedef struct block {
    void    *ptr;
    size_t   size;
    kind_t   kind;
    uint64_t bytes; /* that it counts for */
} block_t;

static uint64_t live_bytes(void)
{
    return cc_alloc_stats_snapshot().current_allocated;
}

static void *allocate(kind_t kind, size_t size)
{
    switch (kind) {
    case PLAIN:
        return cc_alloc(size);
    case ZEROED:
        return cc_calloc(1, size);
    case NODE:
        return cc_alloc_node(size);
    default:
        return cc_alloc_aligned(size, align_of[kind]);
    }
}

/* What it counts for is there; where a block has a class it is the size that cc_good_size says, and
 * one that is aligned without having one may count for the class below. */
static block_t make(kind_t kind, size_t size)
{
    uint64_t before = live_bytes();
    block_t  b      = { allocate(kind, size), size, kind, 0 };

    assert_non_null(b.ptr);
    b.bytes = live_bytes() - before;
    assert_in_range(b.bytes, align_of[kind] > 16 ? size - size / 4 : size, cc_usable_size(b.ptr));
    if (align_of[kind] <= 16 && size <= CC_HEAP_SMALL_MAX_ && caches())
        assert_int_equal(b.bytes, cc_good_size(size));
    return b;
}

static void drop(block_t b, bool sized)
{
    if (!sized)
        cc_free_unsized(b.ptr);
    else if (b.kind == NODE)
        cc_free_node(b.ptr, b.size);
    else if (b.kind == PLAIN || b.kind == ZEROED)
        cc_free(b.ptr, b.size);
    else
        cc_free_aligned(b.ptr, b.size, align_of[b.kind]);
}

static size_t some_size(unsigned i)
{
    static const size_t sizes[] = { 1,     16,    17,    48,    64,     100,  128,  129,
                                    200,   256,   333,   1024,  2000,   4095, 4096, 4097,
                                    10000, 32768, 32769, 40960, 100000, 5,    80 };
    return sizes[i % COUNT(sizes)];
}

static void assert_counts(uint64_t allocs, uint64_t frees, uint64_t alloc_bytes,
                          uint64_t free_bytes, uint64_t unsized)
{
    cc_alloc_snapshot_t s = cc_alloc_stats_snapshot();

    assert_int_equal(s.alloc_count, allocs);
    assert_int_equal(s.free_count, frees);
    assert_int_equal(s.alloc_bytes, alloc_bytes);
    assert_int_equal(s.free_bytes, free_bytes);
    assert_int_equal(s.unsized_free_count, unsized);
}

/* ---- on and off ---- */

static void use_a_little(void)
{
    for (unsigned i = 0; i < 200; i++)
        drop(make(i % KINDS, some_size(i)), i % 3);
}

static void test_off_by_default(void **state)
{
    (void)state;
    use_a_little();
    assert_counts(0, 0, 0, 0, 0);
    assert_int_equal(cc_alloc_stats_snapshot().backend_alloc_count, 0);
    assert_int_equal(live_bytes(), 0);
}

/* What is freed after was allocated before: it is a free all the same, and nothing is below 0. */
static void test_enabled_late(void **state)
{
    block_t  before = make(PLAIN, 100), large = make(PLAIN, 50000);
    uint64_t bytes = before.bytes, more = large.bytes;

    (void)state;
    assert_int_equal(live_bytes(), bytes + more);
    cc_alloc_stats_enable(true);
    assert_counts(0, 0, 0, 0, 0);
    assert_int_equal(live_bytes(), bytes + more);
    drop(before, true);
    drop(large, false);
    assert_counts(0, 2, 0, bytes + more, 1);
    assert_int_equal(live_bytes(), 0);
    cc_alloc_stats_enable(false);
    cc_alloc_stats_reset();
}

/* What happens while they are off is in none of the counts, then or later; what was counted stays. */
static void test_disabled(void **state)
{
    cc_alloc_stats_enable(true);
    block_t  counted = make(PLAIN, 100);
    uint64_t bytes   = counted.bytes;

    (void)state;
    cc_alloc_stats_enable(false);
    assert_counts(1, 0, bytes, 0, 0);
    block_t uncounted = make(NODE, 300);
    use_a_little();
    assert_counts(1, 0, bytes, 0, 0);
    assert_int_equal(live_bytes(), bytes + uncounted.bytes);
    cc_alloc_stats_enable(true);
    assert_counts(1, 0, bytes, 0, 0);
    drop(counted, true);
    assert_counts(1, 1, bytes, bytes, 0);
    drop(uncounted, true);
    cc_alloc_stats_enable(true); /* again changes nothing */
    assert_int_equal(cc_alloc_stats_snapshot().free_count, 2);
    cc_alloc_stats_enable(false);
    cc_alloc_stats_enable(false);
    assert_int_equal(cc_alloc_stats_snapshot().free_count, 2);
    cc_alloc_stats_reset();
}

static void test_reset(void **state)
{
    cc_alloc_stats_enable(true);
    block_t  b     = make(PLAIN, 1000);
    uint64_t bytes = b.bytes;

    (void)state;
    cc_alloc_stats_reset();
    assert_counts(0, 0, 0, 0, 0);
    assert_int_equal(cc_alloc_stats_snapshot().backend_alloc_count, 0);
    assert_int_equal(cc_alloc_stats_snapshot().backend_free_count, 0);
    assert_int_equal(live_bytes(), bytes);
    drop(b, false);
    assert_counts(0, 1, 0, bytes, 1);
    assert_int_equal(live_bytes(), 0);
    cc_alloc_stats_reset();
    cc_alloc_stats_enable(false);
    assert_counts(0, 0, 0, 0, 0);
}

static void test_names_its_backend(void **state)
{
    (void)state;
    assert_string_equal(cc_alloc_stats_snapshot().backend, cc_backend_current(NULL)->name);
}

/* ---- exact ---- */

static void test_each_kind_of_free(void **state)
{
    uint64_t allocs = 0, bytes = 0, unsized = 0;

    (void)state;
    cc_alloc_stats_enable(true);
    for (unsigned i = 0; i < 23; i++)
        for (kind_t kind = 0; kind < KINDS; kind++)
            for (int sized = 0; sized < 2; sized++) {
                block_t  b   = make(kind, some_size(i));
                uint64_t own = b.bytes;
                assert_counts(allocs + 1, allocs, bytes + own, bytes, unsized);
                assert_int_equal(live_bytes(), own);
                drop(b, sized);
                allocs++;
                bytes += own;
                unsized += !sized;
                assert_counts(allocs, allocs, bytes, bytes, unsized);
                assert_int_equal(live_bytes(), 0);
            }
    cc_alloc_stats_enable(false);
    cc_alloc_stats_reset();
}

/* More than any magazine holds, so that they change places and go to the depot and the backend. */
static void test_many(void **state)
{
    enum { BLOCKS = 20000 };
    static block_t b[BLOCKS];
    uint64_t       bytes = 0, freed = 0, unsized = 0;

    (void)state;
    cc_alloc_stats_enable(true);
    for (unsigned i = 0; i < BLOCKS; i++) {
        b[i] = make(i / 7 % KINDS, 1 + i * 13 % 900);

        bytes += b[i].bytes;
    }
    assert_counts(BLOCKS, 0, bytes, 0, 0);
    assert_int_equal(live_bytes(), bytes);
    for (unsigned k = 0; k < BLOCKS; k++) {
        unsigned i = k * 7919 % BLOCKS;
        drop(b[i], i % 4);
        freed += b[i].bytes;
        unsized += i % 4 == 0;
        if (k % 1000 == 0) {
            assert_counts(BLOCKS, k + 1, bytes, freed, unsized);
            assert_int_equal(live_bytes(), bytes - freed);
        }
    }
    assert_counts(BLOCKS, BLOCKS, bytes, bytes, unsized);
    assert_int_equal(live_bytes(), 0);
    cc_alloc_stats_enable(false);
    cc_alloc_stats_reset();
}

/* A resize is nothing, or a new block and the free of the old one; live is always the block. */
static void test_resizes(void **state)
{
    uint64_t others = live_bytes();
    block_t  b      = make(PLAIN, 1);

    (void)state;
    cc_alloc_stats_enable(true);
    for (unsigned i = 0; i < 500; i++) {
        size_t size = some_size(i * 7 + i / 23);
        void  *p    = cc_realloc(b.ptr, b.size, size);
        assert_non_null(p);
        b = (block_t){ p, size, PLAIN, live_bytes() - others };
        assert_in_range(b.bytes, size, cc_usable_size(p));
        cc_alloc_snapshot_t s = cc_alloc_stats_snapshot();
        assert_int_equal(s.alloc_count, s.free_count);
    }
    drop(b, true);
    assert_int_equal(live_bytes(), 0);
    cc_alloc_stats_enable(false);
    cc_alloc_stats_reset();
}

static void test_failures_are_not_counted(void **state)
{
    volatile size_t too_large = SIZE_MAX;

    (void)state;
    cc_alloc_stats_enable(true);
    assert_null(cc_alloc(0));
    assert_null(cc_alloc(too_large));
    assert_null(cc_calloc(too_large, 2));
    assert_null(cc_alloc_aligned(10, 3));
    cc_trim(); /* so that it has to ask */
    test_backend_refuse(0, SIZE_MAX);
    for (kind_t kind = 0; kind < KINDS; kind++)
        for (unsigned i = 0; i < 23; i++)
            assert_null(kind == NODE ? cc_alloc_node(some_size(i))
                                     : cc_alloc_aligned(some_size(i), align_of[kind]));
    test_backend_refuse(0, 0);
    cc_free(NULL, 10);
    cc_free_unsized(NULL);
    assert_counts(0, 0, 0, 0, 0);
    cc_alloc_stats_enable(false);
    cc_alloc_stats_reset();
}

/* The counts of a thread that ended stay. */
static void *work_in_thread(void *given)
{
    block_t *b = given;

    drop(b[0], true);
    drop(b[1], false);
    b[2] = make(NODE, 64);
    b[3] = make(PLAIN, 100000);
    return NULL;
}

static void test_other_threads(void **state)
{
    pthread_t thread;

    (void)state;
    cc_alloc_stats_enable(true);
    block_t  b[4]  = { make(PLAIN, 700), make(LINE_ALIGNED, 90) };
    uint64_t freed = b[0].bytes + b[1].bytes;
    assert_int_equal(pthread_create(&thread, NULL, work_in_thread, b), 0);
    pthread_join(thread, NULL);
    uint64_t left = b[2].bytes + b[3].bytes;
    assert_counts(4, 2, freed + left, freed, 1);
    assert_int_equal(live_bytes(), left);
    drop(b[2], true);
    drop(b[3], true);
    assert_counts(4, 4, freed + left, freed + left, 1);
    cc_alloc_stats_enable(false);
    cc_alloc_stats_reset();
}

/* ---- the backend's side ---- */

/* Each call of the backend is one that was counted; what is neither live nor cached it has back. */
static void test_backend_counts(void **state)
{
    enum { BLOCKS = 3000 };
    static block_t b[BLOCKS];

    (void)state;
    cc_trim();
    size_t live = test_backend.live, served = test_backend.served, freed = test_backend.freed;
    cc_alloc_stats_enable(true);
    for (unsigned i = 0; i < BLOCKS; i++)
        b[i] = make(i % KINDS, some_size(i));
    cc_alloc_snapshot_t s = cc_alloc_stats_snapshot();
    assert_int_equal(s.backend_alloc_count, test_backend.served - served);
    for (unsigned i = 0; i < BLOCKS; i++)
        drop(b[i], i % 2);
    cc_trim();
    s = cc_alloc_stats_snapshot();
    assert_int_equal(s.backend_alloc_count, test_backend.served - served);
    assert_int_equal(s.backend_free_count, test_backend.freed - freed);
    assert_int_equal(test_backend.live, live);
    assert_int_equal(s.cached_bytes, 0);
    cc_alloc_stats_enable(false);
    cc_alloc_stats_reset();
}

/* ---- what is cached ---- */

static uint64_t cached(void)
{
    return cc_alloc_stats_snapshot().cached_bytes;
}

/* live + cached is what the backend gave, where its blocks are as large as they were asked for. */
static void test_cached_bytes_are_exact(void **state)
{
    enum { BLOCKS = 3000 };
    static block_t b[BLOCKS];

    (void)state;
    cc_trim();
    for (unsigned i = 0; i < BLOCKS; i++) {
        b[i] = make(i % 2 ? PLAIN : NODE, 1 + i % 4000);
        if (caches() && cc_backend_current(NULL)->uniform)
            assert_int_equal(live_bytes() + cached(), test_backend.live_bytes);
    }
    for (unsigned i = 0; i < BLOCKS; i++)
        drop(b[i], i % 3);
    if (caches() && cc_backend_current(NULL)->uniform)
        assert_int_equal(cached(), test_backend.live_bytes);
    cc_trim();
    assert_int_equal(cached(), 0);
}

/* Idle: the blocks are for others now, who take them without asking the backend. */
static void test_idle(void **state)
{
    enum { BLOCKS = 40 };
    block_t b[BLOCKS];

    (void)state;
    cc_trim();
    for (int i = 0; i < BLOCKS; i++)
        b[i] = make(PLAIN, 640);
    for (int i = 0; i < BLOCKS; i++)
        drop(b[i], true);
    uint64_t bytes = cached();
    cc_thread_idle();
    assert_int_equal(cached(), bytes); /* in the depot */
    if (!caches())
        return;
    size_t asked = test_backend.asked;
    for (int i = 0; i < BLOCKS; i++)
        b[i] = make(PLAIN, 640);
    assert_int_equal(test_backend.asked, asked);
    for (int i = 0; i < BLOCKS; i++)
        drop(b[i], true);
    cc_trim();
    assert_int_equal(cached(), 0);
    cc_thread_idle(); /* with nothing */
    cc_trim();
    assert_int_equal(cached(), 0);
}

/* What lies in the depots is given back before an allocation fails. */
static void test_cached_is_what_the_backend_lacks(void **state)
{
    static const size_t sizes[] = { 200000, 3000 };

    (void)state;
    for (size_t i = 0; caches() && i < COUNT(sizes); i++) {
        use_a_little();
        cc_thread_idle();
        assert_true(cached() > 0);
        test_backend_refuse(0, i == 0 ? 1 : 2); /* the small one asks for its thread first */
        block_t b = make(PLAIN, sizes[i]);
        test_backend_refuse(0, 0);
        drop(b, true);
        assert_in_range(cached(), 0, cc_good_size(3000));
        cc_trim();
    }
}

enum { MUCH = 100 << 20, SIZE = 512, MANY = MUCH / SIZE };

static void *free_all(void *given)
{
    void **p = given;

    for (int i = 0; i < MANY; i++)
        cc_free(p[i], SIZE);
    return NULL;
}

/* 100 MB of one size: at most the limit and what a thread holds stays, and less when it ends. */
static void test_bounded(void **state)
{
    void    **p = malloc(MANY * sizeof *p);
    pthread_t thread;

    (void)state;
    assert_non_null(p);
    cc_trim();
    for (int by_thread = 0; by_thread < 2; by_thread++) {
        for (int i = 0; i < MANY; i++)
            assert_non_null(p[i] = cc_alloc(SIZE));
        if (by_thread) {
            assert_int_equal(pthread_create(&thread, NULL, free_all, p), 0);
            pthread_join(thread, NULL);
            assert_true(cached() <= CCI_DEPOT_BYTES_LEFT + 4 * CCI_MAGAZINE_BYTES);
        } else {
            free_all(p);
            assert_true(cached() <= cci_scavenge_limit(&cci_heap_main) + 2 * CCI_MAGAZINE_BYTES);
            assert_true(caches() == (cached() > CCI_DEPOT_BYTES_LEFT));
        }
        assert_true(test_backend.live_bytes <= cached() + cached() / 16);
        cc_trim();
        assert_int_equal(cached(), 0);
        assert_int_equal(test_backend.live, 0);
    }
    free(p);
}

/* ---- by size class ---- */

static cc_alloc_class_stats_t one_class(size_t size, size_t align)
{
    cc_alloc_class_stats_t all[256];
    size_t                 n = cc_alloc_stats_classes(all, COUNT(all));

    assert_true(n <= COUNT(all));
    for (size_t i = 0; i < n; i++)
        if (all[i].size == size && all[i].align == align)
            return all[i];
    fail_msg("no class of %zu, aligned to %zu", size, align);
    return all[0];
}

static void test_classes_listed(void **state)
{
    cc_alloc_class_stats_t all[256];
    size_t                 n = cc_alloc_stats_classes(all, COUNT(all));

    (void)state;
    assert_int_equal(cc_alloc_stats_classes(NULL, 0), n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(cc_good_size(all[i].size), all[i].size);
        assert_true(all[i].align >= 16 && (all[i].align & (all[i].align - 1)) == 0);
        assert_int_equal(all[i].size % all[i].align, 0);
        assert_true(i == 0 || all[i - 1].align < all[i].align ||
                    (all[i - 1].align == all[i].align && all[i - 1].size < all[i].size));
    }
    all[3].size = 12345; /* no more than there is room for */
    assert_int_equal(cc_alloc_stats_classes(all, 3), n);
    assert_int_equal(all[3].size, 12345);
    for (size_t size = 1; size <= CC_ALLOC_CACHED_MAX; size += 5)
        one_class(cc_good_size(size), 16);
}

static void test_classes_counted(void **state)
{
    cc_alloc_class_stats_t plain = one_class(192, 16), node = one_class(256, CC_CACHE_LINE_SIZE);

    (void)state;
    cc_trim();
    block_t a = make(PLAIN, 180), b = make(PLAIN, 192), c = make(NODE, 250);
    drop(a, true);
    cc_alloc_class_stats_t p = one_class(192, 16), n = one_class(256, CC_CACHE_LINE_SIZE);
    if (caches()) {
        assert_int_equal(p.alloc_count - plain.alloc_count, 2);
        assert_int_equal(p.free_count - plain.free_count, 1);
        assert_int_equal(n.alloc_count - node.alloc_count, 1);
        assert_int_equal(n.free_count - node.free_count, 0);
        assert_true(p.cached_count >= 1);
    } else {
        assert_int_equal(p.alloc_count, 0); /* they have no class then */
    }
    drop(b, true);
    drop(c, true);
    cc_trim();
    assert_int_equal(one_class(192, 16).cached_count, 0);
    assert_int_equal(one_class(256, CC_CACHE_LINE_SIZE).cached_count, 0);
}

/* ---- the kinds of process ---- */

static int child(const char *task)
{
    test_backend_use(strcmp(task, "irregular") == 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_off_by_default), /* the first */
        cmocka_unit_test(test_enabled_late),
        cmocka_unit_test(test_disabled),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_names_its_backend),
        cmocka_unit_test(test_each_kind_of_free),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_resizes),
        cmocka_unit_test(test_failures_are_not_counted),
        cmocka_unit_test(test_other_threads),
        cmocka_unit_test(test_backend_counts),
        cmocka_unit_test(test_cached_bytes_are_exact),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_cached_is_what_the_backend_lacks),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_classes_listed),
        cmocka_unit_test(test_classes_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

typedef struct setting {
    const char *task;
    const char *variables[3];
} setting_t;

static const setting_t settings[] = {
    { "regular", { "CCMEM_MAGAZINES=1", "CCMEM_HEAP_CHECK=0" } },
    { "irregular", { "CCMEM_MAGAZINES=1", "CCMEM_HEAP_CHECK=0" } },
    { "regular", { "CCMEM_MAGAZINES=0", "CCMEM_HEAP_CHECK=0" } },
    { "irregular", { "CCMEM_MAGAZINES=0", "CCMEM_HEAP_CHECK=0" } },
    { "regular", { "CCMEM_HEAP_CHECK=1" } },
};

static void test_setting(void **state)
{
    static again_t   done;
    const setting_t *s = *state;

    again_run(&done, s->task, s->variables);
    if (done.status != 0)
        print_error("%s%s", done.out, done.err);
    assert_int_equal(done.status, 0);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[COUNT(settings)];
    char              names[COUNT(settings)][64];

    if (argc > 1)
        return child(argv[1]);
    for (size_t i = 0; i < COUNT(settings); i++) {
        snprintf(names[i], sizeof names[i], "%s, %s", settings[i].task, settings[i].variables[0]);
        tests[i] = (struct CMUnitTest){ names[i], test_setting, NULL, NULL, (void *)&settings[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
