/* SPDX-License-Identifier: MIT */
/* What the difference of two small runs says in text and JSON, what gates say to it, and that want
 * of memory is told wherever it strikes. JSON is read back by a parser that is not ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/two_runs.h"

/* --- two runs: load grew, cache appeared, gone vanished, same is the same --- */

#define FRAME(name)                                  \
    __attribute__((noinline, used)) void name(void); \
    void                                 name(void)  \
    {                                                \
        __asm__ volatile("nop\n\tnop" ::: "memory"); \
    }

FRAME(load)
FRAME(cache)
FRAME(gone)
FRAME(same)
FRAME(serve)

/* What a thread counts itself when not every call is recorded. */
static void count(run_t *r, uint64_t alloc_bytes)
{
    const cci_trace_counters_t all = { .alloc_count = 3,
                                       .free_count  = 1,
                                       .alloc_bytes = alloc_bytes };
    trace_builder_counters(r->b, r->thread, &all);
}

static void build(two_runs_t *t, const trace_builder_options_t *old,
                  const trace_builder_options_t *new)
{
    two_runs_start(t, old, new);
    for (int side = 0; side < CCI_SIDES; side++) {
        run_t   *r     = &t->run[side];
        uint32_t outer = run_frame(r, 0, serve);
        trace_builder_meta(r->b, TRACE_BUILDER_PROCESS, "argv", "app\0-x\0\033]0;t\a\xff", 14);
        run_alloc(r, 0x1000, 1000, run_frame(r, outer, same));
        run_alloc(r, 0x2000, side == CCI_OLD ? 2048 : 4096, run_frame(r, outer, load));
        run_alloc(r, 0x9000, 512, run_frame(r, outer, side == CCI_OLD ? gone : cache));
        run_free(r, 0x1000);
        count(r, side == CCI_OLD ? 3560 : 5608);
    }
    two_runs_compare(t);
}

/* The caller frees it. */
static char *write_with(const two_runs_t *t, bool (*write)(const cci_diff_report_t *, FILE *))
{
    char  *text;
    size_t n;
    FILE  *out = open_memstream(&text, &n);

    assert_non_null(out);
    assert_true(write(&t->report, out));
    fclose(out);
    assert_int_equal(strlen(text), n);
    return text;
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void has_not(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" is in:\n%s", part, text);
}

/* A Python expression over the JSON `d`. */
static void holds(const char *json, const char *expression)
{
    char command[1024];

    snprintf(command, sizeof command,
             "/usr/bin/python3 -c 'import json,sys\n"
             "def no(x): raise ValueError(x)\n"
             "d = json.load(sys.stdin, parse_constant=no)\n"
             "f, s = d[\"fields\"], {s[\"names\"][0]: s for s in d[\"sites\"]}\n"
             "sys.exit(not (%s))'",
             expression);
    FILE *pipe = popen(command, "w");
    assert_non_null(pipe);
    fputs(json, pipe);
    if (pclose(pipe) != 0)
        fail_msg("not so: %s in\n%s", expression, json);
}

/* --- text --- */

static void test_text(void **state)
{
    (void)state;
    two_runs_t t;
    build(&t, NULL, NULL);
    char *text = write_with(&t, cci_diff_text);
    has(text, "old  old.ccm: app -x ?]0;t??\n"
              "     every call recorded, 4 events, exit status 0\n");
    has(text, "  Blocks allocated                3             3          same\n");
    has(text, "  Bytes allocated          3.48 KiB      5.48 KiB     +2.00 KiB    +57.5 %\n");
    has(text, "  Bytes not freed          2.50 KiB      4.50 KiB     +2.00 KiB    +80.0 %\n");
    has(text, "\nSites\n  1 appeared, 1 vanished, 1 grew, 1 the same\n");
    has(text, "\nHeld at the peak\n"
              "    2.00 KiB   4.00 KiB    +2.00 KiB   load");
    has(text, "           -      512 B       +512 B   cache");
    has(text, "       512 B          -       -512 B   gone");
    has(text, "\n         < serve\n");
    has_not(text, "same (");
    has_not(text, "Gates");
    assert_null(strchr(text, '\033'));
    free(text);

    t.report.top = 1;
    text         = write_with(&t, cci_diff_text);
    has(text, "  and at 2 other sites\n");
    has_not(text, "cache");
    free(text);
    t.report.style.colour = true;
    text                  = write_with(&t, cci_diff_text);
    has(text, "\033[1mHeld at the peak\033[0m\n");
    free(text);
    two_runs_stop(&t);
}

static void test_text_of_a_run_against_itself(void **state)
{
    (void)state;
    two_runs_t t;
    two_runs_start(&t, NULL, NULL);
    for (int side = 0; side < CCI_SIDES; side++)
        run_alloc(&t.run[side], 0x1000, 1000, run_frame(&t.run[side], 0, same));
    two_runs_compare(&t);
    char *text = write_with(&t, cci_diff_text);
    has(text, "\nSites\n  1 the same\n");
    has_not(text, "Held at the peak");
    free(text);
    two_runs_stop(&t);
}

static void test_text_of_samples(void **state)
{
    (void)state;
    const trace_builder_options_t sampled = { .mode = CCI_MODE_SAMPLE, .sample_interval = 524288 };
    two_runs_t                    t;
    build(&t, &sampled, &sampled);
    char *text = write_with(&t, cci_diff_text);
    has(text, "     sampled every 512 KiB, 4 events, exit status 0\n");
    has(text, "not significant\n");
    has(text, "\nSites\n  1 the same\n  3 more sites with differences that may be chance\n");
    free(text);
    two_runs_stop(&t);
}

static void test_text_of_counts(void **state)
{
    (void)state;
    const trace_builder_options_t counted = { .mode = CCI_MODE_COUNT };
    two_runs_t                    t;
    build(&t, NULL, &counted);
    char *text = write_with(&t, cci_diff_text);
    has(text, "     counted, without sites, ");
    has(text, "  Peak                     3.48 KiB             ?\n");
    has(text, "\n  no sites to compare: one of the runs was only counted\n");
    free(text);
    two_runs_stop(&t);
}

/* --- JSON --- */

static void test_json(void **state)
{
    (void)state;
    two_runs_t t;
    build(&t, NULL, NULL);
    char *json = write_with(&t, cci_diff_json);
    holds(json, "d[\"schema\"] == \"ccmem-diff/1\" and d[\"old\"][\"file\"] == \"old.ccm\" and "
                "d[\"new\"][\"mode\"] == \"full\" and d[\"new\"][\"complete\"] is True");
    holds(json, "f[\"alloc_bytes\"] == {\"old\": 3560, \"new\": 5608, \"change\": 2048, "
                "\"change_pct\": 57.5280898876, \"significant\": True}");
    holds(json, "f[\"alloc_count\"][\"significant\"] is False and "
                "f[\"sample_interval\"] == dict.fromkeys(f[\"sample_interval\"])");
    holds(json, "d[\"site_changes\"] == {\"same\": 1, \"appeared\": 1, \"vanished\": 1, "
                "\"grew\": 1, \"shrank\": 0, \"changed\": 0, \"not_significant\": 0}");
    holds(json, "sorted(s) == [\"cache\", \"gone\", \"load\"]");
    holds(json, "s[\"load\"][\"change\"] == \"grew\" and s[\"load\"][\"names\"] == "
                "[\"load\", \"serve\"] and [x[\"function\"] for x in s[\"load\"][\"frames\"]] == "
                "[\"load\", \"serve\"]");
    holds(json, "s[\"load\"][\"bytes_at_peak\"] == {\"old\": 2048, \"new\": 4096, "
                "\"change\": 2048, \"change_pct\": 100, \"significant\": True}");
    holds(json, "s[\"cache\"][\"old_sites\"] == [] and len(s[\"cache\"][\"new_sites\"]) == 1 and "
                "s[\"gone\"][\"leaked_bytes\"][\"change\"] == -512");
    holds(json, "d[\"gates\"] == [] and d[\"modules_without_names\"] == []");
    free(json);

    t.report.top = 1;
    json         = write_with(&t, cci_diff_json);
    holds(json, "\"load\" in s and len(s) == 2"); /* first by bytes, and first by blocks */
    free(json);
    two_runs_stop(&t);
}

static void test_json_of_samples_has_intervals(void **state)
{
    (void)state;
    const trace_builder_options_t sampled = { .mode = CCI_MODE_SAMPLE, .sample_interval = 524288 };
    two_runs_t                    t;
    build(&t, NULL, &sampled);
    char *json = write_with(&t, cci_diff_json);
    holds(json, "d[\"new\"][\"estimated\"] and not d[\"old\"][\"estimated\"]");
    holds(json, "f[\"peak_allocated\"][\"change_ci\"][0] < f[\"peak_allocated\"][\"change\"] < "
                "f[\"peak_allocated\"][\"change_ci\"][1]");
    holds(json, "f[\"temporary_count\"][\"new\"] is None and "
                "f[\"temporary_count\"][\"change\"] is None and "
                "f[\"temporary_count\"][\"significant\"] is None");
    free(json);
    two_runs_stop(&t);
}

/* --- gates --- */

static cci_verdict_t verdict_of(const two_runs_t *t, const char *text)
{
    static cci_gate_t gate;
    cci_gate_error_t  error;
    cci_verdict_t     v;

    assert_true(cci_gate_parse(&gate, text, &error));
    assert_true(cci_verdict_find(&t->report, &gate, &v));
    return v;
}

static void expect_verdict(const two_runs_t *t, const char *text, cci_outcome_t outcome,
                           const char *words)
{
    char          room[CCI_VERDICT_BYTES];
    cci_verdict_t v = verdict_of(t, text);

    assert_int_equal(v.outcome, outcome);
    assert_string_equal(cci_verdict_text(&v, room), words);
}

static void test_verdicts(void **state)
{
    (void)state;
    two_runs_t t;
    build(&t, NULL, NULL);
    expect_verdict(&t, "alloc_bytes>+5%", CCI_GATE_FAILS,
                   "5.48 KiB (5608 B), was 3.48 KiB (3560 B), +57.5 %");
    expect_verdict(&t, "alloc_count>+0", CCI_GATE_PASSES, "3, was 3");
    expect_verdict(&t, "alloc_latency_p50>1", CCI_GATE_UNKNOWN, "not known in NEW");
    expect_verdict(&t, "site:load:bytes_at_peak>+10%", CCI_GATE_FAILS,
                   "4.00 KiB (4096 B), was 2.00 KiB (2048 B), +100.0 %");
    expect_verdict(&t, "site:serve:alloc_count>3", CCI_GATE_PASSES, "3, was 3");
    expect_verdict(&t, "site:[cg]*:alloc_bytes>+0", CCI_GATE_PASSES, "512 B, was 512 B");
    expect_verdict(&t, "site:nobody:alloc_count>0", CCI_GATE_PASSES,
                   "0, was 0; no site is like it");
    expect_verdict(&t, "site_changes.appeared>0", CCI_GATE_FAILS, "1");
    expect_verdict(&t, "site_changes.shrank>0", CCI_GATE_PASSES, "0");

    cci_verdict_t verdicts[2] = { verdict_of(&t, "alloc_bytes>+5%") };
    cci_gate_t    gate        = *verdicts[0].gate;
    verdicts[0].gate          = &gate;
    t.report.verdict          = verdicts;
    t.report.verdict_count    = 1;
    char *text                = write_with(&t, cci_diff_text);
    has(text, "\nGates\n  FAILED  alloc_bytes>+5%\n"
              "          5.48 KiB (5608 B), was 3.48 KiB (3560 B), +57.5 %\n");
    free(text);
    text = write_with(&t, cci_diff_json);
    holds(text, "d[\"gates\"] == [{\"old\": 3560, \"new\": 5608, \"change\": 2048, "
                "\"change_pct\": 57.5280898876, \"gate\": \"alloc_bytes>+5%\", \"outcome\": "
                "\"failed\", \"text\": \"5.48 KiB (5608 B), was 3.48 KiB (3560 B), +57.5 %\"}]");
    free(text);
    two_runs_stop(&t);
}

static void test_verdicts_on_samples(void **state)
{
    (void)state;
    const trace_builder_options_t sampled = { .mode = CCI_MODE_SAMPLE, .sample_interval = 524288 };
    two_runs_t                    t;
    build(&t, &sampled, &sampled);
    cci_verdict_t v = verdict_of(&t, "peak_allocated>+1");
    char          room[CCI_VERDICT_BYTES];
    assert_true(v.outcome == CCI_GATE_PASSES && v.doubtful);
    has(cci_verdict_text(&v, room), "; not significant");
    expect_verdict(&t, "current_allocated==5000", CCI_GATE_UNKNOWN,
                   "an estimate is never certainly equal");
    expect_verdict(&t, "temporary_count>0", CCI_GATE_UNKNOWN, "not known in NEW");
    two_runs_stop(&t);
}

static void test_verdicts_without_sites_or_names(void **state)
{
    (void)state;
    const trace_builder_options_t counted = { .mode = CCI_MODE_COUNT };
    two_runs_t                    t;
    build(&t, NULL, &counted);
    expect_verdict(&t, "site:load:alloc_count>0", CCI_GATE_UNKNOWN, "not known in NEW");
    expect_verdict(&t, "site_changes.appeared>0", CCI_GATE_UNKNOWN, "one of the runs has no sites");
    expect_verdict(&t, "leaked_bytes>0", CCI_GATE_UNKNOWN, "not known in NEW");
    two_runs_stop(&t);
    build(&t, &counted, NULL);
    expect_verdict(&t, "leaked_bytes>0", CCI_GATE_FAILS, "4.50 KiB (4608 B)");
    expect_verdict(&t, "leaked_bytes>+0", CCI_GATE_UNKNOWN, "not known in OLD");
    two_runs_stop(&t);

    two_runs_start(&t, NULL, NULL);
    uint32_t module = run_module(&t.run[CCI_NEW], "/gone/libz.so", "");
    run_alloc(&t.run[CCI_NEW], 0x1000, 10, run_address(&t.run[CCI_NEW], 0, module, 0x10));
    run_alloc(&t.run[CCI_OLD], 0x1000, 10, run_frame(&t.run[CCI_OLD], 0, load));
    two_runs_compare(&t);
    expect_verdict(&t, "site:load:alloc_count>0", CCI_GATE_UNKNOWN,
                   "no function in NEW has a name");
    two_runs_stop(&t);

    two_runs_start(&t, NULL, NULL);
    for (int side = 0; side < CCI_SIDES; side++) {
        run_t *r = &t.run[side];
        module   = run_module(r, "/gone/libz.so", "");
        run_alloc(r, 0x1000, 10, run_address(r, run_frame(r, 0, load), module, 0x10));
    }
    two_runs_compare(&t);
    expect_verdict(&t, "site:load:alloc_count>1", CCI_GATE_PASSES, "1, was 1");
    expect_verdict(&t, "site:lost:alloc_count>1", CCI_GATE_UNKNOWN,
                   "no site is like it, but functions without a name may be");
    two_runs_stop(&t);
}

/* What is left of the events proves nothing, whatever it says. */
static void test_verdicts_where_events_are_missing(void **state)
{
    (void)state;
    two_runs_t t;
    build(&t, NULL, NULL);
    t.run[CCI_OLD].profile->lossy = true;
    expect_verdict(&t, "alloc_count>+0", CCI_GATE_UNKNOWN, "events are missing in OLD");
    expect_verdict(&t, "alloc_count>1000", CCI_GATE_PASSES, "3, was 3");
    expect_verdict(&t, "site_changes.grew>0", CCI_GATE_UNKNOWN, "events are missing in OLD");
    t.run[CCI_NEW].profile->lossy = true;
    expect_verdict(&t, "alloc_count>1000", CCI_GATE_UNKNOWN, "events are missing in NEW");
    expect_verdict(&t, "site:load:alloc_count>0", CCI_GATE_UNKNOWN, "events are missing in NEW");
    expect_verdict(&t, "lost_events>0", CCI_GATE_PASSES, "0, was 0");
    expect_verdict(&t, "program.exit_status!=0", CCI_GATE_PASSES, "0, was 0");
    two_runs_stop(&t);
}

/* --- want of memory --- */

#if !CCMEM_INSTRUMENTED && defined(__GLIBC__)
#include "support/refusing_malloc.h"

/* All that follows the reading of the traces. */
static bool compare_and_write(two_runs_t       *t, bool (*write)(const cci_diff_report_t *, FILE *),
                              const cci_gate_t *gate, FILE *out)
{
    cci_run_t       run[CCI_SIDES];
    const uint32_t *place[CCI_SIDES];
    cci_verdict_t   verdict;

    t->places = cci_places_create(t->report.side[CCI_OLD], t->report.side[CCI_NEW]);
    for (int side = 0; t->places && side < CCI_SIDES; side++) {
        run[side]   = cci_report_run(t->report.side[side]);
        place[side] = cci_places_of(t->places, (cci_side_t)side);
    }
    t->diff          = t->places ? cci_diff_create(run, place, cci_places_count(t->places)) : NULL;
    t->report.places = t->places;
    t->report.diff   = t->diff;
    return t->diff && cci_verdict_find(&t->report, gate, &verdict) && write(&t->report, out);
}

static void fail_each(bool (*write)(const cci_diff_report_t *, FILE *))
{
    FILE            *out = fopen("/dev/null", "w");
    cci_gate_t       gate;
    cci_gate_error_t error;
    size_t           refused = 0;
    two_runs_t       t;

    assert_non_null(out);
    assert_true(cci_gate_parse(&gate, "site:load:alloc_count>0", &error));
    build(&t, NULL, NULL);
    for (fail_at = 0;; fail_at++) {
        cci_diff_destroy(t.diff);
        cci_places_destroy(t.places);
        calls        = 0;
        armed        = true;
        bool written = compare_and_write(&t, write, &gate, out);
        armed        = false;
        if (calls <= fail_at)
            break;
        refused += !written;
    }
    assert_true(refused >= 15);
    fclose(out);
    two_runs_stop(&t);
}

static void test_failing_allocations(void **state)
{
    (void)state;
    fail_each(cci_diff_text);
    fail_each(cci_diff_json);
}
#else
static void test_failing_allocations(void **state)
{
    (void)state;
    skip();
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_text_of_a_run_against_itself),
        cmocka_unit_test(test_text_of_samples),
        cmocka_unit_test(test_text_of_counts),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_of_samples_has_intervals),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_verdicts_on_samples),
        cmocka_unit_test(test_verdicts_without_sites_or_names),
        cmocka_unit_test(test_verdicts_where_events_are_missing),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
