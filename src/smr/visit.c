/* SPDX-License-Identifier: MIT */
/* visit.c - see smr/visit.h. A visitor says which guard it comes from, so that one who visits many knows
 * which it has. */
#include "smr/visit.h"
#include <sched.h>
#include "prim/cpu.h"
#include "smr/sweep.h"

enum { SPINS = 256 };

static void pause_after(unsigned tries)
{
    if (tries % SPINS == 0)
        sched_yield();
    else
        cci_cpu_relax();
}

static uint32_t visitor_of(const cci_guard_t *g)
{
    return __atomic_load_n(&g->head.visitor, __ATOMIC_ACQUIRE) & ~CCI_VISIT_FENCED;
}

/* Acquire pairs with cci_visit_end. */
static bool claim(cci_guard_t *g, uint32_t self)
{
    uint32_t nobody = g->domain->is_fenced ? CCI_VISIT_FENCED : 0;

    return __atomic_compare_exchange_n(&g->head.visitor, &nobody, nobody | self, false,
                                       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static bool is_claimed(const cci_guard_t *g, uint32_t self)
{
    return visitor_of(g) == self;
}

void cci_visit_end(cci_guard_t *g)
{
    __atomic_store_n(&g->head.visitor, g->domain->is_fenced ? CCI_VISIT_FENCED : 0,
                     __ATOMIC_RELEASE);
}

bool cci_visit_is_over(const cci_guard_t *g)
{
    return visitor_of(g) == 0;
}

void cci_visit_own(cci_guard_t *g)
{
    for (unsigned tries = 1; !claim(g, g->number); tries++)
        pause_after(tries);
}

static void await_visitor(const cci_guard_t *g)
{
    for (unsigned tries = 1; visitor_of(g); tries++)
        pause_after(tries);
}

/* A visitor waits for the thread to be in no section, or goes again for nothing: so it is in none
 * meanwhile, and enters anew. */
static void step_back(cci_guard_t *g)
{
    __atomic_store_n(&g->head.lo, CC_SMR_IDLE_, __ATOMIC_RELEASE);
    await_visitor(g);
    uint64_t era = __atomic_load_n(&g->head.domain->era, __ATOMIC_ACQUIRE);
    __atomic_store_n(&g->head.lo, era, __ATOMIC_RELEASE);
    __atomic_store_n(&g->head.up, era, __ATOMIC_RELEASE);
    cci_smr_fence_reader(g->domain);
}

void cc_smr_enter_slow_(cc_smr_guard_t *guard)
{
    cci_guard_t *g = cci_guard_of(guard);

    cci_smr_fence_reader(g->domain);
    while (!cci_visit_is_over(g))
        step_back(g);
}

/* Who has nothing is left alone, and so is who is in a section already, or waits for the last visitor to
 * go. Whether there is anybody else. */
static bool claim_idle(cci_guard_t *mine)
{
    bool any = false;

    for (cci_guard_t *g = cci_domain_guards(mine->domain); g; g = g->next)
        if (g != mine && !cci_guard_is_empty(g) && cci_guard_is_idle(g) && claim(g, mine->number))
            any = true;
    return any;
}

void cci_visit_idle(cci_guard_t *mine, cci_visit_fn *visit, void *what_for)
{
    cci_domain_t *d    = mine->domain;
    uint32_t      self = mine->number;

    if (!claim_idle(mine))
        return;
    cci_smr_fence_all(d);
    for (cci_guard_t *g = cci_domain_guards(d); g; g = g->next) {
        if (g == mine || !is_claimed(g, self))
            continue;
        if (cci_guard_is_idle(g))
            visit(g, what_for);
        cci_visit_end(g);
    }
}

/* ---- guards that were left ---- */

/* True once. Acquire pairs with the one who took it: it was visitor before, which is seen then. */
static bool take_mark(cci_guard_t *g)
{
    if (!__atomic_load_n(&g->is_left, __ATOMIC_ACQUIRE) ||
        !__atomic_exchange_n(&g->is_left, false, __ATOMIC_ACQ_REL))
        return false;
    atomic_fetch_sub_explicit(&g->domain->left, 1, memory_order_relaxed);
    return true;
}

void cci_visit_leave(cci_guard_t *g)
{
    cci_visit_own(g);
    if (!cci_guard_is_empty(g)) {
        __atomic_store_n(&g->is_left, true, __ATOMIC_RELEASE);
        atomic_fetch_add_explicit(&g->domain->left, 1, memory_order_relaxed);
    }
    cci_visit_end(g);
}

void cci_visit_return(cci_guard_t *g)
{
    if (!take_mark(g))
        await_visitor(g);
}

void cci_visit_left(cci_guard_t *mine, cci_visit_fn *visit, void *what_for)
{
    cci_domain_t *d = mine->domain;

    if (!atomic_load_explicit(&d->left, memory_order_relaxed))
        return;
    for (cci_guard_t *g = cci_domain_guards(d); g; g = g->next) {
        if (!__atomic_load_n(&g->is_left, __ATOMIC_RELAXED) || !claim(g, mine->number))
            continue;
        if (take_mark(g))
            visit(g, what_for);
        cci_visit_end(g);
    }
}

/* ---- all guards ---- */

/* Of a guard that is claimed: whether the visit is over, for now or for good. One whose thread is in a
 * section stays claimed, so that it does not enter the next one before the visit. */
static bool visit_claimed(cci_guard_t *g, cci_visit_fn *visit, void *what_for)
{
    if (cci_sweep_runs(g)) /* it waits for the claim to end */
        return true;
    if (!cci_guard_is_idle(g))
        return false;
    visit(g, what_for);
    g->barrier = g->domain->barrier_number;
    return true;
}

/* False: somebody is in the way. */
static bool visit_once(cci_domain_t *d, cci_visit_fn *visit, void *what_for)
{
    const uint32_t self    = CCI_VISIT_BARRIER;
    bool           is_done = true;

    for (cci_guard_t *g = cci_domain_guards(d); g; g = g->next)
        if (g->barrier != d->barrier_number)
            claim(g, self);
    cci_smr_fence_all(d);
    for (cci_guard_t *g = cci_domain_guards(d); g; g = g->next) {
        if (is_claimed(g, self) && visit_claimed(g, visit, what_for))
            cci_visit_end(g);
        is_done = is_done && g->barrier == d->barrier_number;
    }
    return is_done;
}

void cci_visit_all(cci_domain_t *d, cci_visit_fn *visit, void *what_for)
{
    d->barrier_number++;
    while (!visit_once(d, visit, what_for))
        sched_yield();
}
