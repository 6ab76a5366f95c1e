/* SPDX-License-Identifier: MIT */
/* When a consumer that finds the queue empty waits for more words, and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lockfree/lfqueue_slip.h"

enum { STREAM = 1000, LONG = 256 };

/* Empty after each so many words, and looked at in vain so often before the next ones. The pauses of the last wait. */
static uint32_t go_on(cci_slip_t *s, unsigned times, uint64_t words, unsigned in_vain)
{
    for (unsigned i = 0; i < times; i++) {
        uint64_t taken = s->taken + words;
        bool     waits = cci_slip(s, taken);
        assert_true(waits == (s->pauses > 0));
        for (unsigned look = 0; look < in_vain; look++)
            assert_false(cci_slip(s, taken));
    }
    return s->pauses;
}

static void an_empty_queue_is_not_waited_for(void **state)
{
    (void)state;
    cci_slip_t s = { 0 };

    for (unsigned i = 0; i < STREAM; i++)
        assert_false(cci_slip(&s, 0));
    assert_int_equal(s.pauses, 0);
}

static void a_stream_is_let_get_ahead(void **state)
{
    (void)state;
    cci_slip_t s = { 0 };

    assert_true(cci_slip(&s, 1));
    assert_false(cci_slip(&s, 1));
    uint32_t first = s.pauses;
    assert_true(first > 0);
    assert_true(go_on(&s, 1, STREAM, 0) > first);
    assert_int_equal(go_on(&s, 100, STREAM, 0), LONG);
}

static void words_one_by_one_are_not_waited_for(void **state)
{
    (void)state;
    cci_slip_t s = { 0 };

    go_on(&s, 100, STREAM, 0);
    assert_int_equal(go_on(&s, 10, 1, 100), 0);
    assert_int_equal(go_on(&s, 10, 1, 100), 0);
}

/* Nobody looks in vain while there is a wait: what it brings tells. */
static void a_wait_that_brings_little_ends(void **state)
{
    (void)state;
    cci_slip_t s       = { 0 };
    uint32_t   longest = go_on(&s, 100, STREAM, 0);

    for (uint32_t last = longest; last > 0; last = s.pauses)
        assert_true(go_on(&s, 1, 1, 0) < last);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_queue_is_not_waited_for),
        cmocka_unit_test(a_stream_is_let_get_ahead),
        cmocka_unit_test(words_one_by_one_are_not_waited_for),
        cmocka_unit_test(a_wait_that_brings_little_ends),
    };

    return cmocka_run_group_tests_name("lfqueue slip", tests, NULL, NULL);
}
