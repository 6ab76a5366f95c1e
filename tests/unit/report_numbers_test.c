/* SPDX-License-Identifier: MIT */
/* Numbers run from 0 in the order of first sight, and equal things have one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "report/numbers.h"
#include "support/failing_malloc.h"

static void test_texts(void **state)
{
    (void)state;
    cci_texts_t t = { 0 };
    uint32_t    n;
    char        name[16] = "one";
    assert_true(cci_texts_number(&t, "", &n) && n == 0);
    assert_true(cci_texts_number(&t, name, &n) && n == 1);
    strcpy(name, "two"); /* the text was copied */
    assert_true(cci_texts_number(&t, name, &n) && n == 2);
    assert_true(cci_texts_number(&t, "one", &n) && n == 1);
    assert_true(cci_texts_number(&t, "", &n) && n == 0);
    assert_int_equal(t.count, 3);
    assert_string_equal(t.item[1], "one");
    assert_string_equal(t.item[2], "two");
    cci_texts_fini(&t);
}

static void test_pairs(void **state)
{
    (void)state;
    cci_pairs_t p = { 0 };
    uint32_t    n;
    for (int pass = 0; pass < 2; pass++)
        for (uint64_t i = 0; i < 5000; i++) {
            assert_true(cci_pairs_number(&p, (cci_pair_t){ i % 50, i / 50 }, &n));
            assert_int_equal(n, i);
        }
    assert_int_equal(p.count, 5000);
    assert_true(p.item[4999].first == 49 && p.item[4999].second == 99);
    assert_true(cci_pairs_number(&p, (cci_pair_t){ 99, 49 }, &n) && n == 5000);
    cci_pairs_fini(&p);
}

/* Each allocation fails once: nothing changed, and the same call then succeeds. */
static void test_failing_allocations(void **state)
{
    (void)state;
    enum { COUNT = 100 };
    bool   any    = true;
    size_t failed = 0;
    for (size_t at = 0; any; at++) {
        cci_texts_t t = { 0 };
        cci_pairs_t p = { 0 };
        failing_malloc_begin(at);
        for (uint32_t i = 0; i < COUNT; i++) {
            char     name[16];
            uint32_t n;
            snprintf(name, sizeof name, "%u", i);
            if (!cci_texts_number(&t, name, &n)) {
                failed++;
                assert_int_equal(t.count, i);
                assert_true(cci_texts_number(&t, name, &n));
            }
            assert_int_equal(n, i);
            if (!cci_pairs_number(&p, (cci_pair_t){ i, i }, &n)) {
                failed++;
                assert_int_equal(p.count, i);
                assert_true(cci_pairs_number(&p, (cci_pair_t){ i, i }, &n));
            }
            assert_int_equal(n, i);
        }
        cci_texts_fini(&t);
        cci_pairs_fini(&p);
        any = failing_malloc_end();
        assert_int_equal(failing_malloc_live(), 0);
    }
    assert_true(failed >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
