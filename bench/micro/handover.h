/* SPDX-License-Identifier: MIT */
/* handover.h - one thread allocates, the other frees: messages, tasks, log lines.
 *
 * Blocks travel in batches through a ring, so that the ring itself costs next to nothing: one
 * cache line changes hands for 256 blocks. One operation is one block on its whole way.
 *
 * HANDOVER(name, size) makes handover_NAME_produce and _consume, which move so many batches, and
 * handover_NAME_begin, which starts a team for handover_run and handover_end. size is that of block i
 * of a batch. ALLOC and FREE are the program's, as is touched(), which writes to a block.
 */
#ifndef BENCH_HANDOVER_H
#define BENCH_HANDOVER_H
#include <stdint.h>

#include "team.h"

enum { HANDOVER_BATCH = 256, HANDOVER_RING = 16 };

static struct handover_batch {
    void *block[HANDOVER_BATCH];
} handover_ring[HANDOVER_RING];

/* Batches filled and batches emptied since the beginning; each is written by one thread. Release
 * pairs with the acquire of the other, for the slots in between. */
static uint64_t handover_filled __attribute__((aligned(128)));
static uint64_t handover_emptied __attribute__((aligned(128)));

static struct team handover_team;

static inline void *handover_next_empty(unsigned *spins)
{
    uint64_t at = handover_filled;

    while (at - __atomic_load_n(&handover_emptied, __ATOMIC_ACQUIRE) == HANDOVER_RING)
        team_wait(spins);
    return &handover_ring[at % HANDOVER_RING];
}

static inline void *handover_next_full(unsigned *spins)
{
    uint64_t at = handover_emptied;

    while (at == __atomic_load_n(&handover_filled, __ATOMIC_ACQUIRE))
        team_wait(spins);
    return &handover_ring[at % HANDOVER_RING];
}

static inline void handover_pass(uint64_t *position)
{
    __atomic_store_n(position, *position + 1, __ATOMIC_RELEASE);
}

static void handover_run(uint64_t ops)
{
    team_run(&handover_team, ops);
}

static void handover_end(void)
{
    team_stop(&handover_team);
}

#define HANDOVER(name, size)                                                                 \
    static void handover_##name##_produce(uint64_t batches)                                  \
    {                                                                                        \
        unsigned spins = 0;                                                                  \
                                                                                             \
        for (; batches; batches--) {                                                         \
            struct handover_batch *b = (struct handover_batch *)handover_next_empty(&spins); \
            for (size_t i = 0; i < HANDOVER_BATCH; i++)                                      \
                b->block[i] = touched(ALLOC(size));                                          \
            handover_pass(&handover_filled);                                                 \
        }                                                                                    \
    }                                                                                        \
                                                                                             \
    static void handover_##name##_consume(uint64_t batches)                                  \
    {                                                                                        \
        unsigned spins = 0;                                                                  \
                                                                                             \
        for (; batches; batches--) {                                                         \
            struct handover_batch *b = (struct handover_batch *)handover_next_full(&spins);  \
            for (size_t i = 0; i < HANDOVER_BATCH; i++)                                      \
                FREE(touched(b->block[i]), size);                                            \
            handover_pass(&handover_emptied);                                                \
        }                                                                                    \
    }                                                                                        \
                                                                                             \
    static void handover_##name##_work(unsigned self, uint64_t ops)                          \
    {                                                                                        \
        uint64_t batches = (ops + HANDOVER_BATCH - 1) / HANDOVER_BATCH;                      \
                                                                                             \
        if (self == 0)                                                                       \
            handover_##name##_produce(batches);                                              \
        else                                                                                 \
            handover_##name##_consume(batches);                                              \
    }                                                                                        \
                                                                                             \
    static void handover_##name##_begin(void)                                                \
    {                                                                                        \
        team_start(&handover_team, handover_##name##_work);                                  \
    }

#endif
