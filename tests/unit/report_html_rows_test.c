/* SPDX-License-Identifier: MIT */
/* How many sites a dashboard has: all, those that were asked for, or what a browser holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "report/html_rows.h"
#include "support/trace_builder.h"

static size_t rows_of(uint32_t sites, size_t top)
{
    trace_builder_t *b      = trace_builder_create(NULL);
    uint32_t         thread = trace_builder_thread(b, 1, "main");
    cci_trace_t     *t;
    cci_profile_t   *p;
    cci_html_rows_t  rows;
    size_t           n;

    for (uint32_t i = 0; i < sites; i++)
        trace_builder_malloc(b, thread, 100 * (i + 1), 0x1000 + 64 * i, 8 + i,
                             trace_builder_node(b, thread, 0, 0, 0x100 + i));
    const uint8_t *bytes = trace_builder_file(b, &n);
    assert_int_equal(cci_trace_open_memory(&t, bytes, n), CC_RESULT_OK);
    assert_int_equal(cci_profile_create(&p, t, NULL), CC_RESULT_OK);
    const cci_report_t r = { .trace = t, .profile = p, .top = top };
    assert_true(cci_html_rows_collect(&rows, &r, NULL));
    free(rows.item);
    cci_profile_destroy(p);
    cci_trace_close(t);
    trace_builder_destroy(b);
    return rows.count;
}

static void test_all_up_to_a_number(void **state)
{
    (void)state;
    assert_int_equal(rows_of(0, 0), 0);
    assert_int_equal(rows_of(7, 0), 7);
    assert_int_equal(rows_of(CCI_HTML_SITES, 0), CCI_HTML_SITES);
}

/* By number the first ones, by bytes the last ones, which are larger. */
static void test_of_more_the_first_of_each_order(void **state)
{
    (void)state;
    assert_int_equal(rows_of(CCI_HTML_SITES + 5, 0), CCI_HTML_SITES + 5);
    assert_int_equal(rows_of(3 * CCI_HTML_SITES, 0), 2 * CCI_HTML_SITES);
}

static void test_as_many_as_were_asked_for(void **state)
{
    (void)state;
    assert_int_equal(rows_of(100, 3), 6);
    assert_int_equal(rows_of(CCI_HTML_SITES + 5, CCI_HTML_SITES + 5), CCI_HTML_SITES + 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_up_to_a_number),
        cmocka_unit_test(test_of_more_the_first_of_each_order),
        cmocka_unit_test(test_as_many_as_were_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
