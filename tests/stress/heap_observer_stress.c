/* SPDX-License-Identifier: MIT */
/* Somebody watches the heap, and does not, and does, while threads allocate, hand blocks to each other,
 * end and begin. What a thread does wholly within a time in which all was watched is told once, by
 * that thread, as it was; within a time in which nothing was, never; and in between at most once.
 *
 *     heap_observer_stress                     every part on every backend
 *     heap_observer_stress BACKEND [PART]      on one, "test" is the test's own
 */
#include <stdatomic.h>
#include <sys/wait.h>

#include "heap/heap.h"
#include "heap/observer.h"
#include "support/heap_stress.h"

enum {
    THREADS  = 8,
    CHANGES  = CCMEM_INSTRUMENTED ? 40 : 200, /* of who is told */
    FORKS    = CCMEM_INSTRUMENTED ? 10 : 40,
    A_LIFE   = 600,  /* steps of a thread until it ends */
    A_CHANGE = 1000, /* steps of all threads between one change and the next */
    SHARED   = 64
};

/* ---- what the calling thread was told ---- */

static __thread struct {
    size_t      allocations, frees, changes, open;
    const void *ptr, *freed;
    size_t      size;
} told;

static uint64_t allocating(void)
{
    CHECK(told.open++ == 0);
    return 1;
}

static void allocated(uint64_t began, void *ptr, size_t usable, const cci_request_t *r)
{
    CHECK(began == 1 && --told.open == 0);
    CHECK(!ptr || usable >= r->size);
    told.allocations++;
    told.ptr  = ptr;
    told.size = r->size;
}

static uint64_t freeing(void *ptr)
{
    CHECK(told.open++ == 0);
    told.freed = ptr;
    return 2;
}

static void freed(uint64_t began)
{
    CHECK(began == 2 && --told.open == 0);
    told.frees++;
}

static uint64_t resizing(void *old)
{
    CHECK(told.open++ == 0);
    told.freed = old;
    return 3;
}

static void resized(uint64_t began, void *old, void *ptr, size_t usable, const cci_request_t *r)
{
    CHECK(began == 3 && --told.open == 0 && old == told.freed);
    CHECK(!ptr || usable >= r->size);
    told.changes++;
    told.ptr  = ptr;
    told.size = r->size;
}

static const cci_observer_t observer = { allocating, allocated, freeing, freed, resizing, resized };

/* ---- times ---- */

/* The number of the time; odd while somebody is told, and 0 while that changes. */
static _Atomic unsigned time_now;

static unsigned the_time(void)
{
    return atomic_load_explicit(&time_now, memory_order_acquire); /* pairs: change */
}

static void change(unsigned to)
{
    atomic_store(&time_now, 0);
    cci_heap_observe(to % 2 ? &observer : NULL);
    atomic_store(&time_now, to);
}

/* What was told of something that the thread did once, from a time on until now. */
static void check_told(size_t times, unsigned since)
{
    if (since == 0 || the_time() != since)
        CHECK(times <= 1);
    else
        CHECK(times == since % 2);
}

/* ---- the threads ---- */

static _Atomic(own_block_t *) shared[SHARED];
static _Atomic size_t         steps;
static _Atomic bool           stop;

/* Blocks of which both ends were told, in one time. */
static _Atomic uint64_t whole_lives;

/* Blocks are handed on with the time in which they were told, or 0. */
static unsigned *time_of(own_block_t *b)
{
    return (unsigned *)(b + 1);
}

static own_block_t *make(uint64_t *rng)
{
    unsigned since = the_time();

    memset(&told, 0, sizeof told);
    own_block_t *b = own_make(rng, random_below(rng, 50) ? 900 : 50000);
    check_told(told.allocations, since);
    CHECK(told.frees == 0 && told.changes == 0);
    CHECK(!told.allocations || (told.ptr == b && told.size == b->size));
    if (b->size >= sizeof *b + sizeof since + 1)
        *time_of(b) = told.allocations ? since : 0;
    return b;
}

static void drop(own_block_t *b, bool sized)
{
    unsigned since = the_time(), born = 0;
    size_t   size = b->size;

    if (size >= sizeof *b + sizeof born + 1)
        born = *time_of(b);
    memset(&told, 0, sizeof told);
    own_drop(b, sized);
    check_told(told.frees, since);
    CHECK(told.allocations == 0 && told.changes == 0);
    CHECK(!told.frees || told.freed == b);
    if (born && born == since && told.frees)
        atomic_fetch_add(&whole_lives, 1);
}

static void change_size(uint64_t *rng)
{
    size_t   size = 1 + random_below(rng, 2000), to = 1 + random_below(rng, 50000);
    void    *p     = cc_alloc(size);
    unsigned since = the_time();

    CHECK(p);
    memset(&told, 0, sizeof told);
    void *q = cc_realloc(p, size, to);
    CHECK(q);
    check_told(told.changes, since);
    CHECK(told.allocations == 0 && told.frees == 0);
    CHECK(!told.changes || (told.freed == p && told.ptr == q && told.size == to));
    cc_free(q, to);
}

static void one_step(uint64_t *rng)
{
    own_block_t *b = make(rng);

    b = atomic_exchange(&shared[random_below(rng, SHARED)], b);
    if (b)
        drop(b, random_below(rng, 3));
    if (random_below(rng, 8) == 0)
        change_size(rng);
    if (random_below(rng, 200) == 0)
        cc_thread_idle();
}

static void *live(void *arg)
{
    uint64_t rng = cci_random_seed((uintptr_t)arg);

    for (int i = 0; i < A_LIFE && !atomic_load_explicit(&stop, memory_order_relaxed); i++) {
        one_step(&rng);
        atomic_fetch_add_explicit(&steps, 1, memory_order_relaxed);
    }
    return NULL;
}

/* One life after another. */
static void *go_on(void *arg)
{
    for (uintptr_t i = 0; !atomic_load(&stop); i++) {
        pthread_t thread;
        start(&thread, live, (void *)((uintptr_t)arg + THREADS * i));
        pthread_join(thread, NULL);
    }
    return NULL;
}

static void wait_for_steps(void)
{
    size_t enough = atomic_load(&steps) + A_CHANGE;

    while (atomic_load(&steps) < enough)
        sched_yield();
}

/* ---- parts ---- */

/* Something is done again and again while threads come and go, and then everything is back. */
static void run(void (*act)(unsigned time), unsigned times)
{
    pthread_t thread[THREADS];

    cc_alloc_stats_reset();
    atomic_store(&stop, false);
    change(2);
    for (uintptr_t i = 0; i < THREADS; i++)
        start(&thread[i], go_on, (void *)i);
    for (unsigned i = 0; i < times; i++)
        act(i + 3);
    atomic_store(&stop, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    change(2);
    for (int i = 0; i < SHARED; i++) {
        own_block_t *b = atomic_exchange(&shared[i], NULL);
        if (b)
            own_drop(b, true);
    }
    check_nothing_is_left();
}

static void change_and_wait(unsigned time)
{
    change(time);
    wait_for_steps();
}

static void on_and_off(void)
{
    run(change_and_wait, CHANGES);
    CHECK(atomic_load(&whole_lives) > CHANGES);
}

/* Nothing is told in the child, nor is a lock held there by a thread that it does not have. */
static _Noreturn void live_in_child(void)
{
    uint64_t rng = cci_random_seed(3);

    alarm(20);
    memset(&told, 0, sizeof told);
    CHECK(cci_heap_observer() == NULL);
    for (int i = 0; i < 300; i++)
        own_drop(own_make(&rng, 900), i % 2);
    CHECK(told.allocations == 0 && told.frees == 0);
    change(3);
    own_drop(own_make(&rng, 900), true);
    CHECK(told.allocations == 1 && told.frees == 1);
    change(4);
    _exit(0);
}

static void fork_once(void)
{
    int   status;
    pid_t child = fork();

    if (child == 0) {
        if (CCMEM_INSTRUMENTED) /* whose malloc may be locked there */
            _exit(0);
        live_in_child();
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

static void *change_all_the_time(void *unused)
{
    (void)unused;
    for (unsigned i = 3; !atomic_load(&stop); i++)
        change(i);
    return NULL;
}

static void change_and_fork(unsigned time)
{
    change(time);
    fork_once();
}

static void forks(void)
{
    pthread_t thread;

    atomic_store(&stop, false);
    start(&thread, change_all_the_time, NULL);
    for (int i = 0; i < FORKS; i++)
        fork_once();
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    run(change_and_fork, FORKS / 2);
}

int main(int argc, char **argv)
{
    static const stress_part_t parts[] = { { "on-and-off", on_and_off },
                                           { "forks", forks },
                                           { 0 } };

    return stress_main(argc, argv, parts);
}
