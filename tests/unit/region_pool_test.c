/* SPDX-License-Identifier: MIT */
/* A pool: what its functions promise, at their edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ccmem/pool.h>
#include "region/pool.h"
#include "support/failing.h"

enum { COUNT = 50 };

static failing_t parent;
static cc_pool_t pool;

static void begin(size_t block_size, size_t align, size_t count)
{
    parent = (failing_t){ .fail_at = FAILING_NEVER };
    assert_int_equal(cc_pool_init(&pool, failing_allocator(&parent), block_size, align, count),
                     CC_RESULT_OK);
}

static void end(void)
{
    assert_true(cci_pool_is_valid(&pool));
    cc_pool_fini(&pool);
    assert_int_equal(parent.live_blocks, 0);
}

/* All blocks there are, in ascending order of a new pool; aligned and apart. */
static void take_all(unsigned char **block, size_t count, size_t size, size_t align)
{
    for (size_t i = 0; i < count; i++) {
        block[i] = cc_pool_alloc(&pool);
        assert_non_null(block[i]);
        assert_int_equal((uintptr_t)block[i] % align, 0);
        assert_true(i == 0 || block[i] < block[i - 1] ||
                    block[i] - block[i - 1] >= (ptrdiff_t)size);
        memset(block[i], (int)i, size);
    }
    for (size_t i = 0; i < count; i++)
        for (size_t n = 0; n < size; n++)
            assert_int_equal(block[i][n], i % 256);
}

static void wrong_arguments_are_refused(void **state)
{
    cc_pool_t            p;
    const cc_allocator_t a = cc_allocator_system();

    (void)state;
    assert_int_equal(cc_pool_init(&p, a, 0, 0, 1), CC_RESULT_INVALID);
    assert_int_equal(cc_pool_init(&p, a, 8, 0, 0), CC_RESULT_INVALID);
    assert_int_equal(cc_pool_init(&p, a, 8, 3, 1), CC_RESULT_INVALID);
    assert_int_equal(cc_pool_init(&p, a, 8, 8192, 1), CC_RESULT_INVALID);
    assert_int_equal(cc_pool_init(&p, a, SIZE_MAX, 0, 1), CC_RESULT_INVALID);
    assert_int_equal(cc_pool_init(&p, a, 8, 0, SIZE_MAX), CC_RESULT_NO_MEMORY);
    assert_int_equal(cc_pool_init(&p, a, PTRDIFF_MAX / 2, 0, 1), CC_RESULT_NO_MEMORY);
    assert_int_equal(cc_pool_init(&p, a, PTRDIFF_MAX / 8, 0, 16), CC_RESULT_NO_MEMORY);
    assert_int_equal(cc_pool_init(&p, a, 1, 1, SIZE_MAX / 10), CC_RESULT_NO_MEMORY);
}

/* Beyond 2^64 the reciprocal would not find every block: refused before the parent is asked. */
static void blocks_that_could_not_be_found_are_refused(void **state)
{
    failing_t f = { .fail_at = 0 };
    cc_pool_t p;

    (void)state;
    assert_int_equal(cc_pool_init(&p, failing_allocator(&f), ((size_t)1 << 33) + 48, 16, 16),
                     CC_RESULT_NO_MEMORY);
    assert_int_equal(f.requests, 0);
    assert_int_equal(cc_pool_init(&p, failing_allocator(&f), ((size_t)1 << 29) + 48, 16, 16),
                     CC_RESULT_NO_MEMORY);
    assert_int_equal(f.requests, 1);
}

static void blocks_are_aligned_apart_and_as_many_as_asked_for(void **state)
{
    static const size_t sizes[] = { 1, 2, 3, 5, 8, 12, 24, 48, 64, 100, 1920 };
    unsigned char      *block[COUNT];

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t align = 1; align <= CC_POOL_ALIGN_MAX; align *= 4) {
            begin(sizes[i], align, COUNT);
            take_all(block, COUNT, sizes[i], align);
            assert_null(cc_pool_alloc(&pool));
            for (size_t n = 0; n < COUNT; n++)
                assert_int_equal(cc_pool_free(&pool, block[n]), CC_RESULT_OK);
            take_all(block, COUNT, sizes[i], align);
            assert_null(cc_pool_alloc(&pool));
            end();
        }
}

static void running_out_is_an_answer(void **state)
{
    unsigned char *block[2];
    void          *out = &parent;

    (void)state;
    begin(64, 0, 2);
    take_all(block, 2, 64, 16);
    assert_null(cc_pool_alloc(&pool));
    assert_int_equal(cc_pool_take(&pool, &out), CC_RESULT_EXHAUSTED);
    assert_ptr_equal(out, &parent);
    assert_int_equal(cc_pool_stats(&pool).exhausted_count, 2);
    assert_int_equal(cc_pool_free(&pool, block[1]), CC_RESULT_OK);
    assert_int_equal(cc_pool_take(&pool, &out), CC_RESULT_OK);
    assert_ptr_equal(out, block[1]);
    end();
}

/* Every address in and around the pool: one block may be freed, all else is told by its kind. */
static void wrong_frees_are_told_by_kind(void **state)
{
    static const size_t sizes[] = { 1, 2, 7, 24, 64, 100 };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        begin(sizes[i], 1, 9);
        unsigned char *first = cc_pool_alloc(&pool), *freed = cc_pool_alloc(&pool),
                      *kept = cc_pool_alloc(&pool);
        size_t distance = (size_t)(freed - first), refused = 0;
        assert_int_equal(cc_pool_free(&pool, freed), CC_RESULT_OK);
        for (ptrdiff_t at = -100; at < (ptrdiff_t)(pool.first.reserved + 100); at++) {
            unsigned char *p        = first + at;
            bool           start    = at >= 0 && at % (ptrdiff_t)distance == 0;
            bool           used     = at >= 0 && at < 3 * (ptrdiff_t)distance;
            bool           inside   = at >= 0 && at < (ptrdiff_t)pool.first.reserved;
            cc_result_t    expected = !inside      ? CC_RESULT_FOREIGN
                                      : !used      ? CC_RESULT_OUT_OF_RANGE
                                      : !start     ? CC_RESULT_MISALIGNED
                                      : p == freed ? CC_RESULT_DOUBLE_FREE
                                                   : CC_RESULT_OK;
            assert_int_equal(cc_pool_owns(&pool, p), expected == CC_RESULT_OK);
            if (expected == CC_RESULT_OK)
                continue;
            assert_int_equal(cc_pool_free(&pool, p), expected);
            assert_int_equal(cc_pool_stats(&pool).refused_count, ++refused);
        }
        assert_int_equal(cc_pool_free(&pool, NULL), CC_RESULT_OK);
        assert_int_equal(cc_pool_stats(&pool).live, 2);
        assert_int_equal(cc_pool_free(&pool, kept), CC_RESULT_OK);
        assert_int_equal(cc_pool_free(&pool, kept), CC_RESULT_DOUBLE_FREE);
        end();
    }
}

/* Every block size finds its blocks, and no other address, by one multiplication. */
static void the_reciprocal_is_exact(void **state)
{
    (void)state;
    for (size_t size = 1; size < 700; size++) {
        begin(size, 1, 300);
        uintptr_t base = (uintptr_t)cc_pool_alloc(&pool);
        for (int i = 1; i < 300; i++)
            assert_non_null(cc_pool_alloc(&pool));
        for (size_t number = 0; number < 300; number++) {
            unsigned char *p = (unsigned char *)base + number * pool.stride;
            assert_int_equal(cc_pool_free(&pool, p + 1), CC_RESULT_MISALIGNED);
            assert_int_equal(cc_pool_free(&pool, p + pool.stride - 1), CC_RESULT_MISALIGNED);
            assert_int_equal(cc_pool_free(&pool, p), CC_RESULT_OK);
            assert_int_equal(cc_pool_free(&pool, p), CC_RESULT_DOUBLE_FREE);
        }
        assert_int_equal(cc_pool_stats(&pool).live, 0);
        end();
    }
}

static void counts_are_true(void **state)
{
    unsigned char *block[4];

    (void)state;
    begin(64, 0, 10);
    take_all(block, 4, 64, 16);
    for (int i = 0; i < 4; i++)
        assert_int_equal(cc_pool_free(&pool, block[i]), CC_RESULT_OK);
    take_all(block, 3, 64, 16);
    cc_pool_stats_t s = cc_pool_stats(&pool);
    assert_int_equal(s.count, 10);
    assert_int_equal(s.live, 3);
    assert_int_equal(s.peak, 4);
    assert_int_equal(s.alloc_count, 7);
    assert_int_equal(s.reuse_count, 3);
    assert_int_equal(s.free_count, 4);
    assert_int_equal(s.exhausted_count, 0);
    assert_int_equal(s.used_bytes, 3 * 64);
    assert_int_equal(s.reserved_bytes, parent.live_bytes);
    end();
}

static void reset_frees_all_and_forgets_no_count(void **state)
{
    unsigned char *block[5];

    (void)state;
    begin(64, 0, 5);
    take_all(block, 5, 64, 16);
    assert_int_equal(cc_pool_free(&pool, block[2]), CC_RESULT_OK);
    cc_pool_reset(&pool);
    assert_true(cci_pool_is_valid(&pool));
    assert_int_equal(cc_pool_stats(&pool).live, 0);
    assert_int_equal(cc_pool_stats(&pool).free_count, 5);
    assert_int_equal(cc_pool_stats(&pool).peak, 5);
    assert_int_equal(cc_pool_free(&pool, block[0]), CC_RESULT_OUT_OF_RANGE);
    take_all(block, 5, 64, 16);
    assert_null(cc_pool_alloc(&pool));
    assert_int_equal(cc_pool_stats(&pool).reuse_count, 5);
    end();
}

static void it_grows_when_told(void **state)
{
    unsigned char *block[12];

    (void)state;
    begin(24, 0, 4);
    take_all(block, 3, 24, 8);
    assert_int_equal(cc_pool_free(&pool, block[1]), CC_RESULT_OK); /* moves with the stack */
    assert_int_equal(cc_pool_grow(&pool, 0), CC_RESULT_INVALID);
    assert_int_equal(cc_pool_grow(&pool, SIZE_MAX), CC_RESULT_NO_MEMORY);
    assert_int_equal(cc_pool_grow(&pool, SIZE_MAX / 1024), CC_RESULT_NO_MEMORY);
    assert_int_equal(cc_pool_grow(&pool, 8), CC_RESULT_OK);
    assert_true(cci_pool_is_valid(&pool));
    assert_ptr_equal(cc_pool_alloc(&pool), block[1]);
    for (int i = 3; i < 12; i++)
        block[i] = cc_pool_alloc(&pool);
    assert_null(cc_pool_alloc(&pool));
    for (int i = 0; i < 12; i++) {
        assert_true(cc_pool_owns(&pool, block[i]));
        assert_int_equal(cc_pool_free(&pool, block[i] + 1), CC_RESULT_MISALIGNED);
        assert_int_equal(cc_pool_free(&pool, block[i]), CC_RESULT_OK);
        assert_int_equal(cc_pool_free(&pool, block[i]), CC_RESULT_DOUBLE_FREE);
    }
    assert_int_equal(cc_pool_stats(&pool).count, 12);
    assert_int_equal(cc_pool_stats(&pool).reserved_bytes, parent.live_bytes);
    end();
}

static void it_lives_in_the_callers_memory(void **state)
{
    static _Alignas(64) unsigned char memory[4096];
    unsigned char                    *block;
    size_t                            count = 0;

    (void)state;
    assert_int_equal(cc_pool_init_in(&pool, memory, 0, 64, 0), CC_RESULT_FULL);
    assert_int_equal(cc_pool_init_in(&pool, memory, 80, 64, 0), CC_RESULT_FULL);
    assert_int_equal(cc_pool_init_in(&pool, memory, 4096, 5000, 0), CC_RESULT_FULL);
    assert_int_equal(cc_pool_init_in(&pool, memory, 4096, 0, 0), CC_RESULT_INVALID);
    for (size_t gap = 0; gap < 70; gap++) {
        memset(memory, 0xEE, sizeof memory);
        assert_int_equal(cc_pool_init_in(&pool, memory + gap, 3000, 40, 8), CC_RESULT_OK);
        for (count = 0; (block = cc_pool_alloc(&pool)); count++) {
            assert_true(block >= memory + gap && block + 40 <= memory + gap + 3000);
            memset(block, 0, 40);
        }
        assert_int_equal(count, cc_pool_stats(&pool).count);
        assert_true(count >= 3000 / (pool.stride + 9) - 1);
        assert_true(cci_pool_is_valid(&pool));
        assert_int_equal(cc_pool_grow(&pool, 1), CC_RESULT_UNSUPPORTED);
        cc_pool_fini(&pool);
        for (size_t i = 0; i < sizeof memory; i++)
            assert_true(memory[i] == 0xEE || (i >= gap && i < gap + 3000));
    }
}

static void it_stands_under_others(void **state)
{
    (void)state;
    begin(64, 32, 2);
    cc_allocator_t a = cc_pool_allocator(&pool);
    assert_null(cc_allocator_alloc(a, 65, 8));
    assert_null(cc_allocator_alloc(a, SIZE_MAX, 8));
    assert_null(cc_allocator_alloc(a, 8, 64));
    void *p = cc_allocator_alloc(a, 64, 32);
    assert_non_null(p);
    cc_allocator_free(a, p, 64, 32);
    assert_int_equal(cc_pool_stats(&pool).live, 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(blocks_that_could_not_be_found_are_refused),
        cmocka_unit_test(blocks_are_aligned_apart_and_as_many_as_asked_for),
        cmocka_unit_test(running_out_is_an_answer),
        cmocka_unit_test(wrong_frees_are_told_by_kind),
        cmocka_unit_test(the_reciprocal_is_exact),
        cmocka_unit_test(counts_are_true),
        cmocka_unit_test(reset_frees_all_and_forgets_no_count),
        cmocka_unit_test(it_grows_when_told),
        cmocka_unit_test(it_lives_in_the_callers_memory),
        cmocka_unit_test(it_stands_under_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
