/* SPDX-License-Identifier: MIT */
/* A node that is taken out while it is read (ccmem/smr_inline.h, smr/sweep.c): cc_smr_enter, a protected
 * read, cc_smr_leave, twice; cc_smr_retire and a sweep by whoever took it out; and another thread that
 * begins eras, and where readers have no fences of their own makes them safe (make_safe). An era is safe,
 * too, once the reader saw a later one, in this section or one that is over: up says so.
 *
 * Legal outcomes: the node is read before it is freed, or not at all; and who frees it knows of all
 * that was read.
 *
 * The node is older than any era here, so what readers hold begins at lo and has no end: this is EBR.
 * See smr_protect.c for the other end. */
#include <stdio.h>
#include "support/interleave.h"

enum { ERA, LO, UP, SLOT, SAFE, READ, FREED };
enum { IDLE = 0, SECTIONS = 2 }; /* lo is an era and 1 */
enum { IN = 0, OUT = 1 };        /* what is in the slot */

typedef struct orders {
    model_order_t era, lo, up, fence, protect, leave; /* of a reader */
    model_order_t stamp, look_fence, look, look_up;   /* of a sweep */
    model_order_t say_safe, look_safe;
    bool          is_fenced;
    enum { BY_OTHERS, BY_ITSELF, NOBODY } makes_safe;
    bool
        fence_and_load; /* the stamp is an era that is loaded behind a fence, as the paper has it */
    bool stamp_first;   /* and then the node is taken out */
    bool now_late;      /* the era that is safe is looked at behind the fence */
    bool looks_early;   /* who sweeps looks at lo, and then whether the era is safe */
    bool up_late;       /* at lo, and then at up */
    bool trusts_idle;   /* a reader in no section is taken for one that saw the last era */
    bool trusts_own;    /* one that saw the era of the stamp, for one that saw a later one */
} orders_t;

static const orders_t *orders_of(const model_t *m)
{
    return m->program->orders;
}

/* ---- a reader; r[0]: its era, r[1]: what it found, r[2]: sections, r[3]: reads ---- */

static void read_node(model_t *m, model_thread_t *t)
{
    if (t->r[1] != IN)
        return;
    if (model_newest(m, FREED))
        m->wrong = true;
    model_store(m, t, READ, ++t->r[3], RELAXED);
}

static void reader(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at++) {
    case 0:
        t->r[0] = model_load(m, t, ERA, o->era);
        return;
    case 1:
        model_store(m, t, LO, t->r[0] + 1, o->lo);
        return;
    case 2:
        model_store(m, t, UP, t->r[0], o->up);
        return;
    case 3:
        model_fence(m, t, o->is_fenced ? o->fence : RELAXED);
        return;
    case 4:
        t->r[1] = model_load(m, t, SLOT, o->protect);
        return;
    case 5:
        t->r[0] = model_load(m, t, ERA, RELAXED);
        return;
    case 6:
        model_store(m, t, UP, t->r[0], o->up);
        return;
    case 7:
        read_node(m, t);
        return;
    default:
        model_store(m, t, LO, IDLE, o->leave);
        t->at = ++t->r[2] == SECTIONS ? -1 : 0;
    }
}

/* ---- an era is made safe; true: it was the last step ---- */

static bool make_safe(model_t *m, model_thread_t *t, uint32_t step)
{
    const orders_t *o = orders_of(m);

    switch (step) {
    case 0:
        if (!o->now_late)
            t->r[4] = model_load(m, t, ERA, RELAXED);
        t->at++;
        return false;
    case 1:
        t->at += model_fence_all(m, t);
        return false;
    case 2:
        if (o->now_late)
            t->r[4] = model_load(m, t, ERA, RELAXED);
        t->at++;
        return false;
    default:
        model_store(m, t, SAFE, t->r[4], o->say_safe);
        return true;
    }
}

/* Every sweep begins an era; so do allocations. */
static void other(model_t *m, model_thread_t *t)
{
    if (t->at == 0) {
        model_add(m, t, ERA, 1, ACQ_REL);
        t->at = !orders_of(m)->is_fenced && orders_of(m)->makes_safe == BY_OTHERS ? 1 : -1;
    } else if (make_safe(m, t, (uint32_t)t->at - 1)) {
        t->at = -1;
    }
}

/* ---- who takes it out; r[0]: when it was retired, r[1]: what is safe, r[2]: lo, r[3]: up ---- */

static void take_out(model_t *m, model_thread_t *t)
{
    model_store(m, t, SLOT, OUT, RELEASE);
}

static void stamp(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    if (!o->fence_and_load) {
        t->r[0] = model_add(m, t, ERA, 1, o->stamp);
        return;
    }
    model_fence(m, t, SEQ_CST);
    t->r[0] = model_load(m, t, ERA, RELAXED);
}

static void look(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    if (!o->up_late)
        t->r[3] = model_load(m, t, UP, o->look_up);
    t->r[2] = model_load(m, t, LO, o->look);
    if (o->up_late)
        t->r[3] = model_load(m, t, UP, o->look_up);
}

static void look_safe(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    t->r[1] = o->is_fenced ? UINT32_MAX : model_load(m, t, SAFE, o->look_safe);
}

/* The reader saw a later era than that of the stamp, before all that it may find from now on. */
static bool has_seen(const orders_t *o, const model_thread_t *t)
{
    return t->r[3] + o->trusts_own > t->r[0] || (o->trusts_idle && t->r[2] == IDLE);
}

static void free_node(model_t *m, model_thread_t *t)
{
    const bool is_held = t->r[2] != IDLE && t->r[2] - 1 <= t->r[0];
    const bool is_safe = t->r[0] < t->r[1] || has_seen(orders_of(m), t);

    if (!is_safe || is_held)
        return;
    if (!model_knows(m, t, READ))
        m->wrong = true;
    model_store(m, t, FREED, 1, RELAXED);
}

/* The era that begins after the stamp is a step of its own where it is no part of it. */
static void begin_era(model_t *m, model_thread_t *t)
{
    if (orders_of(m)->fence_and_load)
        model_add(m, t, ERA, 1, ACQ_REL);
}

static void sweeper(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at) {
    case 0:
        (o->stamp_first ? stamp : take_out)(m, t);
        break;
    case 1:
        (o->stamp_first ? take_out : stamp)(m, t);
        break;
    case 2:
        begin_era(m, t);
        break;
    case 3:
        if (!o->is_fenced && o->makes_safe == BY_ITSELF)
            t->at = 10;
        else
            t->at = 4;
        return;
    case 4:
        model_fence(m, t, o->look_fence);
        break;
    case 5:
        (o->looks_early ? look : look_safe)(m, t);
        break;
    case 6:
        (o->looks_early ? look_safe : look)(m, t);
        break;
    case 7:
        free_node(m, t);
        t->at = -1;
        return;
    default:
        if (make_safe(m, t, (uint32_t)t->at - 10))
            t->at = 4;
        return;
    }
    t->at++;
}

static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = { 3, { reader, other, sweeper }, NULL, &orders };

    model_expect(name, &program, legal);
}

static const orders_t code = { .era        = ACQUIRE,
                               .lo         = RELEASE,
                               .fence      = SEQ_CST,
                               .up         = RELEASE,
                               .protect    = ACQUIRE,
                               .leave      = RELEASE,
                               .stamp      = ACQ_REL,
                               .look_fence = SEQ_CST,
                               .look       = ACQUIRE,
                               .look_up    = ACQUIRE,
                               .say_safe   = RELEASE,
                               .look_safe  = ACQUIRE };

#define CHANGED(name, change, legal) MODEL_CHANGED(expect, base, name, change, legal)

static void with_fences(void)
{
    orders_t base  = code;
    base.is_fenced = true;

    expect("fences: as in the code", base, true);
    CHANGED("fences: enter has none", fence = RELAXED, false);
    CHANGED("fences: enter has an acquire-release one", fence = ACQ_REL, false);
    CHANGED("fences: a sweep has none", look_fence = RELAXED, false);
    CHANGED("fences: a sweep has an acquire-release one", look_fence = ACQ_REL, false);
    CHANGED("fences: lo stored relaxed", lo = RELAXED, false);
    CHANGED("fences: leave relaxed", leave = RELAXED, false);
    CHANGED("fences: lo looked at relaxed", look = RELAXED, false);
    CHANGED("fences: stamped relaxed", stamp = RELAXED, false);
    CHANGED("fences: stamped with acquire", stamp = ACQUIRE, false);
    CHANGED("fences: stamped before it is taken out", stamp_first = true, false);
    CHANGED("fences: the reader's era relaxed", era = RELAXED, true);
    CHANGED("fences: stamped by a fence and a load", fence_and_load = true, true);
}

static void with_membarrier(const char *who, int makes_safe)
{
    orders_t base   = code;
    base.makes_safe = makes_safe;

    printf("membarrier, by %s\n", who);
    expect("  as in the code", base, true);
    CHANGED("  the reader's era relaxed", era = RELAXED, false);
    CHANGED("  stamped by a fence and a load", fence_and_load = true, false);
    CHANGED("  stamped relaxed", stamp = RELAXED, false);
    CHANGED("  stamped before it is taken out", stamp_first = true, false);
    CHANGED("  the era that is safe looked at late", now_late = true, makes_safe == BY_ITSELF);
    CHANGED("  lo stored relaxed", lo = RELAXED, false);
    CHANGED("  leave relaxed", leave = RELAXED, false);
    CHANGED("  lo looked at relaxed", look = RELAXED, false);
    CHANGED("  lo looked at before what is safe", looks_early = true, makes_safe == BY_ITSELF);
    CHANGED("  safe stored relaxed, behind a fence", say_safe = RELAXED, true);
    CHANGED("  safe looked at relaxed", look_safe = RELAXED, makes_safe == BY_ITSELF);
}

static void with_neither(void)
{
    orders_t base   = code;
    base.makes_safe = NOBODY;

    printf("no fence in any reader\n");
    expect("  as in the code", base, true);
    CHANGED("  the reader's era relaxed", era = RELAXED, false);
    CHANGED("  stamped by a fence and a load", fence_and_load = true, false);
    CHANGED("  stamped relaxed", stamp = RELAXED, false);
    CHANGED("  stamped with acquire", stamp = ACQUIRE, false);
    CHANGED("  stamped before it is taken out", stamp_first = true, false);
    CHANGED("  lo stored relaxed", lo = RELAXED, false);
    CHANGED("  leave relaxed", leave = RELAXED, false);
    CHANGED("  lo looked at relaxed", look = RELAXED, false);
    CHANGED("  who is in no section is trusted", trusts_idle = true, false);
    CHANGED("  who saw the era of the stamp is trusted", trusts_own = true, false);
    CHANGED("  up stored relaxed", up = RELAXED, false);
    CHANGED("  up looked at relaxed", look_up = RELAXED, false);
    CHANGED("  up looked at after lo", up_late = true, false);
    CHANGED("  a sweep has no fence", look_fence = RELAXED, true);
}

int main(void)
{
    with_fences();
    with_neither();
    with_membarrier("another thread", BY_OTHERS);
    with_membarrier("who sweeps", BY_ITSELF);
    return 0;
}
