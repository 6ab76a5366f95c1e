/* SPDX-License-Identifier: MIT */
/* hot.c - one block is allocated, written to and freed, over and over: the fast path alone.
 *
 * The size is a constant, as it is in most programs. Whatever caches anything hits each time. The
 * second escape keeps the compiler from passing the freed block on to the next turn in a register:
 * a program does something between a free and the next allocation.
 */
#include "contestant.h"

#define HOT(n)                               \
    static void run_##n(uint64_t ops)        \
    {                                        \
        for (uint64_t i = 0; i < ops; i++) { \
            void *p = touched(ALLOC(n));     \
            ccbench_escape(p);               \
            FREE(p, n);                      \
            ccbench_escape(p);               \
        }                                    \
    }

HOT(16)
HOT(48)
HOT(64)
HOT(256)
HOT(1024)
HOT(4096)

static const ccbench_case_t cases[] = {
    { "hot-16", "a block of 16 bytes and back", NULL, run_16, NULL },
    { "hot-48", "a block of 48 bytes and back", NULL, run_48, NULL },
    { "hot-64", "a block of 64 bytes and back", NULL, run_64, NULL },
    { "hot-256", "a block of 256 bytes and back", NULL, run_256, NULL },
    { "hot-1024", "a block of 1024 bytes and back", NULL, run_1024, NULL },
    { "hot-4096", "a block of 4096 bytes and back", NULL, run_4096, NULL },
};

int main(int argc, char **argv)
{
    contestant_begin();
    return ccbench_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
