/* SPDX-License-Identifier: MIT */
/* A moment in every format, and what is none, lacks stacks, does not fit the disk or the memory. */
#define _GNU_SOURCE
#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugin/document.h"
#include "report/report.h"
#include "support/moments.h"

typedef struct text {
    cc_result_t result;
    char       *bytes;
    size_t      n;
} text_t;

static text_t write_with(const cci_moment_t *m, cci_plugin_names_t **names, const char *format)
{
    text_t t   = { 0 };
    FILE  *out = open_memstream(&t.bytes, &t.n);

    assert_non_null(out);
    t.result = cci_plugin_write(m, names, format, out);
    fclose(out);
    return t;
}

static text_t write_text(const cci_moment_t *m, const char *format)
{
    cci_plugin_names_t *names = NULL;
    text_t              t     = write_with(m, &names, format);

    cci_plugin_forget(names);
    return t;
}

static void expect_result(const cci_moment_t *m, const char *format, cc_result_t result)
{
    text_t t = write_text(m, format);

    if (t.result != result)
        fail_msg("%s: %s", format, cc_result_text(t.result));
    assert_true(result == CC_RESULT_OK || t.n == 0);
    free(t.bytes);
}

static void expect_words(const cci_moment_t *m, const char *format, const char *words)
{
    text_t t = write_text(m, format);

    assert_int_equal(t.result, CC_RESULT_OK);
    if (!strstr(t.bytes, words))
        fail_msg("%s: no '%s' in\n%s", format, words, t.bytes);
    free(t.bytes);
}

static void every_format_is_written(void **state)
{
    static function_t *const two[] = { first, second };
    trace_builder_t         *b     = program_of(CCI_MODE_FULL, two, 2);
    cci_moment_t             m     = moment_of(b, 1);

    (void)state;
    expect_words(&m, "text", "second");
    expect_words(&m, "json", "\"alloc_count\": 2");
    expect_words(&m, "json", "\"second\"");
    expect_words(&m, "prometheus", "\ncc_memory_alloc_total 2\n");
    expect_words(&m, "collapsed", "first 100\n");
    expect_words(&m, "speedscope", "\"second\"");
    text_t pprof = write_text(&m, "pprof");
    assert_int_equal(pprof.result, CC_RESULT_OK);
    assert_memory_equal(pprof.bytes, "\x1f\x8b", 2); /* gzip */
    free(pprof.bytes);
    cci_moment_close(&m);
    trace_builder_destroy(b);
}

static void csv_is_one_table(void **state)
{
    static function_t *const one[] = { first };
    trace_builder_t         *b     = program_of(CCI_MODE_FULL, one, 1);
    cci_moment_t             m     = moment_of(b, 1);
    size_t                   n;
    const char *const       *tables = cci_csv_tables(&n);

    (void)state;
    expect_words(&m, "csv", "alloc_count,1");
    expect_words(&m, "csv:summary", "alloc_count,1");
    expect_words(&m, "csv:threads", "thread,thread_id,thread_name");
    expect_words(&m, "csv:frames", "first");
    for (size_t i = 0; i < n; i++) {
        char format[64];
        snprintf(format, sizeof format, "csv:%s", tables[i]);
        expect_result(&m, format, CC_RESULT_OK);
    }
    cci_moment_close(&m);
    trace_builder_destroy(b);
}

static void other_formats_there_are_none(void **state)
{
    static const char *const unknown[] = { "",      "xml",     "htm",         "JSON",
                                           "json:", "csv:",    "csv:all",     "csv ",
                                           "cs",    "textcsv", "text:summary" };
    static function_t *const one[]     = { first };
    trace_builder_t         *b         = program_of(CCI_MODE_FULL, one, 1);
    cci_moment_t             m         = moment_of(b, 1);

    (void)state;
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        expect_result(&m, unknown[i], CC_RESULT_INVALID);
    cci_moment_close(&m);
    trace_builder_destroy(b);
}

static void expect_of_stacks(trace_builder_t *b, cc_result_t result)
{
    static const char *const of_stacks[] = { "pprof", "collapsed", "speedscope" };
    cci_moment_t             m           = moment_of(b, 1);

    for (size_t i = 0; i < sizeof of_stacks / sizeof *of_stacks; i++)
        expect_result(&m, of_stacks[i], result);
    expect_result(&m, "text", CC_RESULT_OK);
    cci_moment_close(&m);
    trace_builder_destroy(b);
}

/* A program that has not allocated yet lacks none. */
static void formats_of_stacks_need_stacks(void **state)
{
    static function_t *const one[] = { first };

    (void)state;
    expect_of_stacks(program_of(CCI_MODE_FULL, one, 1), CC_RESULT_OK);
    expect_of_stacks(program_of(CCI_MODE_FULL, one, 0), CC_RESULT_OK);
    expect_of_stacks(program_of(CCI_MODE_SAMPLE, one, 0), CC_RESULT_OK);
    expect_of_stacks(program_of(CCI_MODE_COUNT, one, 0), CC_RESULT_UNSUPPORTED);

    trace_builder_t *b      = trace_builder_create(NULL);
    uint32_t         thread = trace_builder_thread(b, 1, "");
    trace_builder_malloc(b, thread, 1, 0x1000, 1, 0);
    expect_of_stacks(b, CC_RESULT_UNSUPPORTED);
}

static void a_full_disk_is_said(void **state)
{
    static function_t *const one[] = { first };
    trace_builder_t         *b     = program_of(CCI_MODE_FULL, one, 1);
    cci_moment_t             m     = moment_of(b, 1);
    cci_plugin_names_t      *names = NULL;
    FILE                    *full  = fopen("/dev/full", "w");

    (void)state;
    assert_non_null(full);
    assert_int_equal(cci_plugin_write(&m, &names, "text", full), CC_RESULT_IO);
    assert_int_equal(errno, ENOSPC);
    fclose(full);
    cci_plugin_forget(names);
    cci_moment_close(&m);
    trace_builder_destroy(b);
}

/* A thread whose numbers have a comma may write, and goes on as before. There may be no such locale here,
 * so what is looked at is which one is in use. */
static ssize_t note_locale(void *in_use, const char *bytes, size_t n)
{
    (void)bytes;
    *(locale_t *)in_use = uselocale((locale_t)0);
    return (ssize_t)n;
}

static void the_programs_locale_does_not_matter(void **state)
{
    static function_t *const one[] = { first };
    trace_builder_t         *b     = program_of(CCI_MODE_FULL, one, 1);
    cci_moment_t             m     = moment_of(b, 1);
    cci_plugin_names_t      *names = NULL;
    locale_t in_use = (locale_t)0, own = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);
    FILE    *out = fopencookie(&in_use, "w", (cookie_io_functions_t){ .write = note_locale });

    (void)state;
    assert_true(out && own);
    setvbuf(out, NULL, _IONBF, 0);
    uselocale(own);
    assert_int_equal(cci_plugin_write(&m, &names, "json", out), CC_RESULT_OK);
    assert_ptr_equal(uselocale(LC_GLOBAL_LOCALE), own);
    assert_non_null(in_use);
    assert_ptr_not_equal(in_use, own);
    fclose(out);
    freelocale(own);
    cci_plugin_forget(names);
    cci_moment_close(&m);
    trace_builder_destroy(b);
}

/* Number 1 is another stack in another run; in a later moment of one run more are known. */
static void names_are_kept_for_a_run(void **state)
{
    static function_t *const grown[] = { first, second }, *const other[] = { second };
    trace_builder_t      *b[]         = { program_of(CCI_MODE_FULL, grown, 1),
                                          program_of(CCI_MODE_FULL, grown, 2),
                                          program_of(CCI_MODE_FULL, other, 1) };
    static const uint64_t run[]       = { 7, 7, 8 };
    static const bool     has_first[] = { true, true, false }, has_second[] = { false, true, true };
    cci_plugin_names_t   *names = NULL;

    (void)state;
    for (int i = 0; i < 3; i++) {
        cci_moment_t m = moment_of(b[i], run[i]);
        text_t       t = write_with(&m, &names, "collapsed");
        assert_int_equal(t.result, CC_RESULT_OK);
        assert_int_equal(strstr(t.bytes, "first 100") != NULL, has_first[i]);
        assert_int_equal(strstr(t.bytes, "second 100") != NULL, has_second[i]);
        free(t.bytes);
        cci_moment_close(&m);
        trace_builder_destroy(b[i]);
    }
    cci_plugin_forget(names);
    cci_plugin_forget(NULL);
}

/* Of another run number 1 is another module, too: one that has no names. */
static void names_are_not_kept_for_another_run(void **state)
{
    static function_t *const one[]  = { first };
    trace_builder_t         *b[]    = { program_of(CCI_MODE_FULL, one, 1),
                                        program_in("/nowhere/lib.so", CCI_MODE_FULL, one, 1) };
    static const char *const name[] = { "first 100", "lib.so+0x" };
    cci_plugin_names_t      *names  = NULL;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        cci_moment_t m = moment_of(b[i], i);
        text_t       t = write_with(&m, &names, "collapsed");
        assert_int_equal(t.result, CC_RESULT_OK);
        assert_non_null(strstr(t.bytes, name[i]));
        free(t.bytes);
        cci_moment_close(&m);
        trace_builder_destroy(b[i]);
    }
    cci_plugin_forget(names);
}

/* ---- memory that cannot be had ---- */

#if !CCMEM_INSTRUMENTED && defined(__GLIBC__)
#include "support/refusing_malloc.h"

static cc_result_t write_refused(const cci_moment_t *m, const char *format, size_t at)
{
    cci_plugin_names_t *names = NULL;
    FILE               *out   = fopen("/dev/null", "w");

    assert_non_null(out);
    calls         = 0;
    fail_at       = at;
    armed         = true;
    cc_result_t r = cci_plugin_write(m, &names, format, out);
    armed         = false;
    cci_plugin_forget(names);
    fclose(out);
    return r;
}

/* What can be had without is written whole; a refusal is never taken for something else. */
static void no_memory_to_write(void **state)
{
    static const char *const formats[] = { "text", "json", "csv:frames", "pprof", "speedscope" };
    static function_t *const two[]     = { first, second };
    trace_builder_t         *b         = program_of(CCI_MODE_FULL, two, 2);
    cci_moment_t             m         = moment_of(b, 1);

    (void)state;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        size_t refused = 0;
        for (size_t at = 0; calls >= at; at++) {
            cc_result_t r = write_refused(&m, formats[i], at);
            assert_true(r == CC_RESULT_OK || r == CC_RESULT_NO_MEMORY);
            refused += r == CC_RESULT_NO_MEMORY;
        }
        assert_true(refused >= 3);
        calls = 0;
    }
    cci_moment_close(&m);
    trace_builder_destroy(b);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_is_written),
        cmocka_unit_test(csv_is_one_table),
        cmocka_unit_test(other_formats_there_are_none),
        cmocka_unit_test(formats_of_stacks_need_stacks),
        cmocka_unit_test(a_full_disk_is_said),
        cmocka_unit_test(the_programs_locale_does_not_matter),
        cmocka_unit_test(names_are_kept_for_a_run),
        cmocka_unit_test(names_are_not_kept_for_another_run),
#if !CCMEM_INSTRUMENTED && defined(__GLIBC__)
        cmocka_unit_test(no_memory_to_write),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
