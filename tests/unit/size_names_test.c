/* SPDX-License-Identifier: MIT */
/* Buckets of sizes: what they hold, how they are called, which are hot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profile/sizes.h"

static void test_buckets_hold_what_their_bounds_say(void **state)
{
    (void)state;
    for (unsigned b = 0; b < CCI_SIZE_BUCKETS; b++) {
        assert_int_equal(cci_size_bucket(cci_bucket_lo(b)), b);
        assert_int_equal(cci_size_bucket(cci_bucket_hi(b)), b);
        if (b > 0)
            assert_true(cci_bucket_lo(b) == cci_bucket_hi(b - 1) + 1);
    }
}

static void expect_name(unsigned bucket, const char *name)
{
    char out[CCI_SIZE_NAME_BYTES];

    cci_size_range_name(cci_bucket_lo(bucket), cci_bucket_hi(bucket), out);
    assert_string_equal(out, name);
}

static void test_names(void **state)
{
    (void)state;
    expect_name(0, "0");
    expect_name(1, "1-8");
    expect_name(2, "9-16");
    expect_name(3, "17-32");
    expect_name(10, "2049-4096");
    expect_name(CCI_SIZE_BUCKETS - 1, "281474976710657+");
}

static void test_hot_sizes(void **state)
{
    (void)state;
    static cci_sizes_t s;
    cci_hot_size_t     hot[CCI_HOT_SIZES];
    for (uint64_t size = 1; size <= 20; size++)
        cci_sizes_add(&s, size, 10);
    for (int i = 0; i < 3; i++) {
        cci_sizes_add(&s, 48, 10);
        cci_sizes_add(&s, 5000 + (uint64_t)i, 10);
    }
    cci_sizes_add(&s, 4096, 10);
    cci_sizes_finish(&s, 10);
    assert_int_equal(cci_sizes_hot(&s, hot), CCI_HOT_SIZES);
    assert_true(hot[0].lo == 48 && hot[0].hi == 48 && hot[0].count == 3);
    assert_true(hot[1].lo == 4097 && hot[1].hi == 8192 && hot[1].count == 3);
    assert_true(hot[2].lo == 1 && hot[2].count == 1);
    assert_int_equal(s.bucket[1], 8);
    assert_int_equal(s.bucket[2], 8);
    assert_int_equal(s.bucket[3], 4);
    assert_int_equal(s.bucket[4], 3);
    assert_int_equal(s.bucket[10], 1);
    assert_int_equal(s.bucket[11], 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buckets_hold_what_their_bounds_say),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_hot_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
