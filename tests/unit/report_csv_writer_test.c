/* SPDX-License-Identifier: MIT */
/* Whatever goes into a cell, the table keeps its rows and columns. */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/csv_writer.h"

static char  *written;
static size_t written_bytes;

static cci_csv_t begin(void)
{
    cci_csv_t w = { .out = open_memstream(&written, &written_bytes) };
    assert_non_null(w.out);
    return w;
}

static void expect(cci_csv_t *w, const char *text)
{
    fclose(w->out);
    assert_string_equal(written, text);
    free(written);
}

static void put_row(cci_csv_t *w, const char *text, uint64_t number)
{
    cci_csv_text(w, "text", text);
    cci_csv_uint(w, "a,number", number);
    cci_csv_end_row(w);
}

static void test_the_first_row_is_the_names(void **state)
{
    (void)state;
    cci_csv_t w = begin();
    put_row(&w, "not shown", 1);
    put_row(&w, "shown", 2);
    put_row(&w, NULL, UINT64_MAX);
    expect(&w, "text,\"a,number\"\r\nshown,2\r\n,18446744073709551615\r\n");
}

static void test_values(void **state)
{
    (void)state;
    cci_csv_t w = begin();
    w.named     = true;
    cci_csv_known(&w, "", 1, true);
    cci_csv_known(&w, "", 1, false);
    cci_csv_unknown(&w, "");
    cci_csv_double(&w, "", 0.25);
    cci_csv_double(&w, "", NAN);
    cci_csv_double(&w, "", -INFINITY);
    cci_csv_seconds(&w, "", 1500000001);
    cci_csv_hex(&w, "", 0x7f00deadbeef);
    cci_csv_end_row(&w);
    expect(&w, "1,,,0.25,,,1.500000001,0x7f00deadbeef\r\n");
}

/* One cell of the text. */
static void expect_cell(const char *text, const char *cell)
{
    char      row[64];
    cci_csv_t w = begin();

    w.named = true;
    cci_csv_text(&w, "", text);
    cci_csv_end_row(&w);
    snprintf(row, sizeof row, "%s\r\n", cell);
    expect(&w, row);
}

static void test_texts(void **state)
{
    (void)state;
    expect_cell("plain text; with 'these' \t", "plain text; with 'these' \t");
    expect_cell("", "\"\"");
    expect_cell("a,b", "\"a,b\"");
    expect_cell("a\nb", "\"a\nb\"");
    expect_cell("a\rb", "\"a\rb\"");
    expect_cell("\"", "\"\"\"\"");
    expect_cell("say \"this\"", "\"say \"\"this\"\"\"");
    expect_cell("\"\",", "\"\"\"\"\",\"");
    expect_cell("\u00fc\U0001f600", "\u00fc\U0001f600");
    expect_cell("a\xff"
                "b\xed\xa0\x80",
                "a\ufffdb\ufffd\ufffd\ufffd");
    expect_cell("\xe2\x82\"\xfe", "\"\ufffd\ufffd\"\"\ufffd\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_row_is_the_names),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
