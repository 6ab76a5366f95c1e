/* SPDX-License-Identifier: MIT */
/* prim/futex.h: a time that is a moment, and as many woken as were asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <sched.h>

#include <cmocka.h>

#include "prim/clock.h"
#include "prim/futex.h"

enum { SLEEPERS = 3 };

static _Atomic uint32_t word, woken;

static void test_until(void **state)
{
    const uint64_t deadline = cci_clock_ns(CLOCK_MONOTONIC) + 1500000;

    (void)state;
    assert_true(cci_futex_wait_until(&word, 1, CCI_FUTEX_FOREVER));
    assert_false(cci_futex_wait_until(&word, 0, 0));
    assert_false(cci_futex_wait_until(&word, 0, deadline));
    assert_true(cci_clock_ns(CLOCK_MONOTONIC) >= deadline);
}

static void *sleep_once(void *unused)
{
    (void)unused;
    assert_true(cci_futex_wait_until(&word, 0, CCI_FUTEX_FOREVER));
    woken++;
    return NULL;
}

static void wake_until(uint32_t count, unsigned n)
{
    while (woken < count) {
        cci_futex_wake(&word, n);
        sched_yield();
    }
}

/* The word stays the same, so nobody gets up but who is woken. */
static void test_wake(void **state)
{
    pthread_t thread[SLEEPERS];

    (void)state;
    for (int i = 0; i < SLEEPERS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, sleep_once, NULL), 0);
    cci_futex_wake(&word, 0);
    assert_int_equal(woken, 0);
    wake_until(1, 1);
    wake_until(SLEEPERS, UINT32_MAX);
    for (int i = 0; i < SLEEPERS; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_until), cmocka_unit_test(test_wake) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
