/* SPDX-License-Identifier: MIT */
/* Estimates of a sampled program are unbiased and their intervals hold the truth as often as they
 * say: many sampled runs of known programs, all from one seed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "profile/estimate.h"

enum { INTERVAL = 524288, SIZES_MAX = 4096, RUNS = 2000 };

/* --- a program: so many allocations of each size --- */

typedef struct group {
    uint64_t size;
    double   expected; /* samples */
} group_t;

typedef struct outcome {
    double count_held, bytes_held; /* how often the interval held the truth */
    double count_bias, bytes_bias; /* mean estimate / truth - 1            */
} outcome_t;

static uint64_t seed_state = UINT64_C(0x853c49e6748fea9b);

static double uniform(void)
{
    seed_state ^= seed_state << 13;
    seed_state ^= seed_state >> 7;
    seed_state ^= seed_state << 17;
    return (double)(seed_state >> 11) * 0x1p-53;
}

/* Visit the sampled ones of n equal allocations: the gaps between them are geometric. */
static void sample_group(uint64_t size, double n, cci_sample_sum_t *count, cci_sample_sum_t *bytes)
{
    double weight = cci_sample_weight(size, INTERVAL);
    double at     = 0;

    for (;;) {
        at += 1 + floor(log1p(-uniform()) / log1p(-1 / weight));
        if (at > n)
            return;
        cci_sample_sum_add(count, 1, weight);
        cci_sample_sum_add(bytes, (double)size, weight);
    }
}

static bool holds(cci_interval_t ci, double truth)
{
    return floor(ci.lo) <= truth && truth <= ceil(ci.hi);
}

/* Sites without a sample are in no report, so those runs do not count for the intervals. */
static outcome_t simulate(const group_t *groups, size_t n)
{
    outcome_t o      = { 0 };
    double    allocs = 0, all_bytes = 0, seen = 0, counts[SIZES_MAX];

    for (size_t g = 0; g < n; g++) {
        counts[g] = round(groups[g].expected * cci_sample_weight(groups[g].size, INTERVAL));
        allocs += counts[g];
        all_bytes += counts[g] * (double)groups[g].size;
    }
    for (int run = 0; run < RUNS; run++) {
        cci_sample_sum_t count = { 0 }, bytes = { 0 };
        for (size_t g = 0; g < n; g++)
            sample_group(groups[g].size, counts[g], &count, &bytes);
        o.count_bias += cci_sample_sum_value(&count) / allocs / RUNS;
        o.bytes_bias += cci_sample_sum_value(&bytes) / all_bytes / RUNS;
        if (count.count == 0)
            continue;
        seen++;
        o.count_held += holds(cci_sample_sum_interval(&count, 0), allocs);
        o.bytes_held += holds(cci_sample_sum_interval(&bytes, INTERVAL), all_bytes);
    }
    o.count_held /= seen;
    o.bytes_held /= seen;
    o.count_bias -= 1;
    o.bytes_bias -= 1;
    return o;
}

/* --- tests --- */

static void test_weights(void **state)
{
    (void)state;
    assert_true(fabs(cci_sample_weight(INTERVAL, INTERVAL) - 1 / (1 - exp(-1))) < 1e-12);
    assert_true(fabs(cci_sample_weight(1, INTERVAL) - (INTERVAL + 0.5)) < 1e-3);
    assert_true(cci_sample_weight(0, INTERVAL) == cci_sample_weight(1, INTERVAL));
    assert_true(cci_sample_weight(UINT64_MAX, INTERVAL) == 1);
    assert_true(cci_sample_weight(UINT64_MAX, 1) == 1);
}

static void test_what_was_certain_has_no_interval(void **state)
{
    (void)state;
    cci_sample_sum_t s = { 0 };
    cci_sample_sum_add(&s, 7, 1);
    cci_sample_sum_add(&s, 5, 1);
    cci_interval_t ci = cci_sample_sum_interval(&s, INTERVAL);
    assert_true(ci.lo == 12 && ci.hi == 12);
}

static void test_nothing_seen_is_not_nothing(void **state)
{
    (void)state;
    cci_sample_sum_t s  = { 0 };
    cci_interval_t   ci = cci_sample_sum_interval(&s, INTERVAL);
    assert_true(ci.lo == 0);
    assert_true(ci.hi > 2 * (double)INTERVAL && ci.hi < 3 * (double)INTERVAL);
}

static void test_removing_undoes_adding(void **state)
{
    (void)state;
    cci_sample_sum_t s = { 0 };
    cci_sample_sum_add(&s, 100, 3.5);
    cci_sample_sum_add(&s, 30, 2);
    cci_sample_sum_remove(&s, 100, 3.5);
    assert_int_equal(s.count, 1);
    assert_true(fabs(cci_sample_sum_value(&s) - 60) < 1e-9);
    assert_true(fabs(s.variance - 2 * 30 * 30) < 1e-9);
}

/* Equal small blocks: exactly the Poisson interval of the number of samples, within the 2 % of its
 * approximation. From tables of chi-square: 7 samples, 15 degrees of freedom. */
static void test_equal_blocks_give_the_poisson_interval(void **state)
{
    (void)state;
    cci_sample_sum_t s = { 0 };
    double           w = 1e9;
    for (int i = 0; i < 7; i++)
        cci_sample_sum_add(&s, 1, w);
    cci_interval_t ci = cci_sample_sum_interval(&s, w);
    assert_true(fabs(ci.lo / w / (6.262 / 2) - 1) < 0.02);
    assert_true(fabs(ci.hi / w / (27.488 / 2) - 1) < 0.02);
}

/* A Poisson number is discrete: for one expectation an interval holds it 93 to 98 times of 100,
 * over all of them 95 or a little more. */
static void test_intervals_of_equal_sizes_hold_the_truth(void **state)
{
    (void)state;
    static const double EXPECTED[] = { 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 100, 300 };
    enum { N = sizeof EXPECTED / sizeof EXPECTED[0] };
    double mean = 0;

    for (size_t i = 0; i < N; i++) {
        outcome_t o = simulate(&(group_t){ 64, EXPECTED[i] }, 1);
        assert_true(o.count_held > 0.92 && o.count_held < 0.985);
        assert_true(o.bytes_held == o.count_held);
        assert_true(fabs(o.bytes_bias) < 4 / sqrt(EXPECTED[i] * RUNS));
        mean += o.count_held / N;
    }
    assert_true(mean > 0.94 && mean < 0.97);
}

static void test_intervals_of_mixed_sizes_hold_the_truth(void **state)
{
    (void)state;
    for (double k = 4; k <= 64; k *= 2) {
        group_t groups[4];
        for (size_t g = 0; g < 4; g++)
            groups[g] = (group_t){ UINT64_C(256) << g, k / 4 };
        outcome_t o = simulate(groups, 4);
        assert_true(o.bytes_held > 0.93 && o.bytes_held < 0.985);
        assert_true(o.count_held > 0.88 && o.count_held < 0.985); /* see docs/report.md */
        assert_true(fabs(o.count_bias) < 0.05 && fabs(o.bytes_bias) < 0.05);
    }
}

/* Large blocks are seen almost always; that none of them is missing must be possible. */
static void test_intervals_of_large_blocks_hold_the_truth(void **state)
{
    (void)state;
    for (int n = 4; n <= 12; n += 2) {
        group_t   large = { 1000000, n / cci_sample_weight(1000000, INTERVAL) };
        outcome_t o     = simulate(&large, 1);
        assert_true(o.count_held > 0.93 && o.bytes_held > 0.93);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_what_was_certain_has_no_interval),
        cmocka_unit_test(test_nothing_seen_is_not_nothing),
        cmocka_unit_test(test_removing_undoes_adding),
        cmocka_unit_test(test_equal_blocks_give_the_poisson_interval),
        cmocka_unit_test(test_intervals_of_equal_sizes_hold_the_truth),
        cmocka_unit_test(test_intervals_of_mixed_sizes_hold_the_truth),
        cmocka_unit_test(test_intervals_of_large_blocks_hold_the_truth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
