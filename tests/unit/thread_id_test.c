/* SPDX-License-Identifier: MIT */
/* Which threads are there: of numbers that they have and had. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "prim/thread_id.h"

static pthread_barrier_t step;

static void *tell_and_wait(void *id)
{
    *(uint32_t *)id = cci_thread_id();
    pthread_barrier_wait(&step);
    pthread_barrier_wait(&step);
    return NULL;
}

static void test_own(void **state)
{
    (void)state;
    assert_int_equal(cci_thread_id(), getpid()); /* the first thread */
    assert_true(cci_thread_lives(cci_thread_id()));
}

/* It is joined a moment before the system has forgotten it. */
static void test_another(void **state)
{
    uint32_t  id;
    pthread_t thread;

    (void)state;
    pthread_barrier_init(&step, NULL, 2);
    assert_int_equal(pthread_create(&thread, NULL, tell_and_wait, &id), 0);
    pthread_barrier_wait(&step);
    assert_int_not_equal(id, cci_thread_id());
    assert_true(cci_thread_lives(id));
    pthread_barrier_wait(&step);
    pthread_join(thread, NULL);
    errno = 77;
    while (cci_thread_lives(id))
        sched_yield();
    assert_int_equal(errno, 77);
    pthread_barrier_destroy(&step);
}

static void test_of_another_process(void **state)
{
    (void)state;
    assert_false(cci_thread_lives((uint32_t)getppid()));
}

static void test_child(void **state)
{
    uint32_t parents = cci_thread_id();
    int      status;
    pid_t    child = fork();

    (void)state;
    if (child == 0)
        _exit(cci_thread_id() == parents || cci_thread_lives(parents));
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own),
        cmocka_unit_test(test_another),
        cmocka_unit_test(test_of_another_process),
        cmocka_unit_test(test_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
