/* SPDX-License-Identifier: MIT */
/* Numbers with holes: a thread's numbers find what was defined under them, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "trace/ids.h"

static void define(cci_ids_t *ids, uint32_t from, uint32_t to)
{
    for (uint32_t global = from; global < to; global++)
        assert_true(cci_ids_add(ids, global));
}

static void numbers_begin_at_one(void **state)
{
    cci_ids_t ids;

    (void)state;
    cci_ids_init(&ids);
    assert_int_equal(cci_ids_find(&ids, 0), 0);
    assert_int_equal(cci_ids_find(&ids, 1), CCI_IDS_UNKNOWN);
    define(&ids, 100, 120);
    assert_int_equal(cci_ids_find(&ids, 1), 100);
    assert_int_equal(cci_ids_find(&ids, 20), 119);
    assert_int_equal(cci_ids_find(&ids, 21), CCI_IDS_UNKNOWN);
    assert_int_equal(cci_ids_find(&ids, UINT64_MAX), CCI_IDS_UNKNOWN);
    assert_int_equal(cci_ids_find(&ids, 0), 0);
    cci_ids_fini(&ids);
}

/* 1-3, 10-14, 1000-1001 */
static void define_runs(cci_ids_t *ids)
{
    cci_ids_init(ids);
    define(ids, 101, 104);
    assert_true(cci_ids_begin(ids, 10));
    define(ids, 110, 115);
    assert_true(cci_ids_begin(ids, 15)); /* the next one anyway */
    assert_true(cci_ids_begin(ids, 1000));
    define(ids, 200, 202);
}

static void holes_are_unknown(void **state)
{
    cci_ids_t ids;

    (void)state;
    define_runs(&ids);
    for (uint64_t i = 1; i <= 3; i++)
        assert_int_equal(cci_ids_find(&ids, i), 100 + i);
    for (uint64_t i = 4; i <= 9; i++)
        assert_int_equal(cci_ids_find(&ids, i), CCI_IDS_UNKNOWN);
    for (uint64_t i = 10; i <= 14; i++)
        assert_int_equal(cci_ids_find(&ids, i), 100 + i);
    assert_int_equal(cci_ids_find(&ids, 15), CCI_IDS_UNKNOWN);
    assert_int_equal(cci_ids_find(&ids, 999), CCI_IDS_UNKNOWN);
    assert_int_equal(cci_ids_find(&ids, 1001), 201);
    assert_int_equal(cci_ids_find(&ids, 1002), CCI_IDS_UNKNOWN);
    cci_ids_fini(&ids);
}

/* Begin again at every number there is: what is below stays, the rest is forgotten. */
static void numbers_given_again_are_the_new_ones(void **state)
{
    (void)state;
    for (uint64_t first = 1; first <= 1003; first++) {
        cci_ids_t before, ids;
        define_runs(&before);
        define_runs(&ids);
        assert_true(cci_ids_begin(&ids, first));
        assert_true(cci_ids_next(&ids) == first);
        define(&ids, 7000, 7002);
        for (uint64_t i = 0; i < first; i++)
            assert_int_equal(cci_ids_find(&ids, i), cci_ids_find(&before, i));
        assert_int_equal(cci_ids_find(&ids, first), 7000);
        assert_int_equal(cci_ids_find(&ids, first + 1), 7001);
        for (uint64_t i = first + 2; i < 1010; i++)
            assert_int_equal(cci_ids_find(&ids, i), CCI_IDS_UNKNOWN);
        cci_ids_fini(&before);
        cci_ids_fini(&ids);
    }
}

/* A hole before the first number, then back into it. */
static void the_first_run_may_begin_late(void **state)
{
    cci_ids_t ids;

    (void)state;
    cci_ids_init(&ids);
    assert_true(cci_ids_begin(&ids, UINT32_MAX));
    define(&ids, 5, 7);
    assert_int_equal(cci_ids_find(&ids, 1), CCI_IDS_UNKNOWN);
    assert_int_equal(cci_ids_find(&ids, UINT32_MAX), 5);
    assert_true(cci_ids_begin(&ids, 2));
    define(&ids, 9, 10);
    assert_int_equal(cci_ids_find(&ids, 1), CCI_IDS_UNKNOWN);
    assert_int_equal(cci_ids_find(&ids, 2), 9);
    assert_int_equal(cci_ids_find(&ids, UINT32_MAX), CCI_IDS_UNKNOWN);
    cci_ids_fini(&ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_begin_at_one),
        cmocka_unit_test(holes_are_unknown),
        cmocka_unit_test(numbers_given_again_are_the_new_ones),
        cmocka_unit_test(the_first_run_may_begin_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
