/* SPDX-License-Identifier: MIT */
/* retire.c - an item takes the place of another, which is retired: allocated, published, taken out,
 * freed in the end. One operation is one item on its whole way.
 *
 * A run ends when all that it retired is freed: who only puts work off is not done. The setup does a
 * part of the work, so that memory has been used before.
 */
#include "schemes.h"

#include <random.h>
#include <team.h>

enum { SLOTS = 64, WARM_UP = 1 << 14 };

#if defined(CONTESTANT_crossbeam)
void crossbeam_begin(void);
void crossbeam_replace(unsigned self, bool shared, uint64_t ops);

#define begin_items   crossbeam_begin
#define replace_items crossbeam_replace
#else
/* Those of one thread and those of the other, or the first for both. */
static struct item *slots[2][SLOTS] __attribute__((aligned(128)));

static void begin_items(void)
{
    scheme_begin();
    self_t  self  = scheme_self();
    guard_t guard = enter(self);

    for (unsigned i = 0; i < 2 * SLOTS; i++)
        slots[i / SLOTS][i % SLOTS] = item_alloc(guard);
    leave(self, guard);
}

static void replace_items(unsigned thread, bool shared, uint64_t ops)
{
    struct item **at     = slots[shared ? 0 : thread];
    uint64_t      random = thread;
    self_t        self   = scheme_self();

    for (uint64_t i = 0; i < ops; i++) {
        guard_t      guard = enter(self);
        struct item *fresh = item_alloc(guard);
        fresh->value       = i;
        retire(self, guard,
               __atomic_exchange_n(&at[random_below(&random, SLOTS)], fresh, __ATOMIC_ACQ_REL));
    }
    settle(self);
}
#endif

static struct team team;

static void work_apart(unsigned self, uint64_t ops)
{
    replace_items(self, false, ops);
}

static void work_together(unsigned self, uint64_t ops)
{
    replace_items(self, true, ops);
}

static void alone(uint64_t ops)
{
    replace_items(0, false, ops);
}

static void both(uint64_t ops)
{
    team_run(&team, ops);
}

static void begin_alone(void)
{
    begin_items();
    alone(WARM_UP);
}

static void begin_apart(void)
{
    begin_items();
    team_start(&team, work_apart);
    both(WARM_UP);
}

static void begin_together(void)
{
    begin_items();
    team_start(&team, work_together);
    both(WARM_UP);
}

static void end(void)
{
    team_stop(&team);
}

static const ccbench_case_t cases[] = {
    { "retire-1", "one thread", begin_alone, alone, NULL },
    { "retire-apart", "two threads, each in slots of its own", begin_apart, both, end },
    { "retire-shared", "two threads in the same slots", begin_together, both, end },
};

int main(int argc, char **argv)
{
    return ccbench_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
