/* SPDX-License-Identifier: MIT */
/* Who may touch a guard's lists (smr/visit.c). First: its thread enters and leaves a section and then
 * visits its own guard, cc_smr_enter, cc_smr_enter_slow_ and cci_visit_own, while a barrier and one other
 * visit it. Second: a guard was left; a thread gets it, cci_visit_return, while one visits it,
 * cci_visit_left, and another, too.
 *
 * Legal outcomes: who changes a list knows of all changes before; nobody waits for ever. */
#include <stdio.h>
#include "support/interleave.h"

enum { VISITOR, LO, LIST, TAKEN }; /* TAKEN: the mark of a guard that was left is gone */
enum { NOBODY = 0, BARRIER = 1, SELF = 2, OTHER = 3 };

typedef struct orders {
    model_order_t lo, fence, look_visitor, leave; /* of the thread */
    model_order_t claim, look_lo, end;            /* of visitors */
    model_order_t look_taken, take;               /* of the mark */
    bool          is_fenced;
    enum { AFTER_CLAIM, BEFORE_CLAIM, NEVER } fence_all; /* of visitors */
    bool no_look;                                        /* enter looks for no visitor */
    bool stays_inside;                                   /* while another visits */
    bool takes_in_two;                                   /* a look at the mark and a store */
    bool marks_first;   /* a visitor takes the mark, and then says so */
    bool does_not_wait; /* the mark was gone, and it goes on */
} orders_t;

static const orders_t *orders_of(const model_t *m)
{
    return m->program->orders;
}

static void change_list(model_t *m, model_thread_t *t)
{
    if (!model_knows(m, t, LIST))
        m->wrong = true;
    model_store(m, t, LIST, model_newest(m, LIST) + 1, RELAXED);
}

/* ---- visitors ---- */

static bool claim(model_t *m, model_thread_t *t, uint32_t self)
{
    uint32_t nobody = NOBODY;

    return model_cas(m, t, VISITOR, &nobody, self, orders_of(m)->claim, RELAXED);
}

/* Whoever waits looks again. */
static void end_visit(model_t *m, model_thread_t *t)
{
    model_store(m, t, VISITOR, NOBODY, orders_of(m)->end);
    for (unsigned i = 0; i < m->program->threads; i++)
        m->thread[i].blocked = false;
}

/* True: it is through. */
static bool fence_all(model_t *m, model_thread_t *t)
{
    if (orders_of(m)->fence_all == NEVER)
        return true;
    if (!orders_of(m)->is_fenced)
        return model_fence_all(m, t);
    model_fence(m, t, SEQ_CST);
    return true;
}

/* r[0]: who; a barrier stays until it is done. */
static void visit(model_t *m, model_thread_t *t, uint32_t self)
{
    const orders_t *o = orders_of(m);

    switch (t->at) {
    case 0:
        if (o->fence_all != BEFORE_CLAIM || fence_all(m, t))
            t->at = 1;
        return;
    case 1:
        if (claim(m, t, self))
            t->at = 2;
        else
            t->blocked = model_newest(m, VISITOR) != NOBODY;
        return;
    case 2:
        if (o->fence_all == BEFORE_CLAIM || fence_all(m, t))
            t->at = 3;
        return;
    case 3:
        if (model_load(m, t, LO, o->look_lo) == 0)
            t->at = 4;
        else if (self == OTHER)
            t->at = 5;
        else
            t->blocked = model_newest(m, LO) != 0;
        return;
    case 4:
        change_list(m, t);
        t->at = 5;
        return;
    default:
        end_visit(m, t);
        t->at = -1;
    }
}

static void barrier(model_t *m, model_thread_t *t)
{
    visit(m, t, BARRIER);
}

static void other(model_t *m, model_thread_t *t)
{
    visit(m, t, OTHER);
}

/* ---- the thread ---- */

static void say_outside(model_t *m, model_thread_t *t, model_order_t order)
{
    model_store(m, t, LO, 0, order);
    for (unsigned i = 1; i < m->program->threads; i++)
        m->thread[i].blocked = false;
}

static void look_for_visitor(model_t *m, model_thread_t *t, int if_none, int if_other)
{
    uint32_t visitor = model_load(m, t, VISITOR, orders_of(m)->look_visitor);

    if (visitor == NOBODY || orders_of(m)->no_look)
        t->at = if_none;
    else if (!orders_of(m)->stays_inside)
        t->at = if_other;
    else
        t->blocked = model_newest(m, VISITOR) == visitor; /* it looks again and again */
}

static void owner(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at) {
    case 0:
        model_store(m, t, LO, 1, o->lo);
        break;
    case 1:
        model_fence(m, t, o->is_fenced ? o->fence : RELAXED);
        break;
    case 2:
        look_for_visitor(m, t, 5, 3);
        return;
    case 3:
        say_outside(m, t, RELEASE);
        break;
    case 4:
        look_for_visitor(m, t, 0, 4);
        return;
    case 5:
        change_list(m, t);
        break;
    case 6:
        say_outside(m, t, o->leave);
        break;
    case 7:
        if (!claim(m, t, SELF)) {
            t->blocked = model_newest(m, VISITOR) != NOBODY;
            return;
        }
        break;
    case 8:
        change_list(m, t);
        break;
    default:
        end_visit(m, t);
        t->at = -2;
    }
    t->at++;
}

/* ---- a guard that was left ---- */

/* In one step where it is one. r[1]: whether it was this thread. */
static void take_mark(model_t *m, model_thread_t *t)
{
    uint32_t there = 0;

    if (orders_of(m)->takes_in_two) {
        model_store(m, t, TAKEN, 1, RELEASE);
        t->r[1] = 1;
    } else {
        t->r[1] = model_cas(m, t, TAKEN, &there, 1, orders_of(m)->take, ACQUIRE);
    }
}

static void newcomer(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at) {
    case 0:
        t->at = model_load(m, t, TAKEN, o->look_taken) ? 2 : 1;
        return;
    case 1:
        take_mark(m, t);
        t->at = t->r[1] ? 3 : 2;
        return;
    case 2:
        if (o->does_not_wait || model_load(m, t, VISITOR, ACQUIRE) == NOBODY)
            t->at = 3;
        else
            t->blocked = model_newest(m, VISITOR) != NOBODY;
        return;
    default:
        change_list(m, t);
        t->at = -1;
    }
}

static void visitor_of_left(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at) {
    case 0:
        t->at = model_load(m, t, TAKEN, RELAXED) ? -1 : o->marks_first ? 2 : 1;
        return;
    case 1:
        t->at = !claim(m, t, OTHER) ? -1 : o->marks_first ? 4 : 2;
        return;
    case 2:
        t->at = model_load(m, t, TAKEN, o->look_taken) ? 5 : 3;
        if (o->marks_first && t->at == 5)
            t->at = -1;
        return;
    case 3:
        take_mark(m, t);
        t->at = o->marks_first ? (t->r[1] ? 1 : -1) : t->r[1] ? 4 : 5;
        return;
    case 4:
        change_list(m, t);
        t->at = 5;
        return;
    default:
        end_visit(m, t);
        t->at = -1;
    }
}

/* ---- all of it ---- */

static bool nobody_waits(const model_t *m)
{
    for (unsigned i = 0; i < m->program->threads; i++)
        if (m->thread[i].blocked)
            return false;
    return true;
}

static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = { 3, { owner, barrier, other }, nobody_waits, &orders };

    model_expect(name, &program, legal);
}

static void expect_left(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = {
        3, { newcomer, visitor_of_left, visitor_of_left }, nobody_waits, &orders
    };

    model_expect(name, &program, legal);
}

static const orders_t code = { .lo           = RELEASE,
                               .fence        = SEQ_CST,
                               .look_visitor = ACQUIRE,
                               .leave        = RELEASE,
                               .claim        = ACQUIRE,
                               .look_lo      = ACQUIRE,
                               .end          = RELEASE,
                               .look_taken   = ACQUIRE,
                               .take         = ACQ_REL };

#define CHANGED(expect, name, change, legal) MODEL_CHANGED(expect, base, name, change, legal)

static void with(bool is_fenced)
{
    orders_t base  = code;
    base.is_fenced = is_fenced;

    printf("%s\n", is_fenced ? "fences" : "membarrier");
    expect("  as in the code", base, true);
    CHANGED(expect, "  enter looks for no visitor", no_look = true, false);
    CHANGED(expect, "  enter looks relaxed", look_visitor = RELAXED, false);
    CHANGED(expect, "  it stays inside while another visits", stays_inside = true, false);
    CHANGED(expect, "  leave relaxed", leave = RELAXED, false);
    CHANGED(expect, "  lo looked at relaxed", look_lo = RELAXED, false);
    CHANGED(expect, "  claimed relaxed", claim = RELAXED, false);
    CHANGED(expect, "  the visit ends relaxed", end = RELAXED, false);
    CHANGED(expect, "  the visitor has no fence", fence_all = NEVER, false);
    CHANGED(expect, "  the visitor's fence before the claim", fence_all = BEFORE_CLAIM, false);
    if (is_fenced)
        CHANGED(expect, "  enter has no fence", fence = RELAXED, false);
}

static void left(void)
{
    const orders_t base = code;

    expect_left("left: as in the code", base, true);
    CHANGED(expect_left, "left: the mark looked at relaxed", look_taken = RELAXED, false);
    CHANGED(expect_left, "left: the mark taken with acquire", take = ACQUIRE, false);
    CHANGED(expect_left, "left: the mark taken in two steps", takes_in_two = true, false);
    CHANGED(expect_left, "left: the mark taken before the claim", marks_first = true, false);
    CHANGED(expect_left, "left: no wait for a visitor", does_not_wait = true, false);
    CHANGED(expect_left, "left: the visit ends relaxed", end = RELAXED, false);
}

int main(void)
{
    with(true);
    with(false);
    left();
    return 0;
}
