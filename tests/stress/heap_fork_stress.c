/* SPDX-License-Identifier: MIT */
/* Forks while threads allocate, free, trim and look at the statistics, so that every lock is held by
 * somebody at some fork. The child uses everything there is, frees what its parent allocated, starts a
 * thread and forks again; one that waits for a lock of a thread it does not have is ended by its alarm.
 *
 *     heap_fork_stress                     on every backend
 *     heap_fork_stress BACKEND [PART]      on one, "test" is the test's own
 */
#include <stdatomic.h>
#include <sys/wait.h>

#include "heap/heap.h"
#include "support/heap_stress.h"

enum {
    FORKS   = CCMEM_INSTRUMENTED ? 15 : 30,
    WORKERS = 3,
    OWN     = 500, /* blocks of the forking thread */
    SECONDS = CCMEM_INSTRUMENTED ? 60 : 20
};

static _Atomic bool stop;

static bool stopped(void)
{
    return atomic_load_explicit(&stop, memory_order_relaxed);
}

/* ---- the parent's threads ---- */

static void *churn(void *arg)
{
    uint64_t     rng = cci_random_seed((uintptr_t)arg);
    own_block_t *held[300];

    while (!stopped()) {
        for (int i = 0; i < 300; i++)
            held[i] = own_make(&rng, i % 50 ? 900 : 50000);
        for (int i = 0; i < 300; i++)
            own_drop(held[i], i % 3);
        if (random_below(&rng, 4) == 0)
            cc_thread_idle();
    }
    return NULL;
}

/* Holds the lock of the statistics much of the time. */
static void *look(void *unused)
{
    (void)unused;
    while (!stopped()) {
        for (int i = 0; i < 50; i++)
            CHECK(cc_alloc_stats_snapshot().alloc_count > 0);
        sched_yield(); /* or the fork might wait for long */
    }
    return NULL;
}

static void *trim(void *unused)
{
    (void)unused;
    while (!stopped()) {
        cc_alloc_class_stats_t all[256];
        cc_alloc_stats_classes(all, 256);
        cc_trim();
    }
    return NULL;
}

static void *end_at_once(void *arg)
{
    uint64_t rng = cci_random_seed((uintptr_t)arg);

    for (int i = 0; i < 100; i++)
        own_drop(own_make(&rng, 500), i % 2);
    return NULL;
}

static void *start_others(void *unused)
{
    (void)unused;
    for (uintptr_t i = 0; !stopped(); i++) {
        pthread_t thread;
        start(&thread, end_at_once, (void *)i);
        pthread_join(thread, NULL);
    }
    return NULL;
}

/* ---- the child ---- */

static own_block_t *own[OWN];

static void check_statistics(uint64_t live_before)
{
    cc_alloc_snapshot_t s = cc_alloc_stats_snapshot();

    CHECK(s.current_allocated < UINT64_C(1) << 32 && s.cached_bytes < UINT64_C(1) << 32);
    CHECK(s.current_allocated <= live_before);
    CHECK(strcmp(s.backend, cc_backend_current(NULL)->name) == 0);
}

static _Noreturn void live_on(bool again)
{
    uint64_t  rng = cci_random_seed(5);
    pthread_t thread;

    alarm(SECONDS);
    CHECK(cci_heap_users(&cci_heap_main) == 1);
    uint64_t live = cc_alloc_stats_snapshot().current_allocated;
    for (int i = 0; i < OWN; i++) {
        own_drop(own[i], i % 3);
        own[i] = own_make(&rng, i % 50 ? 900 : 50000);
    }
    for (int i = 0; i < OWN; i++)
        own_drop(own[i], i % 2);
    check_statistics(live);
    for (uintptr_t i = 0; i < 2 * WORKERS; i++) { /* on what other threads left */
        start(&thread, end_at_once, (void *)i);
        pthread_join(thread, NULL);
    }
    cc_thread_idle();
    cc_trim();
    cc_alloc_stats_reset();
    check_statistics(live);
    if (again) {
        pid_t grandchild = fork();
        if (grandchild == 0) {
            uint64_t most = UINT64_MAX;
            for (int i = 0; i < OWN; i++)
                own_drop(own_make(&rng, 900), i % 2);
            check_statistics(most);
            _exit(0);
        }
        int status;
        CHECK(waitpid(grandchild, &status, 0) == grandchild && status == 0);
    }
    _exit(0);
}

static void fork_once(bool again)
{
    int   status;
    pid_t child = fork();

    if (child == 0) {
        /* The malloc of a sanitizer may be locked here by a thread that is not. */
        if (CCMEM_INSTRUMENTED)
            _exit(0);
        live_on(again);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    if (status != 0)
        fprintf(stderr, "%s: a child ended with %#x\n", part, (unsigned)status);
    CHECK(status == 0);
}

/* ---- parts ---- */

static void make_own(void)
{
    uint64_t rng = cci_random_seed(77);

    for (int i = 0; i < OWN; i++)
        own[i] = own_make(&rng, i % 50 ? 900 : 50000);
}

static void drop_own(void)
{
    for (int i = 0; i < OWN; i++)
        own_drop(own[i], true);
}

static void storm(void)
{
    void *(*const work[])(void *) = { churn, churn, look, trim, start_others };
    pthread_t thread[sizeof work / sizeof *work];

    atomic_store(&stop, false);
    make_own();
    for (uintptr_t i = 0; i < sizeof work / sizeof *work; i++)
        start(&thread[i], work[i], (void *)i);
    for (int i = 0; i < FORKS; i++)
        fork_once(i % 4 == 0);
    atomic_store(&stop, true);
    for (unsigned i = 0; i < sizeof work / sizeof *work; i++)
        pthread_join(thread[i], NULL);
    drop_own();
    check_nothing_is_left();
}

/* Alone: the child has all the parent had, and its figures are exact. */
static void alone(void)
{
    make_own();
    pid_t child = fork();
    if (child == 0) {
        drop_own();
        check_nothing_is_left();
        _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    drop_own();
    check_nothing_is_left();
}

/* A thread that has never allocated forks, and its child begins. */
static void *fork_first(void *unused)
{
    (void)unused;
    int   status;
    pid_t child = fork();

    if (child == 0) {
        alarm(SECONDS);
        CHECK(cci_heap_users(&cci_heap_main) == 0);
        drop_own();
        uint64_t rng = cci_random_seed(1);
        own_drop(own_make(&rng, 300), true);
        CHECK(cc_alloc_stats_snapshot().current_allocated == 0);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    return NULL;
}

static void by_a_new_thread(void)
{
    pthread_t thread;

    make_own();
    start(&thread, fork_first, NULL);
    pthread_join(thread, NULL);
    drop_own();
    check_nothing_is_left();
}

int main(int argc, char **argv)
{
    static const stress_part_t parts[] = {
        { "alone", alone }, { "by-a-new-thread", by_a_new_thread }, { "storm", storm }, { 0 }
    };
    return stress_main(argc, argv, parts);
}
