/* SPDX-License-Identifier: MIT */
/* stalled.c - how much cannot be freed while one reader does not leave: the most that was retired and
 * not freed at any time, where so many items are live.
 *
 * Every item that was live when the reader read has taken its leave after a few rounds over the slots;
 * what comes after could be freed, and is by who can tell.
 */
#define COUNT_FREED
#include "schemes.h"

#include <ccphase.h>
#include <random.h>
#include <team.h>

enum { LIVE = 4096, LOOK_STEP = 256 };

#if defined(CONTESTANT_crossbeam)
void     crossbeam_begin(void);
void     crossbeam_stall(void);
void     crossbeam_replace_counted(uint64_t ops, uint64_t seed);
uint64_t crossbeam_freed(void);

#define begin_items crossbeam_begin
#define stall       crossbeam_stall
#define replace     crossbeam_replace_counted
#define freed()     crossbeam_freed()
#else
static struct item *slots[LIVE];

#define freed() __atomic_load_n(&freed_count, __ATOMIC_RELAXED)

static void begin_items(void)
{
    scheme_begin();
    self_t self = scheme_self();

    for (unsigned i = 0; i < LIVE; i++) {
        guard_t guard = enter(self);
        slots[i]      = item_alloc(guard);
        leave(self, guard);
    }
}

/* Enter, read, and stay. */
static void stall(void)
{
    guard_t guard = enter(scheme_self());

    ccbench_use(item_read(guard, &slots[0])->value);
}

static void replace(uint64_t ops, uint64_t seed)
{
    self_t self = scheme_self();

    for (uint64_t i = 0; i < ops; i++) {
        guard_t      guard = enter(self);
        struct item *fresh = item_alloc(guard);
        retire(self, guard,
               __atomic_exchange_n(&slots[random_below(&seed, LIVE)], fresh, __ATOMIC_ACQ_REL));
    }
}
#endif

static struct team team;

/* The second thread stalls, and then waits for the end. */
static void stall_second(unsigned self, uint64_t ops)
{
    (void)ops;
    if (self == 1)
        stall();
}

static uint64_t most_pending(uint64_t ops)
{
    uint64_t most = 0;

    for (uint64_t retired = LOOK_STEP; retired <= ops; retired += LOOK_STEP) {
        replace(LOOK_STEP, retired);
        uint64_t pending = retired - freed();
        if (pending > most)
            most = pending;
    }
    return most;
}

/* The reader stays to the end of the process. */
static void run(uint64_t ops)
{
    begin_items();
    team_start(&team, stall_second);
    team_run(&team, 1);
    ccphase_say("peak", (double)most_pending(ops));
    ccphase_say("live", LIVE);
}

static void run_whole(void)
{
    run(UINT64_C(1) << 20);
}

static void run_quick(void)
{
    run(UINT64_C(1) << 16);
}

static const ccphase_case_t cases[] = {
    { "stalled", "2^20 items retired", run_whole },
    { "stalled-quick", "2^16 items retired", run_quick },
};

int main(int argc, char **argv)
{
    return ccphase_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
