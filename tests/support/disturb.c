/* SPDX-License-Identifier: MIT */
/* disturb.c - see support/disturb.h. */
#include "support/disturb.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/random.h"
#include "prim/cpu.h"

enum { THREADS_MAX = 64, YIELDS_MAX = 8, BURST_MAX = 8, PAUSE_MAX = 8192 };

typedef struct disturbed {
    pthread_t id;
    void *(*work)(void *);
    void       *argument;
    atomic_bool has_ended;
} disturbed_t;

static disturbed_t thread[THREADS_MAX];
static atomic_uint stops;

static pthread_mutex_t until_over = PTHREAD_MUTEX_INITIALIZER;

static void stop_a_while(int signal)
{
    const int error = errno;
    uint64_t  n     = cci_random_seed(atomic_fetch_add(&stops, 1));

    (void)signal;
    for (unsigned i = n % YIELDS_MAX; i > 0; i--)
        sched_yield();
    errno = error;
}

/* A thread that ended is not there to be sent a signal: so it stays until nobody sends any. */
static void *work_disturbed(void *argument)
{
    disturbed_t *t = argument;

    t->work(t->argument);
    atomic_store(&t->has_ended, true);
    pthread_mutex_lock(&until_over);
    pthread_mutex_unlock(&until_over);
    return NULL;
}

static void check(int error, const char *what)
{
    if (error) {
        fprintf(stderr, "disturb: %s: error %d\n", what, error);
        exit(1);
    }
}

static bool are_over(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (!atomic_load(&thread[i].has_ended))
            return false;
    return true;
}

static void pause_up_to(uint64_t *random, unsigned most)
{
    for (unsigned i = (cci_random_next(random) >> 33) % most; i > 0; i--)
        cci_cpu_relax();
}

/* One thread a few times, so that it is stopped more than once in an operation. */
static void disturb(unsigned count)
{
    uint64_t random = cci_random_seed(count);

    while (!are_over(count)) {
        disturbed_t *t = &thread[(cci_random_next(&random) >> 33) % count];
        for (unsigned i = (cci_random_next(&random) >> 33) % BURST_MAX; i > 0; i--) {
            if (!atomic_load(&t->has_ended))
                check(pthread_kill(t->id, SIGUSR1), "pthread_kill");
            pause_up_to(&random, PAUSE_MAX / 64);
        }
        pause_up_to(&random, PAUSE_MAX);
    }
}

void disturb_run(unsigned count, void *work(void *), void *arguments, size_t size)
{
    const struct sigaction action = { .sa_handler = stop_a_while, .sa_flags = SA_RESTART };

    check(count > THREADS_MAX, "too many threads");
    check(sigaction(SIGUSR1, &action, NULL), "sigaction");
    pthread_mutex_lock(&until_over);
    for (unsigned i = 0; i < count; i++) {
        thread[i].work     = work;
        thread[i].argument = (char *)arguments + i * size;
        atomic_store(&thread[i].has_ended, false);
        check(pthread_create(&thread[i].id, NULL, work_disturbed, &thread[i]), "pthread_create");
    }
    disturb(count);
    pthread_mutex_unlock(&until_over);
    for (unsigned i = 0; i < count; i++)
        pthread_join(thread[i].id, NULL);
}
