/* SPDX-License-Identifier: MIT */
/* The grammar of gates: every form, what is refused and where; and what a gate says to exact
 * figures, estimates and unknown ones. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "profile/gate.h"

/* --- helpers --- */

static cci_gate_t parse(const char *text)
{
    cci_gate_t       g;
    cci_gate_error_t e;

    if (!cci_gate_parse(&g, text, &e))
        fail_msg("'%s': column %zu: %s", text, e.column, e.why);
    assert_ptr_equal(g.text, text);
    return g;
}

static void is_value(const char *text, double percent, double offset)
{
    cci_gate_t g = parse(text);

    if (g.percent != percent || fabs(g.offset - offset) > 1e-9 * fabs(offset))
        fail_msg("'%s': %g %% and %g", text, g.percent, g.offset);
}

static void refuse(const char *text, size_t column, const char *why, cci_gate_unknown_t unknown)
{
    cci_gate_t       g;
    cci_gate_error_t e;

    if (cci_gate_parse(&g, text, &e))
        fail_msg("'%s' was taken", text);
    assert_string_equal(e.why, why);
    if (e.column != column || e.unknown != unknown)
        fail_msg("'%s': column %zu: %s", text, e.column, e.why);
}

static void expect_outcome(cci_outcome_t outcome, const char *text, cci_value_t old,
                           cci_value_t new)
{
    const cci_gate_t   g = parse(text);
    const cci_change_t c = { old, new };

    if (cci_gate_judge(&g, &c) != outcome)
        fail_msg("'%s' of %g and %g: %d", text, old.value, new.value, cci_gate_judge(&g, &c));
}

/* Between exact figures. */
static void judge(cci_outcome_t outcome, const char *text, double old, double new)
{
    expect_outcome(outcome, text, cci_value_exact(old), cci_value_exact(new));
}

/* --- the grammar --- */

static void test_subjects(void **state)
{
    (void)state;
    cci_gate_t g = parse("peak_allocated>1");
    assert_int_equal(g.subject, CCI_GATE_FIELD);
    assert_string_equal(cci_field_name(g.field), "peak_allocated");

    g = parse("size_histogram.total_count<=1");
    assert_string_equal(cci_field_name(g.field), "size_histogram.total_count");

    g = parse("site:parse_*:bytes_at_peak>1");
    assert_int_equal(g.subject, CCI_GATE_SITES);
    assert_string_equal(g.pattern, "parse_*");
    assert_int_equal(g.amount, CCI_AMOUNT_BYTES_AT_PEAK);

    g = parse("site:ns::box<int>::operator>=(ns::box<int> const&):alloc_count==0");
    assert_string_equal(g.pattern, "ns::box<int>::operator>=(ns::box<int> const&)");
    assert_int_equal(g.op, CCI_GATE_EQUAL);

    g = parse("site_changes.appeared>0");
    assert_int_equal(g.subject, CCI_GATE_PLACES);
    assert_int_equal(g.change, CCI_PLACE_APPEARED);
}

static void test_every_field_and_amount_is_a_subject(void **state)
{
    (void)state;
    char text[128];

    for (size_t i = 0; i < cci_field_count(); i++) {
        snprintf(text, sizeof text, "%s>=0", cci_field_name(cci_field_at(i)));
        assert_ptr_equal(parse(text).field, cci_field_at(i));
    }
    for (int a = 0; a < CCI_AMOUNTS; a++) {
        snprintf(text, sizeof text, "site:f:%s>=0", cci_amount_name((cci_amount_t)a));
        assert_int_equal(parse(text).amount, a);
    }
    for (int c = 0; c < CCI_PLACE_CHANGES; c++) {
        snprintf(text, sizeof text, "site_changes.%s>=0",
                 cci_place_change_name((cci_place_change_t)c));
        assert_int_equal(parse(text).change, c);
    }
}

static void test_operators(void **state)
{
    (void)state;
    static const struct {
        const char         *text;
        cci_gate_operator_t op;
    } FORMS[] = {
        { "alloc_count>1", CCI_GATE_MORE },   { "alloc_count>=1", CCI_GATE_AT_LEAST },
        { "alloc_count<1", CCI_GATE_LESS },   { "alloc_count<=1", CCI_GATE_AT_MOST },
        { "alloc_count==1", CCI_GATE_EQUAL }, { "alloc_count!=1", CCI_GATE_UNEQUAL },
    };
    for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++)
        assert_int_equal(parse(FORMS[i].text).op, FORMS[i].op);
}

static void test_values(void **state)
{
    (void)state;
    is_value("alloc_count>1000", 0, 1000);
    is_value("alloc_count>+1000", 100, 1000);
    is_value("alloc_count>-1000", 100, -1000);
    is_value("alloc_count>+5%", 105, 0);
    is_value("alloc_count>-5%", 95, 0);
    is_value("alloc_count>+0.5%", 100.5, 0);
    is_value("alloc_count<-100%", 0, 0);
    is_value("peak_allocated>64MiB", 0, 64.0 * 1048576);
    is_value("peak_allocated>1.5KiB", 0, 1536);
    is_value("peak_allocated>+2GiB", 100, 2.0 * 1073741824);
    is_value("peak_allocated>1TiB", 0, 0x1p40);
    is_value("peak_allocated>17B", 0, 17);
    is_value("bytes_rate>1MiB", 0, 1048576);
    is_value("duration_seconds>250ms", 0, 0.25);
    is_value("duration_seconds>2s", 0, 2);
    is_value("duration_seconds>2us", 0, 2e-6);
    is_value("duration_seconds>2", 0, 2);
    is_value("cross_thread_free_pct>10%", 0, 10);
    is_value("cross_thread_free_pct>+10", 100, 10);
    is_value("cross_thread_free_pct>+10%", 110, 0);
    is_value("fragmentation.utilization<50%", 0, 0.5);
    is_value("fragmentation.utilization<0.5", 0, 0.5);
    is_value("fragmentation.utilization<-10%", 90, 0);
    is_value(" \tpeak_allocated  >=  + 64 MiB ", 100, 64.0 * 1048576);
}

static void test_what_is_refused_and_where(void **state)
{
    (void)state;
    static const char OPERATOR[] = "expected one of > >= < <= == !=";
    char              long_pattern[CCI_GATE_PATTERN_MAX + 64];

    refuse("", 1, "expected a field", CCI_GATE_NAME_IS_KNOWN);
    refuse("  >5", 3, "expected a field", CCI_GATE_NAME_IS_KNOWN);
    refuse("peak>5", 1, "no such field", CCI_GATE_NO_FIELD);
    refuse("peak_allocatedd>5", 1, "no such field", CCI_GATE_NO_FIELD);
    refuse("bytes_at_peak>5", 1, "no such field", CCI_GATE_NO_FIELD);
    refuse("peak_allocated", 15, OPERATOR, CCI_GATE_NAME_IS_KNOWN);
    refuse("peak_allocated=5", 15, OPERATOR, CCI_GATE_NAME_IS_KNOWN);
    refuse("peak_allocated>", 16, "expected a number", CCI_GATE_NAME_IS_KNOWN);
    refuse("peak_allocated>x", 16, "expected a number", CCI_GATE_NAME_IS_KNOWN);
    refuse("peak_allocated>inf", 16, "expected a number", CCI_GATE_NAME_IS_KNOWN);
    refuse("peak_allocated>+-5", 17, "expected a number", CCI_GATE_NAME_IS_KNOWN);
    refuse("peak_allocated>.5", 16, "expected a number", CCI_GATE_NAME_IS_KNOWN);
    refuse("peak_allocated>5.", 18, "expected digits", CCI_GATE_NAME_IS_KNOWN);
    refuse("peak_allocated>0x10", 17, "expected nothing more", CCI_GATE_NAME_IS_KNOWN);
    refuse("peak_allocated>1e5", 17, "expected nothing more", CCI_GATE_NAME_IS_KNOWN);
    refuse("peak_allocated>1MB", 17, "expected nothing more", CCI_GATE_NAME_IS_KNOWN);
    refuse("peak_allocated>1MiBs", 20, "expected nothing more", CCI_GATE_NAME_IS_KNOWN);
    refuse("peak_allocated>111111111111111111111111", 16, "too long a number",
           CCI_GATE_NAME_IS_KNOWN);
    refuse("peak_allocated>5%", 17, "a percentage of OLD needs a sign, such as +5%",
           CCI_GATE_NAME_IS_KNOWN);
    refuse("peak_allocated>-101%", 20, "less than nothing", CCI_GATE_NAME_IS_KNOWN);
    refuse("alloc_count>5MiB", 14, "not a unit of this figure", CCI_GATE_NAME_IS_KNOWN);
    refuse("peak_allocated>5ms", 17, "not a unit of this figure", CCI_GATE_NAME_IS_KNOWN);
    refuse("site:", 6, "expected ':' and a figure of sites", CCI_GATE_NAME_IS_KNOWN);
    refuse("site:f>5", 9, "expected ':' and a figure of sites", CCI_GATE_NAME_IS_KNOWN);
    refuse("site::alloc_count>5", 6, "expected a pattern of functions", CCI_GATE_NAME_IS_KNOWN);
    refuse("site:f:peak_allocated>5", 8, "no such figure of sites", CCI_GATE_NO_AMOUNT);
    refuse("site:f:>5", 8, "no such figure of sites", CCI_GATE_NO_AMOUNT);
    refuse("site_changes.grown>5", 14, "no such change of sites", CCI_GATE_NO_CHANGE);
    refuse("site_changes.grew>+5", 19, "changes of sites have no value in OLD: expected no sign",
           CCI_GATE_NAME_IS_KNOWN);

    snprintf(long_pattern, sizeof long_pattern, "site:%0*d:alloc_count>5", CCI_GATE_PATTERN_MAX, 0);
    refuse(long_pattern, 6, "too long a pattern", CCI_GATE_NAME_IS_KNOWN);
    snprintf(long_pattern, sizeof long_pattern, "site:%0*d:alloc_count>5", CCI_GATE_PATTERN_MAX - 1,
             0);
    assert_int_equal(strlen(parse(long_pattern).pattern), CCI_GATE_PATTERN_MAX - 1);
}

static void test_an_unknown_name_has_its_length(void **state)
{
    (void)state;
    cci_gate_t       g;
    cci_gate_error_t e;

    assert_false(cci_gate_parse(&g, "site:a:b:cuont > 5", &e));
    assert_int_equal(e.column, 10);
    assert_int_equal(e.length, 5);
    assert_string_equal(cci_gate_name(e.unknown, 0), "alloc_count");
    assert_null(cci_gate_name(e.unknown, CCI_AMOUNTS));
    assert_null(cci_gate_name(CCI_GATE_NO_FIELD, cci_field_count()));
    assert_string_equal(cci_gate_name(CCI_GATE_NO_CHANGE, CCI_PLACE_GREW), "grew");
}

/* --- judging --- */

static void test_exact_figures(void **state)
{
    (void)state;
    judge(CCI_GATE_FAILS, "alloc_count>10", 0, 11);
    judge(CCI_GATE_PASSES, "alloc_count>10", 0, 10);
    judge(CCI_GATE_FAILS, "alloc_count>=10", 0, 10);
    judge(CCI_GATE_PASSES, "alloc_count>=10", 0, 9);
    judge(CCI_GATE_FAILS, "alloc_count<10", 0, 9);
    judge(CCI_GATE_PASSES, "alloc_count<10", 0, 10);
    judge(CCI_GATE_FAILS, "alloc_count<=10", 0, 10);
    judge(CCI_GATE_PASSES, "alloc_count<=10", 0, 11);
    judge(CCI_GATE_FAILS, "alloc_count==10", 0, 10);
    judge(CCI_GATE_PASSES, "alloc_count==10", 0, 11);
    judge(CCI_GATE_FAILS, "alloc_count!=10", 0, 11);
    judge(CCI_GATE_PASSES, "alloc_count!=10", 0, 10);
}

/* 5 % of a whole number is a whole number again, whatever floating point makes of 1.05. */
static void test_figures_relative_to_old(void **state)
{
    (void)state;
    for (double old = 20; old < 1e9; old *= 7) {
        double limit = old * 105 / 100;
        if (limit != floor(limit))
            continue;
        judge(CCI_GATE_PASSES, "alloc_count>+5%", old, limit);
        judge(CCI_GATE_FAILS, "alloc_count>=+5%", old, limit);
        judge(CCI_GATE_FAILS, "alloc_count>+5%", old, limit + 1);
        judge(CCI_GATE_PASSES, "alloc_count>=+5%", old, limit - 1);
    }
    judge(CCI_GATE_PASSES, "alloc_count>+10", 100, 110);
    judge(CCI_GATE_FAILS, "alloc_count>+10", 100, 111);
    judge(CCI_GATE_FAILS, "alloc_count<-10", 100, 89);
    judge(CCI_GATE_PASSES, "alloc_count<-10", 100, 90);
    judge(CCI_GATE_FAILS, "alloc_count<-10%", 100, 89);
    judge(CCI_GATE_PASSES, "alloc_count>+0", 100, 100);
    judge(CCI_GATE_FAILS, "alloc_count!=+0", 100, 99);
    judge(CCI_GATE_PASSES, "alloc_count>+5%", 0, 0);
    judge(CCI_GATE_FAILS, "alloc_count>+5%", 0, 1);
}

static void test_an_estimate_fails_only_when_sure(void **state)
{
    (void)state;
    const cci_value_t old    = { 100, { 90, 110 }, 5, true };
    const cci_value_t sure   = { 200, { 180, 220 }, 5, true };
    const cci_value_t unsure = { 120, { 105, 135 }, 5, true };
    const cci_gate_t  g      = parse("peak_allocated>+5%");

    expect_outcome(CCI_GATE_FAILS, "peak_allocated>+5%", old, sure);
    expect_outcome(CCI_GATE_PASSES, "peak_allocated>+5%", old, unsure);
    assert_true(cci_gate_is_doubtful(&g, &(cci_change_t){ old, unsure }));
    assert_false(cci_gate_is_doubtful(&g, &(cci_change_t){ old, sure }));
    assert_false(cci_gate_is_doubtful(&g, &(cci_change_t){ old, old }));

    expect_outcome(CCI_GATE_FAILS, "peak_allocated>170", old, sure);
    expect_outcome(CCI_GATE_PASSES, "peak_allocated>175", old, sure); /* 180, a sample less */
    expect_outcome(CCI_GATE_FAILS, "peak_allocated<230", old, sure);
    expect_outcome(CCI_GATE_PASSES, "peak_allocated<=224", old, sure);
    expect_outcome(CCI_GATE_FAILS, "peak_allocated!=230", old, sure);
    expect_outcome(CCI_GATE_PASSES, "peak_allocated!=200", old, sure);
}

static void test_what_cannot_be_decided(void **state)
{
    (void)state;
    const cci_value_t unknown = { .known = false }, known = cci_value_exact(5);
    const cci_value_t estimate = { 100, { 90, 110 }, 5, true };

    expect_outcome(CCI_GATE_UNKNOWN, "alloc_count>1", known, unknown);
    expect_outcome(CCI_GATE_FAILS, "alloc_count>1", unknown, known);
    expect_outcome(CCI_GATE_UNKNOWN, "alloc_count>+1", unknown, known);
    expect_outcome(CCI_GATE_UNKNOWN, "alloc_count<+1%", unknown, known);
    expect_outcome(CCI_GATE_UNKNOWN, "alloc_count==100", known, estimate);
    expect_outcome(CCI_GATE_PASSES, "alloc_count==50", known, estimate);
    expect_outcome(CCI_GATE_PASSES, "alloc_count==150", known, estimate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subjects),
        cmocka_unit_test(test_every_field_and_amount_is_a_subject),
        cmocka_unit_test(test_operators),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_what_is_refused_and_where),
        cmocka_unit_test(test_an_unknown_name_has_its_length),
        cmocka_unit_test(test_exact_figures),
        cmocka_unit_test(test_figures_relative_to_old),
        cmocka_unit_test(test_an_estimate_fails_only_when_sure),
        cmocka_unit_test(test_what_cannot_be_decided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
