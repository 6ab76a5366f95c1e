/* SPDX-License-Identifier: MIT */
/* Which backend cc_alloc serves from. It is decided once a process, so each case is a child. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/backend.h"
#include "prim/checker.h"
#include "support/again.h"
#include "support/opens_libraries.h"

/* What the default is in a build like this one. */
static const char *default_name(void)
{
    return cci_checker() ? "process" : "mimalloc";
}

/* ---- children ---- */

/* A backend of the program's own: it counts. */
static size_t counted;

static void *counting_alloc(size_t size)
{
    counted++;
    return malloc(size);
}

static cc_backend_t counting_backend(void)
{
    cc_backend_t b = cci_backend_process;

    b.name  = "counting";
    b.alloc = counting_alloc;
    return b;
}

static int say_current(void)
{
    const char         *why = NULL;
    const cc_backend_t *b   = cc_backend_current(&why);

    if (cc_backend_current(NULL) != b || cci_backend_current() != b)
        return 2;
    void *p = b->alloc(100);
    b->free(p);
    printf("%s|%s|%d", b->name, why, cci_backend_stepping_aside());
    return p ? 0 : 3;
}

static int use_own(void)
{
    static cc_backend_t own;

    own = counting_backend();
    if (cc_backend_use(&own) != CC_RESULT_OK || cc_backend_current(NULL) != &own)
        return 2;
    if (say_current() != 0 || counted != 1)
        return 3;
    return cc_backend_use(&own) == CC_RESULT_BUSY ? 0 : 4;
}

static int use_late(void)
{
    const cc_backend_t *b = cc_backend_current(NULL);

    if (cc_backend_use(&cci_backend_process) != CC_RESULT_BUSY)
        return 2;
    return cc_backend_current(NULL) == b ? 0 : 3;
}

/* Every function but trim must be there; a refusal decides nothing. */
static int use_incomplete(void)
{
    cc_backend_t whole = counting_backend();

    for (int missing = 0; missing < 7; missing++) {
        cc_backend_t b  = whole;
        b.name          = missing == 0 ? NULL : b.name;
        b.alloc         = missing == 1 ? NULL : b.alloc;
        b.calloc        = missing == 2 ? NULL : b.calloc;
        b.realloc       = missing == 3 ? NULL : b.realloc;
        b.free          = missing == 4 ? NULL : b.free;
        b.usable_size   = missing == 5 ? NULL : b.usable_size;
        b.alloc_aligned = missing == 6 ? NULL : b.alloc_aligned;
        if (cc_backend_use(&b) != CC_RESULT_INVALID)
            return 2 + missing;
    }
    if (cc_backend_use(NULL) != CC_RESULT_INVALID)
        return 9;
    whole.trim = NULL;
    return cc_backend_use(&whole) == CC_RESULT_OK ? 0 : 10;
}

enum { THREADS = 32 };

static pthread_barrier_t start;

static void *ask_current(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&start);
    return (void *)cc_backend_current(NULL);
}

static void *use_one(void *backend)
{
    pthread_barrier_wait(&start);
    return cc_backend_use(backend) == CC_RESULT_OK ? backend : NULL;
}

/* All get the same. */
static int ask_at_once(void)
{
    pthread_t thread[THREADS];
    void     *got[THREADS];

    pthread_barrier_init(&start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&thread[i], NULL, ask_current, NULL) != 0)
            return 2;
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], &got[i]);
    for (int i = 0; i < THREADS; i++)
        if (got[i] != got[0])
            return 3;
    return say_current();
}

/* One of them succeeds, and its backend is the current one. */
static int use_at_once(void)
{
    static cc_backend_t own[THREADS];
    pthread_t           thread[THREADS];
    void               *got, *winner = NULL;

    pthread_barrier_init(&start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        own[i] = counting_backend();
        if (pthread_create(&thread[i], NULL, use_one, &own[i]) != 0)
            return 2;
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], &got);
        if (got && winner)
            return 3;
        winner = got ? got : winner;
    }
    return winner && cc_backend_current(NULL) == winner ? 0 : 4;
}

static const struct {
    const char *name;
    int (*run)(void);
} tasks[] = {
    { "say-current", say_current }, { "use-own", use_own },
    { "use-late", use_late },       { "use-incomplete", use_incomplete },
    { "ask-at-once", ask_at_once }, { "use-at-once", use_at_once },
};

static int run_task(const char *name)
{
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        if (strcmp(tasks[i].name, name) == 0)
            return tasks[i].run();
    return 125;
}

/* ---- tests ---- */

static again_t child;

/* Runs task with CCMEM_BACKEND=value, or without when value is NULL. */
static void run_with(const char *task, const char *value)
{
    char              setting[256];
    const char *const variables[] = { setting, "LD_PRELOAD", "GLIBC_TUNABLES", NULL };

    snprintf(setting, sizeof setting, value ? "CCMEM_BACKEND=%s" : "CCMEM_BACKEND", value);
    again_run(&child, task, variables);
    if (child.status != 0)
        print_error("%s: status %d\n%s%s\n", task, child.status, child.out, child.err);
    assert_int_equal(child.status, 0);
}

static void assert_says(const char *name, const char *reason, bool aside)
{
    char wanted[1024];

    snprintf(wanted, sizeof wanted, "%s|%s|%d", name, reason, aside);
    assert_string_equal(child.out, wanted);
}

static void assert_is_default(void)
{
    char reason[128] = "the default";

    if (cci_checker())
        snprintf(reason, sizeof reason, "%s watches the process' own malloc", cci_checker());
    assert_says(default_name(), reason, cci_checker() != NULL);
    assert_string_equal(child.err, "");
}

static void test_default(void **state)
{
    (void)state;
    run_with("say-current", NULL);
    assert_is_default();
    run_with("say-current", "");
    assert_is_default();
}

static void test_environment(void **state)
{
    static const char *const names[] = { "system", "mimalloc", "tcmalloc" };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        run_with("say-current", names[i]);
        assert_says(names[i], "CCMEM_BACKEND names it", false);
        assert_string_equal(child.err, "");
    }
}

/* One line, and on with the default. */
static void test_environment_is_wrong(void **state)
{
    static const char why[] =
        "CCMEM_BACKEND=hoard: not known: there are system, mimalloc, jemalloc "
        "and tcmalloc";
    char line[512];

    (void)state;
    run_with("say-current", "hoard");
    assert_says(default_name(), why, cci_checker() != NULL);
    snprintf(line, sizeof line, "ccmem: backend: %s; using %s\n", why, default_name());
    assert_string_equal(child.err, line);
    run_with("ask-at-once", "hoard");
    assert_string_equal(child.err, line);
}

static void test_environment_cannot_be_had(void **state)
{
    char end[64];

    (void)state;
    run_with("say-current", "jemalloc");
    snprintf(end, sizeof end, "--allocator jemalloc; using %s\n", default_name());
    assert_memory_equal(child.err, "ccmem: backend: CCMEM_BACKEND=jemalloc: its thread-local", 56);
    assert_non_null(strstr(child.err, end));
    assert_ptr_equal(strchr(child.err, '\n'), child.err + strlen(child.err) - 1);
}

static void test_program_chooses(void **state)
{
    (void)state;
    run_with("use-own", NULL);
    assert_says("counting", "the program chose it", false);
    run_with("use-own", "hoard"); /* never looked at */
    assert_says("counting", "the program chose it", false);
    assert_string_equal(child.err, "");
}

static void test_task(void **state)
{
    run_with(*state, NULL);
    assert_string_equal(child.err, "");
}

static void test_at_once(void **state)
{
    for (int i = 0; i < 10; i++)
        run_with(*state, NULL);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return run_task(argv[1]);
#define TASK(test, name)                     \
    {                                        \
        name, test, NULL, NULL, (void *)name \
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_environment_is_wrong),
        cmocka_unit_test(test_environment_cannot_be_had),
        cmocka_unit_test(test_program_chooses),
        TASK(test_task, "use-late"),
        TASK(test_task, "use-incomplete"),
        TASK(test_at_once, "ask-at-once"),
        TASK(test_at_once, "use-at-once"),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
