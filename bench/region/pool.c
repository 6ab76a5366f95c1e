/* SPDX-License-Identifier: MIT */
/* pool.c - blocks of one size without keys: one hot block, and two at random of 4096 replaced.
 *
 * One operation is a pair of allocation and free; the block is written to.
 */
#include "slots.h"

static slots_key_t live[LIVE];

static inline void *touched(void *p)
{
    *(volatile char *)p = 1;
    return p;
}

static void begin_hot(void)
{
    slots_begin(64);
}

static void begin_random(void)
{
    begin_hot();
    for (size_t i = 0; i < LIVE; i++)
        touched(INSERT(&live[i]));
}

/* The second escape keeps the compiler from passing the freed block on to the next turn. */
static void hot_64(uint64_t ops)
{
    for (uint64_t i = 0; i < ops; i++) {
        slots_key_t block;

        ccbench_escape(touched(INSERT(&block)));
        REMOVE(block);
        ccbench_escape(live);
    }
}

static void random_64(uint64_t ops)
{
    uint64_t state = 1; /* a local, see slab.c */

    for (uint64_t i = 0; i < ops; i += 2) {
        uint32_t     at     = random_below(&state, LIVE);
        slots_key_t *first  = &live[at];
        slots_key_t *second = &live[at ^ random_odd(&state, LIVE)];

        REMOVE(*first);
        REMOVE(*second);
        ccbench_escape(touched(INSERT(first)));
        ccbench_escape(touched(INSERT(second)));
    }
}

static const ccbench_case_t cases[] = {
    { "pool-hot-64", "a block of 64 bytes and back", begin_hot, hot_64, NULL },
    { "pool-random-64", "blocks at random of 4096 replaced", begin_random, random_64, NULL },
};

int main(int argc, char **argv)
{
    return ccbench_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
