/* SPDX-License-Identifier: MIT */
/* seeded.h - random tests whose runs are told by a number, which a failure prints. */
#ifndef TEST_SEEDED_H
#define TEST_SEEDED_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/random.h"

static unsigned seed;
static uint64_t rng;

#define CHECK(e)                                                                   \
    do {                                                                           \
        if (!(e)) {                                                                \
            fprintf(stderr, "%s:%d: seed %u: %s\n", __FILE__, __LINE__, seed, #e); \
            exit(1);                                                               \
        }                                                                          \
    } while (0)

static inline void begin_seed(unsigned number)
{
    seed = number;
    rng  = cci_random_seed(number);
}

static inline uint64_t next_random(void)
{
    return cci_random_next(&rng);
}

static inline uint64_t below(uint64_t n)
{
    return next_random() % n;
}

#endif
