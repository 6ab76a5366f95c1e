/* SPDX-License-Identifier: MIT */
/* Equal nodes and modules are one, others are not, also when their hashes are equal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "trace/tables.h"

/* Enough for some equal hashes among them: an index keeps 32 bits. */
enum { MANY = 250000 };

static cci_stack_node_t node_of(int field, uint32_t i)
{
    return (cci_stack_node_t){ field == 0 ? i : 1, field == 1 ? i : 1, field == 2 ? i : 1 };
}

static void nodes_that_differ_in_any_field_are_others(void **state)
{
    (void)state;
    for (int field = 0; field < 3; field++) {
        cci_tables_t t;
        uint32_t     number;
        assert_true(cci_tables_init(&t, 1));
        for (uint32_t round = 0; round < 2; round++)
            for (uint32_t i = 0; i < MANY; i++) {
                assert_true(cci_tables_node(&t, node_of(field, i), &number));
                assert_true(number == i + 1);
            }
        assert_true(t.node_count == MANY + 1);
        cci_tables_fini(&t);
    }
}

static uint32_t module_number(cci_tables_t *t, cci_trace_module_t m)
{
    uint32_t number;
    assert_true(cci_tables_module(t, m, strlen(m.path), &number));
    return number;
}

static void modules_that_differ_in_any_field_are_others(void **state)
{
    static const uint8_t     id[] = { 1, 2, 3 };
    const cci_trace_module_t m    = { "/a", id, 2, 1, 9, 5 };
    cci_trace_module_t       others[6];
    cci_tables_t             t;

    (void)state;
    for (int i = 0; i < 6; i++)
        others[i] = m;
    others[0].path         = "/b";
    others[1].build_id     = id + 1;
    others[2].build_id_len = 3;
    others[3].start        = 2;
    others[4].end          = 8;
    others[5].bias         = 6;

    assert_true(cci_tables_init(&t, 1));
    for (int round = 0; round < 2; round++) {
        assert_int_equal(module_number(&t, m), 1);
        for (uint32_t i = 0; i < 6; i++)
            assert_int_equal(module_number(&t, others[i]), i + 2);
    }
    cci_tables_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_that_differ_in_any_field_are_others),
        cmocka_unit_test(modules_that_differ_in_any_field_are_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
