/* SPDX-License-Identifier: MIT */
/* Numbers as people write them, names that no terminal obeys, bars that fit. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/style.h"
#include "report/utf8.h"

/* --- helpers --- */

static char  *written;
static size_t written_bytes;

static FILE *begin(void)
{
    FILE *out = open_memstream(&written, &written_bytes);
    assert_non_null(out);
    return out;
}

static void expect(FILE *out, const char *text)
{
    fclose(out);
    assert_string_equal(written, text);
    free(written);
}

static void expect_text(const cci_style_t *style, const char *text, unsigned columns,
                        const char *expected, unsigned used)
{
    FILE *out = begin();
    assert_int_equal(cci_put_text(out, style, text, columns), used);
    expect(out, expected);
}

static void expect_bar(const cci_style_t *style, double part, double whole, const char *expected)
{
    FILE *out = begin();
    cci_put_bar(out, style, part, whole, 4);
    expect(out, expected);
}

static const cci_style_t PLAIN = { 0 }, RICH = { .colour = true, .unicode = true };

/* --- tests --- */

static void test_counts(void **state)
{
    (void)state;
    assert_string_equal(cci_figure_count(0).text, "0");
    assert_string_equal(cci_figure_count(999).text, "999");
    assert_string_equal(cci_figure_count(1000).text, "1,000");
    assert_string_equal(cci_figure_count(1234567).text, "1,234,567");
    assert_string_equal(cci_figure_count(UINT64_MAX).text, "18,446,744,073,709,551,615");
    assert_string_equal(cci_figure_of(0, "block").text, "0 blocks");
    assert_string_equal(cci_figure_of(1, "block").text, "1 block");
    assert_string_equal(cci_figure_of(UINT64_MAX, "block").text,
                        "18,446,744,073,709,551,615 blocks");
}

static void test_bytes(void **state)
{
    (void)state;
    assert_string_equal(cci_figure_bytes(0).text, "0 B");
    assert_string_equal(cci_figure_bytes(1023).text, "1023 B");
    assert_string_equal(cci_figure_bytes(1024).text, "1.00 KiB");
    assert_string_equal(cci_figure_bytes(10240).text, "10.0 KiB");
    assert_string_equal(cci_figure_bytes(1047552).text, "1023 KiB");
    assert_string_equal(cci_figure_bytes(1048064).text, "1.00 MiB"); /* not "1024 KiB" */
    assert_string_equal(cci_figure_bytes(UINT64_MAX).text, "16.0 EiB");
}

static void test_rates_times_and_shares(void **state)
{
    (void)state;
    assert_string_equal(cci_figure_rate(12).text, "12");
    assert_string_equal(cci_figure_rate(2710000).text, "2.71 M");
    assert_string_equal(cci_figure_time(0).text, "0 ns");
    assert_string_equal(cci_figure_time(1500).text, "1.50 us");
    assert_string_equal(cci_figure_time(1130000000).text, "1.13 s");
    assert_string_equal(cci_figure_time(119000000000).text, "119 s");
    assert_string_equal(cci_figure_time(123000000000).text, "2 min 03 s");
    assert_string_equal(cci_figure_time(7260000000000).text, "2 h 01 min");
    assert_string_equal(cci_figure_percent(1, 8).text, "12.5 %");
    assert_string_equal(cci_figure_percent(1, 0).text, "-");
}

static void test_text_is_cut_to_columns(void **state)
{
    (void)state;
    expect_text(&PLAIN, "malloc", 6, "malloc", 6);
    expect_text(&PLAIN, "allocate", 6, "all...", 6);
    expect_text(&RICH, "allocate", 6, "alloc\u2026", 6);
    expect_text(&RICH, "gr\u00fc\u00dfe", 5, "gr\u00fc\u00dfe", 5);
    expect_text(&PLAIN, "allocate", 2, "", 0);
    expect_text(&PLAIN, "", 0, "", 0);
}

static void test_no_name_commands_the_terminal(void **state)
{
    (void)state;
    expect_text(&RICH, "a\033[31m\nb\177", 20, "a?[31m?b?", 9);
    expect_text(&RICH,
                "\xc2\x9b"
                "31m",
                20, "?31m", 4); /* the one-byte CSI in UTF-8 */
    expect_text(&RICH, "\xff\xc3", 20, "??", 2);
    expect_text(&PLAIN, "\u00fc", 20, "?", 1); /* not a UTF-8 terminal */
}

static void test_bars(void **state)
{
    (void)state;
    expect_bar(&PLAIN, 1, 2, "##");
    expect_bar(&PLAIN, 5, 2, "####");
    expect_bar(&PLAIN, 0, 2, "");
    expect_bar(&PLAIN, 1, 0, "");
    expect_bar(&RICH, 2, 2, "████");
    expect_bar(&RICH, 1, 1000000, "▏"); /* little is not nothing */
    expect_bar(&RICH, 0, 1, "");
}

static void test_tones(void **state)
{
    (void)state;
    assert_string_equal(cci_tone_on(&PLAIN, CCI_TONE_HEADING), "");
    assert_string_equal(cci_tone_off(&PLAIN), "");
    assert_string_equal(cci_tone_on(&RICH, CCI_TONE_HEADING), "\033[1m");
    assert_string_equal(cci_tone_off(&RICH), "\033[0m");
}

/* Table 3-7 of the standard at its edges. */
static void test_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t      n, length;
    } CASES[] = {
        { "a", 1, 1 },
        { "\x80", 1, 0 },
        { "\xc1\xbf", 2, 0 },
        { "\xc2\x80", 2, 2 },
        { "\xc2", 1, 0 },
        { "\xe0\x9f\xbf", 3, 0 },
        { "\xe0\xa0\x80", 3, 3 },
        { "\xed\x9f\xbf", 3, 3 },
        { "\xed\xa0\x80", 3, 0 },
        { "\xe2\x82", 2, 0 },
        { "\xe2\x82\x41", 3, 0 },
        { "\xf0\x8f\xbf\xbf", 4, 0 },
        { "\xf0\x90\x80\x80", 4, 4 },
        { "\xf4\x8f\xbf\xbf", 4, 4 },
        { "\xf4\x90\x80\x80", 4, 0 },
        { "\xf5\x80\x80\x80", 4, 0 },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        assert_int_equal(cci_utf8_length(CASES[i].bytes, CASES[i].n), CASES[i].length);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_rates_times_and_shares),
        cmocka_unit_test(test_text_is_cut_to_columns),
        cmocka_unit_test(test_no_name_commands_the_terminal),
        cmocka_unit_test(test_bars),
        cmocka_unit_test(test_tones),
        cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
