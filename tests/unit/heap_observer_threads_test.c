/* SPDX-License-Identifier: MIT */
/* An observer of the heap and threads: those that were there before and those that begin, those that
 * end in their own ways, and those that a fork leaves behind. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/told.h"

/* ---- threads ---- */

static pthread_barrier_t step;

static void next_step(void)
{
    pthread_barrier_wait(&step);
}

static void *fill_bins(void)
{
    for (int i = 0; i < 10; i++)
        cc_free(cc_alloc(64), 64);
    return cc_alloc(64);
}

/* Has blocks in its bins and one in use, is observed, and is no more. */
static void *live_through(void *result)
{
    void *p = fill_bins();

    next_step(); /* observed */
    next_step();
    cc_free(p, 64);
    p                     = cc_alloc(64);
    ((size_t *)result)[0] = told_count;
    ((size_t *)result)[1] = bins_are_shown();
    next_step(); /* no more */
    next_step();
    cc_free(p, 64);
    ((size_t *)result)[2] = told_count;
    ((size_t *)result)[3] = bins_are_shown();
    return NULL;
}

static void test_threads_from_before(void **state)
{
    enum { THREADS = 4 };
    size_t    result[THREADS][4];
    pthread_t thread[THREADS];

    (void)state;
    pthread_barrier_init(&step, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, live_through, result[i]), 0);
    next_step();
    observe();
    next_step();
    next_step();
    observe_no_more();
    next_step();
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(result[i][0], 2);
        assert_false(result[i][1]);
        assert_int_equal(result[i][2], 2);
        assert_true((bool)result[i][3] == cached());
    }
    pthread_barrier_destroy(&step);
}

static void *allocate_once(void *result)
{
    cc_free(cc_alloc(64), 64);
    *(size_t *)result = told_count;
    return NULL;
}

static void run_thread(void *(*body)(void *), void *arg)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, body, arg), 0);
    pthread_join(thread, NULL);
}

static void test_threads_that_begin(void **state)
{
    size_t count = 0;

    (void)state;
    observe();
    run_thread(allocate_once, &count);
    assert_int_equal(count, 2);
    observe_no_more();
    run_thread(allocate_once, &count);
    assert_int_equal(count, 0);
}

/* ---- threads that end ---- */

static pthread_key_t
    late_key; /* younger than the heap's: the thread is closed when it is its turn */

static void *last_block;

static void use_late(void *unused)
{
    (void)unused;
    cc_free(last_block, 64);
    last_block = cc_alloc(1000);
    cc_free_unsized(cc_calloc(1, 50));
}

static void *end_late(void *unused)
{
    (void)unused;
    pthread_setspecific(late_key, &late_key);
    last_block = cc_alloc(64);
    return NULL;
}

static void test_late_destructors(void **state)
{
    (void)state;
    observe();
    run_thread(end_late, NULL);
    assert_int_equal(atomic_load(&told_by_all), 5);
    observe_no_more();
    cc_free(last_block, 1000);
}

/* Its memory is another's, or no one's, when the bins of all threads are hidden and shown. */
static void *use_bins(void *unused)
{
    (void)unused;
    cc_free(fill_bins(), 64);
    return NULL;
}

static void test_ended_threads(void **state)
{
    size_t count = 0;

    (void)state;
    for (int i = 0; i < 3; i++)
        run_thread(use_bins, NULL);
    observe();
    run_thread(allocate_once, &count);
    assert_int_equal(count, 2);
    observe_no_more();
}

static pthread_key_t last_key;

enum { LAST_ROUND = 4 }; /* PTHREAD_DESTRUCTOR_ITERATIONS */

static __thread int round_of_destructors;

/* Allocates for the first time when no destructor will run any more, not even the heap's. */
static void use_last(void *unused)
{
    (void)unused;
    if (++round_of_destructors < LAST_ROUND) {
        pthread_setspecific(last_key, &last_key);
        return;
    }
    cc_free(fill_bins(), 64);
    cc_thread_idle(); /* or its blocks are lost with it */
}

static void *end_last(void *unused)
{
    (void)unused;
    pthread_setspecific(last_key, &last_key);
    return NULL;
}

static void *check_own_bins(void *unused)
{
    void *p = fill_bins();

    (void)unused;
    next_step(); /* hidden and shown */
    next_step();
    if (bins_are_shown() != cached())
        atomic_fetch_add(&mistakes, 1);
    cc_free(p, 64);
    return NULL;
}

/* A thread that is not there was never seen to end: what is in its place now is not touched. */
static void test_thread_that_ends_unseen(void **state)
{
    enum { THREADS = 3 };
    pthread_t thread[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++) /* at once: each has a stack that others will have */
        assert_int_equal(pthread_create(&thread[i], NULL, end_last, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    pthread_barrier_init(&step, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, check_own_bins, NULL), 0);
    next_step();
    observe();
    observe_no_more();
    next_step();
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    pthread_barrier_destroy(&step);
    assert_int_equal(atomic_load(&mistakes), 0);
}

/* ---- fork ---- */

#define EXPECT(e)                                                                 \
    do {                                                                          \
        if (!(e)) {                                                               \
            fprintf(stderr, "%s:%d: in the child: %s\n", __FILE__, __LINE__, #e); \
            _exit(1);                                                             \
        }                                                                         \
    } while (0)

static _Noreturn void live_as_child(void)
{
    size_t count = 7;

    alarm(20);
    EXPECT(cci_heap_observer() == NULL);
    told_count = 0;
    cc_free(cc_alloc(64), 64);
    EXPECT(told_count == 0 && bins_are_shown() == cached());
    if (!CCMEM_INSTRUMENTED) { /* whose run-time has no threads in a child */
        run_thread(allocate_once, &count);
        EXPECT(count == 0);
    }
    cci_heap_observe(&observer);
    EXPECT(!bins_are_shown());
    cc_free(cc_alloc(64), 64);
    EXPECT(told_count == 2);
    cci_heap_observe(NULL);
    EXPECT(bins_are_shown() == cached());
    _exit(0);
}

static int fork_once(void)
{
    int   status;
    pid_t child = fork();

    if (child == 0)
        live_as_child();
    return child > 0 && waitpid(child, &status, 0) == child ? status : -1;
}

static void *fork_at_first(void *status)
{
    *(int *)status = fork_once();
    return NULL;
}

static void test_fork(void **state)
{
    size_t    result[4];
    pthread_t other;
    int       status = -1;

    (void)state;
    pthread_barrier_init(&step, NULL, 2);
    assert_int_equal(pthread_create(&other, NULL, live_through, result), 0);
    next_step();
    observe();
    assert_int_equal(fork_once(), 0); /* without the other thread, whose cache is there */
    run_thread(fork_at_first, &status);
    assert_int_equal(status, 0);
    cc_free(cc_alloc(64), 64);
    assert_int_equal(told_count, 2);
    next_step();
    next_step();
    observe_no_more();
    next_step();
    pthread_join(other, NULL);
    assert_int_equal(result[0], 2);
    pthread_barrier_destroy(&step);
}

/* ---- the kinds of process ---- */

static int child(const char *task)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_from_before),     cmocka_unit_test(test_threads_that_begin),
        cmocka_unit_test(test_late_destructors),        cmocka_unit_test(test_ended_threads),
        cmocka_unit_test(test_thread_that_ends_unseen), cmocka_unit_test(test_fork),
        cmocka_unit_test(test_nothing_is_left),
    };

    test_backend_use(strcmp(task, "irregular") == 0);
    cc_alloc_stats_enable(true);
    cc_free(cc_alloc(64), 64); /* the heap's key is the first */
    if (pthread_key_create(&late_key, use_late) != 0 ||
        pthread_key_create(&last_key, use_last) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    return told_main(argc, argv, child);
}
