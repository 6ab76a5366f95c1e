/* SPDX-License-Identifier: MIT */
/* Differences of exact figures are facts; of estimates, two sampled runs of one program must seldom
 * differ "significantly", and those of a changed one nearly always. All runs come from one seed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "profile/change.h"

enum { INTERVAL = 524288, RUNS = 4000 };

/* --- sampled runs of a program that allocates equal blocks --- */

static uint64_t seed_state = UINT64_C(0x853c49e6748fea9b);

static double uniform(void)
{
    seed_state ^= seed_state << 13;
    seed_state ^= seed_state >> 7;
    seed_state ^= seed_state << 17;
    return (double)(seed_state >> 11) * 0x1p-53;
}

/* The gaps between samples are geometric. */
static cci_value_t sample(double size, double blocks)
{
    cci_sampling_t   s   = { size, cci_sample_weight((uint64_t)size, INTERVAL) };
    cci_sample_sum_t sum = { 0 };
    double           at  = 0;

    for (;;) {
        at += 1 + floor(log1p(-uniform()) / log1p(-1 / s.weight));
        if (at > blocks)
            break;
        cci_sample_sum_add(&sum, size, s.weight);
    }
    if (sum.count == 0)
        return cci_value_of_equals(0, s);
    return cci_value_estimated(cci_sample_sum_value(&sum), cci_sample_sum_interval(&sum, 0), s);
}

/* How often runs of so many blocks and of so many differ at 95 %. */
static double share_of_differences(double size, double old_blocks, double new_blocks)
{
    double differ = 0;

    for (int i = 0; i < RUNS; i++) {
        const cci_change_t c  = { sample(size, old_blocks), sample(size, new_blocks) };
        cci_interval_t     ci = cci_change_interval(&c, 1, 1);
        differ += ci.lo > 0 || ci.hi < 0;
    }
    return differ / RUNS;
}

static double blocks_for(double samples, double size)
{
    return round(samples * cci_sample_weight((uint64_t)size, INTERVAL));
}

/* --- tests --- */

static void test_exact_figures_differ_or_do_not(void **state)
{
    (void)state;
    const cci_change_t same = { cci_value_exact(7), cci_value_exact(7) };
    const cci_change_t more = { cci_value_exact(7), cci_value_exact(8) };
    const cci_change_t less = { cci_value_exact(8), cci_value_exact(7) };

    assert_true(cci_value_is_exact(&same.old));
    assert_true(cci_change_chance(&same) == 1);
    assert_true(cci_change_chance(&more) == 0);
    assert_true(cci_change_chance(&less) == 0);
    cci_interval_t ci = cci_change_interval(&more, 100, 105);
    assert_true(ci.lo == 65 && ci.hi == 65);
}

/* 100 (90 to 120) after 50 (45 to 53); one sample stands for 4. */
static void test_the_interval_of_a_difference(void **state)
{
    (void)state;
    const cci_change_t c = { { 50, { 45, 53 }, 2, true }, { 100, { 90, 120 }, 4, true } };

    cci_interval_t ci = cci_change_interval(&c, 1, 1);
    assert_true(fabs(ci.lo - (50 - sqrt(10 * 10 + 3 * 3) - 4)) < 1e-9);
    assert_true(fabs(ci.hi - (50 + sqrt(20 * 20 + 5 * 5) + 4)) < 1e-9);
    ci = cci_change_interval(&c, 1, 2);
    assert_true(fabs(ci.lo - (0 - sqrt(10 * 10 + 6 * 6) - 4)) < 1e-9);
    ci = cci_change_interval(&c, 1, 0);
    assert_true(fabs(ci.lo - (90 - 4)) < 1e-9 && fabs(ci.hi - (120 + 4)) < 1e-9);
}

/* At the edge of the interval the chance is 5 %, whichever way the figure went. */
static void test_chance_and_interval_agree(void **state)
{
    (void)state;
    const cci_value_t a = { 50, { 40, 60 }, 1, true }, b = { 65, { 55, 75 }, 1, true };
    const double      edge = hypot(10, 10) + 1;
    cci_value_t       at   = { 50 + edge, { 40 + edge, 60 + edge }, 1, true };

    assert_true(fabs(cci_change_chance(&(cci_change_t){ a, at }) - 0.05) < 1e-9);
    assert_true(fabs(cci_change_chance(&(cci_change_t){ at, a }) - 0.05) < 1e-9);
    assert_true(cci_change_chance(&(cci_change_t){ a, b }) > 0.05);
    assert_true(cci_change_chance(&(cci_change_t){ a, a }) == 1);
}

static void test_sums_are_surer_than_their_parts(void **state)
{
    (void)state;
    cci_value_t       sum  = { 10, { 7, 14 }, 2, true };
    const cci_value_t part = { 20, { 16, 23 }, 5, true };

    cci_value_add(&sum, &part);
    assert_true(sum.value == 30 && sum.grain == 5 && sum.known);
    assert_true(sum.ci.lo == 25 && sum.ci.hi == 35);
    cci_value_add(&sum, &(cci_value_t){ .known = false });
    assert_false(sum.known);
}

/* The same as if the samples had been kept. */
static void test_intervals_of_equal_blocks(void **state)
{
    (void)state;
    static const double SIZES[] = { 64, 100000, 3000000 };

    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        cci_sampling_t   s    = { SIZES[i], cci_sample_weight((uint64_t)SIZES[i], INTERVAL) };
        cci_sample_sum_t kept = { 0 };
        for (int k = 0; k < 9; k++)
            cci_sample_sum_add(&kept, SIZES[i], s.weight);
        cci_value_t    v  = cci_value_of_equals(cci_sample_sum_value(&kept), s);
        cci_interval_t ci = cci_sample_sum_interval(&kept, 0);
        assert_true(fabs(v.ci.lo - ci.lo) <= 1e-6 * ci.lo + SIZES[i] * (SIZES[i] < 1000));
        assert_true(fabs(v.ci.hi / ci.hi - 1) < 1e-6);
    }
}

/* Nothing seen: up to some 2.4 intervals of small blocks, but no block that had been seen. */
static void test_none_seen(void **state)
{
    (void)state;
    cci_value_t small =
        cci_value_of_equals(0, (cci_sampling_t){ 64, cci_sample_weight(64, INTERVAL) });
    cci_value_t large =
        cci_value_of_equals(0, (cci_sampling_t){ 3e6, cci_sample_weight(3000000, INTERVAL) });

    assert_true(small.value == 0 && small.ci.lo == 0);
    assert_true(small.ci.hi > 2 * (double)INTERVAL && small.ci.hi < 3 * (double)INTERVAL);
    assert_true(large.ci.hi == 0);
}

static void test_one_program_seldom_differs_from_itself(void **state)
{
    (void)state;
    static const double SIZES[]   = { 64, 4096, 262144, 1048576, 3000000 };
    static const double SAMPLES[] = { 1, 2, 4, 8, 16, 32, 64 };

    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++)
        for (size_t k = 0; k < sizeof SAMPLES / sizeof SAMPLES[0]; k++) {
            double blocks = blocks_for(SAMPLES[k], SIZES[i]);
            double share  = share_of_differences(SIZES[i], blocks, blocks);
            if (share > 0.055)
                fail_msg("%g of %g bytes, %g samples", share, SIZES[i], SAMPLES[k]);
        }
}

static void test_another_program_often_differs(void **state)
{
    (void)state;
    assert_true(share_of_differences(64, 0, blocks_for(8, 64)) > 0.8);
    assert_true(share_of_differences(64, blocks_for(32, 64), blocks_for(64, 64)) > 0.8);
    assert_true(share_of_differences(4096, blocks_for(64, 4096), blocks_for(20, 4096)) > 0.9);
    assert_true(share_of_differences(3000000, 0, 1) > 0.9);
    assert_true(share_of_differences(3000000, 30, 34) > 0.9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_figures_differ_or_do_not),
        cmocka_unit_test(test_the_interval_of_a_difference),
        cmocka_unit_test(test_chance_and_interval_agree),
        cmocka_unit_test(test_sums_are_surer_than_their_parts),
        cmocka_unit_test(test_intervals_of_equal_blocks),
        cmocka_unit_test(test_none_seen),
        cmocka_unit_test(test_one_program_seldom_differs_from_itself),
        cmocka_unit_test(test_another_program_often_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
