/* SPDX-License-Identifier: MIT */
/* Domains under threads. Nodes know what they are, and forget it when they are freed: so who reads one too
 * late sees it, without a sanitizer. Threads that come and go, forks, readers that never leave.
 *
 *     smr_stress             every part: both schemes, with and without fences of readers, eager and not
 *     smr_stress PART        one of them
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ccmem/smr.h>
#include "base/random.h"

enum {
    THREADS  = 4,
    SLOTS    = 16,
    OPS      = CCMEM_INSTRUMENTED ? 5000 : 20000, /* of each thread */
    VISITORS = CCMEM_INSTRUMENTED ? 200 : 1000,   /* threads that come and go */
    LIVE     = 4096,
    RETIRES  = CCMEM_INSTRUMENTED ? 50000 : 1000000,
    FORKS    = CCMEM_INSTRUMENTED ? 5 : 40
};

static const char *part = "", *variant = "";

/* _exit: other threads are still at work. */
#define CHECK(e)                                                                           \
    do {                                                                                   \
        if (!(e)) {                                                                        \
            fprintf(stderr, "%s:%d: %s, %s: %s\n", __FILE__, __LINE__, part, variant, #e); \
            _exit(1);                                                                      \
        }                                                                                  \
    } while (0)

/* ---- nodes ---- */

typedef struct node {
    cc_smr_node_t smr;
    uint64_t      value, inverse; /* the bits of value; 0 when it is gone */
} node_t;

static _Atomic uint64_t made, freed;

static node_t *make(cc_smr_guard_t *g, uint64_t value)
{
    node_t *n = cc_smr_alloc(g, sizeof *n);

    CHECK(n);
    __atomic_store_n(&n->value, value, __ATOMIC_RELAXED);
    __atomic_store_n(&n->inverse, ~value, __ATOMIC_RELAXED);
    atomic_fetch_add_explicit(&made, 1, memory_order_relaxed);
    return n;
}

static void drop(void *node, size_t size)
{
    node_t *n = node;

    CHECK(size == sizeof *n && n->inverse == ~n->value);
    __atomic_store_n(&n->inverse, n->value, __ATOMIC_RELAXED);
    atomic_fetch_add_explicit(&freed, 1, memory_order_relaxed);
    cc_smr_free(node, size);
}

/* Some more instructions than it takes, for others to come between. */
static void read_node(const node_t *n, uint64_t *rng)
{
    uint64_t value = __atomic_load_n(&n->value, __ATOMIC_RELAXED);

    if (cci_random_next(rng) % 64 == 0)
        sched_yield();
    CHECK(__atomic_load_n(&n->inverse, __ATOMIC_RELAXED) == ~value);
}

/* ---- slots ---- */

static cc_smr_t   *domain;
static atomic_bool is_over;
static node_t     *slots[SLOTS];

static void replace(cc_smr_guard_t *g, node_t **slot, uint64_t value)
{
    node_t *old = __atomic_exchange_n(slot, make(g, value), __ATOMIC_ACQ_REL);

    if (old)
        cc_smr_retire(g, old, sizeof *old, drop);
}

static void empty_slots(void)
{
    cc_smr_guard_t *g = cc_smr_enter(domain);

    CHECK(g);
    for (int i = 0; i < SLOTS; i++)
        if (slots[i])
            cc_smr_retire(g, slots[i], sizeof *slots[i], drop);
    memset(slots, 0, sizeof slots);
    cc_smr_leave(g);
}

static void section(uint64_t *rng)
{
    cc_smr_guard_t *g     = cc_smr_enter(domain);
    const uint64_t  steps = cci_random_next(rng) % 8;
    node_t         *seen[8];

    CHECK(g);
    for (uint64_t i = 0; i < steps; i++) {
        node_t **slot = &slots[cci_random_next(rng) % SLOTS];
        if (cci_random_next(rng) % 4 == 0)
            replace(g, slot, cci_random_next(rng));
        seen[i] = cc_smr_protect(g, slot);
    }
    for (uint64_t i = 0; i < steps; i++)
        if (seen[i])
            read_node(seen[i], rng);
    cc_smr_leave(g);
}

static void *work(void *arg)
{
    uint64_t rng = cci_random_seed((uintptr_t)arg);

    for (int i = 0; i < OPS; i++) {
        section(&rng);
        if (i % 1024 == 1023)
            cc_smr_poll(domain);
        if (i % 8192 == 8191)
            cc_smr_barrier(domain);
    }
    return NULL;
}

static void start(pthread_t *thread, void *(*run)(void *), uintptr_t arg)
{
    CHECK(pthread_create(thread, NULL, run, (void *)arg) == 0);
}

static void finish(pthread_t *threads, int n)
{
    for (int i = 0; i < n; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
}

/* Everything that was made is freed, and nothing twice. */
static void check_end(void)
{
    empty_slots();
    cc_smr_barrier(domain);
    cc_smr_stats_t s = cc_smr_stats(domain);
    CHECK(s.pending_count == 0 && s.lost_count == 0 && s.reader_count == 0);
    CHECK(s.retired_count == s.freed_count && freed == made && freed == s.freed_count);
}

/* Of what readers saw, where it is looked at; printed, for who wants to know. */
static void print_ages(void)
{
    cc_smr_stats_t s = cc_smr_stats(domain);

    if (s.ages[0] == 0)
        return;
    printf("%s, %s: ages", part, variant);
    for (int i = 0; i < CC_SMR_AGES; i++)
        if (s.ages[i])
            printf(" %d:%llu", i, (unsigned long long)s.ages[i]);
    printf("\n");
}

static void run_slots(void)
{
    pthread_t threads[THREADS];

    for (uintptr_t i = 0; i < THREADS; i++)
        start(&threads[i], work, i);
    finish(threads, THREADS);
    check_end();
    print_ages();
}

/* ---- visits ---- */

/* Takes along what it finds. */
static void *poll_until_over(void *arg)
{
    (void)arg;
    while (!atomic_load(&is_over))
        cc_smr_poll(domain);
    return NULL;
}

/* As long as lists change is as long as somebody may come. */
static void *retire_in_long_sections(void *arg)
{
    uint64_t rng = cci_random_seed((uintptr_t)arg);

    for (int i = 0; i < OPS / 50; i++) {
        cc_smr_guard_t *g = cc_smr_enter(domain);
        CHECK(g);
        for (uint64_t n = cci_random_next(&rng) % 200; n > 0; n--)
            cc_smr_retire(g, make(g, n), sizeof(node_t), drop);
        cc_smr_leave(g);
    }
    return NULL;
}

static void run_visits(void)
{
    pthread_t threads[2], polls;

    atomic_store(&is_over, false);
    start(&polls, poll_until_over, 0);
    for (uintptr_t i = 0; i < 2; i++)
        start(&threads[i], retire_in_long_sections, i);
    finish(threads, 2);
    atomic_store(&is_over, true);
    finish(&polls, 1);
    check_end();
}

/* ---- barriers ---- */

typedef struct told {
    node_t       node;
    atomic_bool *is_freed;
} told_t;

static void tell(void *node, size_t size)
{
    atomic_bool *is_freed = ((told_t *)node)->is_freed;

    cc_smr_free(node, size);
    atomic_store(is_freed, true);
}

/* What a thread retired is freed when its barrier is over, whoever has taken it along meanwhile. */
static void *retire_and_wait(void *arg)
{
    uint64_t    rng = cci_random_seed((uintptr_t)arg);
    atomic_bool is_freed[8];

    for (int i = 0; i < OPS / 50; i++) {
        cc_smr_guard_t *g = cc_smr_enter(domain);
        CHECK(g);
        for (int k = 0; k < 8; k++) {
            told_t *n = cc_smr_alloc(g, sizeof *n);
            CHECK(n);
            atomic_store(&is_freed[k], false);
            n->is_freed = &is_freed[k];
            cc_smr_retire(g, n, sizeof *n, tell);
        }
        cc_smr_leave(g);
        if (cci_random_next(&rng) % 2)
            cc_smr_poll(domain);
        cc_smr_barrier(domain);
        for (int k = 0; k < 8; k++)
            CHECK(atomic_load(&is_freed[k]));
    }
    return NULL;
}

static void run_barriers(void)
{
    pthread_t threads[THREADS], polls;

    atomic_store(&is_over, false);
    start(&polls, poll_until_over, 0);
    for (uintptr_t i = 0; i < THREADS; i++)
        start(&threads[i], retire_and_wait, i);
    finish(threads, THREADS);
    atomic_store(&is_over, true);
    finish(&polls, 1);
    cc_smr_barrier(domain);
    CHECK(cc_smr_stats(domain).pending_count == 0);
}

/* ---- threads that come and go ---- */

static void *visit(void *arg)
{
    uint64_t rng = cci_random_seed((uintptr_t)arg);

    for (int i = 0; i < 20; i++)
        section(&rng);
    return NULL;
}

/* A hand of them at a time, beside one that stays and one that waits for all of it. */
static void *call_barriers(void *arg)
{
    (void)arg;
    for (int i = 0; i < VISITORS / 8; i++)
        cc_smr_barrier(domain);
    return NULL;
}

static void run_visitors(void)
{
    pthread_t stays, waits, threads[THREADS];

    start(&stays, visit, VISITORS);
    start(&waits, call_barriers, 0);
    for (uintptr_t i = 0; i < VISITORS; i += THREADS) {
        for (uintptr_t k = 0; k < THREADS; k++)
            start(&threads[k], visit, i + k);
        finish(threads, THREADS);
    }
    finish(&stays, 1);
    finish(&waits, 1);
    CHECK(cc_smr_stats(domain).thread_count <= 1);
    check_end();
}

/* ---- forks ---- */

static void *work_until_over(void *arg)
{
    uint64_t rng = cci_random_seed((uintptr_t)arg);

    while (!atomic_load(&is_over)) {
        section(&rng);
        if (cci_random_next(&rng) % 256 == 0)
            cc_smr_poll(domain);
        if (cci_random_next(&rng) % 1024 == 0)
            cc_smr_barrier(domain);
    }
    return NULL;
}

/* What the threads that are gone had in hand is lost; the rest is as ever. */
static _Noreturn void child(cc_smr_guard_t *g, uintptr_t seed)
{
    pthread_t threads[2];

    alarm(60);
    if (g) {
        const node_t *n   = cc_smr_protect(g, &slots[0]);
        uint64_t      rng = cci_random_seed(seed);
        if (n)
            read_node(n, &rng);
        cc_smr_leave(g);
    }
    CHECK(cc_smr_stats(domain).reader_count == 0);
    CHECK(cc_smr_stats(domain).thread_count <= 1);
    const int others = CCMEM_INSTRUMENTED ? 0 : 2; /* ThreadSanitizer allows none after a fork */
    for (int i = 0; i < others; i++)
        start(&threads[i], visit, seed + (uintptr_t)i);
    finish(threads, others);
    empty_slots();
    cc_smr_barrier(domain);
    cc_smr_stats_t s = cc_smr_stats(domain);
    CHECK(s.pending_count == 0 && s.retired_count == s.freed_count + s.lost_count);
    CHECK(freed <= made);
    cc_smr_destroy(domain);
    _exit(0);
}

/* Every other time from within a section. */
static void fork_once(uintptr_t i)
{
    cc_smr_guard_t *g   = i % 2 ? cc_smr_enter(domain) : NULL;
    pid_t           pid = fork();
    int             status;

    CHECK(pid >= 0);
    if (pid == 0)
        child(g, i);
    if (g)
        cc_smr_leave(g);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void run_forks(void)
{
    pthread_t threads[THREADS];

    atomic_store(&is_over, false);
    for (uintptr_t i = 0; i < THREADS; i++)
        start(&threads[i], work_until_over, i);
    for (uintptr_t i = 0; i < FORKS; i++)
        fork_once(i);
    atomic_store(&is_over, true);
    finish(threads, THREADS);
    check_end();
}

/* ---- a reader that never leaves ---- */

static atomic_int stalled;

static void *stall(void *arg)
{
    cc_smr_guard_t *g   = cc_smr_enter(domain);
    uint64_t        rng = 1;

    (void)arg;
    CHECK(g);
    const node_t *n = cc_smr_protect(g, &slots[0]);
    atomic_store(&stalled, 1);
    while (atomic_load(&stalled) == 1)
        sched_yield();
    read_node(n, &rng);
    cc_smr_leave(g);
    return NULL;
}

/* Returns the most that was pending, as far as was looked. */
static uint64_t replace_all(node_t **live, uint64_t *rng)
{
    uint64_t most = 0;

    for (int i = 0; i < RETIRES; i++) {
        cc_smr_guard_t *g = cc_smr_enter(domain);
        CHECK(g);
        replace(g, &live[cci_random_next(rng) % LIVE], (uint64_t)i);
        cc_smr_leave(g);
        if (i % 256 == 0 || i == RETIRES - 1) {
            uint64_t now = cc_smr_stats(domain).pending_count;
            most         = now > most ? now : most;
        }
    }
    return most;
}

static void run_stalled(cc_smr_scheme_t scheme)
{
    static node_t *live[LIVE];
    uint64_t       rng = 1;
    pthread_t      reader;

    cc_smr_guard_t *g = cc_smr_enter(domain);
    CHECK(g);
    for (int i = 0; i < LIVE; i++)
        live[i] = make(g, (uint64_t)i);
    slots[0] = make(g, 0);
    cc_smr_leave(g);
    atomic_store(&stalled, 0);
    start(&reader, stall, 0);
    while (atomic_load(&stalled) == 0)
        sched_yield();
    uint64_t most = replace_all(live, &rng);
    printf("%s, %s: %d live, %d retired, at most %llu pending\n", part, variant, LIVE, RETIRES,
           (unsigned long long)most);
    if (scheme == CC_SMR_IBR)
        CHECK(most <= 2 * LIVE);
    else
        CHECK(most == RETIRES);
    atomic_store(&stalled, 2);
    finish(&reader, 1);
    g = cc_smr_enter(domain);
    CHECK(g);
    for (int i = 0; i < LIVE; i++)
        cc_smr_retire(g, live[i], sizeof *live[i], drop);
    cc_smr_leave(g);
    check_end();
}

static void run_stalled_ibr(void)
{
    run_stalled(CC_SMR_IBR);
}

static void run_stalled_ebr(void)
{
    run_stalled(CC_SMR_EBR);
}

/* ---- all of it ---- */

typedef struct variant {
    const char      *name;
    cc_smr_options_t options;
    bool             is_fenced;
} variant_t;

static const variant_t variants[] = {
    { "ibr", { .scheme = CC_SMR_IBR, .era_step = 128, .scan_step = 1024 }, false },
    { "ibr, fences", { .scheme = CC_SMR_IBR, .era_step = 128, .scan_step = 1024 }, true },
    { "ibr, eager", { .scheme = CC_SMR_IBR, .era_step = 1, .scan_step = 1 }, false },
    { "ibr, eager, fences", { .scheme = CC_SMR_IBR, .era_step = 1, .scan_step = 1 }, true },
    { "ibr, eager, check", { CC_SMR_IBR, 1, 1, true }, false },
    { "ebr", { .scheme = CC_SMR_EBR, .era_step = 128, .scan_step = 1024 }, false },
    { "ebr, eager, fences", { .scheme = CC_SMR_EBR, .era_step = 1, .scan_step = 1 }, true },
};

static const struct part {
    const char *name;
    void (*run)(void);
    unsigned variants; /* which, as bits */
} parts[] = {
    { "slots", run_slots, 0x7f },         { "visits", run_visits, 0x7f },
    { "barriers", run_barriers, 0x7f },   { "visitors", run_visitors, 0x7f },
    { "forks", run_forks, 0x5c },         { "stalled", run_stalled_ibr, 0x03 },
    { "stalled", run_stalled_ebr, 0x20 },
};

static void run(const struct part *p, const variant_t *v)
{
    const uint64_t before = cc_alloc_stats_snapshot().current_allocated;

    part    = p->name;
    variant = v->name;
    alarm(100); /* a deadlock is a failure */
    setenv("CCMEM_SMR_FENCES", v->is_fenced ? "1" : "0", 1);
    made = freed = 0;
    domain       = cc_smr_create(&v->options);
    CHECK(domain);
    p->run();
    cc_smr_destroy(domain);
    CHECK(cc_alloc_stats_snapshot().current_allocated == before);
    fprintf(stderr, "%s, %s: ok\n", part, variant);
}

int main(int argc, char **argv)
{
    cc_alloc_stats_enable(true);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        for (size_t k = 0; k < sizeof variants / sizeof *variants; k++)
            if (parts[i].variants & 1u << k && (argc < 2 || strcmp(argv[1], parts[i].name) == 0))
                run(&parts[i], &variants[k]);
    return 0;
}
