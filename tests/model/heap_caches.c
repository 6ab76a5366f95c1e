/* SPDX-License-Identifier: MIT */
/* Caches from hand to hand (threads.c): a thread that ends gives its own back (leave), one that begins
 * takes one (claim) or adds one (add_cache), and in the child of a fork the caches of threads that
 * are not there are taken and forgotten first (forget).
 *
 * Legal outcomes: a cache has one owner at a time, who sees all that the one before counted; nothing of
 * a thread that a fork left behind is used; who finds a cache in the list finds those behind it; and
 * no cache that was added is lost. */
#include "support/interleave.h"

/* ---- claim, leave, forget ---- */

/* USER begins as a thread's that a fork left behind, with a magazine in whatever state. */
enum { USER, MAGAZINE, COUNT, OWNERS };
enum { LEFT_BEHIND, NOBODY, NOW };
enum { UNKNOWN, FORGOTTEN };
enum { CLAIMERS = 3 };

typedef struct claim_orders {
    model_order_t claim, leave;
    bool          in_two; /* a look and a store in place of the compare-and-swap */
    bool          keeps;  /* what a fork left behind is not forgotten */
} claim_orders_t;

static void enter(model_t *m, model_thread_t *t)
{
    if (model_add(m, t, OWNERS, 1, RELAXED) != 0)
        m->wrong = true;
}

/* r[0]: whose it was. r[1]: it had it. */
static void claimer(model_t *m, model_thread_t *t)
{
    const claim_orders_t *o = m->program->orders;

    switch (t->at) {
    case 0:
        t->r[0] = model_load(m, t, USER, RELAXED);
        t->at   = t->r[0] == NOW ? -1 : 1;
        return;
    case 1:
        if (o->in_two)
            model_store(m, t, USER, NOW, RELAXED);
        else if (!model_cas(m, t, USER, &(uint32_t){ t->r[0] }, NOW, o->claim, RELAXED))
            t->at = -2;
        break;
    case 2:
        enter(m, t);
        t->r[1] = 1;
        if (t->r[0] == LEFT_BEHIND && !o->keeps)
            model_store(m, t, MAGAZINE, FORGOTTEN, RELAXED);
        break;
    case 3:
        if (model_load(m, t, MAGAZINE, RELAXED) != FORGOTTEN)
            m->wrong = true;
        break;
    case 4:
        model_store(m, t, COUNT, model_load(m, t, COUNT, RELAXED) + 1, RELAXED);
        model_add(m, t, OWNERS, (uint32_t)-1, RELAXED);
        break;
    default:
        model_store(m, t, USER, NOBODY, o->leave);
        t->at = -2;
    }
    t->at++;
}

static bool all_is_counted(const model_t *m)
{
    uint32_t had = 0;

    for (int i = 0; i < CLAIMERS; i++)
        had += m->thread[i].r[1];
    return model_newest(m, COUNT) == had;
}

static void expect_claims(const char *name, claim_orders_t orders, bool legal)
{
    const model_program_t program = {
        CLAIMERS, { claimer, claimer, claimer }, all_is_counted, &orders
    };

    model_expect(name, &program, legal);
}

/* ---- the list ---- */

/* NEXT of cache 1 and 2; FIRST is 0 for the one that is always there. BEHIND: what a cache's next is
 * until it is set. */
enum { FIRST, NEXT_1, NEXT_2 };
enum { BEHIND = 0, END = 9 };

typedef struct list_orders {
    model_order_t push, look;
    bool          stores; /* in place of the compare-and-swap */
} list_orders_t;

static void push(model_t *m, model_thread_t *t, unsigned next, uint32_t self)
{
    const list_orders_t *o = m->program->orders;

    switch (t->at) {
    case 0:
        t->r[0] = model_load(m, t, FIRST, RELAXED);
        break;
    case 1:
        model_store(m, t, next, t->r[0] ? t->r[0] : END, RELAXED);
        break;
    default:
        if (o->stores)
            model_store(m, t, FIRST, self, o->push);
        else if (!model_cas(m, t, FIRST, &t->r[0], self, o->push, RELAXED)) {
            t->at = 1;
            return;
        }
        t->at = -2;
    }
    t->at++;
}

static void push_1(model_t *m, model_thread_t *t)
{
    push(m, t, NEXT_1, 1);
}

static void push_2(model_t *m, model_thread_t *t)
{
    push(m, t, NEXT_2, 2);
}

/* Walks to the end. */
static void walker(model_t *m, model_thread_t *t)
{
    const list_orders_t *o = m->program->orders;

    if (t->at == 0)
        t->r[0] = model_load(m, t, FIRST, o->look);
    else
        t->r[0] = model_load(m, t, t->r[0] == 1 ? NEXT_1 : NEXT_2, RELAXED);
    if (t->at > 0 && t->r[0] == BEHIND)
        m->wrong = true;
    t->at = t->r[0] == 1 || t->r[0] == 2 ? t->at + 1 : -1;
}

static bool both_are_in(const model_t *m)
{
    uint32_t first = model_newest(m, FIRST);

    return first && model_newest(m, first == 1 ? NEXT_1 : NEXT_2) == 3 - first &&
           model_newest(m, first == 1 ? NEXT_2 : NEXT_1) == END;
}

static void expect_list(const char *name, list_orders_t orders, bool legal)
{
    const model_program_t program = { 3, { push_1, push_2, walker }, both_are_in, &orders };

    model_expect(name, &program, legal);
}

int main(void)
{
    const claim_orders_t claims = { .claim = ACQUIRE, .leave = RELEASE };
    claim_orders_t       c      = claims;

    expect_claims("claim: as in the code", claims, true);
    c.claim = RELAXED;
    expect_claims("claim: relaxed", c, false);
    c       = claims;
    c.leave = RELAXED;
    expect_claims("claim: leave relaxed", c, false);
    c        = claims;
    c.in_two = true;
    expect_claims("claim: without compare-and-swap", c, false);
    c       = claims;
    c.keeps = true;
    expect_claims("claim: what a fork left behind is kept", c, false);

    const list_orders_t lists = { .push = RELEASE, .look = ACQUIRE };
    list_orders_t       l     = lists;

    expect_list("list: as in the code", lists, true);
    l.push = RELAXED;
    expect_list("list: added relaxed", l, false);
    l      = lists;
    l.look = RELAXED;
    expect_list("list: looked at relaxed", l, false);
    l        = lists;
    l.stores = true;
    expect_list("list: added without compare-and-swap", l, false);
    return 0;
}
