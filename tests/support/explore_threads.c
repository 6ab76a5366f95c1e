/* SPDX-License-Identifier: MIT */
/* explore_threads.c - threads of which one runs, and hands on to another; and what takes the place of waiting. */
#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>

#include "prim/barrier.h"
#include "prim/futex.h"
#include "support/explore_parts.h"
#include "support/explore_shadow.h"
#undef pthread_mutex_lock
#undef pthread_mutex_unlock
#undef pthread_key_create

enum { ROUND_MAX = 64, KEYS_MAX = 8, STAYS = 8 };

/* A loop: which words one round of it touches, in order, with 1 for a write; and what it finds. */
typedef struct rounds {
    uintptr_t touched[ROUND_MAX];
    unsigned  count, length; /* of this round so far; of the last one */
    uint64_t  found, found_before;
    bool      goes_round; /* so far this one is as the last one */
} rounds_t;

typedef struct worker {
    unsigned    number;
    pthread_t   thread;
    sem_t       go;
    bool        is_done;
    int         stays;  /* so many times it yields in vain */
    const void *awaits; /* it is blocked until that changes */
    /* It was preempted before an access, and nobody has touched that since. */
    bool        is_asleep, writes;
    const char *from, *end;
    rounds_t    rounds;
} worker_t;

static worker_t    workers[EXPLORE_THREADS];
static unsigned    workers_count, workers_started;
static sem_t       all_done;
static bool        is_scheduled;
static const void *plan;
static void (*task)(const void *plan, unsigned self);

static __thread worker_t *self;

unsigned explore_self(void)
{
    return self ? self->number : EXPLORE_THREADS;
}

/* ---- handing on ---- */

static void await(sem_t *s)
{
    while (sem_wait(s) != 0)
        if (errno != EINTR)
            abort();
}

/* Who goes on although nothing happened that concerns him could have gone on before. */
static void wake_up(void)
{
    if (self->is_asleep)
        explore_is_known();
    self->is_asleep = false;
}

/* After the last thing it does a thread is not this run's any more. */
static void hand_to(worker_t *w)
{
    const bool is_done = self->is_done;

    explore_note_switch(w->number);
    sem_post(&w->go);
    if (is_done)
        return;
    await(&self->go);
    wake_up();
}

static bool can_run(const worker_t *w)
{
    return !w->is_done && !w->awaits;
}

/* The others, from the next one on, that are worth going on with. */
static unsigned others(worker_t *other[EXPLORE_THREADS], bool is_awake)
{
    unsigned n = 0;

    for (unsigned i = 1; i < workers_count; i++) {
        worker_t *w = &workers[(self->number + i) % workers_count];
        if (can_run(w) && !(is_awake && w->is_asleep))
            other[n++] = w;
    }
    return n;
}

/* ---- where a switch may be, and where one has to be ---- */

static void switch_as_told(int thread)
{
    if (thread >= 0 && (unsigned)thread != self->number)
        hand_to(&workers[thread]);
}

static void switch_freely(bool costs, bool sleeps)
{
    worker_t *other[EXPLORE_THREADS];
    unsigned  n      = others(other, true);
    unsigned  choice = explore_choose(1 + n, costs);

    if (choice > 0) {
        self->is_asleep = sleeps;
        hand_to(other[choice - 1]);
    }
}

static void may_switch(const char *what, const void *p, bool costs, bool is_worthwhile)
{
    const int told = explore_step(what, p);

    if (explore_replays())
        switch_as_told(told);
    else if (is_worthwhile && !(costs && !explore_may_preempt()))
        switch_freely(costs, costs);
}

/* Returns whether there was anybody. When all are asleep the run is one of those that were tried. */
static bool must_switch(const char *what)
{
    worker_t *other[EXPLORE_THREADS];
    const int told = explore_step(what, NULL);
    unsigned  n    = others(other, true);

    if (n == 0 && others(other, false) == 0)
        return false;
    hand_to(told >= 0 ? &workers[told] : other[explore_choose(n, false)]);
    return true;
}

/* In turns, so that whoever is waited for gets his. Anybody else's costs; so does to find nobody, some
 * times in a row, as a thread does that yields before it sleeps. */
static void yield(void)
{
    worker_t *other[EXPLORE_THREADS];
    const int told = explore_step("yields", NULL);
    unsigned  n    = others(other, false);

    if (explore_replays()) {
        switch_as_told(told);
        return;
    }
    if (n == 0 || self->stays-- > 0)
        return;
    self->stays     = 0;
    unsigned choice = explore_may_preempt() ? explore_choose(n + 1, true) : 0;
    if (choice == n)
        self->stays = STAYS;
    else
        hand_to(other[choice]);
}

/* ---- loops ---- */

static void note_round(rounds_t *r, const void *p, bool writes)
{
    const uintptr_t touched = (uintptr_t)p << 1 | writes;

    r->goes_round = r->goes_round && r->count < r->length && r->touched[r->count] == touched;
    if (!r->goes_round && r->count < ROUND_MAX)
        r->touched[r->count] = touched;
    r->count++;
}

void explore_found(const void *p, uint64_t value)
{
    if (self)
        self->rounds.found =
            (self->rounds.found + (uintptr_t)p) * UINT64_C(0x9e3779b97f4a7c15) + value;
}

/* A round ends. What is taken for the first one has what came before the loop, too. */
static bool end_round(rounds_t *r)
{
    const bool is_same = r->found == r->found_before;

    r->length = r->count;
    if (r->count > ROUND_MAX)
        r->length = 0;
    r->found_before = r->found;
    r->found = r->count = 0;
    r->goes_round       = true;
    return is_same;
}

void explore_relax(void)
{
    if (self && is_scheduled)
        may_switch("relax", NULL, false, !end_round(&self->rounds));
}

int explore_yield(void)
{
    if (self && is_scheduled) {
        end_round(&self->rounds);
        yield();
    }
    return 0;
}

/* ---- accesses ---- */

static void wake_sleepers(const char *from, const char *end, bool writes)
{
    for (unsigned i = 0; i < workers_count; i++) {
        worker_t *w = &workers[i];
        if (w->is_asleep && (writes || w->writes) && from < w->end && w->from < end)
            w->is_asleep = false;
    }
}

static void touch_scheduled(const void *p, size_t size, bool writes)
{
    const bool is_hot = explore_memory_use(p, size, writes, self->number);

    note_round(&self->rounds, p, writes);
    self->from   = p;
    self->end    = self->from + size;
    self->writes = writes;
    may_switch(writes ? "writes" : "reads", p, true, is_hot && !self->rounds.goes_round);
    wake_sleepers(p, (const char *)p + size, writes);
}

void explore_touch(const void *p, size_t size, bool writes)
{
    if (self && is_scheduled)
        touch_scheduled(p, size, writes);
    explore_memory_check(p, size, writes);
}

/* ---- waiting ---- */

static void block(const void *awaits)
{
    self->awaits = awaits;
    if (!must_switch("waits"))
        explore_fail("all threads wait");
}

static void unblock(const void *awaited, size_t count)
{
    for (unsigned i = 0; i < workers_count && count > 0; i++)
        if (workers[i].awaits == awaited) {
            workers[i].awaits = NULL;
            count--;
        }
}

int explore_mutex_lock(pthread_mutex_t *mutex)
{
    if (!self || !is_scheduled)
        return pthread_mutex_lock(mutex);
    explore_touch(mutex, 1, true);
    while (pthread_mutex_trylock(mutex) != 0)
        block(mutex);
    return 0;
}

int explore_mutex_unlock(pthread_mutex_t *mutex)
{
    if (self && is_scheduled)
        explore_touch(mutex, 1, true);
    unblock(mutex, EXPLORE_THREADS);
    return pthread_mutex_unlock(mutex);
}

/* The time is never up. */
bool cci_futex_wait_until(_Atomic uint32_t *word, uint32_t seen, uint64_t deadline)
{
    (void)deadline;
    explore_touch(word, sizeof *word, false);
    if (*word == seen)
        block(word);
    return true;
}

void cci_futex_wake(_Atomic uint32_t *word, unsigned n)
{
    explore_touch(word, sizeof *word, true);
    unblock(word, n);
}

/* There is nothing for a fence of all threads to do. */
void cci_barrier_process(void)
{
}

bool cci_barrier_process_is_quick(void)
{
    return true;
}

/* ---- the end of a thread ---- */

static struct {
    pthread_key_t key;
    void (*destructor)(void *);
} keys[KEYS_MAX];
static unsigned keys_count;

int explore_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    const int r = pthread_key_create(key, destructor);

    if (r == 0 && keys_count < KEYS_MAX) {
        keys[keys_count].key          = *key;
        keys[keys_count++].destructor = destructor;
    }
    return r;
}

void explore_thread_exit(void)
{
    for (unsigned i = 0; i < keys_count; i++) {
        void *value = pthread_getspecific(keys[i].key);
        if (!value)
            continue;
        pthread_setspecific(keys[i].key, NULL);
        keys[i].destructor(value);
    }
}

/* ---- a run ---- */

static void finish(void)
{
    self->is_done = true;
    if (is_scheduled && must_switch("ends"))
        return;
    for (unsigned i = 0; is_scheduled && i < workers_count; i++)
        if (!workers[i].is_done)
            explore_fail("thread %u waits for ever", i);
    sem_post(&all_done);
}

static void *work(void *number)
{
    self = &workers[(uintptr_t)number];
    for (;;) {
        await(&self->go);
        task(plan, self->number);
        finish();
    }
    return NULL;
}

void explore_threads_start(unsigned count)
{
    if (workers_started == 0)
        sem_init(&all_done, 0, 0);
    for (; workers_started < count; workers_started++) {
        worker_t *w = &workers[workers_started];
        w->number   = workers_started;
        sem_init(&w->go, 0, 0);
        if (pthread_create(&w->thread, NULL, work, (void *)(uintptr_t)w->number) != 0)
            explore_fail("explore: no thread");
    }
    workers_count = count;
}

static void reset(worker_t *w)
{
    w->is_done = w->is_asleep = false;
    w->awaits                 = NULL;
    w->stays                  = 0;
    w->rounds                 = (rounds_t){ .count = 0 };
}

static void run_from(unsigned first)
{
    sem_post(&workers[first].go);
    await(&all_done);
}

void explore_prepare(const explore_program_t *p)
{
    plan = p->plan;
    task = p->prepare;
    for (unsigned i = 0; i < p->threads; i++) {
        reset(&workers[i]);
        run_from(i);
    }
}

void explore_act(const explore_program_t *p)
{
    plan = p->plan;
    task = p->act;
    for (unsigned i = 0; i < p->threads; i++)
        reset(&workers[i]);
    const int told  = explore_step("begin", NULL);
    unsigned  first = told >= 0 ? (unsigned)told : explore_choose(p->threads, false);
    explore_note_switch(first);
    is_scheduled = true;
    run_from(first);
    is_scheduled = false;
}
