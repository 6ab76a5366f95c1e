/* SPDX-License-Identifier: MIT */
/* random.h - numbers at random, the same in each run, at the cost of one multiplication. */
#ifndef BENCH_RANDOM_H
#define BENCH_RANDOM_H
#include <stddef.h>
#include <stdint.h>

/* Half a step of a linear congruential generator with Knuth's MMIX constants; the upper half of it
 * is good enough to choose slots and sizes. */
static inline uint32_t random_next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 32);
}

/* A number below n. */
static inline uint32_t random_below(uint64_t *state, uint32_t n)
{
    return (uint32_t)((uint64_t)random_next(state) * n >> 32);
}

/* Fisher and Yates. */
static inline void random_shuffle(uint64_t *state, void **v, uint32_t n)
{
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j    = random_below(state, i);
        void    *last = v[i - 1];

        v[i - 1] = v[j];
        v[j]     = last;
    }
}

#endif
