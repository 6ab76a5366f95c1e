/* SPDX-License-Identifier: MIT */
/* mix.c - 10 000 blocks of 16 to 1024 bytes are live, and one at random is replaced by another size.
 *
 * With two threads each has blocks of its own; an operation is then one replacement by each of
 * them. Swapped, they exchange all their blocks after every 20 000 replacements, so that most frees
 * are of what the other one allocated.
 */
#include <random.h>
#include <team.h>

#include "contestant.h"

enum { LIVE = 10000, SMALLEST = 16, LARGEST = 1024, SHIFT = 20000, WARM_UP = 10 * LIVE };

struct slot {
    void    *block;
    uint32_t size;
};

struct worker {
    _Alignas(128) struct slot *slots;
    uint64_t state;
};

static struct slot   all[2][LIVE];
static struct worker worker[2];
static struct team   team;

static void fill(struct worker *w, struct slot *s)
{
    s->size  = SMALLEST + random_below(&w->state, LARGEST - SMALLEST + 1);
    s->block = touched(ALLOC(s->size));
}

static void replace(struct worker *w, uint64_t ops)
{
    for (; ops; ops--) {
        struct slot *s = &w->slots[random_below(&w->state, LIVE)];

        FREE(s->block, s->size);
        fill(w, s);
    }
}

/* Each thread allocates its own blocks: that of its first piece of work. */
static void begin(unsigned self)
{
    struct worker *w = &worker[self];

    if (w->slots)
        return;
    w->slots = all[self];
    w->state = self + 1;
    for (size_t i = 0; i < LIVE; i++)
        fill(w, &w->slots[i]);
}

static void work_apart(unsigned self, uint64_t ops)
{
    begin(self);
    replace(&worker[self], ops);
}

static void work_swapped(unsigned self, uint64_t ops)
{
    begin(self);
    for (uint64_t left = ops; left;) {
        uint64_t n = left < SHIFT ? left : SHIFT;

        replace(&worker[self], n);
        left -= n;
        team_meet(&team);
        worker[self].slots = worker[self].slots == all[0] ? all[1] : all[0];
        team_meet(&team);
    }
}

static void run_alone(uint64_t ops)
{
    work_apart(0, ops);
}

static void setup_alone(void)
{
    run_alone(WARM_UP);
}

static void setup_apart(void)
{
    team_start(&team, work_apart);
    team_run(&team, WARM_UP);
}

static void setup_swapped(void)
{
    team_start(&team, work_swapped);
    team_run(&team, WARM_UP);
}

static void run_team(uint64_t ops)
{
    team_run(&team, ops);
}

static void release_all(void)
{
    for (size_t i = 0; i < 2 * LIVE; i++)
        if (all[i / LIVE][i % LIVE].block)
            FREE(all[i / LIVE][i % LIVE].block, all[i / LIVE][i % LIVE].size);
}

static void teardown_team(void)
{
    team_stop(&team);
    release_all();
}

static const ccbench_case_t cases[] = {
    { "mix-1", "one of 10 000 blocks replaced", setup_alone, run_alone, release_all },
    { "mix-2", "the same on two threads at once", setup_apart, run_team, teardown_team },
    { "mix-swapped", "the same, of blocks of the other thread", setup_swapped, run_team,
      teardown_team },
};

int main(int argc, char **argv)
{
    contestant_begin();
    return ccbench_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
