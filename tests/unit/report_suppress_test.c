/* SPDX-License-Identifier: MIT */
/* Suppressions: which names a pattern matches, what a file may say, and what is taken out of a
 * profile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/suppress.h"
#include "support/profile_fixture.h"

/* --- patterns --- */

static bool matches(const char *pattern, const char *name)
{
    return cci_pattern_matches(pattern, strlen(pattern), name);
}

static void test_a_pattern_is_a_part_of_a_name(void **state)
{
    (void)state;
    assert_true(matches("doalloc", "_IO_file_doallocate"));
    assert_true(matches("_IO_file_doallocate", "_IO_file_doallocate"));
    assert_false(matches("doallocx", "_IO_file_doallocate"));
    assert_false(matches("Doalloc", "_IO_file_doallocate"));
    assert_true(matches("", ""));
    assert_true(matches("", "any"));
    assert_false(matches("a", ""));
}

static void test_anchors_hold_it_to_the_ends(void **state)
{
    (void)state;
    assert_true(matches("^main", "main_loop"));
    assert_false(matches("^loop", "main_loop"));
    assert_true(matches("loop$", "main_loop"));
    assert_false(matches("main$", "main_loop"));
    assert_true(matches("^main$", "main"));
    assert_false(matches("^main$", "main2"));
    assert_true(matches("^$", ""));
    assert_false(matches("^$", "x"));
    assert_true(matches("$", "x"));
    assert_true(matches("^", "x"));
}

static void test_a_star_is_anything(void **state)
{
    (void)state;
    assert_true(matches("^_IO_*doallocate$", "_IO_wfile_doallocate"));
    assert_true(matches("a*c", "xxaccxx"));
    assert_true(matches("^a*$", "a"));
    assert_true(matches("^*b*$", "abc"));
    assert_true(matches("^a*b*c$", "aXbbYbc"));
    assert_false(matches("^a*b*c$", "aXcY"));
    assert_false(matches("^a*b$", "abx"));
    assert_true(matches("^a*b", "abx"));
    assert_true(matches("**", ""));
}

/* Without backtracking over all stars at once it would not end in this life. */
static void test_stars_take_no_eternity(void **state)
{
    char name[2000];

    (void)state;
    memset(name, 'a', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_false(matches("^a*a*a*a*a*a*a*a*a*a*a*a*a*a*b$", name));
    assert_true(matches("^a*a*a*a*a*a*a*a*a*a*a*a*a*a*a$", name));
}

/* --- files --- */

static cc_result_t add(cci_suppressions_t *s, const char *text, size_t *line, const char **why)
{
    return cci_suppressions_add_text(s, text, strlen(text), line, why);
}

static void test_lines_of_a_file(void **state)
{
    cci_suppressions_t s = { 0 };
    size_t             line;
    const char        *why = "";

    (void)state;
    assert_int_equal(add(&s, "# why\n\n  leak:foo  \r\n\tcaller:^bar$", &line, &why), CC_RESULT_OK);
    assert_int_equal(s.count, 2);
    assert_int_equal(add(&s, "", &line, &why), CC_RESULT_OK);
    assert_int_equal(s.count, 2);
    cci_suppressions_fini(&s);
    assert_int_equal(s.count, 0);
}

static void check_refused(const char *text, size_t n, size_t wanted_line, const char *wanted)
{
    cci_suppressions_t s = { 0 };
    size_t             line;
    const char        *why = "";

    assert_int_equal(cci_suppressions_add_text(&s, text, n, &line, &why), CC_RESULT_DAMAGED);
    assert_int_equal(line, wanted_line);
    assert_non_null(strstr(why, wanted));
    cci_suppressions_fini(&s);
}

static void test_what_is_no_suppression_is_refused(void **state)
{
    static const char *const LINES[] = { "leak", "leak:", "caller: ", "race:x", "foo", "Leak:x" };
    char                     text[64], long_line[2000];

    (void)state;
    for (size_t i = 0; i < sizeof LINES / sizeof LINES[0]; i++) {
        snprintf(text, sizeof text, "leak:a\n\n%s\nleak:b\n", LINES[i]);
        check_refused(text, strlen(text), 3, "neither leak:PATTERN nor caller:PATTERN");
    }
    check_refused("leak:a\0b", 8, 1, "byte 0");
    memset(long_line, 'x', sizeof long_line);
    check_refused(long_line, sizeof long_line, 1, "too long");
}

static void test_files(void **state)
{
    cci_suppressions_t s = { 0 };
    size_t             line;
    const char        *why      = "";
    char               path[64] = "/tmp/ccmem-suppress-XXXXXX";
    int                fd       = mkstemp(path);

    (void)state;
    assert_true(fd >= 0 && write(fd, "leak:a\nleak:b\n", 14) == 14);
    assert_int_equal(cci_suppressions_add_file(&s, path, &line, &why), CC_RESULT_OK);
    assert_int_equal(s.count, 2);
    assert_int_equal(ftruncate(fd, 2 << 20), 0);
    assert_int_equal(cci_suppressions_add_file(&s, path, &line, &why), CC_RESULT_DAMAGED);
    assert_true(line == 0 && strcmp(why, "is too large") == 0);
    close(fd);
    unlink(path);
    assert_int_equal(cci_suppressions_add_file(&s, path, &line, &why), CC_RESULT_NOT_FOUND);
    assert_string_equal(why, "No such file or directory");
    assert_int_equal(cci_suppressions_add_file(&s, "/", &line, &why), CC_RESULT_IO);
    cci_suppressions_fini(&s);
}

/* --- profiles --- */

/* Three sites, each called by the one before it; the modules' files do not exist, so frames have
 * modules and no functions. */
static void leak_in_three_modules(fixture_t *f)
{
    static const char *const PATHS[] = { "/opt/app", "/opt/libshim.so", "/lib/ld-linux.so.2" };
    uint32_t                 node    = 0;

    *f = (fixture_t){ .b = trace_builder_create(NULL) };
    trace_builder_thread(f->b, 1, "t");
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t module = trace_builder_module(f->b, 0, PATHS[i], 0x400000 + 0x10000 * i, 0x10000);
        node            = trace_builder_node(f->b, 0, node, module, 0x100 + i);
        trace_builder_malloc(f->b, 0, 10 + i, A + 4096 * i, 100 << i, node);
    }
}

/* What is left, after these suppressions, of 100 bytes in app, 200 in the shim that it called, and
 * 400 in the loader that the shim called. */
static uint64_t leaked_with(const char *suppressions)
{
    cci_suppressions_t s = { 0 };
    size_t             line;
    const char        *why;
    fixture_t          f;

    leak_in_three_modules(&f);
    finish(&f);
    cci_frames_t *frames = cci_frames_create(f.trace, &(cci_symbolizer_options_t){ 0 });
    assert_int_equal(add(&s, suppressions, &line, &why), CC_RESULT_OK);
    assert_int_equal(cci_suppressions_apply(&s, f.p, frames), CC_RESULT_OK);

    uint64_t leaked = 0, suppressed = 0;
    for (size_t i = 0; i < f.p->site_count; i++) {
        leaked += f.p->sites[i].leaked_bytes;
        suppressed += f.p->sites[i].suppressed_bytes;
        assert_int_equal(f.p->sites[i].suppressed != NULL, f.p->sites[i].suppressed_bytes > 0);
    }
    assert_int_equal(leaked, f.p->leaked_bytes);
    assert_int_equal(suppressed, f.p->suppressed_bytes);
    assert_int_equal(leaked + suppressed, 700);
    assert_int_equal(f.p->leaked_count + f.p->suppressed_count, 3);
    assert_int_equal(f.p->leak_listed, f.p->leaked_count);
    for (size_t i = 0; i < f.p->leak_listed; i++)
        assert_null(f.p->sites[f.p->leaks[i].site].suppressed);
    cci_frames_destroy(frames);
    cci_suppressions_fini(&s);
    stop(&f);
    return leaked;
}

static void test_what_is_taken_out(void **state)
{
    (void)state;
    assert_int_equal(leaked_with(""), 700);
    assert_int_equal(leaked_with("leak:nowhere"), 700);
    assert_int_equal(leaked_with("leak:/opt/app$"), 0); /* on every stack */
    assert_int_equal(leaked_with("leak:libshim"), 100);
    assert_int_equal(leaked_with("caller:libshim"), 500);
    assert_int_equal(leaked_with("caller:libshim < /opt/app"), 500);
    assert_int_equal(leaked_with("caller:libshim < ld-linux"), 700);
    assert_int_equal(leaked_with("caller:ld-linux < libshim < /app"), 300);
    assert_int_equal(leaked_with("caller:ld-linux < libshim < /app < more"), 700);
    assert_int_equal(leaked_with("leak:nowhere\nleak:ld-linux\ncaller:/app"), 200);
}

static void test_the_c_librarys_own(void **state)
{
    cci_suppressions_t s = { 0 };
    fixture_t          f;

    (void)state;
    leak_in_three_modules(&f);
    finish(&f);
    cci_frames_t *frames = cci_frames_create(f.trace, &(cci_symbolizer_options_t){ 0 });
    assert_int_equal(cci_suppressions_add_defaults(&s), CC_RESULT_OK);
    assert_int_equal(cci_suppressions_apply(&s, f.p, frames), CC_RESULT_OK);
    assert_int_equal(f.p->leaked_bytes, 300); /* the loader's own are gone */
    cci_frames_destroy(frames);
    cci_suppressions_fini(&s);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_pattern_is_a_part_of_a_name),
        cmocka_unit_test(test_anchors_hold_it_to_the_ends),
        cmocka_unit_test(test_a_star_is_anything),
        cmocka_unit_test(test_stars_take_no_eternity),
        cmocka_unit_test(test_lines_of_a_file),
        cmocka_unit_test(test_what_is_no_suppression_is_refused),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_what_is_taken_out),
        cmocka_unit_test(test_the_c_librarys_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
