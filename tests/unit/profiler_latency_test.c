/* SPDX-License-Identifier: MIT */
/* What a profiler says of calls that take a known time: those of a backend that waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <ccmem/alloc.h>
#include <ccmem/backend.h>
#include <ccmem/profiler.h>
#include "prim/clock.h"
#include "support/test_backend.h"

enum { WAIT_NS = 20000, BLOCKS = 2000, BYTES = CC_ALLOC_CACHED_MAX + 1 };

static cc_backend_t slow;

static void *wait_and_alloc(size_t size)
{
    const uint64_t until = cci_clock_ns(CLOCK_MONOTONIC) + WAIT_NS;

    while (cci_clock_ns(CLOCK_MONOTONIC) < until)
        ;
    return test_backend_table(false)->alloc(size);
}

/* The test can say that a call took no less than that; how much more is the machine's. Frees do not
 * wait. */
static void a_wait_is_measured(void **state)
{
    const cc_profiler_report_t *r;
    cc_profiler_t              *p;

    (void)state;
    assert_int_equal(cc_profiler_create(&p, NULL), CC_RESULT_OK);
    assert_int_equal(cc_profiler_start(p), CC_RESULT_OK);
    for (size_t i = 0; i < BLOCKS; i++)
        cc_free(cc_alloc(BYTES), BYTES);
    cc_profiler_stop(p);
    assert_int_equal(cc_profiler_report(p, &r), CC_RESULT_OK);
    assert_in_range(r->alloc_latency_samples, BLOCKS / 64 / 2, BLOCKS / 64 * 2);
    assert_true(r->alloc_latency_p50 >= WAIT_NS * 62.0 / 64);
    assert_true(r->free_latency_p50 < r->alloc_latency_p50);
    cc_profiler_report_destroy(r);
    cc_profiler_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_wait_is_measured) };

    slow       = *test_backend_table(false);
    slow.alloc = wait_and_alloc;
    if (cc_backend_use(&slow) != CC_RESULT_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
