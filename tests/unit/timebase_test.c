/* SPDX-License-Identifier: MIT */
/* Ticks become nanoseconds by the best pair of instants; senseless ones do no harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "trace/timebase.h"

enum { START = 1 << 20 };

static cci_timebase_t begin(cci_clock_kind_t kind, unsigned shift)
{
    cci_trace_header_t header = { .clock_kind = kind,
                                  .tick_shift = shift,
                                  .start      = { .ticks = START, .mono_ns = START } };
    cci_timebase_t     t;

    cci_timebase_init(&t, &header);
    return t;
}

static void see(cci_timebase_t *t, uint64_t ticks, uint64_t ns)
{
    cci_timebase_see(t, (cci_clock_pair_t){ START + ticks, START + ns });
}

static void the_furthest_pair_counts(void **state)
{
    cci_timebase_t t = begin(CCI_CLOCK_TSC, 0);

    (void)state;
    see(&t, 2000, 900);
    see(&t, 2000000000, 1000000000);
    see(&t, 1000000, 490000);
    assert_null(cci_timebase_fit(&t));
    assert_true(cci_timebase_latest_ns(&t) == 1000000000);
    assert_true(cci_timebase_ns(&t, START) == 0);
    assert_true(cci_timebase_ns(&t, START + 2000) == 1000);
    assert_true(cci_timebase_ns(&t, START + 4000000000) == 2000000000);
}

static void senseless_pairs_are_ignored(void **state)
{
    cci_timebase_t t = begin(CCI_CLOCK_CNTVCT, 0);

    (void)state;
    see(&t, 100000, 4000000);       /* 25 MHz */
    see(&t, 100001, 1ull << 62);    /* far below a kilohertz */
    see(&t, 1ull << 62, 5000000);   /* far above a terahertz */
    see(&t, 0, 6000000);            /* a clock that stands */
    see(&t, -(uint64_t)1, 7000000); /* before the start */
    see(&t, 100000, -(uint64_t)1);
    assert_null(cci_timebase_fit(&t));
    assert_true(cci_timebase_ns(&t, START + 100) == 4000);
}

static void without_a_pair_a_tick_is_a_nanosecond(void **state)
{
    cci_timebase_t t = begin(CCI_CLOCK_TSC, 4);

    (void)state;
    assert_non_null(cci_timebase_fit(&t));
    assert_true(cci_timebase_ns(&t, (START >> 4) + 10) == 160);
}

static void a_short_run_is_doubted_and_used(void **state)
{
    cci_timebase_t t = begin(CCI_CLOCK_TSC, 0);

    (void)state;
    see(&t, 1999998, 999999);
    assert_non_null(cci_timebase_fit(&t));
    assert_true(cci_timebase_ns(&t, START + 1000) == 500);
}

/* CLOCK_MONOTONIC is exact whatever pairs say, up to 2^53 and beyond that without falling. */
static void monotonic_needs_no_rate(void **state)
{
    cci_timebase_t t = begin(CCI_CLOCK_MONOTONIC, 0);

    (void)state;
    see(&t, 2000000, 1000000);
    assert_null(cci_timebase_fit(&t));
    for (uint64_t ns = 1; ns < UINT64_C(1) << 53; ns *= 3)
        assert_true(cci_timebase_ns(&t, START + ns) == ns);
}

static void time_rises_to_its_end_and_no_further(void **state)
{
    cci_timebase_t t      = begin(CCI_CLOCK_TSC, 32);
    uint64_t       before = 0;

    (void)state;
    assert_non_null(cci_timebase_fit(&t));
    assert_true(cci_timebase_ns(&t, 0) == 0);
    for (uint64_t time = 1; time < UINT64_MAX / 3; time *= 3) {
        uint64_t ns = cci_timebase_ns(&t, time);
        assert_true(ns >= before);
        before = ns;
    }
    assert_true(cci_timebase_ns(&t, UINT64_MAX) == UINT64_C(1) << 63);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_furthest_pair_counts),
        cmocka_unit_test(senseless_pairs_are_ignored),
        cmocka_unit_test(without_a_pair_a_tick_is_a_nanosecond),
        cmocka_unit_test(a_short_run_is_doubted_and_used),
        cmocka_unit_test(monotonic_needs_no_rate),
        cmocka_unit_test(time_rises_to_its_end_and_no_further),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
