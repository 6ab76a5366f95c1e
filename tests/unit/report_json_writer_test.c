/* SPDX-License-Identifier: MIT */
/* Whatever goes in, what comes out is JSON. */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/json_writer.h"

static char  *written;
static size_t written_bytes;

static cci_json_t begin(void)
{
    cci_json_t w = { .out = open_memstream(&written, &written_bytes) };
    assert_non_null(w.out);
    return w;
}

static void expect(cci_json_t *w, const char *text)
{
    fclose(w->out);
    assert_string_equal(written, text);
    free(written);
}

static void test_structure(void **state)
{
    (void)state;
    cci_json_t w = begin();
    cci_json_begin_object(&w, NULL);
    cci_json_begin_array(&w, "empty");
    cci_json_end_array(&w);
    cci_json_begin_array(&w, "list");
    cci_json_uint(&w, NULL, 1);
    cci_json_begin_object(&w, NULL);
    cci_json_bool(&w, "a", true);
    cci_json_null(&w, "b");
    cci_json_end_object(&w);
    cci_json_end_array(&w);
    cci_json_end_object(&w);
    expect(&w,
           "{\n  \"empty\": [],\n  \"list\": [\n    1,\n    {\"a\": true, \"b\": null}\n  ]\n}\n");
}

static void test_numbers(void **state)
{
    (void)state;
    cci_json_t w = begin();
    w.depth      = 9; /* on one line */
    cci_json_uint(&w, NULL, UINT64_MAX);
    cci_json_int(&w, NULL, INT64_MIN);
    cci_json_double(&w, NULL, 0.25);
    cci_json_double(&w, NULL, NAN);
    cci_json_double(&w, NULL, INFINITY);
    cci_json_double(&w, NULL, -INFINITY);
    cci_json_seconds(&w, NULL, 1500000001);
    cci_json_seconds(&w, NULL, UINT64_MAX);
    cci_json_hex(&w, NULL, 0x7f00deadbeef);
    expect(&w, "18446744073709551615, -9223372036854775808, 0.25, null, null, null, "
               "1.500000001, 18446744073.709551615, \"0x7f00deadbeef\"");
}

static void test_strings(void **state)
{
    (void)state;
    cci_json_t w = begin();
    w.depth      = 9;
    cci_json_string(&w, NULL, "plain");
    cci_json_string(&w, NULL, NULL);
    cci_json_string(&w, NULL, "\"\\\b\f\n\r\t\001\177");
    cci_json_string(&w, NULL, "\u00fc\U0001f600");
    cci_json_string(&w, NULL,
                    "a\xff"
                    "b\xed\xa0\x80");
    cci_json_bytes(&w, NULL, "a\0b", 3);
    cci_json_bytes(&w, NULL, "\xe2\x82\xac", 2); /* cut off */
    expect(&w, "\"plain\", null, \"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u007f\", \"\u00fc\U0001f600\", "
               "\"a\ufffdb\ufffd\ufffd\ufffd\", \"a\\u0000b\", \"\ufffd\ufffd\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
