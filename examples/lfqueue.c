/* SPDX-License-Identifier: MIT */
/* Squares by a few workers: tasks go to them through a bounded queue, so that who has many waits for who works;
 * results come back through one that takes whatever comes. When there are no more tasks the queue is closed,
 * and everybody ends by himself. */
#include <pthread.h>
#include <stdio.h>
#include <ccmem/lfqueue.h>

enum { WORKERS = 3, TASKS = 1000, QUEUED = 16 };

typedef struct office {
    cc_lfqueue_bounded_t *tasks;
    cc_lfqueue_t         *results;
} office_t;

static void *work(void *arg)
{
    const office_t *o = arg;
    uintptr_t       n;

    while (cc_lfqueue_bounded_pop(o->tasks, CC_LFQUEUE_FOREVER, &n) == CC_RESULT_OK)
        if (cc_lfqueue_push(o->results, n * n) != CC_RESULT_OK)
            break;
    return NULL;
}

static void hand_out(const office_t *o)
{
    for (uintptr_t n = 1; n <= TASKS; n++)
        if (cc_lfqueue_bounded_push(o->tasks, CC_LFQUEUE_FOREVER, n) != CC_RESULT_OK)
            break;
    cc_lfqueue_bounded_close(o->tasks);
}

/* All that there are, some at a time. */
static uintptr_t add_up(const office_t *o)
{
    uintptr_t some[64], sum = 0;
    size_t    n;

    while ((n = cc_lfqueue_pop_many(o->results, some, 64)) > 0)
        for (size_t i = 0; i < n; i++)
            sum += some[i];
    return sum;
}

static int run(office_t *o)
{
    pthread_t worker[WORKERS];
    int       started = 0;

    while (started < WORKERS && pthread_create(&worker[started], NULL, work, o) == 0)
        started++;
    if (started > 0)
        hand_out(o);
    for (int i = 0; i < started; i++)
        pthread_join(worker[i], NULL);

    uintptr_t sum = add_up(o), expected = (uintptr_t)TASKS * (TASKS + 1) * (2 * TASKS + 1) / 6;
    printf("%d squares by %d workers: %llu\n", TASKS, started, (unsigned long long)sum);
    return sum != expected;
}

int main(void)
{
    office_t o = { cc_lfqueue_bounded_create(QUEUED), cc_lfqueue_create(NULL) };
    int      r = o.tasks && o.results ? run(&o) : 1;

    cc_lfqueue_bounded_destroy(o.tasks);
    cc_lfqueue_destroy(o.results);
    return r;
}
