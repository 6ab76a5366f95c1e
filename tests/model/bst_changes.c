/* SPDX-License-Identifier: MIT */
/* Changes of a tree that meet: parent P below grand G, with a leaf on each side of P. One thread puts a
 * node in the place of the right leaf, another removes the left one, which P goes with; a third helps with
 * the flag that it meets. And two that put at the same place.
 *
 * A removal marks P, and moves what is on P's other side up to G: what was put there must come along, and
 * what is said to be put or removed must be. The word of a node is read before its child. */
#include "support/interleave.h"

enum { WORD_G, WORD_P, CHILD_G, CHILD_LEFT, CHILD_RIGHT, MEANS };

/* Words are 16 n + what: a number n, or a flag of thread n. */
enum { FREE, PUTS, REMOVES, MARK, ONE = 16 };

/* What children are. */
enum { NONE, P, LEFT, RIGHT, NEW, OTHER };

typedef struct orders {
    model_order_t change, look, publish; /* flags and marks; words; children */
    bool          word_late;             /* read after the child */
    bool          no_number;             /* a word that is free again is as it was */
    bool          no_mark;               /* a removal changes G's child at once */
} orders_t;

static bool change(model_t *m, model_thread_t *t, unsigned word, uint32_t from, uint32_t to)
{
    const orders_t *o = m->program->orders;

    return model_cas(m, t, word, &from, to, o->change, ACQUIRE);
}

static uint32_t next_number(const model_t *m, uint32_t word)
{
    const orders_t *o = m->program->orders;

    return o->no_number ? word : word + ONE;
}

/* ---- putting a node in the place of what is to the right ---- */

/* r[0]: P's word; r[1]: what it is to be instead of; r[2]: whether it was put. */
static void put(model_t *m, model_thread_t *t, uint32_t node, uint32_t flag)
{
    const orders_t *o = m->program->orders;
    uint32_t        from;

    switch (t->at) {
    case 0:
    case 1:
        if ((t->at == 0) != o->word_late)
            t->r[0] = model_load(m, t, WORD_P, o->look);
        else
            t->r[1] = model_load(m, t, CHILD_RIGHT, ACQUIRE);
        t->at++;
        return;
    case 2:
        t->at = t->r[0] % ONE == FREE ? 3 : -1;
        return;
    case 3:
        model_store(m, t, MEANS, t->r[0] + 1, RELAXED); /* what helpers need to know */
        t->at = 4;
        return;
    case 4:
        t->at = change(m, t, WORD_P, t->r[0], flag) ? 5 : -1;
        return;
    case 5:
        t->r[2] = 1;
        from    = t->r[1];
        model_cas(m, t, CHILD_RIGHT, &from, node, o->publish, RELAXED);
        t->at = 6;
        return;
    default:
        change(m, t, WORD_P, flag, next_number(m, t->r[0]));
        t->at = -1;
    }
}

static void putter(model_t *m, model_thread_t *t)
{
    put(m, t, NEW, 8 * ONE + PUTS);
}

static void other_putter(model_t *m, model_thread_t *t)
{
    put(m, t, OTHER, 9 * ONE + PUTS);
}

/* ---- removing LEFT, and P ---- */

static void lead_past(model_t *m, model_thread_t *t, uint32_t sibling)
{
    const orders_t *o    = m->program->orders;
    uint32_t        from = P;

    model_cas(m, t, CHILD_G, &from, sibling, o->publish, RELAXED);
}

/* r[0]: G's word; r[1]: P's word; r[2]: whether P has its mark; r[3]: the sibling. */
static void remover(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    switch (t->at) {
    case 0:
        t->r[0] = model_load(m, t, WORD_G, o->look);
        t->at   = 1;
        return;
    case 1:
        t->r[1] = model_load(m, t, WORD_P, o->look);
        t->at   = t->r[0] % ONE == FREE && t->r[1] % ONE == FREE ? 2 : -1;
        return;
    case 2:
        t->at = change(m, t, WORD_G, t->r[0], 8 * ONE + REMOVES) ? 3 : -1;
        return;
    case 3:
        t->r[2] = o->no_mark || change(m, t, WORD_P, t->r[1], 8 * ONE + MARK);
        t->at   = t->r[2] ? 4 : 6;
        return;
    case 4:
        t->r[3] = model_load(m, t, CHILD_RIGHT, ACQUIRE);
        t->at   = 5;
        return;
    case 5:
        lead_past(m, t, t->r[3]);
        t->at = 6;
        return;
    default:
        change(m, t, WORD_G, 8 * ONE + REMOVES, next_number(m, t->r[0]));
        t->at = -1;
    }
}

/* ---- helping ---- */

/* With a put. r[0]: the flag; r[1]: the word before. */
static void helper(model_t *m, model_thread_t *t)
{
    const orders_t *o    = m->program->orders;
    uint32_t        from = RIGHT;

    switch (t->at) {
    case 0:
        t->r[0] = model_load(m, t, WORD_P, o->look);
        t->at   = t->r[0] % ONE == PUTS ? 1 : -1;
        return;
    case 1:
        t->r[1] = model_load(m, t, MEANS, RELAXED);
        if (t->r[1] == 0)
            m->wrong = true; /* it is not told what the flag speaks of */
        t->at = 2;
        return;
    case 2:
        model_cas(m, t, CHILD_RIGHT, &from, NEW, o->publish, RELAXED);
        t->at = 3;
        return;
    default:
        change(m, t, WORD_P, t->r[0], next_number(m, t->r[1] - 1));
        t->at = -1;
    }
}

/* ---- all ---- */

/* The tree of the beginning, by the thread that changes it; the others do not come before. */
static void first(model_t *m)
{
    model_thread_t *t = &m->thread[0];

    if (model_newest(m, CHILD_G) != NONE)
        return;
    model_store(m, t, CHILD_LEFT, LEFT, SEQ_CST);
    model_store(m, t, CHILD_RIGHT, RIGHT, SEQ_CST);
    model_store(m, t, CHILD_G, P, SEQ_CST);
    for (unsigned i = 1; i < m->program->threads; i++)
        m->thread[i].view = t->view;
}

#define STEP(name)                                         \
    static void name##_step(model_t *m, model_thread_t *t) \
    {                                                      \
        first(m);                                          \
        name(m, t);                                        \
    }

STEP(putter)
STEP(other_putter)
STEP(remover)
STEP(helper)

/* Where the right leaf was: below P, or, when that is gone, below G. */
static bool is_legal(const model_t *m)
{
    bool     was_put = m->thread[0].r[2], was_removed = m->thread[1].r[2];
    uint32_t g = model_newest(m, CHILD_G), right = model_newest(m, CHILD_RIGHT);
    uint32_t expected = was_put ? NEW : RIGHT;

    if (was_removed ? g != expected : g != P || right != expected)
        return false;
    return model_newest(m, WORD_G) % ONE == FREE &&
           model_newest(m, WORD_P) % ONE == (was_removed ? MARK : FREE);
}

static bool is_legal_unmarked(const model_t *m)
{
    const orders_t *o = m->program->orders;

    if (!o->no_mark)
        return is_legal(m);
    uint32_t g = model_newest(m, CHILD_G);
    return g == P || g == (m->thread[0].r[2] ? NEW : RIGHT);
}

/* Of two that put, each took the place of what it says; the last one is there. */
static bool is_legal_twice(const model_t *m)
{
    const model_thread_t *a = &m->thread[0], *b = &m->thread[1];
    uint32_t              right = model_newest(m, CHILD_RIGHT);

    if (a->r[2] && b->r[2])
        return (a->r[1] == RIGHT && b->r[1] == NEW && right == OTHER) ||
               (b->r[1] == RIGHT && a->r[1] == OTHER && right == NEW);
    return right == (a->r[2] ? NEW : b->r[2] ? OTHER : RIGHT);
}

static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = {
        3, { putter_step, remover_step, helper_step }, is_legal_unmarked, &orders
    };

    model_expect(name, &program, legal);
}

static void expect_of_two(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = {
        2, { putter_step, other_putter_step }, is_legal_twice, &orders
    };

    model_expect(name, &program, legal);
}

static const orders_t code = { ACQ_REL, ACQUIRE, RELEASE, false, false, false };

#define CHANGED(expect, name, change) MODEL_CHANGED(expect, code, name, change, false)

int main(void)
{
    expect("a put, a removal, a helper: as in the code", code, true);
    CHANGED(expect, "flags set relaxed", change = RELAXED);
    CHANGED(expect, "words read relaxed", look = RELAXED);
    CHANGED(expect, "no mark", no_mark = true);
    expect_of_two("two that put: as in the code", code, true);
    CHANGED(expect_of_two, "the word read after the child", word_late = true);
    CHANGED(expect_of_two, "a word that is free again is as it was", no_number = true);
    return 0;
}
