/* SPDX-License-Identifier: MIT */
/* background.c - see prim/background.h. */
#include "prim/background.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LEAST_PRIORITY = 19 };

typedef struct start {
    void *(*run)(void *);
    void *argument;
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
    const start_t start = *(start_t *)argument;

    free(argument);
    give_way();
    return start.run(start.argument);
}

int cci_background_start(pthread_t *thread, void *(*run)(void *), void *argument)
{
    start_t *start = malloc(sizeof *start);
    sigset_t all, before;

    if (!start)
        return ENOMEM;
    *start = (start_t){ run, argument };
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(thread, NULL, begin, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error)
        free(start);
    return error;
}
