/* SPDX-License-Identifier: MIT */
/* What every caller of ccmem/arena.h relies on: blocks, and the chunks they are in. */
#include "support/arena_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- blocks ---- */

static void test_empty(void **state)
{
    fixture_t x;

    (void)state;
    begin(&x, NULL);
    cc_arena_stats_t s = cc_arena_stats(&x.a);
    assert_int_equal(s.used + s.peak + s.reserved + s.chunks + s.parent_allocs, 0);
    assert_false(cc_arena_owns(&x.a, &x));
    assert_false(cc_arena_owns(&x.a, NULL));
    cc_arena_reset(&x.a, CC_ARENA_KEEP_ALL);
    cc_arena_reset(&x.a, CC_ARENA_KEEP_NONE);
    cc_arena_trim(&x.a, 0);
    assert_int_equal(cc_arena_decommit(&x.a), 0);
    assert_int_equal(x.f.requests, 0);
    end(&x);
    cc_arena_fini(&x.a); /* nothing */
    assert_null(cc_arena_alloc(&x.a, 1, 1));
}

static void test_alignments(void **state)
{
    static const size_t sizes[] = { 0, 1, 7, 8, 9, 100, 511, 4096, 40000 };
    fixture_t           x;

    (void)state;
    begin(&x, NULL);
    for (volatile size_t align = 1; align <= CC_ARENA_ALIGN_MAX; align *= 2)
        for (size_t i = 0; i < COUNT(sizes); i++) {
            unsigned char *p = cc_arena_alloc(&x.a, sizes[i], align);
            unsigned char *q = cc_arena_alloc(&x.a, sizes[i], align);
            assert_non_null(p);
            assert_non_null(q);
            assert_int_equal((uintptr_t)p % align, 0);
            assert_int_equal((uintptr_t)q % align, 0);
            memset(p, 1, sizes[i]);
            memset(q, 2, sizes[i]);
            assert_filled(p, sizes[i], 1);
        }
    end(&x);
}

/* The compiler knows the alignment and puts the short way in place: as far as the chunk goes. */
static void test_constant_alignments(void **state)
{
    fixture_t x;

    (void)state;
    begin(&x, &(cc_arena_options_t){ .chunk_size = 512, .chunk_max = 512 });
    for (int i = 0; i < 200; i++) {
        assert_int_equal((uintptr_t)filled(&x.a, 3, i) % 8, 0);
        assert_int_equal((uintptr_t)cc_arena_alloc(&x.a, 1, 16) % 16, 0);
        assert_int_equal((uintptr_t)cc_arena_alloc(&x.a, 1, 64) % 64, 0);
        assert_int_equal((uintptr_t)cc_arena_alloc(&x.a, 1, 1024) % 1024, 0);
        assert_int_equal((uintptr_t)cc_arena_alloc(&x.a, 1, 4096) % 4096, 0);
    }
    end(&x);
}

static void test_size_zero(void **state)
{
    fixture_t x;

    (void)state;
    begin(&x, NULL);
    assert_non_null(cc_arena_alloc(&x.a, 0, 1));
    filled(&x.a, 1, 0);
    size_t before = used(&x.a);
    for (volatile size_t align = 1; align <= 8; align *= 2)
        assert_int_equal((uintptr_t)cc_arena_alloc(&x.a, 0, align) % align, 0);
    assert_true(!exact() || used(&x.a) == before);
    assert_non_null(cc_arena_alloc_zero(&x.a, 0, 8));
    assert_non_null(cc_arena_copy(&x.a, NULL, 0, 8));
    end(&x);
}

static void test_impossible(void **state)
{
    static const size_t sizes[]  = { SIZE_MAX,         SIZE_MAX - 7, SIZE_MAX - 4096,
                                     SIZE_MAX / 2 + 1, PTRDIFF_MAX,  (size_t)PTRDIFF_MAX - 64 };
    static const size_t aligns[] = { 0, 3, 6, 12, 24, 4095, 8192, (size_t)1 << 63, SIZE_MAX };
    fixture_t           x;

    (void)state;
    begin(&x, NULL);
    for (int round = 0; round < 2; round++) { /* without a chunk, and with one */
        size_t before = used(&x.a);
        for (size_t i = 0; i < COUNT(sizes); i++) {
            volatile size_t size = sizes[i];
            assert_null(cc_arena_alloc(&x.a, size, 1));
            assert_null(cc_arena_alloc(&x.a, size, 16));
            assert_null(cc_arena_alloc(&x.a, size, 4096));
            assert_null(cc_arena_alloc_zero(&x.a, size, 8));
            assert_null(cc_arena_copy(&x.a, &x, size, 8));
            assert_null(cc_arena_resize(&x.a, NULL, 0, size, 8));
        }
        for (size_t i = 0; i < COUNT(aligns); i++) {
            volatile size_t align = aligns[i];
            assert_null(cc_arena_alloc(&x.a, 10, align));
            assert_null(cc_arena_alloc(&x.a, 0, align));
        }
        assert_int_equal(used(&x.a), before);
        filled(&x.a, 100, 1);
    }
    end(&x);
}

static void test_zero_and_copy(void **state)
{
    char      text[3000];
    fixture_t x;

    (void)state;
    begin(&x, NULL);
    for (size_t size = 1; size < sizeof text; size = size * 3 + 1) {
        filled(&x.a, 3000, 0xFF);
        cc_arena_reset(&x.a, CC_ARENA_KEEP_ALL);
        assert_filled(cc_arena_alloc_zero(&x.a, size, 1), size, 0);
        memset(text, (int)size, size);
        void *copy = cc_arena_copy(&x.a, text, size, 16);
        assert_int_equal((uintptr_t)copy % 16, 0);
        assert_memory_equal(copy, text, size);
        cc_arena_reset(&x.a, CC_ARENA_KEEP_ALL);
    }
    end(&x);
}

/* Whatever calls them by address or from elsewhere. */
static void test_functions(void **state)
{
    void *(*volatile alloc)(cc_arena_t *, size_t, size_t)                  = cc_arena_alloc;
    void *(*volatile zero)(cc_arena_t *, size_t, size_t)                   = cc_arena_alloc_zero;
    void *(*volatile copy)(cc_arena_t *, const void *, size_t, size_t)     = cc_arena_copy;
    void *(*volatile resize)(cc_arena_t *, void *, size_t, size_t, size_t) = cc_arena_resize;
    void (*volatile reset)(cc_arena_t *, size_t)                           = cc_arena_reset;
    fixture_t x;

    (void)state;
    begin(&x, NULL);
    char *p = alloc(&x.a, 100, 8);
    memset(p, 1, 100);
    p = resize(&x.a, p, 100, 200, 8);
    assert_filled(p, 100, 1);
    assert_filled(zero(&x.a, 50, 8), 50, 0);
    assert_memory_equal(copy(&x.a, p, 100, 8), p, 100);
    reset(&x.a, CC_ARENA_KEEP_ALL);
    assert_int_equal(used(&x.a), 0);
    end(&x);
}

/* ---- chunks ---- */

static void test_growth(void **state)
{
    static const size_t totals[] = { 1024, 2048, 4096, 8192, 8192, 8192 };
    fixture_t           x;
    size_t              sum = 0;

    (void)state;
    begin(&x, &(cc_arena_options_t){ .chunk_size = 1024, .chunk_max = 8192 });
    for (size_t i = 0; i < COUNT(totals); i++) {
        sum += totals[i];
        while (x.f.requests == i)
            filled(&x.a, 40, 0);
        assert_int_equal(reserved(&x.a), sum);
        assert_int_equal(x.f.live_bytes, sum);
    }
    assert_int_equal(cc_arena_stats(&x.a).chunks, COUNT(totals));
    end(&x);
}

/* Ten bytes, a megabyte, ten bytes: a chunk, the block, and no larger chunk after it. */
static void test_large_block(void **state)
{
    fixture_t x;

    (void)state;
    begin(&x, NULL);
    char  *first = filled(&x.a, 10, 1);
    char  *large = filled(&x.a, 1 << 20, 2);
    char  *last  = filled(&x.a, 10, 3);
    size_t most  = CC_ARENA_CHUNK_DEFAULT + (1 << 20) + 64 + CCI_RED_ZONE;
    assert_true(last > first && last - first <= 16 + 2 * CCI_RED_ZONE);
    assert_true(reserved(&x.a) <= most);
    assert_true(cc_arena_owns(&x.a, large + 12345));
    assert_int_equal(x.f.requests, 2);
    for (int i = 0; i < 20; i++) { /* the same chunk serves it again, the best of three */
        cc_arena_reset(&x.a, CC_ARENA_KEEP_ALL);
        filled(&x.a, 900000, 4);
        filled(&x.a, 100000, 4);
        filled(&x.a, 200000, 4);
    }
    assert_int_equal(x.f.requests, 4);
    end(&x);
}

static void one_frame(cc_arena_t *a, void **blocks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        blocks[i] = cc_arena_alloc(a, 1 + i * 7919 % (i % 13 ? 300 : 20000), 1u << i % 8);
        assert_non_null(blocks[i]);
    }
}

/* What comes again after a reset finds every chunk where it was. */
static void test_same_frames(void **state)
{
    enum { BLOCKS = 500 };
    static void *first[BLOCKS], *again[BLOCKS];
    fixture_t    x;

    (void)state;
    begin(&x, &(cc_arena_options_t){ .chunk_size = 2048, .chunk_max = 65536 });
    one_frame(&x.a, first, BLOCKS);
    size_t requests = x.f.requests, peak = cc_arena_stats(&x.a).peak;
    assert_true(requests > 5);
    for (int frame = 0; frame < 10; frame++) {
        cc_arena_reset(&x.a, CC_ARENA_KEEP_ALL);
        assert_int_equal(used(&x.a), 0);
        one_frame(&x.a, again, BLOCKS);
        assert_memory_equal(first, again, sizeof first);
        assert_int_equal(used(&x.a), peak);
    }
    assert_int_equal(x.f.requests, requests);
    assert_int_equal(cc_arena_stats(&x.a).peak, peak);
    end(&x);
}

static void test_keep(void **state)
{
    static const size_t keeps[] = { 0, 1, 1024, 3000, 3072, 10000, 70000, 1 << 20 };
    fixture_t           x;

    (void)state;
    begin(&x, &(cc_arena_options_t){ .chunk_size = 1024 });
    for (size_t i = 0; i < COUNT(keeps); i++) {
        for (int k = 0; k < 100; k++)
            filled(&x.a, k % 10 ? 100 : 5000, k);
        size_t before = reserved(&x.a);
        cc_arena_reset(&x.a, keeps[i]);
        assert_int_equal(used(&x.a), 0);
        assert_true(reserved(&x.a) <= keeps[i]);
        assert_int_equal(reserved(&x.a), x.f.live_bytes);
        assert_true(before <= keeps[i] ? reserved(&x.a) == before
                                       : reserved(&x.a) + 65536 > keeps[i]);
        assert_int_equal(reserved(&x.a) == 0, keeps[i] < 1024);
    }
    end(&x);
}

/* Only what is empty goes. */
static void test_trim(void **state)
{
    fixture_t x;

    (void)state;
    begin(&x, &(cc_arena_options_t){ .chunk_size = 1024 });
    char           *kept = filled(&x.a, 100, 1);
    cc_arena_mark_t m    = cc_arena_mark(&x.a);
    for (int k = 0; k < 100; k++)
        filled(&x.a, 100, k);
    cc_arena_rewind(&x.a, m);
    assert_true(x.f.live_blocks > 3);
    filled(&x.a, 50000, 1);
    cc_arena_rewind(&x.a, m);
    size_t all = x.f.live_blocks;
    cc_arena_trim(&x.a, reserved(&x.a));
    assert_int_equal(x.f.live_blocks, all);
    cc_arena_trim(&x.a, 1024);
    assert_int_equal(x.f.live_blocks, 1);
    cc_arena_trim(&x.a, 0);
    assert_int_equal(x.f.live_blocks, 1);
    assert_filled(kept, 100, 1);
    cc_arena_reset(&x.a, CC_ARENA_KEEP_ALL);
    cc_arena_trim(&x.a, 0);
    assert_int_equal(x.f.live_blocks, 0);
    filled(&x.a, 100, 1);
    end(&x);
}

static void test_limit(void **state)
{
    static const size_t limits[] = { 1, 100, 600, 5000, 100000 };
    fixture_t           x;

    (void)state;
    for (size_t i = 0; i < COUNT(limits); i++) {
        size_t sum = 0;
        begin(&x, &(cc_arena_options_t){ .chunk_size = 1024, .limit = limits[i] });
        for (int k = 0; k < 3000; k++) {
            size_t size = k % 50 ? 20 : 700;
            if (cc_arena_alloc(&x.a, size, 1))
                sum += size;
            assert_true(reserved(&x.a) <= limits[i]);
        }
        assert_null(cc_arena_alloc(&x.a, limits[i], 1));
        assert_true(!exact() || limits[i] < 1000 || sum > limits[i] / 2);
        assert_true(sum <= limits[i]);
        cc_arena_reset(&x.a, CC_ARENA_KEEP_NONE);
        assert_true(limits[i] < 600 || cc_arena_alloc(&x.a, 20, 1) != NULL);
        end(&x);
    }
}

static void fill(cc_arena_t *a)
{
    while (cc_arena_alloc(a, 100, 1))
        ;
}

/* What children and theirs hold counts, each for itself and for all above it, until they give it back. */
static void test_limit_holds_for_children(void **state)
{
    enum { LIMIT = 20000 };
    fixture_t x;

    (void)state;
    begin(&x, &(cc_arena_options_t){ .chunk_size = 1024, .limit = LIMIT });
    cc_arena_t *child = cc_arena_create_child(&x.a);
    assert_non_null(child);
    cc_arena_t *grandchild = cc_arena_create_child(child);
    assert_non_null(grandchild);
    fill(grandchild);
    assert_true(x.f.live_bytes <= LIMIT && x.f.live_bytes > LIMIT / 2);
    fill(child);
    fill(&x.a);
    assert_true(x.f.live_bytes <= LIMIT);
    assert_null(cc_arena_alloc(child, 4000, 1));
    cc_arena_fini(grandchild);
    assert_non_null(cc_arena_alloc(child, 4000, 1));
    assert_true(x.f.live_bytes <= LIMIT);
    cc_arena_reset(&x.a, CC_ARENA_KEEP_NONE);
    assert_int_equal(x.f.live_bytes, 0);
    fill(&x.a);
    assert_true(x.f.live_bytes <= LIMIT && x.f.live_bytes > LIMIT / 2);
    end(&x);
}

/* The last chunk is what the limit leaves. */
static void test_limit_is_used(void **state)
{
    static const size_t doubled = 1024 + 2048 + 4096 + 8192;
    fixture_t           x;

    (void)state;
    for (size_t left = 100; left < 16384; left += 999) {
        size_t blocks = 0;
        begin(&x, &(cc_arena_options_t){ .chunk_size = 1024, .limit = doubled + left });
        while (cc_arena_alloc(&x.a, 8, 8))
            blocks++;
        if (exact()) {
            assert_int_equal(cc_arena_stats(&x.a).chunks, 5);
            assert_int_equal(blocks, (doubled - 4 * 64 + ((left - 64) & ~(size_t)15)) / 8);
        }
        end(&x);
    }
}

static void test_buffer(void **state)
{
    static unsigned char buffer[5000];
    fixture_t            x;

    (void)state;
    for (size_t offset = 0; offset < 70; offset += 3) {
        begin(&x, &(cc_arena_options_t){ .buffer      = buffer + offset,
                                         .buffer_size = sizeof buffer - offset - offset % 16 });
        for (int round = 0; round < 3; round++) {
            unsigned char *p = filled(&x.a, 4500, 7);
            assert_true(p >= buffer + offset && p + 4500 <= buffer + sizeof buffer);
            assert_true(cc_arena_owns(&x.a, p));
            assert_int_equal(reserved(&x.a), 0);
            cc_arena_reset(&x.a, round ? CC_ARENA_KEEP_NONE : CC_ARENA_KEEP_ALL);
        }
        filled(&x.a, 4500, 7);
        assert_int_equal(x.f.requests, 0);
        filled(&x.a, 700, 7);
        assert_int_equal(x.f.requests, 1);
        end(&x);
        memset(buffer, 0, sizeof buffer); /* it is the caller's again */
    }
}

static void test_buffer_alone(void **state)
{
    static unsigned char buffer[1000];
    cc_arena_t           a;
    size_t               blocks = 0;

    (void)state;
    cc_arena_init(&a, nobody,
                  &(cc_arena_options_t){ .buffer = buffer, .buffer_size = sizeof buffer });
    while (cc_arena_alloc(&a, 16, 16))
        blocks++;
    assert_true(!exact() || blocks >= (1000 - 128) / 16 - 1);
    assert_null(cc_arena_alloc(&a, 1000, 1));
    assert_null(cc_arena_create_child(&a));
    cc_arena_reset(&a, CC_ARENA_KEEP_ALL);
    assert_non_null(cc_arena_alloc(&a, 16, 16));
    cc_arena_fini(&a);
}

/* Too small to be of use: as if there was none. */
static void test_small_buffer(void **state)
{
    unsigned char buffer[130];
    fixture_t     x;

    (void)state;
    for (size_t size = 0; size < sizeof buffer; size++) {
        begin(&x, &(cc_arena_options_t){ .buffer = buffer, .buffer_size = size });
        filled(&x.a, 200, 1);
        filled(&x.a, 1, 1);
        end(&x);
    }
    cc_arena_init(&x.a, nobody, NULL);
    assert_null(cc_arena_alloc(&x.a, 1, 1));
    cc_arena_fini(&x.a);
}

static void test_odd_options(void **state)
{
    static const cc_arena_options_t options[] = {
        { .chunk_size = 1 },     { .chunk_max = 1 },    { .chunk_size = 100000, .chunk_max = 10 },
        { .buffer_size = 1000 }, { .limit = SIZE_MAX },
    };
    fixture_t x;

    (void)state;
    for (size_t i = 0; i < COUNT(options); i++) {
        begin(&x, &options[i]);
        for (int k = 0; k < 3000; k++)
            filled(&x.a, 100, k);
        end(&x);
    }
    begin(&x, &(cc_arena_options_t){ .chunk_size = SIZE_MAX, .chunk_max = SIZE_MAX });
    assert_non_null(cc_arena_alloc(&x.a, 100, 1)); /* without a whole chunk */
    end(&x);
}

static void test_decommit(void **state)
{
    enum { SIZE = 300000 };
    fixture_t x;

    (void)state;
    begin(&x, &(cc_arena_options_t){ .chunk_size = 1 << 20 });
    unsigned char *kept = filled(&x.a, 100, 1);
    unsigned char *free = kept + 100000;
    filled(&x.a, 200000, 2);
    filled(&x.a, SIZE, 2);
    filled(&x.a, 2 << 20, 2);
    cc_arena_reset(&x.a, CC_ARENA_KEEP_ALL);
    filled(&x.a, 100, 3);
    size_t bytes = cc_arena_decommit(&x.a);
    assert_true(bytes > (3 << 20) - 4 * 4096 && bytes < (3 << 20));
    assert_filled(kept, 100, 3);
    cci_unpoison(free, 1);
    assert_int_equal(*free, 0); /* was 2: there is another page */
    cci_poison(free, 1);
    filled(&x.a, SIZE, 4);
    end(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_alignments),
        cmocka_unit_test(test_constant_alignments),
        cmocka_unit_test(test_size_zero),
        cmocka_unit_test(test_impossible),
        cmocka_unit_test(test_zero_and_copy),
        cmocka_unit_test(test_functions),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_large_block),
        cmocka_unit_test(test_same_frames),
        cmocka_unit_test(test_keep),
        cmocka_unit_test(test_trim),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_limit_holds_for_children),
        cmocka_unit_test(test_limit_is_used),
        cmocka_unit_test(test_buffer),
        cmocka_unit_test(test_buffer_alone),
        cmocka_unit_test(test_small_buffer),
        cmocka_unit_test(test_odd_options),
        cmocka_unit_test(test_decommit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
