/* SPDX-License-Identifier: MIT */
/* The histogram keeps the bound that HdrHistogram publishes for its layout: with 2n buckets in the
 * first range, values that share a bucket differ by no more than 1/n of themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/histogram.h"
#include "base/random.h"

enum { VALUES = 20000, STEPS = CCI_HISTOGRAM_STEPS, LAST = CCI_HISTOGRAM_BUCKETS - 1 };

static const uint64_t above = UINT64_C(1) << CCI_HISTOGRAM_MAX_LOG2;

static void check_bucket_of(uint64_t value)
{
    unsigned b  = cci_histogram_bucket(value);
    uint64_t lo = cci_histogram_lo(b), hi = cci_histogram_hi(b);

    assert_in_range(b, 0, LAST);
    assert_true(lo <= value && value <= hi);
    if (b == LAST)
        return;
    assert_true(hi - lo <= value / STEPS);
    assert_true(value >= 2 * STEPS || lo == hi);
}

static void every_value_is_in_its_bucket(void **state)
{
    uint64_t random = cci_random_seed(1);

    (void)state;
    for (uint64_t v = 0; v < 1 << 18; v++)
        check_bucket_of(v);
    for (unsigned i = 0; i < 1 << 20; i++)
        check_bucket_of(cci_random_next(&random) >> i % 64);
    check_bucket_of(above - 1);
    check_bucket_of(above);
    check_bucket_of(UINT64_MAX);
}

static void buckets_follow_one_another(void **state)
{
    (void)state;
    assert_int_equal(cci_histogram_lo(0), 0);
    for (unsigned b = 0; b < LAST; b++)
        assert_true(cci_histogram_hi(b) + 1 == cci_histogram_lo(b + 1));
    assert_true(cci_histogram_hi(LAST) == UINT64_MAX);
    assert_int_equal(cci_histogram_bucket(above), LAST);
}

static uint64_t spread_evenly(uint64_t *random)
{
    return cci_random_next(random) % 1000000;
}

static uint64_t spread_exponentially(uint64_t *random)
{
    return (uint64_t)cci_random_exponential(random, 300);
}

/* Fast mostly, and sometimes a thousand times slower. */
static uint64_t spread_apart(uint64_t *random)
{
    uint64_t r = cci_random_next(random);
    return (r >> 20) % 100 + (r % 50 == 0 ? 100000 : 20);
}

static int by_value(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* Of `values`, sorted: the smallest that a part q of them does not exceed. */
static double exact_quantile(const uint64_t *values, size_t n, double q)
{
    double rank = ceil(q * (double)n);
    return (double)values[rank < 1 ? 0 : (size_t)rank - 1];
}

static void check_quantiles(uint64_t (*draw)(uint64_t *random))
{
    static const double    QUANTILES[] = { 0, 0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1 };
    static uint64_t        values[VALUES];
    static cci_histogram_t h;
    uint64_t               random = cci_random_seed(7), sum = 0;

    memset(&h, 0, sizeof h);
    for (size_t i = 0; i < VALUES; i++) {
        values[i] = draw(&random);
        sum += values[i];
        cci_histogram_add(&h, values[i], 1);
    }
    qsort(values, VALUES, sizeof *values, by_value);
    assert_int_equal(h.count, VALUES);
    assert_int_equal(h.sum, sum);
    for (size_t i = 0; i < sizeof QUANTILES / sizeof *QUANTILES; i++) {
        double exact = exact_quantile(values, VALUES, QUANTILES[i]);
        assert_true(fabs(cci_histogram_quantile(&h, QUANTILES[i]) - exact) <= exact / 2 / STEPS);
    }
}

static void quantiles_are_within_the_bound(void **state)
{
    (void)state;
    check_quantiles(spread_evenly);
    check_quantiles(spread_exponentially);
    check_quantiles(spread_apart);
}

static void of_nothing_and_of_one(void **state)
{
    static cci_histogram_t h;

    (void)state;
    memset(&h, 0, sizeof h);
    assert_true(cci_histogram_quantile(&h, 0.5) == 0);
    cci_histogram_add(&h, 17, 1);
    assert_true(cci_histogram_quantile(&h, 0) == 17);
    assert_true(cci_histogram_quantile(&h, 1) == 17);
    memset(&h, 0, sizeof h);
    cci_histogram_add(&h, UINT64_MAX, 1);
    assert_true(cci_histogram_quantile(&h, 0.5) == (double)cci_histogram_lo(LAST));
}

/* Of three values half of all are not exceeded by the second, of four by the second, too. */
static void a_rank_is_rounded_up(void **state)
{
    static cci_histogram_t h;

    (void)state;
    memset(&h, 0, sizeof h);
    for (uint64_t v = 1; v <= 3; v++)
        cci_histogram_add(&h, v, 1);
    assert_true(cci_histogram_quantile(&h, 0.5) == 2);
    assert_true(cci_histogram_quantile(&h, 0.34) == 2);
    assert_true(cci_histogram_quantile(&h, 0.67) == 3);
    cci_histogram_add(&h, 4, 1);
    assert_true(cci_histogram_quantile(&h, 0.5) == 2);
}

static void parts_make_the_whole_and_go_out_of_it_again(void **state)
{
    static cci_histogram_t whole, a, b;
    uint64_t               random = cci_random_seed(3);

    (void)state;
    memset(&whole, 0, sizeof whole);
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    for (unsigned i = 0; i < 5000; i++) {
        uint64_t v = cci_random_next(&random) >> i % 64;
        cci_histogram_add(&whole, v, 2);
        cci_histogram_add(i % 3 ? &a : &b, v, 2);
    }
    cci_histogram_merge(&a, &b);
    assert_memory_equal(&a, &whole, sizeof a);
    cci_histogram_subtract(&whole, &b);
    cci_histogram_subtract(&a, &b);
    assert_memory_equal(&a, &whole, sizeof a);
    assert_true(a.count < 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_is_in_its_bucket),
        cmocka_unit_test(buckets_follow_one_another),
        cmocka_unit_test(quantiles_are_within_the_bound),
        cmocka_unit_test(of_nothing_and_of_one),
        cmocka_unit_test(a_rank_is_rounded_up),
        cmocka_unit_test(parts_make_the_whole_and_go_out_of_it_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
