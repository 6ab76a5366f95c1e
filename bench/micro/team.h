/* SPDX-License-Identifier: MIT */
/* team.h - two threads that do a piece of work together, again and again.
 *
 * The second thread stays between the pieces: blocks that it holds would otherwise lose their
 * thread each time, and what is measured would be that. The calling thread is the first.
 */
#ifndef BENCH_TEAM_H
#define BENCH_TEAM_H
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "ccbench.h"

enum { TEAM_SPINS = 1000 };

struct team {
    pthread_t         second;
    pthread_barrier_t together;
    uint64_t          ops; /* 0: the end */
    void (*work)(unsigned self, uint64_t ops);
};

static inline void team_meet(struct team *t)
{
    pthread_barrier_wait(&t->together);
}

static void *team_second(void *arg)
{
    struct team *t = (struct team *)arg;

    for (;;) {
        team_meet(t);
        if (!t->ops)
            return NULL;
        t->work(1, t->ops);
        team_meet(t);
    }
}

/* Both threads run work(0 or 1, ops) whenever team_run is called. */
static inline void team_start(struct team *t, void (*work)(unsigned self, uint64_t ops))
{
    t->work = work;
    if (pthread_barrier_init(&t->together, NULL, 2) ||
        pthread_create(&t->second, NULL, team_second, t))
        ccbench_fail("team", "no thread to be had");
}

static inline void team_run(struct team *t, uint64_t ops)
{
    t->ops = ops;
    team_meet(t);
    t->work(0, ops);
    team_meet(t);
}

static inline void team_stop(struct team *t)
{
    t->ops = 0;
    team_meet(t);
    pthread_join(t->second, NULL);
    pthread_barrier_destroy(&t->together);
}

/* Waiting for the other thread: not for long, and without keeping it from the only processor. */
static inline void team_wait(unsigned *spins)
{
    if (++*spins % TEAM_SPINS)
        ccbench_relax();
    else
        sched_yield();
}

#endif
