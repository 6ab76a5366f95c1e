/* SPDX-License-Identifier: MIT */
/* batch.c - a thousand blocks are allocated, then freed: last first, or in an order at random.
 *
 * One operation is a pair of allocation and free. It is the work of a parser, a request, a frame:
 * more blocks than a small cache holds, fewer than a page cache does.
 */
#include <random.h>

#include "contestant.h"

enum { BATCH = 1000 };

static void *block[BATCH];
static void *place[BATCH]; /* &block[...], in the order of the frees */

static void setup_lifo(void)
{
    for (size_t i = 0; i < BATCH; i++)
        place[i] = &block[BATCH - 1 - i];
}

static void setup_random(void)
{
    uint64_t state = 1;

    setup_lifo();
    random_shuffle(&state, place, BATCH);
}

/* Whole batches: up to 999 pairs more than were asked for, of the millions that are measured. */
#define BATCHES(n)                                           \
    static void run_##n(uint64_t ops)                        \
    {                                                        \
        for (uint64_t done = 0; done < ops; done += BATCH) { \
            for (size_t i = 0; i < BATCH; i++)               \
                block[i] = touched(ALLOC(n));                \
            ccbench_escape(block);                           \
            for (size_t i = 0; i < BATCH; i++)               \
                FREE(*(void **)place[i], n);                 \
            ccbench_escape(block);                           \
        }                                                    \
    }

BATCHES(64)
BATCHES(512)

static const ccbench_case_t cases[] = {
    { "batch-64-lifo", "1000 blocks of 64 bytes, freed last first", setup_lifo, run_64, NULL },
    { "batch-64-random", "1000 blocks of 64 bytes, freed at random", setup_random, run_64, NULL },
    { "batch-512-lifo", "1000 blocks of 512 bytes, freed last first", setup_lifo, run_512, NULL },
    { "batch-512-random", "1000 blocks of 512 bytes, freed at random", setup_random, run_512,
      NULL },
};

int main(int argc, char **argv)
{
    contestant_begin();
    return ccbench_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
