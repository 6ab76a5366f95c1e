/* SPDX-License-Identifier: MIT */
/* What the recorder takes out of the environment, what it leaves there, and the names it gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "record/environment.h"

extern char **environ;

static int clear(void **state)
{
    (void)state;
    return clearenv();
}

/* ---- options ---- */

static bool read_options(cci_recorder_options_t *o)
{
    memset(o, 0x55, sizeof *o);
    return cci_environment_read(o);
}

static void test_nothing_asked(void **state)
{
    cci_recorder_options_t o;

    (void)state;
    setenv(CCI_ENV_MODE, "full", 1);
    assert_false(read_options(&o));
}

static void test_defaults(void **state)
{
    cci_recorder_options_t o;
    char                   cwd[PATH_MAX], wanted[PATH_MAX + 16];

    (void)state;
    setenv(CCI_ENV_OUTPUT, "a.ccm", 1);
    assert_true(read_options(&o));
    assert_non_null(getcwd(cwd, sizeof cwd));
    snprintf(wanted, sizeof wanted, "%s/a.ccm", cwd);
    assert_string_equal(o.output, wanted);
    assert_string_equal(o.spool, "");
    assert_true(o.mode == CCI_MODE_FULL && !o.follow && o.seed == 0);
    assert_true(o.sample_interval == CCI_SAMPLE_INTERVAL_DEFAULT);
}

static void test_all_options(void **state)
{
    cci_recorder_options_t o;

    (void)state;
    setenv(CCI_ENV_OUTPUT, "ignored", 1);
    setenv(CCI_ENV_SPOOL, "/spool", 1);
    setenv(CCI_ENV_MODE, "sample", 1);
    setenv(CCI_ENV_INTERVAL, "18446744073709551615", 1);
    setenv(CCI_ENV_SEED, "7", 1);
    setenv(CCI_ENV_FOLLOW, "1", 1);
    assert_true(read_options(&o));
    assert_string_equal(o.spool, "/spool");
    assert_string_equal(o.output, "");
    assert_true(o.mode == CCI_MODE_SAMPLE && o.follow && o.seed == 7);
    assert_true(o.sample_interval == UINT64_MAX);
    setenv(CCI_ENV_MODE, "count", 1);
    setenv(CCI_ENV_FOLLOW, "yes", 1);
    assert_true(read_options(&o) && o.mode == CCI_MODE_COUNT && !o.follow);
}

/* One line on stderr, and no recording. */
static void refuse(const char *name, const char *value, const char *message)
{
    cci_recorder_options_t o;
    char                   said[512] = "";
    int                    ends[2], stderr_is = dup(STDERR_FILENO);

    assert_int_equal(pipe(ends), 0);
    setenv(name, value, 1);
    dup2(ends[1], STDERR_FILENO);
    bool done = read_options(&o);
    dup2(stderr_is, STDERR_FILENO);
    close(ends[1]);
    assert_true(read(ends[0], said, sizeof said - 1) > 0);
    close(ends[0]);
    close(stderr_is);
    assert_false(done);
    assert_string_equal(said, message);
    unsetenv(name);
}

static void test_bad_values(void **state)
{
    static const char *const numbers[] = { "",     "x",   "1x",
                                           "-1",   " 1",  "+1",
                                           "0x10", "1.5", "18446744073709551616" };
    char                     line[256];

    (void)state;
    setenv(CCI_ENV_OUTPUT, "a.ccm", 1);
    refuse(CCI_ENV_MODE, "Full",
           "ccmem: record: CCMEM_MODE=Full: must be full, sample or count; nothing is recorded\n");
    refuse(CCI_ENV_INTERVAL, "0",
           "ccmem: record: CCMEM_INTERVAL=0: must be at least 1; nothing is recorded\n");
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        snprintf(line, sizeof line,
                 "ccmem: record: CCMEM_SEED=%s: must be a number; nothing is recorded\n",
                 numbers[i]);
        refuse(CCI_ENV_SEED, numbers[i], line);
    }
}

static void test_long_values(void **state)
{
    cci_recorder_options_t o;
    char                   path[PATH_MAX + 1], line[512];

    (void)state;
    memset(path, 'x', sizeof path);
    path[0]            = '/';
    path[PATH_MAX - 1] = '\0';
    setenv(CCI_ENV_OUTPUT, path, 1);
    assert_true(read_options(&o));
    assert_string_equal(o.output, path);
    path[PATH_MAX - 1] = 'x';
    path[PATH_MAX]     = '\0';
    snprintf(line, sizeof line,
             "ccmem: record: CCMEM_OUTPUT=%.200s: is too long; nothing is recorded\n", path);
    refuse(CCI_ENV_OUTPUT, path, line);
}

/* ---- hiding ---- */

static void check_preload(const char *before, const char *after)
{
    clearenv();
    setenv("LD_PRELOAD", before, 1);
    cci_environment_hide();
    if (after)
        assert_string_equal(getenv("LD_PRELOAD"), after);
    else
        assert_null(getenv("LD_PRELOAD"));
}

static void test_preload_lists(void **state)
{
    (void)state;
    check_preload("libccmem_preload.so", NULL);
    check_preload("/usr/lib/libccmem_preload.so", NULL);
    check_preload(":/usr/lib/libccmem_preload.so: ", NULL);
    check_preload("/l/libccmem_preload.so:a.so", "a.so");
    check_preload("a.so:/l/libccmem_preload.so", "a.so");
    check_preload("a.so /l/libccmem_preload.so b.so", "a.so:b.so");
    check_preload("/x/a.so:/l/libccmem_preload.so:/k/libccmem_preload.so /y/b.so",
                  "/x/a.so:/y/b.so");
    check_preload("a.so:b.so", "a.so:b.so");
    check_preload("libccmem_preload.so.1:xlibccmem_preload.so:libccmem_preload.s",
                  "libccmem_preload.so.1:xlibccmem_preload.so:libccmem_preload.s");
    check_preload("/l/libccmem_preload.so/a.so", "/l/libccmem_preload.so/a.so");
}

static void test_only_ours_is_hidden(void **state)
{
    static const char *const given[] = { "A=1",
                                         CCI_ENV_SPOOL "=/s",
                                         CCI_ENV_SPOOL "X=2",
                                         CCI_ENV_OUTPUT "=",
                                         CCI_ENV_MODE "=full",
                                         "B",
                                         CCI_ENV_INTERVAL "=1",
                                         CCI_ENV_FOLLOW "=1",
                                         CCI_ENV_SEED "=1",
                                         CCI_ENV_SEED "=2",
                                         "C=" CCI_ENV_SEED "=1",
                                         NULL };
    char                    *mixed[sizeof given / sizeof *given];
    char                   **was = environ;

    (void)state;
    memcpy(mixed, given, sizeof mixed);
    environ = mixed;
    cci_environment_hide();
    environ = was;
    assert_string_equal(mixed[0], "A=1");
    assert_string_equal(mixed[1], CCI_ENV_SPOOL "X=2");
    assert_string_equal(mixed[2], "B");
    assert_string_equal(mixed[3], "C=" CCI_ENV_SEED "=1");
    assert_null(mixed[4]);
}

static void test_no_environment(void **state)
{
    char **was = environ;

    (void)state;
    environ = NULL;
    cci_environment_hide();
    assert_false(cci_environment_ready());
    environ = was;
    assert_true(cci_environment_ready());
}

/* ---- names ---- */

static void check_name(const char *pattern, bool forked, unsigned number, const char *wanted)
{
    char path[PATH_MAX];

    assert_int_equal(cci_output_path(path, pattern, 42, forked, number), 0);
    assert_string_equal(path, wanted);
}

static void test_output_names(void **state)
{
    (void)state;
    check_name("a.ccm", false, 0, "a.ccm");
    check_name("a.ccm", false, 1, "a.42.ccm");
    check_name("a.ccm", false, 2, "a.42.1.ccm");
    check_name("a.ccm", true, 0, "a.42.ccm");
    check_name("a.ccm", true, 1, "a.42.1.ccm");
    check_name("a-%p.ccm", false, 0, "a-42.ccm");
    check_name("a-%p.ccm", true, 0, "a-42.ccm");
    check_name("a-%p.ccm", true, 1, "a-42.1.ccm");
    check_name("a", true, 0, "a.42");
    check_name(".ccm", true, 0, ".ccm.42");
    check_name("%%p%q%.ccm", false, 0, "%42%q%.ccm");
}

static void test_host_name(void **state)
{
    char host[256] = "", wanted[300];

    (void)state;
    assert_int_equal(gethostname(host, sizeof host - 1), 0);
    snprintf(wanted, sizeof wanted, "x-%s-42.ccm", host);
    check_name("x-%h-%p.ccm", false, 0, wanted);
}

/* Each length around the end of the buffer: all of the name or none. */
static void test_long_names(void **state)
{
    char pattern[PATH_MAX + 8], path[PATH_MAX];

    (void)state;
    for (size_t n = PATH_MAX - 12; n < sizeof pattern; n++) {
        memset(pattern, 'x', n);
        strcpy(pattern + n - 6, "%p.ccm");
        size_t length = n; /* "%p" and "42" have one length */
        int    r      = cci_output_path(path, pattern, 42, false, 0);
        assert_int_equal(r, length < PATH_MAX ? 0 : ENAMETOOLONG);
        assert_true(r != 0 || strlen(path) == length);
    }
}

static void test_spool_names(void **state)
{
    char spool[PATH_MAX], path[PATH_MAX];

    (void)state;
    assert_int_equal(cci_spool_path(path, "/s", 42, 7), 0);
    assert_string_equal(path, "/s/42.7.pool");
    memset(spool, 'x', sizeof spool);
    spool[PATH_MAX - 5] = '\0';
    assert_int_equal(cci_spool_path(path, spool, 42, 7), ENAMETOOLONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_nothing_asked, clear),
        cmocka_unit_test_setup(test_defaults, clear),
        cmocka_unit_test_setup(test_all_options, clear),
        cmocka_unit_test_setup(test_bad_values, clear),
        cmocka_unit_test_setup(test_long_values, clear),
        cmocka_unit_test(test_preload_lists),
        cmocka_unit_test(test_only_ours_is_hidden),
        cmocka_unit_test(test_no_environment),
        cmocka_unit_test(test_output_names),
        cmocka_unit_test(test_host_name),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_spool_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
