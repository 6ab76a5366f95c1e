/* SPDX-License-Identifier: MIT */
/* handover.c - one thread allocates, the other frees: messages, tasks, log lines.
 *
 * Blocks travel in batches through a ring, so that the ring itself costs next to nothing: one
 * cache line changes hands for 256 blocks. One operation is one block on its whole way.
 */
#include <stdatomic.h>
#include <team.h>

#include "contestant.h"

enum { BATCH = 256, RING = 16, SIZE = 64 };

static struct {
    void *block[BATCH];
} ring[RING];

/* Batches filled and batches emptied since the beginning; each is written by one thread. Release
 * pairs with the acquire of the other, for the slots in between. */
static _Alignas(128) _Atomic uint64_t filled;
static _Alignas(128) _Atomic uint64_t emptied;

static struct team team;

static void produce(uint64_t batches)
{
    uint64_t at    = atomic_load_explicit(&filled, memory_order_relaxed);
    unsigned spins = 0;

    for (; batches; batches--) {
        while (at - atomic_load_explicit(&emptied, memory_order_acquire) == RING)
            team_wait(&spins);
        for (size_t i = 0; i < BATCH; i++)
            ring[at % RING].block[i] = touched(ALLOC(SIZE));
        atomic_store_explicit(&filled, ++at, memory_order_release);
    }
}

static void consume(uint64_t batches)
{
    uint64_t at    = atomic_load_explicit(&emptied, memory_order_relaxed);
    unsigned spins = 0;

    for (; batches; batches--) {
        while (at == atomic_load_explicit(&filled, memory_order_acquire))
            team_wait(&spins);
        for (size_t i = 0; i < BATCH; i++)
            FREE(touched(ring[at % RING].block[i]), SIZE);
        atomic_store_explicit(&emptied, ++at, memory_order_release);
    }
}

static void work(unsigned self, uint64_t ops)
{
    uint64_t batches = (ops + BATCH - 1) / BATCH;

    if (self == 0)
        produce(batches);
    else
        consume(batches);
}

static void setup(void)
{
    team_start(&team, work);
}

static void run(uint64_t ops)
{
    team_run(&team, ops);
}

static void teardown(void)
{
    team_stop(&team);
}

static const ccbench_case_t cases[] = {
    { "handover-64", "64 bytes allocated here and freed there", setup, run, teardown },
};

int main(int argc, char **argv)
{
    contestant_begin();
    return ccbench_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
