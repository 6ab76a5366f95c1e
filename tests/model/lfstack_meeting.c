/* SPDX-License-Identifier: MIT */
/* A place where a push and a pop meet: one offers a node twice, with another word the second time, and
 * takes it back when nobody came; two others try to take it. Each offer is had by one, who offered or one
 * who took, and who took finds the word of that offer. */
#include "support/interleave.h"

enum { PLACE, WORD };
enum { EMPTY, TAKEN, NODE };

typedef struct orders {
    model_order_t offer, take;
    bool          withdraws_blindly; /* stores, does not compare */
    bool          takes_blindly;
    bool          says_nothing; /* who took leaves the place empty */
} orders_t;

/* r[0]: offers so far; r[1]: those that were taken, as far as it knows. */
static void pusher(model_t *m, model_thread_t *t)
{
    const orders_t *o    = m->program->orders;
    uint32_t        what = EMPTY;

    switch (t->at) {
    case 0:
        model_store(m, t, WORD, t->r[0] + 1, RELAXED);
        t->at = 1;
        return;
    case 1:
        if (!model_cas(m, t, PLACE, &what, NODE, o->offer, RELAXED))
            m->wrong = true; /* nobody else offers */
        t->at = 2;
        return;
    case 2:
        what = NODE;
        if (o->withdraws_blindly)
            model_store(m, t, PLACE, EMPTY, RELAXED);
        else if (!model_cas(m, t, PLACE, &what, EMPTY, RELAXED, RELAXED))
            t->r[1]++, t->at = 3;
        if (t->at == 2)
            t->at = 4;
        return;
    case 3:
        model_store(m, t, PLACE, EMPTY, RELAXED);
        t->at = -1; /* the node is another's now */
        return;
    default:
        t->at = ++t->r[0] == 2 ? -1 : 0;
    }
}

/* r[0]: had; r[1]: the word of it. */
static void popper(model_t *m, model_thread_t *t)
{
    const orders_t *o    = m->program->orders;
    uint32_t        what = NODE;

    switch (t->at) {
    case 0:
        t->at = model_load(m, t, PLACE, RELAXED) == NODE ? 1 : -1;
        return;
    case 1:
        if (o->takes_blindly)
            model_store(m, t, PLACE, TAKEN, RELAXED);
        t->r[0] = o->takes_blindly ||
                  model_cas(m, t, PLACE, &what, o->says_nothing ? EMPTY : TAKEN, o->take, RELAXED);
        t->at = t->r[0] ? 2 : -1;
        return;
    default:
        t->r[1] = model_load(m, t, WORD, RELAXED);
        t->at   = -1;
    }
}

/* The word is that of the last offer: after being taken there is none. */
static bool is_legal(const model_t *m)
{
    uint32_t had = m->thread[1].r[0] + m->thread[2].r[0];

    for (int i = 1; i <= 2; i++)
        if (m->thread[i].r[0] && m->thread[i].r[1] != model_newest(m, WORD))
            return false;
    return had == m->thread[0].r[1];
}

static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = { 3, { pusher, popper, popper }, is_legal, &orders };

    model_expect(name, &program, legal);
}

static const orders_t code = { RELEASE, ACQUIRE, false, false, false };

#define CHANGED(name, change, legal) MODEL_CHANGED(expect, code, name, change, legal)

int main(void)
{
    expect("as in the code", code, true);
    CHANGED("offered relaxed", offer = RELAXED, false);
    CHANGED("taken relaxed", take = RELAXED, false);
    CHANGED("taken back without looking", withdraws_blindly = true, false);
    CHANGED("taken without looking", takes_blindly = true, false);
    /* Enough here; with a second one who offers, in memory that was the node's, one would take back
     * what the other offers. */
    CHANGED("a taken place is empty at once", says_nothing = true, true);
    return 0;
}
