/* SPDX-License-Identifier: MIT */
/* Domains under all schedules of a few preemptions: support/explore.h. Threads read two slots, put other
 * nodes there, retire the old ones, and come and go. What a reader may have is not freed, what was
 * retired before a barrier is, and in the end all is. */
#include <stdlib.h>
#include <ccmem/smr.h>
#include "smr/sweep.h"
#include "support/explore_domain.h"

enum { SLOTS = 2, STEPS = 4, NODES = 8 };

typedef enum what {
    NOTHING,
    READ,   /* a slot, twice */
    READ_2, /* both slots, in one section */
    NEST,   /* a section within one */
    SWAP,   /* a slot for a new node */
    DROP,   /* the same, for none */
    HOLD,   /* make a node, read a slot, and only then publish it there */
    POLL,
    BARRIER,
    EXIT /* the thread ends; it may come again */
} what_t;

typedef struct step {
    what_t   what;
    unsigned slot;
} step_t;

typedef struct plan {
    step_t   steps[EXPLORE_THREADS][STEPS];
    bool     is_ebr, is_fenced, come_late, all_exit;
    uint32_t scan_step; /* 0: 1 */
} plan_t;

/* Who retired it, and as the how manieth; known when it is retired. */
typedef struct node {
    cc_smr_node_t smr;
    unsigned      slot, owner, number;
    struct node  *self;
} node_t;

static cc_smr_t *domain;
static node_t   *slots[SLOTS];

/* Of each thread: nodes that it retired in sections that are over, and which are freed. */
static unsigned retired[EXPLORE_THREADS];
static bool     is_freed[EXPLORE_THREADS][NODES];

/* ---- nodes ---- */

static void free_node(void *p, size_t size)
{
    const node_t *n = p;

    EXPLORE_CHECK(size == sizeof *n && n->self == n);
    is_freed[n->owner][n->number] = true;
    cc_smr_free(p, size);
}

static node_t *new_node(cc_smr_guard_t *g, unsigned slot)
{
    node_t *n = cc_smr_alloc(g, sizeof *n);

    n->slot = slot;
    n->self = n;
    return n;
}

static void check_node(const node_t *n, unsigned slot)
{
    if (n)
        EXPLORE_CHECK(n->self == n && n->slot == slot);
}

/* ---- what plans do ---- */

static void read_slots(const unsigned *which, unsigned count)
{
    cc_smr_guard_t *g = cc_smr_enter(domain);
    const node_t   *n[2];

    for (unsigned i = 0; i < count; i++)
        n[i] = cc_smr_protect(g, &slots[which[i]]);
    for (unsigned i = 0; i < count; i++)
        check_node(n[i], which[i]);
    cc_smr_leave(g);
}

static void nest(unsigned slot)
{
    cc_smr_guard_t *g     = cc_smr_enter(domain);
    const node_t   *n     = cc_smr_protect(g, &slots[slot]);
    cc_smr_guard_t *inner = cc_smr_enter(domain);

    check_node(cc_smr_protect(inner, &slots[slot]), slot);
    cc_smr_leave(inner);
    check_node(n, slot);
    cc_smr_leave(g);
}

static void retire(cc_smr_guard_t *g, node_t *old, unsigned self)
{
    if (!old)
        return;
    old->owner  = self;
    old->number = retired[self];
    EXPLORE_CHECK(old->number < NODES);
    cc_smr_retire(g, old, sizeof *old, free_node);
}

static void put(cc_smr_guard_t *g, node_t *n, unsigned slot, unsigned self)
{
    node_t    *old    = __atomic_exchange_n(&slots[slot], n, __ATOMIC_ACQ_REL);
    const bool is_old = old;

    retire(g, old, self);
    cc_smr_leave(g);
    retired[self] += is_old;
}

static void swap(unsigned slot, unsigned self)
{
    cc_smr_guard_t *g = cc_smr_enter(domain);

    put(g, new_node(g, slot), slot, self);
}

static void drop(unsigned slot, unsigned self)
{
    put(cc_smr_enter(domain), NULL, slot, self);
}

/* What it makes it may read until its section ends, whoever takes it out meanwhile; also the second one,
 * which is of a later era than its section. */
static void hold(unsigned slot, unsigned self)
{
    cc_smr_guard_t *g = cc_smr_enter(domain);

    cc_smr_free(new_node(g, slot), sizeof(node_t));
    node_t    *n   = new_node(g, slot);
    node_t    *old = __atomic_exchange_n(&slots[slot], n, __ATOMIC_ACQ_REL);
    const bool is  = old;

    check_node(n, slot);
    retire(g, old, self);
    cc_smr_leave(g);
    retired[self] += is;
}

static void wait_for_all(void)
{
    unsigned before[EXPLORE_THREADS];

    for (unsigned t = 0; t < EXPLORE_THREADS; t++)
        before[t] = retired[t];
    cc_smr_barrier(domain);
    for (unsigned t = 0; t < EXPLORE_THREADS; t++)
        for (unsigned i = 0; i < before[t]; i++)
            EXPLORE_CHECK(is_freed[t][i]);
}

static void do_step(const step_t *s, unsigned self)
{
    const unsigned both[] = { s->slot, 1 - s->slot }, twice[] = { s->slot, s->slot };

    switch (s->what) {
    case READ:
        read_slots(twice, 2);
        break;
    case READ_2:
        read_slots(both, 2);
        break;
    case NEST:
        nest(s->slot);
        break;
    case SWAP:
        swap(s->slot, self);
        break;
    case DROP:
        drop(s->slot, self);
        break;
    case HOLD:
        hold(s->slot, self);
        break;
    case POLL:
        cc_smr_poll(domain);
        break;
    case BARRIER:
        wait_for_all();
        break;
    case EXIT:
        explore_thread_exit();
        break;
    case NOTHING:
        break;
    }
}

/* ---- runs ---- */

static void fill_slots(void)
{
    cc_smr_guard_t *g = cc_smr_enter(domain);

    for (unsigned i = 0; i < SLOTS; i++)
        slots[i] = new_node(g, i);
    cc_smr_leave(g);
}

static void begin(const void *p)
{
    const plan_t          *plan = p;
    const cc_smr_options_t o    = { .scheme    = plan->is_ebr ? CC_SMR_EBR : CC_SMR_IBR,
                                    .era_step  = 1,
                                    .scan_step = plan->scan_step ? plan->scan_step : 1 };

    setenv("CCMEM_SMR_FENCES", plan->is_fenced ? "1" : "0", 1);
    domain = cc_smr_create(&o);
    for (unsigned t = 0; t < EXPLORE_THREADS; t++) {
        retired[t] = 0;
        for (unsigned i = 0; i < NODES; i++)
            is_freed[t][i] = false;
    }
    fill_slots();
}

/* The thread becomes known to the domain, unless it is to come late. */
static void prepare(const void *p, unsigned self)
{
    const plan_t *plan = p;

    (void)self;
    if (!plan->come_late)
        explore_join(domain);
}

static void act(const void *p, unsigned self)
{
    const plan_t *plan = p;

    for (unsigned i = 0; i < STEPS; i++)
        do_step(&plan->steps[self][i], self);
}

/* Nobody holds anything: two looks at all that is retired free it; or, where all threads have left, sweeps of
 * the one that is there. */
static void end(const void *p)
{
    const plan_t *plan = p;

    for (int i = 0; i < 2; i++)
        if (plan->all_exit)
            cci_sweep(cci_guard_of(cc_smr_attach_(domain)), false);
        else
            cc_smr_poll(domain);
    EXPLORE_CHECK(cc_smr_stats(domain).pending_count == 0);
    for (unsigned i = 0; i < SLOTS; i++)
        cc_smr_free(slots[i], sizeof *slots[i]);
    cc_smr_destroy(domain);
}

/* ---- programs ---- */

#define PROGRAM(name, threads, bound, ...)                                             \
    {                                                                                  \
        name, threads, bound, &(const plan_t){ __VA_ARGS__ }, begin, prepare, act, end \
    }

/* clang-format off */
static const explore_program_t programs[] = {
    PROGRAM("read-swap", 2, 3,
            .steps = { { { READ } }, { { SWAP }, { SWAP } } }),
    PROGRAM("read-both-swap", 2, 3,
            .steps = { { { READ_2 } }, { { SWAP, 1 }, { SWAP, 0 }, { SWAP, 1 } } }),
    PROGRAM("read-swap-swap", 3, 1,
            .steps = { { { READ_2 } }, { { SWAP } }, { { SWAP } } }),
    PROGRAM("swap-swap", 2, 2,
            .steps = { { { SWAP }, { SWAP } }, { { SWAP }, { SWAP } } }),
    PROGRAM("hold-swap", 2, 2,
            .steps = { { { HOLD } }, { { SWAP }, { SWAP, 1 } } }),
    PROGRAM("nest-drop", 2, 3,
            .steps = { { { NEST }, { READ } }, { { SWAP }, { DROP } } }),
    PROGRAM("read-swap-ebr", 2, 3, .is_ebr = true,
            .steps = { { { READ } }, { { SWAP }, { SWAP } } }),
    PROGRAM("read-swap-fenced", 2, 3, .is_fenced = true,
            .steps = { { { READ_2 } }, { { SWAP, 1 }, { SWAP } } }),
    PROGRAM("read-swap-lazy", 2, 3, .scan_step = 4,
            .steps = { { { READ_2 }, { READ } }, { { SWAP, 1 }, { SWAP }, { SWAP, 1 } } }),
    PROGRAM("poll-swap", 2, 2, .scan_step = 4,
            .steps = { { { POLL }, { READ } }, { { SWAP }, { SWAP } } }),
    PROGRAM("poll-poll", 2, 2, .scan_step = 4,
            .steps = { { { SWAP }, { POLL } }, { { SWAP, 1 }, { POLL } } }),
    PROGRAM("poll-read-swap", 3, 1, .scan_step = 4,
            .steps = { { { POLL } }, { { READ_2 } }, { { SWAP }, { SWAP, 1 } } }),
    PROGRAM("barrier-swap", 2, 2,
            .steps = { { { BARRIER } }, { { SWAP }, { SWAP } } }),
    PROGRAM("barrier-lazy", 2, 2, .scan_step = 4,
            .steps = { { { SWAP }, { BARRIER } }, { { SWAP, 1 }, { SWAP }, { READ } } }),
    PROGRAM("barrier-barrier", 2, 2, .scan_step = 4,
            .steps = { { { SWAP }, { BARRIER } }, { { SWAP, 1 }, { BARRIER } } }),
    PROGRAM("barrier-poll-swap", 3, 1, .scan_step = 4,
            .steps = { { { BARRIER } }, { { POLL } }, { { SWAP }, { READ } } }),
    PROGRAM("come-late", 2, 3, .come_late = true,
            .steps = { { { READ_2 } }, { { SWAP }, { SWAP, 1 } } }),
    PROGRAM("exit-leaves-nodes", 2, 2, .scan_step = 4, .all_exit = true,
            .steps = { { { SWAP }, { EXIT } }, { { SWAP, 1 }, { SWAP, 1 }, { EXIT } } }),
    PROGRAM("exit-and-return", 2, 2, .scan_step = 4,
            .steps = { { { SWAP }, { EXIT }, { SWAP } }, { { SWAP, 1 }, { SWAP, 1 } } }),
    PROGRAM("exit-two-sweep", 3, 1, .scan_step = 4,
            .steps = { { { SWAP }, { EXIT } }, { { SWAP, 1 }, { SWAP, 1 } }, { { SWAP }, { SWAP } } }),
    PROGRAM("exit-taken-over", 3, 1, .scan_step = 4, .come_late = true,
            .steps = { { { SWAP }, { EXIT } }, { { SWAP, 1 }, { POLL } }, { { READ_2 } } }),
    PROGRAM("exit-barrier", 2, 2, .scan_step = 4,
            .steps = { { { SWAP }, { SWAP, 1 }, { EXIT } }, { { BARRIER } } }),
};
/* clang-format on */

int main(int argc, char **argv)
{
    return EXPLORE_PROGRAMS(argc, argv, programs);
}
