/* SPDX-License-Identifier: MIT */
/* The exports of one small trace with known figures and hostile names, and of every mode, read back
 * by parsers that are not ours. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/report.h"
#include "support/hostile_trace.h"

/* --- helpers --- */

typedef struct fixture {
    trace_builder_t *b;
    cci_trace_t     *trace;
    cci_profile_t   *p;
    cci_report_t     r;
} fixture_t;

static void load_range(fixture_t *f, trace_builder_options_t options, uint64_t from_ns)
{
    const cci_profile_options_t range = { .from_ns = from_ns };
    size_t                      n;

    *f                   = (fixture_t){ .b = hostile_trace(options) };
    const uint8_t *bytes = trace_builder_file(f->b, &n);
    assert_int_equal(cci_trace_open_memory(&f->trace, bytes, n), CC_RESULT_OK);
    assert_int_equal(cci_profile_create(&f->p, f->trace, &range), CC_RESULT_OK);
    f->r = (cci_report_t){ .trace   = f->trace,
                           .profile = f->p,
                           .frames  = cci_frames_create(f->trace, NULL),
                           .value   = CCI_AMOUNT_BYTES_AT_PEAK };
    assert_non_null(f->r.frames);
}

static void load_mode(fixture_t *f, cci_trace_mode_t mode)
{
    uint64_t interval = mode == CCI_MODE_SAMPLE ? 4096 : 0;

    load_range(f, (trace_builder_options_t){ .mode = mode, .sample_interval = interval }, 0);
}

static void unload(fixture_t *f)
{
    cci_frames_destroy(f->r.frames);
    cci_profile_destroy(f->p);
    cci_trace_close(f->trace);
    trace_builder_destroy(f->b);
}

/* The caller frees it. */
static char *write_report(const fixture_t *f, cci_report_writer_t write, size_t *size)
{
    char *bytes;
    FILE *out = open_memstream(&bytes, size);

    assert_non_null(out);
    assert_true(write(&f->r, out));
    fclose(out);
    return bytes;
}

static void expect_text(const fixture_t *f, cci_report_writer_t write, const char *expected)
{
    size_t size;
    char  *text = write_report(f, write, &size);

    assert_string_equal(text, expected);
    free(text);
}

static void expect_table(fixture_t *f, const char *table, const char *expected)
{
    f->r.table = table;
    expect_text(f, cci_report_csv, expected);
}

/* Evaluate a Python expression over the output `d`, read by the Python expression `reader`. */
static void expect_true(const char *bytes, size_t n, const char *reader, const char *expression)
{
    char command[2048];

    snprintf(command, sizeof command,
             "/usr/bin/python3 -c 'import csv,gzip,io,json,sys\n"
             "raw = sys.stdin.buffer.read()\n"
             "d = %s\n"
             "sys.exit(not (%s))'",
             reader, expression);
    FILE *pipe = popen(command, "w");
    assert_non_null(pipe);
    fwrite(bytes, 1, n, pipe);
    if (pclose(pipe) != 0)
        fail_msg("not so: %s in\n%.*s", expression, (int)n, bytes);
}

/* --- csv --- */

static void expect_rows(fixture_t *f, const char *table, const char *expression)
{
    size_t n;

    f->r.table = table;
    char *text = write_report(f, cci_report_csv, &n);
    expect_true(text, n,
                "list(csv.DictReader(io.StringIO(raw.decode(), newline=\"\"), strict=True))",
                expression);
    free(text);
}

static void test_csv_of_hostile_names(void **state)
{
    (void)state;
    fixture_t f;
    load_mode(&f, CCI_MODE_FULL);
    expect_rows(&f, "summary",
                "d[0] == {\"figure\": \"program.command\", \"value\": \"app a,\\\"\\n\\ufffd\", "
                "\"value_lo\": \"\", \"value_hi\": \"\"}");
    expect_rows(&f, "threads",
                "[t[\"thread_name\"] for t in d] == [\"main\", \"w,\\\"\\n\\ufffd;\"]");
    expect_rows(&f, "frames",
                "[(r[\"frame\"], r[\"offset\"]) for r in d] == [(\"0\", \"0x10\"), "
                "(\"1\", \"0x20\"), (\"2\", \"0x30\"), (\"3\", \"0x40\")]");
    expect_rows(&f, "frames",
                "d[3][\"module\"] == \"/nowhere/e;v,i\\\"l\\n 7\\t12\\\\\\ufffd\\x1b[2J\" and "
                "d[3][\"function\"] == d[3][\"file\"] == d[3][\"line\"] == \"\"");
    expect_rows(&f, "sites",
                "[(r[\"site\"], r[\"alloc_bytes\"], r[\"leaked_bytes\"], r[\"bytes_at_peak\"], "
                "r[\"cross_thread_free_count\"], r[\"size_max\"]) for r in d] == "
                "[(\"0\", \"1024\", \"0\", \"1024\", \"0\", \"1024\"), "
                "(\"1\", \"3072\", \"3072\", \"3072\", \"0\", \"3072\"), "
                "(\"2\", \"10\", \"0\", \"0\", \"1\", \"10\"), "
                "(\"3\", \"6\", \"6\", \"0\", \"0\", \"6\")]");
    unload(&f);
}

static void test_csv_tables(void **state)
{
    (void)state;
    fixture_t f;
    load_mode(&f, CCI_MODE_FULL);
    expect_table(
        &f, "sizes",
        "size_min,size_max,alloc_count\r\n1,8,1\r\n9,16,1\r\n513,1024,1\r\n2049,4096,1\r\n");
    expect_table(&f, "stacks", "stack,parent,frame\r\n1,,0\r\n2,1,1\r\n3,1,2\r\n4,,3\r\n");
    expect_table(&f, "leaks",
                 "ptr,size,timestamp,thread_id,site\r\n0x2000,3072,1700000000.002000000,4711,1\r\n"
                 "0x4000,6,1700000000.006000000,4712,3\r\n");
    expect_table(
        &f, "findings",
        "kind,site,events,part_pct,part_pct_threshold,time_pct,time_pct_threshold,text\r\n");
    expect_table(&f, "warnings", "warning\r\n");
    unload(&f);
    load_mode(&f, CCI_MODE_COUNT);
    expect_table(&f, "stacks", "stack,parent,frame\r\n");
    expect_table(&f, "frames", "frame,function,file,line,module,inlined,offset\r\n");
    expect_table(&f, "leaks", "ptr,size,timestamp,thread_id,site\r\n");
    expect_rows(&f, "summary",
                "[r[\"value\"] for r in d if r[\"figure\"] in "
                "(\"mode\", \"peak_allocated\", \"leaked_bytes\")] == [\"count\", \"\", \"\"]");
    unload(&f);
}

static void test_csv_timeline(void **state)
{
    (void)state;
    fixture_t f;
    load_mode(&f, CCI_MODE_FULL);
    expect_rows(&f, "timeline",
                "d[-1][\"t\"] == \"2.000000000\" and d[-1][\"allocated_bytes\"] == \"3078\" and "
                "max(int(r[\"allocated_max_bytes\"]) for r in d) == 4096 and "
                "{r[\"rss_bytes\"] for r in d[1:]} == {\"1048576\"}");
    unload(&f);
    load_mode(&f, CCI_MODE_COUNT); /* there is nothing but what was measured */
    expect_table(&f, "timeline",
                 "t,allocated_bytes,allocated_max_bytes,rss_bytes,alloc_rate,free_rate\r\n"
                 "0.000001000,,,1048576,,\r\n");
    unload(&f);
}

/* The first site was done with before. */
static void test_a_range_has_the_sites_of_the_range(void **state)
{
    (void)state;
    fixture_t f;
    load_range(&f, (trace_builder_options_t){ .mode = CCI_MODE_FULL }, 3500000);
    expect_rows(&f, "sites", "[r[\"site\"] for r in d] == [\"1\", \"2\", \"3\"]");
    unload(&f);
}

static void test_csv_says_what_is_estimated(void **state)
{
    (void)state;
    fixture_t f;
    load_mode(&f, CCI_MODE_SAMPLE);
    expect_rows(
        &f, "sites",
        "len(d) == 4 and all(int(r[k + \"_lo\"]) <= int(r[k]) <= int(r[k + \"_hi\"]) for r in d "
        "for k in (\"alloc_count\", \"alloc_bytes\", \"live_bytes\"))");
    expect_rows(&f, "summary",
                "all(int(r[\"value_lo\"]) <= int(r[\"value\"]) <= int(r[\"value_hi\"]) for r in d "
                "if r[\"figure\"] in (\"peak_allocated\", \"leaked_bytes\", \"free_bytes\"))");
    unload(&f);
}

static void test_every_table_has_rows_of_one_length(void **state)
{
    (void)state;
    static const cci_trace_mode_t MODES[] = { CCI_MODE_FULL, CCI_MODE_SAMPLE, CCI_MODE_COUNT };
    size_t                        n;
    const char *const            *tables = cci_csv_tables(&n);

    for (size_t m = 0; m < 3; m++) {
        fixture_t f;
        load_mode(&f, MODES[m]);
        for (size_t i = 0; i < n; i++)
            expect_rows(&f, tables[i], "not any(None in r or None in r.values() for r in d)");
        unload(&f);
    }
}

/* --- collapsed --- */

static void test_collapsed(void **state)
{
    (void)state;
    fixture_t f;
    load_mode(&f, CCI_MODE_FULL);
    expect_text(&f, cci_report_collapsed, "app+0x10;app+0x20 1024\napp+0x10;lib.so+0x30 3072\n");
    f.r.value = CCI_AMOUNT_ALLOC_BYTES;
    expect_text(&f, cci_report_collapsed,
                "app+0x10;app+0x20 1024\napp+0x10;lib.so+0x30 3072\n"
                "e:v,i\"l__7_12\\\ufffd_[2J+0x40 10\n(no stack) 6\n");
    f.r.value = CCI_AMOUNT_LEAKED_BYTES;
    expect_text(&f, cci_report_collapsed, "app+0x10;lib.so+0x30 3072\n(no stack) 6\n");
    f.r.top = 1; /* of each order: by bytes at the peak, by number, by what is left */
    expect_text(&f, cci_report_collapsed, "app+0x10;lib.so+0x30 3072\n");
    unload(&f);
}

/* --- speedscope --- */

static void test_speedscope(void **state)
{
    (void)state;
    fixture_t f;
    size_t    n;
    load_mode(&f, CCI_MODE_FULL);
    char *json = write_report(&f, cci_report_speedscope, &n);
    expect_true(
        json, n, "json.loads(raw)",
        "[f[\"name\"] for f in d[\"shared\"][\"frames\"]] == [\"app+0x10\", \"app+0x20\", "
        "\"lib.so+0x30\", \"e;v,i\\\"l\\n 7\\t12\\\\\\ufffd\\x1b[2J+0x40\", \"(no stack)\"]");
    expect_true(json, n, "json.loads(raw)",
                "[(p[\"samples\"], p[\"weights\"], p[\"endValue\"]) for p in d[\"profiles\"]] == ["
                "([[0, 1], [0, 2], [3], [4]], [1024, 3072, 10, 6], 4112), "
                "([[0, 1], [0, 2]], [1024, 3072], 4096), ([[0, 2], [4]], [3072, 6], 3078)]");
    expect_true(json, n, "json.loads(raw)",
                "d[\"shared\"][\"frames\"][0][\"file\"] == \"/nowhere/app\" and "
                "\"file\" not in d[\"shared\"][\"frames\"][4] and d[\"activeProfileIndex\"] == 1");
    free(json);
    unload(&f);
}

/* --- pprof --- */

/* A reader of messages: a list of (field, number or bytes), and what asks it. */
#define READ_PPROF                                                 \
    "fields(gzip.decompress(raw))\n"                               \
    "T = [v.decode() for k, v in d if k == 6]\n"                   \
    "def all_of(k): return [fields(v) for f, v in d if f == k]\n"  \
    "def one(m, k): return next((v for f, v in m if f == k), 0)\n" \
    "def many(b):\n"                                               \
    "  out, n, s = [], 0, 0\n"                                     \
    "  for c in b:\n"                                              \
    "    n |= (c & 127) << s; s += 7\n"                            \
    "    if c < 128: out.append(n); n = s = 0\n"                   \
    "  return out\n"

static const char FIELDS[] = "def varint(b, i):\n"
                             "  n = s = 0\n"
                             "  while True:\n"
                             "    n |= (b[i] & 127) << s; s += 7; i += 1\n"
                             "    if b[i - 1] < 128: return n, i\n"
                             "def fields(b):\n"
                             "  out, i = [], 0\n"
                             "  while i < len(b):\n"
                             "    key, i = varint(b, i)\n"
                             "    n, i = varint(b, i)\n"
                             "    if key & 7 == 2: out.append((key >> 3, b[i:i + n])); i += n\n"
                             "    else: out.append((key >> 3, n))\n"
                             "  return out\n";

static void expect_pprof(const char *bytes, size_t n, const char *expression)
{
    char command[4096];

    snprintf(
        command, sizeof command,
        "/usr/bin/python3 -c 'import gzip,sys\n%sraw = sys.stdin.buffer.read()\nd = " READ_PPROF
        "sys.exit(not (%s))'",
        FIELDS, expression);
    FILE *pipe = popen(command, "w");
    assert_non_null(pipe);
    fwrite(bytes, 1, n, pipe);
    if (pclose(pipe) != 0)
        fail_msg("not so: %s", expression);
}

static void test_pprof(void **state)
{
    (void)state;
    fixture_t f;
    size_t    n;
    load_mode(&f, CCI_MODE_FULL);
    char *file = write_report(&f, cci_report_pprof, &n);
    expect_pprof(file, n, "T[0] == \"\" and len(set(T)) == len(T)");
    expect_pprof(file, n,
                 "[(T[one(t, 1)], T[one(t, 2)]) for t in all_of(1)] == [(\"alloc_objects\", "
                 "\"count\"), (\"alloc_space\", \"bytes\"), (\"inuse_objects\", \"count\"), "
                 "(\"inuse_space\", \"bytes\"), (\"peak_space\", \"bytes\")] and "
                 "T[one(d, 14)] == \"inuse_space\"");
    expect_pprof(file, n,
                 "[(many(one(s, 1)), many(one(s, 2))) for s in all_of(2)] == "
                 "[([1, 2], [1, 1024, 0, 0, 1024]), ([3, 2], [1, 3072, 1, 3072, 3072]), "
                 "([4], [1, 10, 0, 0, 0]), ([5], [1, 6, 1, 6, 0])]");
    /* of calls: one less than where they return to */
    expect_pprof(file, n,
                 "sorted((one(l, 1), one(l, 3)) for l in all_of(4)) == "
                 "[(1, 0x40001f), (2, 0x40000f), (3, 0x60002f), (4, 0x50003f), (5, 0)]");
    expect_pprof(file, n,
                 "[(T[one(m, 5)], one(m, 2), one(m, 3), T[one(m, 6)]) for m in all_of(3)][0] == "
                 "(\"/nowhere/app\", 0x400000, 0x410000, \"deadbeef\")");
    expect_pprof(file, n, "\"/nowhere/e;v,i\\\"l\\n 7\\t12\\\\\\ufffd\\x1b[2J\" in T");
    expect_pprof(file, n, "[T[one(x, 2)] for x in all_of(5)] == [\"(no stack)\"]");
    expect_pprof(file, n, "one(d, 9) == 1700000000 * 10**9 and one(d, 10) == 2 * 10**9");
    free(file);
    unload(&f);
}

static void test_pprof_of_a_sample(void **state)
{
    (void)state;
    fixture_t f;
    size_t    n;
    load_mode(&f, CCI_MODE_SAMPLE);
    char *file = write_report(&f, cci_report_pprof, &n);
    expect_pprof(file, n,
                 "one(d, 12) == 4096 and [(T[one(t, 1)], T[one(t, 2)]) for t in all_of(11)] == "
                 "[(\"space\", \"bytes\")] and \"all values are estimates\" in T");
    free(file);
    unload(&f);
}

/* --- prometheus --- */

static void test_prometheus(void **state)
{
    (void)state;
    fixture_t f;
    size_t    n;
    load_mode(&f, CCI_MODE_FULL);
    char *text = write_report(&f, cci_report_prometheus, &n);
    assert_non_null(strstr(text, "\ncc_memory_alloc_total 4\n"));
    assert_non_null(strstr(text, "\ncc_memory_free_bytes_total 1034\n"));
    assert_non_null(strstr(text, "\ncc_memory_current_bytes 3078\n"));
    assert_non_null(strstr(text, "\ncc_memory_peak_bytes 4096\n"));
    assert_non_null(strstr(text, "\ncc_memory_cross_thread_free_ratio 0.5\n"));
    assert_true(strncmp(text, "# HELP ", 7) == 0 && text[n - 1] == '\n');
    free(text);
    unload(&f);
    load_mode(&f, CCI_MODE_SAMPLE);
    text = write_report(&f, cci_report_prometheus, &n);
    assert_null(strstr(text, "peak"));
    assert_null(strstr(text, "cross"));
    free(text);
    unload(&f);
}

/* --- estimates and whole numbers --- */

static void test_whole_numbers(void **state)
{
    (void)state;
    assert_true(cci_report_whole(0) == 0 && cci_report_whole(2.9) == 2);
    assert_true(cci_report_whole(0x1p62) == UINT64_C(1) << 62);
    assert_true(cci_report_whole(0x1.8p63) == UINT64_C(1) << 63);
    assert_true(cci_report_whole(1e30) == UINT64_C(1) << 63);
}

/* --- want of memory --- */

#if !CCMEM_INSTRUMENTED && defined(__GLIBC__)
#include "support/refusing_malloc.h"

/* A fresh report with allocation fail_at refused; NULL: the writer said so. */
static char *write_refused(fixture_t *f, cci_report_writer_t write, size_t *n)
{
    char *bytes;
    FILE *out = open_memstream(&bytes, n);

    assert_non_null(out);
    cci_frames_destroy(f->r.frames);
    calls        = 0;
    armed        = true;
    f->r.frames  = cci_frames_create(f->trace, NULL);
    bool written = f->r.frames && write(&f->r, out);
    armed        = false;
    fclose(out);
    if (written)
        return bytes;
    free(bytes);
    return NULL;
}

/* Every allocation fails once: the writer says so, or its output is whole. */
static void fail_each(cci_report_writer_t write, const char *table, size_t at_least)
{
    fixture_t f;
    size_t    refused = 0, n, n_whole;

    load_mode(&f, CCI_MODE_FULL);
    f.r.table   = table;
    fail_at     = SIZE_MAX;
    char *whole = write_refused(&f, write, &n_whole);
    assert_non_null(whole);
    for (fail_at = 0;; fail_at++) {
        char *bytes = write_refused(&f, write, &n);
        bool  done  = calls <= fail_at;
        refused += bytes == NULL;
        if (bytes) {
            assert_int_equal(n, n_whole);
            assert_memory_equal(bytes, whole, n);
        }
        free(bytes);
        if (done)
            break;
    }
    assert_true(refused >= at_least);
    free(whole);
    unload(&f);
}

static void test_failing_allocations(void **state)
{
    (void)state;
    fail_each(cci_report_csv, "frames", 5);
    fail_each(cci_report_csv, "stacks", 5);
    fail_each(cci_report_collapsed, NULL, 5);
    fail_each(cci_report_speedscope, NULL, 8);
    fail_each(cci_report_pprof, NULL, 10);
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
        cmocka_unit_test(test_csv_of_hostile_names),
        cmocka_unit_test(test_csv_tables),
        cmocka_unit_test(test_csv_timeline),
        cmocka_unit_test(test_a_range_has_the_sites_of_the_range),
        cmocka_unit_test(test_csv_says_what_is_estimated),
        cmocka_unit_test(test_every_table_has_rows_of_one_length),
        cmocka_unit_test(test_collapsed),
        cmocka_unit_test(test_speedscope),
        cmocka_unit_test(test_pprof),
        cmocka_unit_test(test_pprof_of_a_sample),
        cmocka_unit_test(test_prometheus),
        cmocka_unit_test(test_whole_numbers),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
