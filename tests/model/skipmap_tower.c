/* SPDX-License-Identifier: MIT */
/* A node of two levels that is taken out while it is still raised (raise and bury in
 * skipmap_change.c): the inserter links level 1, the remover marks both levels and looks for the node on
 * level 1. The one that is done second unlinks it and gives it up.
 *
 * Legal outcomes: it is given up once, and is on level 1 neither then nor later. */
#include "support/interleave.h"

enum { HEAD_1, NEXT_1, LIFE, GIVEN_UP };
enum { MARK = 1, NODE = 2, RAISED = 1, REMOVED = 2 };

typedef struct orders {
    model_order_t link, raised, removed, ask, search;
    bool          raises_blindly;  /* gives no heed to the remover */
    bool          removes_blindly; /* does not ask whether it is raised */
    bool          searches_first;  /* and asks then */
} orders_t;

static const orders_t *orders_of(const model_t *m)
{
    return m->program->orders;
}

/* Unlink the node where a search finds it. */
static void search(model_t *m, model_thread_t *t)
{
    uint32_t expected = NODE;

    if (model_load(m, t, HEAD_1, orders_of(m)->search) == NODE)
        model_cas(m, t, HEAD_1, &expected, 0, ACQ_REL, RELAXED);
}

static void give_up(model_t *m, model_thread_t *t)
{
    model_add(m, t, GIVEN_UP, 1, RELAXED);
    m->wrong |= model_newest(m, HEAD_1) == NODE;
    t->at = -1;
}

static uint32_t say(model_t *m, model_thread_t *t, uint32_t what, model_order_t order)
{
    return model_add(m, t, LIFE, what, order);
}

static void inserter(model_t *m, model_thread_t *t)
{
    const orders_t *o        = orders_of(m);
    uint32_t        expected = 0;

    switch (t->at) {
    case 0:
        t->at = model_load(m, t, NEXT_1, RELAXED) & MARK ? 2 : 1;
        return;
    case 1:
        model_cas(m, t, HEAD_1, &expected, NODE, o->link, RELAXED);
        t->at = 2;
        return;
    case 2: {
        bool is_removed = say(m, t, RAISED, o->raised) & REMOVED;
        t->at           = is_removed && !o->raises_blindly ? 3 : -1;
        return;
    }
    case 3:
        search(m, t);
        t->at = 4;
        return;
    default:
        give_up(m, t);
    }
}

static bool ask(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    if (o->removes_blindly || model_load(m, t, LIFE, o->ask) & RAISED)
        return true;
    return say(m, t, REMOVED, o->removed) & RAISED;
}

static void remover(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at) {
    case 0:
        model_add(m, t, NEXT_1, MARK, ACQ_REL);
        t->at = 1;
        return;
    case 1:
        if (o->searches_first)
            search(m, t);
        t->at = 2;
        return;
    case 2:
        t->r[0] = ask(m, t);
        t->at   = 3;
        return;
    case 3:
        if (!o->searches_first)
            search(m, t);
        t->at = t->r[0] ? 4 : -1;
        return;
    default:
        give_up(m, t);
    }
}

static bool is_legal(const model_t *m)
{
    return model_newest(m, GIVEN_UP) == 1 && model_newest(m, HEAD_1) != NODE;
}

static void expect(const char *name, orders_t o, bool legal)
{
    const model_program_t program = { 2, { inserter, remover }, is_legal, &o };

    model_expect(name, &program, legal);
}

static const orders_t code = {
    .link = SEQ_CST, .raised = ACQ_REL, .removed = ACQ_REL, .ask = ACQUIRE, .search = ACQUIRE
};

#define CHANGED(name, change, legal) MODEL_CHANGED(expect, code, name, change, legal)

int main(void)
{
    expect("as in the code", code, true);
    CHANGED("RAISED without release", raised = ACQUIRE, false);
    CHANGED("the remover asks relaxed, and says so relaxed", ask = o.removed = RELAXED, false);
    CHANGED("the remover asks relaxed", ask = RELAXED, false);
    CHANGED("REMOVED without acquire", removed = RELEASE, false);
    CHANGED("the inserter gives no heed to the remover", raises_blindly = true, false);
    CHANGED("the remover does not ask", removes_blindly = true, false);
    CHANGED("the remover searches before it asks", searches_first = true, false);
    return 0;
}
