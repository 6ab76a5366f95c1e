/* SPDX-License-Identifier: MIT */
/* slab.c - objects with keys: one hot object, inserted and removed, and two at random of 4096 that
 * live, removed and replaced; two, so that an object seldom gets the place that it had.
 *
 * One operation is a pair of both. Objects are zeroed, or made of a copy that is shorter than they
 * are. Sizes up to a line are constants, as those of a type are; of larger ones the compiler would
 * make string instructions, which no allocator is to be compared by.
 */
#define SLOTS_HAVE_KEYS
#include "slots.h"

#ifdef CONTESTANT_IN_RUST
RUST_LOOP(hot_64)
RUST_LOOP(hot_1024)
RUST_LOOP(from_64)
RUST_LOOP(from_1024)
RUST_LOOP(random_64)

#define begin_64     NULL
#define begin_1024   NULL
#define begin_random NULL
#else
static unsigned char source[1024];
static slots_key_t   live[LIVE];

static void begin_64(void)
{
    slots_begin(64);
}

static void begin_1024(void)
{
    slots_begin(1024);
}

static void begin_random(void)
{
    begin_64();
    for (size_t i = 0; i < LIVE; i++)
        ccbench_escape(INSERT_ZEROED(64, &live[i]));
}

/* The object is seen by somebody else. */
#define HOT(name, insert)                    \
    static void name(uint64_t ops)           \
    {                                        \
        for (uint64_t i = 0; i < ops; i++) { \
            slots_key_t key = 0;             \
            ccbench_escape(insert);          \
            REMOVE(key);                     \
        }                                    \
    }

HOT(hot_64, INSERT_ZEROED(64, &key))
HOT(hot_1024, INSERT_ZEROED(ccbench_opaque(1024), &key))
HOT(from_64, INSERT_FROM(source, 48, 64, &key))
HOT(from_1024, INSERT_FROM(source, ccbench_opaque(256), 1024, &key))

/* state is local, as it is in the loop in Rust: an object that was shown to somebody else may have
 * changed all that is static, and each turn would wait for the numbers of the last to come back from
 * memory, which is no allocator's time. */
static void random_64(uint64_t ops)
{
    uint64_t state = 1;

    for (uint64_t i = 0; i < ops; i += 2) {
        uint32_t     at     = random_below(&state, LIVE);
        slots_key_t *first  = &live[at];
        slots_key_t *second = &live[at ^ random_odd(&state, LIVE)];

        REMOVE(*first);
        REMOVE(*second);
        ccbench_escape(INSERT_ZEROED(64, first));
        ccbench_escape(INSERT_ZEROED(64, second));
    }
}
#endif

static const ccbench_case_t cases[] = {
    { "slab-hot-64", "64 bytes inserted, all zero, and removed", begin_64, hot_64, NULL },
    { "slab-hot-1024", "1024 bytes inserted, all zero, and removed", begin_1024, hot_1024, NULL },
    { "slab-from-64", "64 bytes of which 48 are copied", begin_64, from_64, NULL },
    { "slab-from-1024", "1024 bytes of which 256 are copied", begin_1024, from_1024, NULL },
    { "slab-random-64", "objects at random of 4096 replaced", begin_random, random_64, NULL },
};

int main(int argc, char **argv)
{
    return ccbench_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
