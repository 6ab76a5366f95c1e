/* SPDX-License-Identifier: MIT */
/* background.c - see prim/background.h. */
#include "prim/background.h"
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>
#include "prim/futex.h"

enum { LEAST_PRIORITY = 19, LOOK_MS = 1000 };

/* It lies on the stack of whoever starts, who waits until it was read: nothing is allocated, by a
 * thread that nobody has told yet whether it is to be seen. */
typedef struct start {
    void *(*run)(void *);
    void            *argument;
    _Atomic uint32_t taken;
} start_t;

/* Linux has a priority for each thread, elsewhere it would be that of the whole process. */
#ifdef __linux__
static void give_way(void)
{
    setpriority(PRIO_PROCESS, (id_t)gettid(), LEAST_PRIORITY);
}
#else
static void give_way(void)
{
}
#endif

static void *begin(void *argument)
{
    start_t *start           = argument;
    void *(*run)(void *)     = start->run;
    void *const its_argument = start->argument;

    cci_futex_post(&start->taken); /* waking at an address that is over wakes nobody */
    give_way();
    return run(its_argument);
}

static void wait_until_taken(start_t *start)
{
    while (!atomic_load_explicit(&start->taken, memory_order_acquire)) /* pairs: begin */
        cci_futex_wait(&start->taken, 0, LOOK_MS);
}

int cci_background_start_equal(pthread_t *thread, void *(*run)(void *), void *argument)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(thread, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

int cci_background_start(pthread_t *thread, void *(*run)(void *), void *argument)
{
    start_t start = { .run = run, .argument = argument };
    int     error = cci_background_start_equal(thread, begin, &start);

    if (!error)
        wait_until_taken(&start);
    return error;
}
