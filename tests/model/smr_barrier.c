/* SPDX-License-Identifier: MIT */
/* A barrier while a thread sweeps, and takes along what an idle guard has: begin_sweep, adopt and
 * end_sweep of smr/sweep.c; cc_smr_barrier, cci_visit_all. The thread's guard has one node, the other guard
 * one, too; a reader holds both, so that the sweep frees none.
 *
 * Legal outcomes: the barrier has both nodes in the end: nothing that was retired before is missed. Who
 * changes a list knows of all changes before. */
#include "support/interleave.h"

/* Of two guards: the thread's own, and the idle one. */
enum { VISITOR, IDLE_VISITOR, LIST, IDLE_LIST, SWEEPS, BARRIERS };
enum { LOOKS = 3 }; /* there is one sweep to wait for */
enum { OWN_NODE = 1, IDLE_NODE = 2, BOTH = 3 };

typedef struct orders {
    model_order_t claim, end; /* of visits */
    model_order_t say_barrier, look_barrier;
    bool          adopts_always;  /* a sweep does not look for barriers */
    bool          looks_early;    /* for barriers, and then begins */
    bool          says_late;      /* that there is a barrier: when it has visited a guard */
    bool          ignores_sweeps; /* the barrier takes a guard whose thread sweeps for done */
    bool          begins_late;    /* the sweep says so when its visit is over */
    bool          ends_early;     /* it says that it is over before it has put nodes back */
} orders_t;

static const orders_t *orders_of(const model_t *m)
{
    return m->program->orders;
}

/* ---- lists: a bit a node, and at first each has its own ---- */

static uint32_t list(const model_t *m, unsigned at)
{
    return model_newest(m, at) ^ (at == LIST ? OWN_NODE : IDLE_NODE);
}

static void set_list(model_t *m, model_thread_t *t, unsigned at, uint32_t nodes)
{
    if (!model_knows(m, t, at))
        m->wrong = true;
    model_store(m, t, at, nodes ^ (at == LIST ? OWN_NODE : IDLE_NODE), RELAXED);
}

static uint32_t take(model_t *m, model_thread_t *t, unsigned at)
{
    uint32_t nodes = list(m, at);

    set_list(m, t, at, 0);
    return nodes;
}

/* ---- visits ---- */

/* Otherwise it looks again. */
static bool claim(model_t *m, model_thread_t *t, unsigned visitor)
{
    uint32_t nobody = 0;

    return model_cas(m, t, visitor, &nobody, 1, orders_of(m)->claim, RELAXED);
}

static void end_visit(model_t *m, model_thread_t *t, unsigned visitor)
{
    model_store(m, t, visitor, 0, orders_of(m)->end);
}

/* ---- the thread; r[0]: its chain, r[1]: barriers ---- */

static void say_sweeps(model_t *m, model_thread_t *t, uint32_t odd)
{
    model_store(m, t, SWEEPS, odd, RELAXED);
    m->thread[1].blocked = false;
}

static void look_for_barriers(model_t *m, model_thread_t *t)
{
    t->r[1] = model_load(m, t, BARRIERS, orders_of(m)->look_barrier);
}

static void sweep(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at) {
    case 0:
        if (o->looks_early)
            look_for_barriers(m, t);
        break;
    case 1:
        if (!claim(m, t, VISITOR))
            return;
        break;
    case 2:
        if (!o->begins_late)
            say_sweeps(m, t, 1);
        break;
    case 3:
        t->r[0] = take(m, t, LIST);
        break;
    case 4:
        end_visit(m, t, VISITOR);
        break;
    case 5:
        if (o->begins_late)
            say_sweeps(m, t, 1);
        break;
    case 6:
        if (!o->looks_early)
            look_for_barriers(m, t);
        if (t->r[1] && !o->adopts_always) {
            t->at = 10;
            return;
        }
        break;
    case 7:
        if (!claim(m, t, IDLE_VISITOR)) {
            t->at = 10;
            return;
        }
        break;
    case 8:
        t->r[0] |= take(m, t, IDLE_LIST);
        break;
    case 9:
        end_visit(m, t, IDLE_VISITOR);
        break;
    case 10:
        if (o->ends_early)
            say_sweeps(m, t, 0);
        break;
    case 11:
        if (!claim(m, t, VISITOR))
            return;
        break;
    case 12:
        set_list(m, t, LIST, list(m, LIST) | t->r[0]);
        break;
    case 13:
        if (!o->ends_early)
            say_sweeps(m, t, 0);
        break;
    default:
        end_visit(m, t, VISITOR);
        t->at = -2;
    }
    t->at++;
}

/* ---- the barrier; r[0]: what it has, r[1]: guards that are done, r[2]: looks ---- */

static void say_barrier(model_t *m, model_thread_t *t)
{
    model_add(m, t, BARRIERS, 1, orders_of(m)->say_barrier);
}

/* The thread's guard comes first: the other one it may find empty then. */
static void visit_all(model_t *m, model_thread_t *t)
{
    const orders_t *o    = orders_of(m);
    const bool      idle = t->r[1] == 1;

    switch (t->at) {
    case 0:
        if (!o->says_late)
            say_barrier(m, t);
        break;
    case 1:
        if (!claim(m, t, idle ? IDLE_VISITOR : VISITOR))
            return;
        break;
    case 2:
        if (!idle && !o->ignores_sweeps && model_load(m, t, SWEEPS, RELAXED)) {
            t->at = 5; /* once more */
            return;
        }
        break;
    case 3:
        t->r[0] |= take(m, t, idle ? IDLE_LIST : LIST);
        break;
    case 4:
        end_visit(m, t, idle ? IDLE_VISITOR : VISITOR);
        t->at = ++t->r[1] == 2 ? -1 : o->says_late ? 6 : 1;
        return;
    case 5:
        end_visit(m, t, VISITOR);
        t->blocked = model_newest(m, SWEEPS) == 1;
        t->at      = t->r[2]++ == LOOKS ? -1 : 1;
        return;
    default:
        say_barrier(m, t);
        t->at = 1;
        return;
    }
    t->at++;
}

static bool has_both(const model_t *m)
{
    return m->thread[1].r[0] == BOTH;
}

static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = { 2, { sweep, visit_all }, has_both, &orders };

    model_expect(name, &program, legal);
}

static const orders_t code = {
    .claim = ACQUIRE, .end = RELEASE, .say_barrier = SEQ_CST, .look_barrier = ACQUIRE
};

#define CHANGED(name, change, legal) MODEL_CHANGED(expect, code, name, change, legal)

int main(void)
{
    expect("as in the code", code, true);
    CHANGED("claimed relaxed", claim = RELAXED, false);
    CHANGED("visits end relaxed", end = RELAXED, false);
    CHANGED("a sweep does not look for barriers", adopts_always = true, false);
    CHANGED("it looks for barriers before it begins", looks_early = true, false);
    CHANGED("the barrier says so late", says_late = true, false);
    CHANGED("the barrier does not look for sweeps", ignores_sweeps = true, false);
    CHANGED("a sweep says so when its visit is over", begins_late = true, false);
    CHANGED("a sweep is over before nodes are back", ends_early = true, false);
    CHANGED("barriers looked at relaxed", look_barrier = RELAXED, true);
    CHANGED("the barrier says so relaxed", say_barrier = RELAXED, true);
    return 0;
}
