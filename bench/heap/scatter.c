/* SPDX-License-Identifier: MIT */
/* scatter.c - what an allocator hands out after 100 000 blocks came back in an order at random.
 *
 * Caches that pass on what was freed as it was freed are fast up to here: then every block that is
 * allocated lies somewhere else, and so does whatever the program makes of it. So three times are
 * taken: freeing in random order, allocating as many again, and a walk through a list of them in the
 * order of their allocation. Either all blocks are freed, or a random twentieth stays live.
 *
 * The work is repeated in the same heap and each figure is the median of all repetitions but the
 * first, in nanoseconds a block: in the first the memory itself is new.
 */
#include <ccphase.h>
#include <random.h>

#include "contestant.h"

enum { BLOCKS = 100000, REPEATS = 7, SURVIVORS = BLOCKS / 20, SIZE = 64 };

struct node {
    struct node *next;
    char         rest[SIZE - sizeof(struct node *)];
};

struct times {
    double freed[REPEATS], allocated[REPEATS], walked[REPEATS];
};

static void *node[BLOCKS];

/* The first count of the array, in its order. */
static void free_nodes(size_t count)
{
    for (size_t i = 0; i < count; i++)
        FREE(node[i], SIZE);
    ccbench_escape(node);
}

static void allocate(size_t count)
{
    for (size_t i = 0; i < count; i++)
        node[i] = touched(ALLOC(SIZE));
    ccbench_escape(node);
}

static void link_nodes(size_t count)
{
    for (size_t i = 0; i < count; i++)
        ((struct node *)node[i])->next = i + 1 < count ? node[i + 1] : NULL;
}

static void walk(size_t count)
{
    size_t seen = 0;

    for (struct node *n = node[0]; n; n = n->next)
        seen++;
    if (ccbench_opaque(seen) != count)
        ccbench_fail("scatter", "two blocks are one");
}

static double timed(void (*phase)(size_t count), size_t count)
{
    uint64_t begin = ccbench_now_ns();

    phase(count);
    return (double)(ccbench_now_ns() - begin) / (double)count;
}

static void repeat(struct times *t, int turn, size_t count)
{
    t->freed[turn]     = timed(free_nodes, count);
    t->allocated[turn] = timed(allocate, count);
    link_nodes(count);
    t->walked[turn] = timed(walk, count);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Of all but the first. */
static double median(double *times)
{
    qsort(times + 1, REPEATS - 1, sizeof *times, by_value);
    return (times[REPEATS / 2] + times[(REPEATS + 1) / 2]) / 2;
}

static void run(size_t count)
{
    struct times t;
    uint64_t     state = 1;

    allocate(BLOCKS);
    for (int turn = 0; turn < REPEATS; turn++) {
        random_shuffle(&state, node, BLOCKS);
        repeat(&t, turn, count);
    }
    free_nodes(BLOCKS);
    ccphase_say("free", median(t.freed));
    ccphase_say("alloc", median(t.allocated));
    ccphase_say("walk", median(t.walked));
}

static void run_all(void)
{
    run(BLOCKS);
}

static void run_survivors(void)
{
    run(BLOCKS - SURVIVORS);
}

static const ccphase_case_t cases[] = {
    { "scatter", "100 000 blocks freed at random, as many allocated, walked", run_all },
    { "survivors", "the same of 95 in 100, the others live", run_survivors },
};

int main(int argc, char **argv)
{
    contestant_begin();
    return ccphase_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
