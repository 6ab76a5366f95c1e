/* SPDX-License-Identifier: MIT */
/* Where the report plugin is found, and which are left alone. A copy of this program looks for it, in
 * a tree of folders as an installation has them: PREFIX/bin/program, PREFIX/lib. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <ccmem/version.h>

#include "profile/plugin.h"
#include "support/scratch.h"

#define FAKE CCMEM_PROGRAMS_DIR "/libplugin.so"

enum { THREADS = 8 };

/* ---- the copy ---- */

static void *find(void *unused)
{
    (void)unused;
    return (void *)cci_report_plugin_find();
}

/* All threads have the same one. */
static const void *find_by_many(void)
{
    pthread_t   thread[THREADS];
    void       *one;
    const void *first = cci_report_plugin_find();

    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&thread[i], NULL, find, NULL) != 0)
            abort();
    for (int i = 0; i < THREADS; i++)
        if (pthread_join(thread[i], &one) != 0 || one != first)
            abort();
    return first;
}

/* Says which file was found, or "none". */
static int look(void)
{
    const void *found = find_by_many();
    Dl_info     info;
    char        path[PATH_MAX] = "none";

    if (found && (!dladdr(found, &info) || !realpath(info.dli_fname, path)))
        return 1;
    return puts(path) < 0;
}

/* ---- trees ---- */

static void copy(const char *from, const char *to)
{
    char command[2 * PATH_MAX + 64];

    snprintf(command, sizeof command, "cp -- '%s' '%s'", from, to);
    assert_int_equal(system(command), 0);
}

/* PREFIX/bin/program and PREFIX/lib, both new. */
static void make_tree(const char *prefix)
{
    char    path[PATH_MAX], own[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);

    assert_int_equal(mkdir(prefix, 0777), 0);
    snprintf(path, sizeof path, "%s/lib", prefix);
    assert_int_equal(mkdir(path, 0777), 0);
    snprintf(path, sizeof path, "%s/bin", prefix);
    assert_int_equal(mkdir(path, 0777), 0);
    strcat(path, "/program");
    assert_true(n > 0);
    own[n] = '\0';
    copy(own, path);
}

/* What the program in PREFIX finds, from this folder, with the plugin's constructor told so. */
static void expect_with(const char *prefix, const char *version, size_t bytes, const char *expected)
{
    char command[PATH_MAX + 256], said[PATH_MAX], wanted[PATH_MAX] = "none";

    snprintf(command, sizeof command,
             "PLUGIN_VERSION='%s' PLUGIN_BYTES=%zu exec '%s/%s/bin/program' look", version, bytes,
             scratch_path, prefix);
    FILE *out = popen(command, "r");
    assert_non_null(out);
    assert_non_null(fgets(said, sizeof said, out));
    assert_int_equal(pclose(out), 0);
    said[strcspn(said, "\n")] = '\0';
    if (expected)
        assert_non_null(realpath(expected, wanted));
    assert_string_equal(said, wanted);
}

static void expect(const char *prefix, const char *expected)
{
    expect_with(prefix, CC_VERSION, sizeof(cci_report_plugin_t), expected);
}

/* ---- tests ---- */

static void where_it_is_found(void **state)
{
    (void)state;
    make_tree("a");
    expect("a", NULL);
    copy(FAKE, "a/lib/libccmem_report.so");
    expect("a", "a/lib/libccmem_report.so");
    assert_int_equal(rename("a", "moved"), 0);
    expect("moved", "moved/lib/libccmem_report.so");
    copy(FAKE, "moved/bin/libccmem_report.so");
    expect("moved", "moved/bin/libccmem_report.so");
}

static void the_loader_is_asked_last(void **state)
{
    (void)state;
    make_tree("b");
    assert_int_equal(mkdir("elsewhere", 0777), 0);
    copy(FAKE, "elsewhere/libccmem_report.so");
    setenv("LD_LIBRARY_PATH", "elsewhere", 1);
    expect("b", "elsewhere/libccmem_report.so");
    copy(FAKE, "b/lib/libccmem_report.so");
    expect("b", "b/lib/libccmem_report.so");
    unsetenv("LD_LIBRARY_PATH");
}

/* A table of another version may have other functions at the same places. */
static void others_are_left_alone(void **state)
{
    const size_t bytes = sizeof(cci_report_plugin_t);

    (void)state;
    make_tree("c");
    copy(FAKE, "c/lib/libccmem_report.so");
    expect_with("c", "0.0.0", bytes, NULL);
    expect_with("c", "", bytes, NULL);
    expect_with("c", CC_VERSION ".1", bytes, NULL);
    expect_with("c", CC_VERSION, bytes + 8, NULL);
    expect_with("c", CC_VERSION, bytes, "c/lib/libccmem_report.so");
}

static void what_is_no_plugin(void **state)
{
    (void)state;
    make_tree("d");
    copy(CCMEM_SOURCE_DIR "/LICENSE", "d/bin/libccmem_report.so");
    expect("d", NULL);
    copy(CCMEM_PROGRAMS_DIR "/libliar.so", "d/bin/libccmem_report.so");
    expect("d", NULL);
    copy(FAKE, "d/lib/libccmem_report.so");
    expect("d", "d/lib/libccmem_report.so");
}

/* That of this build is one. */
static void the_real_one(void **state)
{
    (void)state;
    make_tree("e");
    copy(CCMEM_BINARY_DIR "/lib/libccmem_report.so", "e/lib/libccmem_report.so");
    expect("e", "e/lib/libccmem_report.so");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_it_is_found),     cmocka_unit_test(the_loader_is_asked_last),
        cmocka_unit_test(others_are_left_alone), cmocka_unit_test(what_is_no_plugin),
        cmocka_unit_test(the_real_one),
    };

    if (argc > 1 && strcmp(argv[1], "look") == 0)
        return look();
    scratch_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
