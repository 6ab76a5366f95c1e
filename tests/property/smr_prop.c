/* SPDX-License-Identifier: MIT */
/* Property: whatever a few threads do one after the other, no node is freed that one of them has
 * protected and may still read, none is freed twice, and all are freed once nobody reads. Then every
 * sequence again with each request for memory refused once: nothing breaks, and what could not be noted
 * is counted as lost.
 *
 * Each thread waits for its turn, so a seed says it all. */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ccmem/smr.h>
#include "base/random.h"
#include "support/test_backend.h"

enum {
    THREADS = 4,
    SLOTS   = 8,
    STEPS   = 400,
    SEEDS   = CCMEM_INSTRUMENTED ? 3 : 20,
    HELD    = 64, /* at most, in a section */
    NEVER   = -1
};

typedef struct node {
    cc_smr_node_t smr;
    uint64_t      number;
} node_t;

/* What the test knows of a node, by its number. */
typedef struct known {
    node_t *node;
    enum { LIVE, RETIRED, FREED } state;
    unsigned readers; /* sections that protected it */
} known_t;

typedef struct player {
    pthread_t       thread;
    sem_t           go;
    cc_smr_guard_t *guard; /* NULL: outside */
    uint64_t        held[HELD];
    size_t          held_count;
} player_t;

static player_t  player[THREADS];
static sem_t     done;
static cc_smr_t *domain;
static node_t   *slot[SLOTS];
static known_t   known[STEPS + 1];
static uint64_t  count, rng;
static unsigned  seed, step, variant;
static long      refused;

static _Noreturn void fail_at(int line, const char *what)
{
    fprintf(stderr, "%s:%d: variant %u, seed %u, step %u, request %ld refused: %s\n", __FILE__,
            line, variant, seed, step, refused, what);
    _Exit(1);
}

#define CHECK(e)                   \
    do {                           \
        if (!(e))                  \
            fail_at(__LINE__, #e); \
    } while (0)

static uint64_t below(uint64_t n)
{
    return (cci_random_next(&rng) >> 33) % n;
}

/* ---- what a player does ---- */

static void drop(void *node, size_t size)
{
    known_t *k = &known[((node_t *)node)->number];

    CHECK(size == sizeof(node_t) && k->node == node);
    CHECK(k->state == RETIRED && k->readers == 0);
    k->state = FREED;
    cc_smr_free(node, size);
}

static void enter(player_t *p)
{
    if (!p->guard)
        p->guard = cc_smr_enter(domain);
}

static void leave(player_t *p)
{
    cc_smr_guard_t *g = p->guard;

    if (!g)
        return;
    for (size_t i = 0; i < p->held_count; i++)
        known[p->held[i]].readers--;
    p->held_count = 0;
    p->guard      = NULL;
    cc_smr_leave(g);
}

static void read_slot(player_t *p)
{
    if (!p->guard || p->held_count == HELD)
        return;
    node_t *n = cc_smr_protect(p->guard, &slot[below(SLOTS)]);
    if (!n)
        return;
    CHECK(known[n->number].state == LIVE);
    known[n->number].readers++;
    p->held[p->held_count++] = n->number;
}

/* What was protected is as it was. */
static void read_again(player_t *p)
{
    for (size_t i = 0; i < p->held_count; i++)
        CHECK(known[p->held[i]].node->number == p->held[i]);
}

static void retire(player_t *p, node_t *n)
{
    known[n->number].state = RETIRED;
    cc_smr_retire(p->guard, n, sizeof *n, drop);
}

static void replace(player_t *p)
{
    node_t **at = &slot[below(SLOTS)];

    if (!p->guard)
        return;
    node_t *n = cc_smr_alloc(p->guard, sizeof *n);
    if (!n)
        return;
    n->number        = ++count;
    known[n->number] = (known_t){ n, LIVE, 0 };
    node_t *old      = __atomic_exchange_n(at, n, __ATOMIC_ACQ_REL);
    if (old)
        retire(p, old);
}

/* Where nobody reads it leaves nothing. */
static void poll(player_t *p)
{
    bool anybody = false;

    for (int i = 0; i < THREADS; i++)
        anybody = anybody || player[i].guard;
    size_t freed = cc_smr_poll(domain);
    CHECK(freed == 0 || !p->guard);
    if (!anybody && refused == NEVER)
        CHECK(cc_smr_stats(domain).pending_count == 0);
    if (!anybody)
        cc_smr_barrier(domain);
    if (!anybody)
        CHECK(cc_smr_stats(domain).pending_count == 0);
}

static void (*const moves[])(player_t *) = { enter,   enter,      leave,   read_slot, read_slot,
                                             replace, read_again, replace, replace,   poll };

/* ---- turns ---- */

static void (*move)(player_t *);

static void *play(void *arg)
{
    player_t *p = arg;

    for (;;) {
        sem_wait(&p->go);
        if (!move)
            return NULL;
        move(p);
        sem_post(&done);
    }
}

static void let(player_t *p, void (*what)(player_t *))
{
    move = what;
    sem_post(&p->go);
    sem_wait(&done);
}

static void begin_players(void)
{
    sem_init(&done, 0, 0);
    for (int i = 0; i < THREADS; i++) {
        sem_init(&player[i].go, 0, 0);
        CHECK(pthread_create(&player[i].thread, NULL, play, &player[i]) == 0);
    }
}

static void end_players(void)
{
    move = NULL;
    for (int i = 0; i < THREADS; i++) {
        sem_post(&player[i].go);
        CHECK(pthread_join(player[i].thread, NULL) == 0);
    }
}

/* ---- a run ---- */

static void empty_slots(player_t *p)
{
    enter(p);
    for (int i = 0; i < SLOTS && p->guard; i++) {
        if (slot[i])
            retire(p, slot[i]);
        slot[i] = NULL;
    }
    leave(p);
}

static void check_figures(void)
{
    cc_smr_stats_t s           = cc_smr_stats(domain);
    uint64_t       in_state[3] = { 0 };

    for (uint64_t i = 1; i <= count; i++)
        in_state[known[i].state]++;
    CHECK(s.freed_count == in_state[FREED]);
    CHECK(s.retired_count == in_state[FREED] + in_state[RETIRED]);
    CHECK(s.pending_count + s.lost_count == in_state[RETIRED]);
    CHECK(refused != NEVER || s.lost_count == 0);
}

/* Lost ones, and those in slots where the last thread could not enter. */
static void free_what_is_left(void)
{
    for (uint64_t i = 1; i <= count; i++)
        if (known[i].state != FREED)
            cc_smr_free(known[i].node, sizeof(node_t));
    memset(slot, 0, sizeof slot);
}

static void run_moves(void)
{
    for (step = 0; step < STEPS; step++) {
        let(&player[below(THREADS)], moves[below(sizeof moves / sizeof *moves)]);
        check_figures();
    }
    for (int i = 0; i < THREADS; i++)
        let(&player[i], leave);
    let(&player[0], empty_slots);
}

/* True: the request was made. */
static bool run(const cc_smr_options_t *options)
{
    rng          = cci_random_seed(seed);
    count        = 0;
    size_t asked = test_backend.asked;
    if (refused != NEVER)
        test_backend_refuse((size_t)refused, 1);
    domain = cc_smr_create(options);
    if (domain) {
        begin_players();
        run_moves();
        end_players();
        cc_smr_barrier(domain);
        CHECK(cc_smr_stats(domain).pending_count == 0);
        check_figures();
        cc_smr_destroy(domain);
        free_what_is_left();
    }
    test_backend_refuse(0, 0);
    CHECK(test_backend.live == 0);
    return refused != NEVER && test_backend.asked - asked > (size_t)refused;
}

static const cc_smr_options_t variants[] = {
    { .scheme = CC_SMR_IBR, .era_step = 1, .scan_step = 1 },
    { .scheme = CC_SMR_IBR, .era_step = 3, .scan_step = 5 },
    { .scheme = CC_SMR_IBR, .era_step = 128, .scan_step = 1024 },
    { .scheme = CC_SMR_EBR, .era_step = 1, .scan_step = 1 },
    { .scheme = CC_SMR_EBR, .era_step = 128, .scan_step = 100 },
};

int main(void)
{
    setenv("CCMEM_MAGAZINES", "0", 1); /* so that every request may be refused */
    test_backend_use(false);
    for (variant = 0; variant < sizeof variants / sizeof *variants; variant++)
        for (seed = 1; seed <= SEEDS; seed++) {
            refused = NEVER;
            run(&variants[variant]);
        }
    seed = 1;
    for (variant = 0; variant < sizeof variants / sizeof *variants; variant++) {
        bool again = true;
        for (refused = 0; again; refused++)
            again = run(&variants[variant]);
    }
    return 0;
}
