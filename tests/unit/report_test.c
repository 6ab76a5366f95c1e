/* SPDX-License-Identifier: MIT */
/* The reports of one small trace with known figures and hostile names, and of every mode; what
 * JSON says is read back by a parser that is not ours. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "report/rank.h"
#include "report/report.h"
#include "support/trace_builder.h"

/* --- helpers --- */

typedef struct fixture {
    trace_builder_t *b;
    cci_trace_t     *trace;
    cci_profile_t   *p;
    cci_report_t     r;
} fixture_t;

static const uint64_t START_REAL_NS = UINT64_C(1700000000123456789); /* 2023-11-14T22:13:20 */

/* Three sites in modules that nobody can open; the last name is no text. */
static trace_builder_t *build(trace_builder_options_t options)
{
    options.start_real_ns = START_REAL_NS;
    options.pid           = 4711;
    trace_builder_t *b    = trace_builder_create(&options);
    uint32_t         t    = trace_builder_thread(b, 4711, "main");
    uint32_t         u    = trace_builder_thread(b, 4712, "work\xff\033[31m");
    uint32_t         app  = trace_builder_module(b, t, "/nowhere/app", 0x400000, 0x10000);
    uint32_t evil = trace_builder_module(b, u, "/nowhere/\033[2Jevil\"\\\xfe", 0x500000, 0x1000);
    uint32_t root = trace_builder_node(b, t, 0, app, 0x10);
    uint32_t one  = trace_builder_node(b, t, root, app, 0x20);
    uint32_t two  = trace_builder_node(b, t, root, app, 0x30);
    uint32_t far  = trace_builder_node(b, u, 0, evil, 0x40);

    trace_builder_meta(b, TRACE_BUILDER_PROCESS, "argv", "app\0-x\0\033]0;t\a\xff", 14);
    trace_builder_meta(b, TRACE_BUILDER_PROCESS, "allocator", "/usr/lib/libjemalloc.so.2", 25);
    trace_builder_rss(b, 1000, 1 << 20);
    trace_builder_malloc(b, t, 1000000, 0x1000, 1024, one);
    trace_builder_malloc(b, t, 2000000, 0x2000, 3072, two); /* the peak: 4 KiB */
    trace_builder_free(b, t, 3000000, 0x1000);
    trace_builder_malloc(b, u, 4000000, 0x3000, 10, far);
    trace_builder_free(b, t, 5000000, 0x3000);
    trace_builder_end(b, 2000000000, 0x0b); /* signal 11 */
    return b;
}

static void load(fixture_t *f, trace_builder_options_t options)
{
    size_t n;

    *f                   = (fixture_t){ .b = build(options) };
    const uint8_t *bytes = trace_builder_file(f->b, &n);
    assert_int_equal(cci_trace_open_memory(&f->trace, bytes, n), CC_RESULT_OK);
    assert_int_equal(cci_profile_create(&f->p, f->trace, NULL), CC_RESULT_OK);
    f->r = (cci_report_t){ .trace   = f->trace,
                           .profile = f->p,
                           .frames  = cci_frames_create(f->trace, NULL) };
    assert_non_null(f->r.frames);
}

static void unload(fixture_t *f)
{
    cci_frames_destroy(f->r.frames);
    cci_profile_destroy(f->p);
    cci_trace_close(f->trace);
    trace_builder_destroy(f->b);
}

/* The caller frees it. */
static char *write_report(const fixture_t *f, cci_report_writer_t write)
{
    char  *text;
    size_t n;
    FILE  *out = open_memstream(&text, &n);

    assert_non_null(out);
    assert_true(write(&f->r, out));
    fclose(out);
    assert_int_equal(strlen(text), n);
    return text;
}

static void expect(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

/* Evaluate a Python expression over the report `d`. */
static void expect_true_in_json(const char *json, const char *expression)
{
    char command[1024];

    snprintf(command, sizeof command,
             "/usr/bin/python3 -c 'import json,sys\n"
             "def no(x): raise ValueError(x)\n"
             "d = json.load(sys.stdin, parse_constant=no)\n"
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
    fixture_t f;
    load(&f, (trace_builder_options_t){ .mode = CCI_MODE_FULL });
    char *text = write_report(&f, cci_report_text);
    expect(text, "app -x ?]0;t??\n");
    expect(text, "pid 4711, killed by signal 11 (Segmentation fault) after 2.00 s\n");
    expect(text, "every call recorded: 5 events, 2 threads, trace of ");
    expect(text, "  Allocated                   3 blocks   4.01 KiB   2/s, 2.00 KiB/s\n");
    expect(text, "  Freed                       2 blocks   1.01 KiB\n");
    expect(text, "  Peak                                   4.00 KiB   at 2.00 ms\n");
    expect(text, "  Resident                               1.00 MiB   at most\n");
    expect(text, "  Not freed                    1 block   3.00 KiB\n");
    expect(text, "  Cross-thread                  1 free     50.0 %   of frees, of another "
                 "thread's block\n");
    expect(text, "   75.0 %   3.00 KiB  app+0x30 < app+0x10\n");
    expect(text, "  4712     work??[31m                    1       10 B                1           "
                 "     0\n");
    expect(text,
           "\n   1. 3.00 KiB, 75.0 % of the peak\n      1 block, 3.00 KiB in all; 3.00 KiB each\n"
           "      app+0x30\n      app+0x10\n");
    expect(text, "\n   3. 1 block, 33.3 % of all\n      1 block, 10 B in all; 10 B each; lived "
                 "1.00 ms on average\n"
                 "      ?[2Jevil\"\\?+0x40\n");
    expect(text, "\n   1. 3.00 KiB in 1 block, 100.0 % of what was not freed\n");
    assert_null(strchr(text, '\033'));
    free(text);
    unload(&f);
}

static void test_text_of_the_other_modes(void **state)
{
    (void)state;
    fixture_t f;
    load(&f, (trace_builder_options_t){ .mode = CCI_MODE_SAMPLE, .sample_interval = 4096 });
    char *text = write_report(&f, cci_report_text);
    expect(text, "sampled every 4.00 KiB on average: 5 events");
    expect(text, "; 95 %: ");
    free(text);
    unload(&f);
    load(&f, (trace_builder_options_t){ .mode = CCI_MODE_COUNT });
    text = write_report(&f, cci_report_text);
    expect(text, "counted, without blocks or sites, 2 threads");
    assert_null(strstr(text, "Peak"));
    assert_null(strstr(text, "Sites"));
    free(text);
    unload(&f);
}

static void test_top_limits_each_order(void **state)
{
    (void)state;
    fixture_t f;
    load(&f, (trace_builder_options_t){ .mode = CCI_MODE_FULL });
    f.r.top    = 1;
    char *text = write_report(&f, cci_report_text);
    expect(text, "   1. 1 block, 33.3 % of all\n");
    assert_null(strstr(text, "   2. "));
    free(text);
    unload(&f);
}

static void test_colour_only_when_asked_for(void **state)
{
    (void)state;
    fixture_t f;
    load(&f, (trace_builder_options_t){ .mode = CCI_MODE_FULL });
    f.r.style  = (cci_style_t){ .colour = true, .unicode = true, .width = 60 };
    char *text = write_report(&f, cci_report_summary);
    expect(text, "\033[1mapp -x ?]0;t??\033[0m\n");
    expect(text, "app+0x30\033[2m \u2190 app+0x10\033[0m\n");
    free(text);
    unload(&f);
}

/* --- JSON --- */

static void test_json(void **state)
{
    (void)state;
    fixture_t f;
    load(&f, (trace_builder_options_t){ .mode = CCI_MODE_FULL });
    char *json = write_report(&f, cci_report_json);
    expect_true_in_json(json, "d[\"schema\"] == \"ccmem-report/1\" and d[\"mode\"] == \"full\" and "
                              "d[\"estimated\"] is False and d[\"sample_interval\"] is None");
    expect_true_in_json(
        json, "d[\"program\"][\"argv\"] == [\"app\", \"-x\", \"\\x1b]0;t\\x07\\ufffd\"] and "
              "d[\"program\"][\"signal\"] == 11 and d[\"program\"][\"exit_status\"] is None");
    expect_true_in_json(
        json,
        "d[\"allocator\"][\"claimed\"] == \"jemalloc\" and "
        "d[\"allocator\"][\"serving\"] == \"unknown\" and not d[\"allocator\"][\"verified\"]");
    expect_true_in_json(
        json, "(d[\"alloc_count\"], d[\"free_count\"], d[\"alloc_bytes\"], d[\"free_bytes\"], "
              "d[\"current_allocated\"], d[\"peak_allocated\"], d[\"peak_time\"]) == "
              "(3, 2, 4106, 1034, 3072, 4096, 0.002)");
    expect_true_in_json(
        json, "(d[\"alloc_rate\"], d[\"free_rate\"], d[\"bytes_rate\"]) == (1.5, 1, 2053)");
    expect_true_in_json(
        json, "(d[\"cross_thread_free_count\"], d[\"cross_thread_free_pct\"]) == (1, 50)");
    expect_true_in_json(
        json, "d[\"size_histogram\"][\"buckets\"] == {\"1-8\": 0, \"9-16\": 1, \"17-32\": 0, "
              "\"33-64\": 0, \"65-128\": 0, \"129-256\": 0, \"257-512\": 0, \"513-1024\": 1, "
              "\"1025-2048\": 0, \"2049-4096\": 1}");
    expect_true_in_json(
        json, "[(t[\"thread_id\"], t[\"alloc_count\"], t[\"free_count\"], t[\"free_bytes\"], "
              "t[\"cross_thread_frees_sent\"], t[\"cross_thread_frees_received\"]) "
              "for t in d[\"thread_stats\"]] == [(4711, 2, 2, 1034, 0, 1), (4712, 1, 0, 0, 1, 0)]");
    expect_true_in_json(json,
                        "d[\"thread_stats\"][1][\"thread_name\"] == \"work\\ufffd\\x1b[31m\"");
    expect_true_in_json(
        json, "{v for k, v in d[\"fragmentation\"].items() if k != \"readings\"} == {None} and "
              "d[\"alloc_latency_p999\"] is None and d[\"alloc_latency_samples\"] is None and "
              "d[\"latency\"] == {\"alloc\": [], \"free\": []}");
    expect_true_in_json(
        json, "d[\"cross_thread_flow\"] == [{\"from\": 4712, \"to\": 4711, \"from_index\": 1, "
              "\"to_index\": 0, \"count\": 1, \"bytes\": 10}] and "
              "d[\"cross_thread_flow_count\"] == 1");
    expect_true_in_json(
        json,
        "d[\"leaked_bytes\"] == 3072 and d[\"leaked_allocations\"] == [{\"ptr\": \"0x2000\", "
        "\"size\": 3072, \"timestamp\": 1700000000.125456789, \"thread_id\": 4711, \"site\": 1, "
        "\"stack_trace\": [\"/nowhere/app+0x30\", \"/nowhere/app+0x10\"]}]");
    expect_true_in_json(json, "d[\"duration_seconds\"] == 2 and "
                              "d[\"start_time\"] == \"2023-11-14T22:13:20.123456Z\" and "
                              "d[\"end_time\"] == \"2023-11-14T22:13:22.123456Z\"");
    expect_true_in_json(
        json, "[(s[\"id\"], s[\"alloc_bytes\"], s[\"live_bytes\"], s[\"peak_bytes\"], "
              "s[\"bytes_at_peak\"], "
              "s[\"mean_lifetime_ns\"], s[\"cross_thread_free_count\"]) for s in d[\"sites\"]] == "
              "[(0, 1024, 0, 1024, 1024, 2000000, 0), (1, 3072, 3072, 3072, 3072, None, 0), "
              "(2, 10, 0, 10, 0, 1000000, 1)]");
    expect_true_in_json(
        json,
        "d[\"sites\"][2][\"frames\"][0][\"module\"] == \"/nowhere/\\x1b[2Jevil\\\"\\\\\\ufffd\"");
    expect_true_in_json(
        json, "d[\"sites\"][0][\"sizes\"] == {\"min\": 1024, \"max\": 1024, \"distinct\": 1, "
              "\"distinct_is_more\": False}");
    expect_true_in_json(
        json,
        "d[\"timeline\"][-1][\"t\"] == 2 and d[\"timeline\"][-1][\"allocated_bytes\"] == 3072 and "
        "max(p[\"allocated_max_bytes\"] for p in d[\"timeline\"]) == 4096 and "
        "d[\"timeline\"][-1][\"rss_bytes\"] == 1 << 20 and len(d[\"timeline\"]) <= 2000");
    expect_true_in_json(json, "d[\"recommendations\"] == [] and d[\"trace\"][\"events\"] == 5 and "
                              "d[\"trace\"][\"warnings\"] == []");
    free(json);
    unload(&f);
}

static void test_json_of_a_sample_says_what_is_estimated(void **state)
{
    (void)state;
    fixture_t f;
    load(&f, (trace_builder_options_t){ .mode = CCI_MODE_SAMPLE, .sample_interval = 4096 });
    char *json = write_report(&f, cci_report_json);
    expect_true_in_json(
        json,
        "d[\"estimated\"] and d[\"sample_interval\"] == 4096 and d[\"temporary_count\"] is None");
    expect_true_in_json(
        json, "all(s[\"estimated\"] and s[k + \"_ci\"][0] <= s[k] <= s[k + \"_ci\"][1] "
              "for s in d[\"sites\"] for k in (\"alloc_count\", \"alloc_bytes\", \"live_bytes\"))");
    expect_true_in_json(json, "\"alloc_count_ci\" not in d and len(d[\"free_bytes_ci\"]) == 2");
    free(json);
    unload(&f);
}

static void test_json_of_counts_has_nulls(void **state)
{
    (void)state;
    fixture_t f;
    load(&f, (trace_builder_options_t){ .mode = CCI_MODE_COUNT });
    char *json = write_report(&f, cci_report_json);
    expect_true_in_json(
        json,
        "all(d[k] is None for k in (\"free_bytes\", \"current_allocated\", \"peak_allocated\", "
        "\"leaked_allocations\", \"leaked_bytes\", \"cross_thread_free_count\"))");
    expect_true_in_json(json,
                        "d[\"sites\"] == [] and d[\"timeline\"][0][\"allocated_bytes\"] is None");
    free(json);
    unload(&f);
}

/* --- ranks, formats, want of memory --- */

static void test_ranks(void **state)
{
    (void)state;
    fixture_t f;
    uint32_t *sites;
    size_t    n;
    load(&f, (trace_builder_options_t){ .mode = CCI_MODE_FULL });
    assert_true(cci_rank_sites(f.p, CCI_RANK_PEAK, 9, &sites, &n));
    assert_int_equal(n, 2); /* the third held nothing then */
    assert_true(sites[0] == 1 && sites[1] == 0);
    free(sites);
    assert_true(cci_rank_sites(f.p, CCI_RANK_COUNT, 2, &sites, &n));
    assert_int_equal(n, 2);
    assert_true(sites[0] == 0 && sites[1] == 1);
    free(sites);
    unload(&f);
}

static void test_formats(void **state)
{
    (void)state;
    size_t n;
    assert_non_null(cci_report_formats(&n));
    assert_true(cci_report_format("text")->write == cci_report_text);
    assert_true(cci_report_format("json")->write == cci_report_json);
    assert_null(cci_report_format("xml"));
    for (size_t i = 0; i < n; i++)
        assert_ptr_equal(cci_report_format(cci_report_formats(&n)[i].name),
                         &cci_report_formats(&n)[i]);
}

#if !CCMEM_INSTRUMENTED && defined(__GLIBC__)
#include "support/refusing_malloc.h"

/* Every allocation of a fresh report fails once: the writer says so or did without. */
static void fail_each(cci_report_writer_t write)
{
    fixture_t f;
    FILE     *out     = fopen("/dev/null", "w");
    size_t    refused = 0;

    assert_non_null(out);
    load(&f, (trace_builder_options_t){ .mode = CCI_MODE_FULL });
    for (fail_at = 0;; fail_at++) {
        cci_frames_destroy(f.r.frames);
        calls        = 0;
        armed        = true;
        f.r.frames   = cci_frames_create(f.trace, NULL);
        bool written = f.r.frames && write(&f.r, out);
        armed        = false;
        if (calls <= fail_at)
            break;
        refused += !written;
    }
    assert_true(refused >= 5);
    fclose(out);
    unload(&f);
}

static void test_failing_allocations(void **state)
{
    (void)state;
    fail_each(cci_report_text);
    fail_each(cci_report_json);
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
        cmocka_unit_test(test_text_of_the_other_modes),
        cmocka_unit_test(test_top_limits_each_order),
        cmocka_unit_test(test_colour_only_when_asked_for),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_of_a_sample_says_what_is_estimated),
        cmocka_unit_test(test_json_of_counts_has_nulls),
        cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
