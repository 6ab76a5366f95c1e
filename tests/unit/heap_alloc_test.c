/* SPDX-License-Identifier: MIT */
/* What every caller of ccmem/alloc.h relies on, for each backend and each way of standing before it.
 * Both are decided once a process, so this program runs itself again for each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ccmem/alloc.h>
#include <ccmem/allocator.h>
#include "support/again.h"
#include "support/opens_libraries.h"
#include "support/test_backend.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { LINE = CC_CACHE_LINE_SIZE };

static const size_t sizes[]  = { 1,     8,     15,    16,    17,    48,    64,     65,     100,
                                 128,   129,   256,   1000,  1024,  2048,  3000,   4095,   4096,
                                 4097,  5000,  5119,  5120,  5121,  8192,  9999,   32767,  32768,
                                 32769, 40959, 40960, 40961, 65536, 70000, 262144, 1048576 };
static const size_t aligns[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 4096, 65536 };

/* Sizes that no block has. */
static const size_t impossible[] = {
    0, SIZE_MAX, SIZE_MAX - 15, SIZE_MAX - 4095, (size_t)PTRDIFF_MAX + 1, PTRDIFF_MAX
};

static bool on_test_backend;

/* The next byte that is looked at: of large blocks not each. */
static size_t after(size_t i)
{
    return i < 5000 ? i + 1 : i + 61;
}

static void fill(void *p, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i = after(i))
        ((unsigned char *)p)[i] = (unsigned char)(i * 7 + seed);
}

static void assert_filled(const void *p, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i = after(i))
        if (((const unsigned char *)p)[i] != (unsigned char)(i * 7 + seed))
            fail_msg("byte %zu of %zu is not what was written", i, n);
}

static bool is_zero(const unsigned char *p, size_t n)
{
    return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

static void assert_is_block(const void *p, size_t size, size_t align)
{
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % (align < 16 ? 16 : align), 0);
    assert_true(cc_usable_size(p) >= size);
}

/* ---- allocation and free ---- */

static void test_every_size(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        unsigned char *p = cc_alloc(sizes[i]);
        assert_is_block(p, sizes[i], 16);
        fill(p, sizes[i], 1);
        assert_filled(p, sizes[i], 1);
        cc_free(p, sizes[i]);
    }
}

/* Whatever was in the block before: the same memory comes again at once. */
static void test_calloc_is_zero(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (size_t count = 1; count <= 3; count += 2) {
            size_t bytes = count * sizes[i];
            void  *dirty = cc_alloc(bytes);
            assert_non_null(dirty);
            memset(dirty, 0xFF, cc_good_size(bytes));
            cc_free(dirty, bytes);
            unsigned char *p = cc_calloc(count, sizes[i]);
            assert_is_block(p, bytes, 16);
            assert_true(is_zero(p, bytes));
            cc_free(p, bytes);
        }
}

static void test_aligned(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (size_t k = 0; k < COUNT(aligns); k++) {
            void *p = cc_alloc_aligned(sizes[i], aligns[k]);
            void *q = cc_alloc_aligned(sizes[i], aligns[k]);
            assert_is_block(p, sizes[i], aligns[k]);
            assert_is_block(q, sizes[i], aligns[k]);
            fill(p, sizes[i], 2);
            fill(q, sizes[i], 3);
            assert_filled(p, sizes[i], 2);
            cc_free_aligned(p, sizes[i], aligns[k]);
            cc_free_unsized(q);
        }
}

static void test_impossible_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(impossible); i++) {
        volatile size_t size = impossible[i];
        assert_null(cc_alloc(size));
        assert_null(cc_calloc(1, size));
        assert_null(cc_calloc(size, 1));
        assert_null(cc_alloc_node(size));
        assert_null(cc_realloc(NULL, 0, size));
        assert_true(size == PTRDIFF_MAX || cc_good_size(size) == 0);
        for (size_t k = 0; k < COUNT(aligns); k++)
            assert_null(cc_alloc_aligned(size, aligns[k]));
    }
}

static void test_calloc_overflow(void **state)
{
    static const size_t pairs[][2] = { { SIZE_MAX, 2 },
                                       { SIZE_MAX / 2 + 1, 2 },
                                       { (size_t)1 << 32, (size_t)1 << 32 },
                                       { ((size_t)1 << 32) + 1, (size_t)1 << 32 },
                                       { SIZE_MAX / 16 + 2, 16 }, /* wraps to 16 */
                                       { 0, 100 },
                                       { 0, SIZE_MAX } };

    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        volatile size_t count = pairs[i][0], size = pairs[i][1];
        assert_null(cc_calloc(count, size));
        assert_null(cc_calloc(size, count));
    }
}

static void test_no_alignment(void **state)
{
    static const size_t none[] = { 0, 3, 5, 6, 7, 12, 17, 24, 33, 48, 63, 65, 96, 100, SIZE_MAX };
    volatile size_t     great  = (size_t)1 << 62;
    volatile size_t     most   = (size_t)1 << 63;

    (void)state;
    for (size_t k = 0; k < COUNT(sizes); k++) {
        for (size_t i = 0; i < COUNT(none); i++) {
            volatile size_t align = none[i];
            assert_null(cc_alloc_aligned(sizes[k], align));
        }
        assert_null(cc_alloc_aligned(sizes[k], great));
        assert_null(cc_alloc_aligned(sizes[k], most));
    }
}

static void test_free_of_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(impossible); i++) {
        cc_free(NULL, impossible[i]);
        cc_free_node(NULL, impossible[i]);
        cc_free_aligned(NULL, impossible[i], 4096);
        cc_free_aligned(NULL, 64, impossible[i]);
    }
    cc_free(NULL, 64);
    cc_free_node(NULL, 64);
    cc_free_aligned(NULL, 64, 64);
    cc_free_unsized(NULL);
    assert_int_equal(cc_usable_size(NULL), 0);
}

/* ---- nodes ---- */

static size_t first_line(const void *p)
{
    return (uintptr_t)p / LINE;
}

static int by_address(const void *a, const void *b)
{
    uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;
    return (x > y) - (x < y);
}

/* Nodes of all sizes between plain blocks: of any two neighbours of which one is a node, none
 * begins in the last line of the other. */
static void test_nodes_share_no_line(void **state)
{
    enum { BLOCKS = 1200 };
    static struct {
        uintptr_t at;
        size_t    size;
        bool      node;
    } b[BLOCKS];

    (void)state;
    for (size_t i = 0; i < BLOCKS; i++) {
        b[i].node = i % 2;
        b[i].size = 1 + i * 37 % (i % 5 == 0 ? 50000 : 200);
        b[i].at   = (uintptr_t)(b[i].node ? cc_alloc_node(b[i].size) : cc_alloc(b[i].size));
        assert_is_block((void *)b[i].at, b[i].size, b[i].node ? LINE : 16);
    }
    qsort(b, BLOCKS, sizeof *b, by_address);
    for (size_t i = 0; i + 1 < BLOCKS; i++) {
        uintptr_t last = b[i].at + b[i].size - 1;
        assert_true(last < b[i + 1].at);
        if (b[i].node || b[i + 1].node)
            assert_true(last / LINE < first_line((void *)b[i + 1].at));
    }
    for (size_t i = 0; i < BLOCKS; i++)
        b[i].node ? cc_free_node((void *)b[i].at, b[i].size) : cc_free((void *)b[i].at, b[i].size);
}

/* ---- realloc ---- */

static void test_realloc_every_way(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (size_t k = 0; k < COUNT(sizes); k++) {
            size_t kept = sizes[i] < sizes[k] ? sizes[i] : sizes[k];
            void  *p    = (i + k) % 2 ? cc_alloc(sizes[i]) : cc_calloc(sizes[i], 1);
            fill(p, sizes[i], 5);
            p = cc_realloc(p, sizes[i], sizes[k]);
            assert_is_block(p, sizes[k], 16);
            assert_filled(p, kept, 5);
            fill(p, sizes[k], 6);
            cc_free(p, sizes[k]);
        }
}

static void test_realloc_of_nothing_allocates(void **state)
{
    void *p = cc_realloc(NULL, 0, 100), *q = cc_realloc(NULL, 4000, 100);

    (void)state;
    assert_is_block(p, 100, 16);
    assert_is_block(q, 100, 16);
    cc_free(p, 100);
    cc_free(q, 100);
}

static void test_realloc_failure_keeps_the_block(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (size_t k = 0; k < COUNT(impossible); k++) {
            volatile size_t size = impossible[k];
            void           *p    = cc_alloc(sizes[i]);
            fill(p, sizes[i], 7);
            assert_null(cc_realloc(p, sizes[i], size));
            assert_filled(p, sizes[i], 7);
            cc_free(p, sizes[i]);
        }
}

/* ---- sizes ---- */

static void test_good_size(void **state)
{
    size_t before = 0;

    (void)state;
    for (size_t size = 1; size < 100000; size++) {
        size_t good = cc_good_size(size);
        assert_true(good >= size && good >= before);
        assert_int_equal(cc_good_size(good), good);
        before = good;
    }
    for (size_t size = 100000; size < SIZE_MAX / 8; size *= 3)
        assert_true(cc_good_size(size) >= size);
}

/* All of it may be used, and a resize within it stays. */
static void test_good_size_is_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t good = cc_good_size(sizes[i]);
        void  *p = cc_alloc(sizes[i]), *zeroed = cc_calloc(1, sizes[i]);
        assert_true(cc_usable_size(p) >= good);
        fill(p, good, 9);
        if (sizes[i] <= CC_HEAP_SMALL_MAX_) {
            assert_ptr_equal(cc_realloc(p, sizes[i], good), p);
            assert_ptr_equal(cc_realloc(zeroed, sizes[i], good), zeroed);
            assert_true(cc_usable_size(zeroed) >= good);
            cc_free(zeroed, good);
            cc_free(p, good);
        } else {
            cc_free(zeroed, sizes[i]);
            cc_free(p, sizes[i]);
        }
    }
}

/* ---- many ---- */

static void *allocate_as(unsigned kind, size_t size)
{
    switch (kind % 5) {
    case 0:
        return cc_alloc(size);
    case 1:
        return cc_calloc(1, size);
    case 2:
        return cc_alloc_node(size);
    case 3:
        return cc_alloc_aligned(size, 128);
    default:
        return cc_alloc_aligned(size, 32);
    }
}

static void free_as(unsigned kind, void *p, size_t size)
{
    switch (kind % 5) {
    case 0:
    case 1:
        cc_free(p, size);
        break;
    case 2:
        cc_free_node(p, size);
        break;
    case 3:
        cc_free_aligned(p, size, 128);
        break;
    default:
        cc_free_aligned(p, size, 32);
    }
}

/* Ten thousand blocks of all kinds, none of which is written through another; three times. */
static void test_many(void **state)
{
    enum { BLOCKS = 10000 };
    static void *p[BLOCKS];

    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < BLOCKS; i++) {
            p[i] = allocate_as(i, 1 + i * 31 % 700);
            assert_non_null(p[i]);
            fill(p[i], 1 + i * 31 % 700, i);
        }
        for (unsigned k = 0; k < BLOCKS; k++) {
            unsigned i = k * 7919 % BLOCKS; /* each once, in disorder */
            assert_filled(p[i], 1 + i * 31 % 700, i);
            if (i % 3 == round)
                cc_free_unsized(p[i]);
            else
                free_as(i, p[i], 1 + i * 31 % 700);
        }
    }
}

/* The same block again and again, of every size. */
static void test_cycle(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (int round = 0; round < 300; round++) {
            void *p = cc_alloc(sizes[i]);
            assert_non_null(p);
            ((volatile char *)p)[sizes[i] - 1] = 1;
            cc_free(p, sizes[i]);
        }
}

/* ---- the backend ---- */

/* A block in the hands of the program is a block of the backend, of whatever kind it is. */
static void test_backend_takes_every_block(void **state)
{
    const cc_backend_t *backend = cc_backend_current(NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (unsigned kind = 0; kind < 5; kind++) {
            void *p = allocate_as(kind, sizes[i]);
            assert_int_equal(backend->usable_size(p), cc_usable_size(p));
            backend->free(p);
        }
}

static size_t number_of(const void *fresh)
{
    size_t number;

    memcpy(&number, fresh, sizeof number);
    return number;
}

/* Blocks come in the order in which the backend gave them: so it is the order of their addresses, if
 * it was there. */
static void test_order_of_the_backend(void **state)
{
    enum { BLOCKS = 1000 };
    static void *p[BLOCKS];

    (void)state;
    cc_trim();
    for (size_t i = 0; i < BLOCKS; i++)
        assert_non_null(p[i] = cc_alloc(640));
    for (size_t i = 1; on_test_backend && i < BLOCKS; i++)
        assert_int_equal(number_of(p[i]), number_of(p[i - 1]) + 1);
    for (size_t i = 0; i < BLOCKS; i++)
        cc_free(p[i], 640);
}

static void test_allocator(void **state)
{
    cc_allocator_t a = cc_allocator_heap();

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (size_t k = 0; k < COUNT(aligns); k++) {
            void *p = cc_allocator_alloc(a, sizes[i], aligns[k]);
            assert_is_block(p, sizes[i], aligns[k]);
            cc_allocator_free(a, p, sizes[i], aligns[k]);
        }
    assert_null(cc_allocator_alloc(a, 0, 8));
    assert_null(cc_allocator_alloc(a, 8, 3));
}

/* Called through a pointer there is no inline part, and nothing else is different. */
static void test_by_address(void **state)
{
    void *(*volatile alloc)(size_t)                       = cc_alloc;
    void (*volatile release)(void *, size_t)              = cc_free;
    void *(*volatile alloc_node)(size_t)                  = cc_alloc_node;
    void (*volatile free_node)(void *, size_t)            = cc_free_node;
    void *(*volatile alloc_aligned)(size_t, size_t)       = cc_alloc_aligned;
    void (*volatile free_aligned)(void *, size_t, size_t) = cc_free_aligned;

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        void *p = alloc(sizes[i]), *node = alloc_node(sizes[i]);
        void *aligned = alloc_aligned(sizes[i], 4096);
        assert_is_block(p, sizes[i], 16);
        assert_is_block(node, sizes[i], LINE);
        assert_is_block(aligned, sizes[i], 4096);
        cc_free(p, sizes[i]);
        release(cc_alloc(sizes[i]), sizes[i]);
        free_node(node, sizes[i]);
        free_aligned(aligned, sizes[i], 4096);
    }
    assert_null(alloc(0));
    release(NULL, 5);
}

/* The last: everything is back. */
static void test_nothing_is_left(void **state)
{
    (void)state;
    cc_trim();
    assert_int_equal(cc_alloc_stats_snapshot().cached_bytes, 0);
    if (!on_test_backend)
        return;
    assert_int_equal(test_backend.live, 0);
    assert_int_equal(test_backend.live_bytes, 0);
    assert_true(test_backend.trims > 0);
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_size),
        cmocka_unit_test(test_calloc_is_zero),
        cmocka_unit_test(test_aligned),
        cmocka_unit_test(test_impossible_sizes),
        cmocka_unit_test(test_calloc_overflow),
        cmocka_unit_test(test_no_alignment),
        cmocka_unit_test(test_free_of_nothing),
        cmocka_unit_test(test_nodes_share_no_line),
        cmocka_unit_test(test_realloc_every_way),
        cmocka_unit_test(test_realloc_of_nothing_allocates),
        cmocka_unit_test(test_realloc_failure_keeps_the_block),
        cmocka_unit_test(test_good_size),
        cmocka_unit_test(test_good_size_is_there),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_cycle),
        cmocka_unit_test(test_order_of_the_backend),
        cmocka_unit_test(test_allocator),
        cmocka_unit_test(test_by_address),
        cmocka_unit_test(test_backend_takes_every_block),
        cmocka_unit_test(test_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* ---- the kinds of process ---- */

static int child(const char *task)
{
    on_test_backend = strcmp(task, "named") != 0;
    if (on_test_backend)
        test_backend_use(strcmp(task, "irregular") == 0);
    return run_all();
}

typedef struct kind {
    const char *task;
    const char *variables[5];
} kind_t;

#define CACHED "CCMEM_MAGAZINES=1", "CCMEM_HEAP_CHECK=0"
#define NAMED(name)                             \
    {                                           \
        "named",                                \
        {                                       \
            CACHED, "CCMEM_BACKEND=" name, NULL \
        }                                       \
    }

static const kind_t kinds[] = {
    { "regular", { CACHED } },
    { "irregular", { CACHED } },
    { "regular", { "CCMEM_MAGAZINES=0", "CCMEM_HEAP_CHECK=0" } },
    { "irregular", { "CCMEM_MAGAZINES=0", "CCMEM_HEAP_CHECK=0" } },
    { "regular", { "CCMEM_HEAP_CHECK=1" } },
    { "irregular", { "CCMEM_HEAP_CHECK=1" } },
    NAMED("system"),
    NAMED("mimalloc"),
    NAMED("tcmalloc"),
    { "named",
      { CACHED, "CCMEM_BACKEND=jemalloc", "GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096",
        NULL } },
};

static void test_kind(void **state)
{
    static again_t done;
    const kind_t  *kind = *state;

    again_run(&done, kind->task, kind->variables);
    if (done.status != 0)
        print_error("%s%s", done.out, done.err);
    assert_int_equal(done.status, 0);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[COUNT(kinds)];
    char              names[COUNT(kinds)][80];

    if (argc > 1)
        return child(argv[1]);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        const char *last = kinds[i].variables[2] ? kinds[i].variables[2] : kinds[i].variables[0];
        snprintf(names[i], sizeof names[i], "%s, %s", kinds[i].task, last);
        tests[i] = (struct CMUnitTest){ names[i], test_kind, NULL, NULL, (void *)&kinds[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
