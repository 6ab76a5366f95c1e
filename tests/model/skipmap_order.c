/* SPDX-License-Identifier: MIT */
/* Two threads that each change a key and then look for the other one's (tower.h, and the last look of each
 * search in skipmap_number.c and skipmap_search.c). Putting in, taking out and replacing are one operation
 * on a link of level 0; a walk reads that link, and looks once more before it says what it did not see.
 *
 * Legal outcomes: one of the two sees the other's change, or both: in one order of all, as for a
 * single thread, one is the second. */
#include "support/interleave.h"

enum { LINK_A, LINK_B };
enum { CHANGE = 1 };

typedef struct orders {
    model_order_t change, follow, look;
    bool          looks_once; /* believes the walk */
} orders_t;

/* r[0]: it saw the other's change. */
static void step(model_t *m, model_thread_t *t, unsigned own, unsigned other)
{
    const orders_t *o = m->program->orders;

    switch (t->at) {
    case 0:
        model_add(m, t, own, CHANGE, o->change);
        t->at = 1;
        return;
    case 1:
        t->r[0] = model_load(m, t, other, o->follow) == CHANGE;
        t->at   = t->r[0] || o->looks_once ? -1 : 2;
        return;
    default:
        t->r[0] = model_load(m, t, other, o->look) == CHANGE;
        t->at   = -1;
    }
}

static void one(model_t *m, model_thread_t *t)
{
    step(m, t, LINK_A, LINK_B);
}

static void two(model_t *m, model_thread_t *t)
{
    step(m, t, LINK_B, LINK_A);
}

static bool is_legal(const model_t *m)
{
    return m->thread[0].r[0] || m->thread[1].r[0];
}

static void expect(const char *name, orders_t o, bool legal)
{
    const model_program_t program = { 2, { one, two }, is_legal, &o };

    model_expect(name, &program, legal);
}

int main(void)
{
    expect("change A, look for B || change B, look for A",
           (orders_t){ .change = SEQ_CST, .follow = ACQUIRE, .look = SEQ_CST }, true);
    expect("  changed by acquire and release",
           (orders_t){ .change = ACQ_REL, .follow = ACQUIRE, .look = SEQ_CST }, false);
    expect("  looked at by acquire",
           (orders_t){ .change = SEQ_CST, .follow = ACQUIRE, .look = ACQUIRE }, false);
    expect("  not looked at again",
           (orders_t){ .change = SEQ_CST, .follow = ACQUIRE, .looks_once = true }, false);
    return 0;
}
