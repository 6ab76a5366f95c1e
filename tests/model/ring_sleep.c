/* SPDX-License-Identifier: MIT */
/* No sleep is slept through (wait_until with cci_ring_publish_and_wake). The other side moves
 * twice, and the sleeper waits for the second time: so it may be woken for nothing and go to sleep
 * again.
 *
 * Legal outcomes: nobody sleeps at the end. The kernel compares the newest value and goes to sleep
 * in one step. */
#include "support/interleave.h"

enum { POSITION, SLEEPS };
enum { ENOUGH = 2, ROUNDS = 3 };

typedef struct orders {
    model_order_t say, look;          /* of the sleeper */
    model_order_t publish, ask, take; /* of the other */
    bool          looks_first;        /* before it says that it sleeps, and not again */
    bool          asks_first;         /* before it publishes */
    bool          takes_late;         /* back what was said after it woke the sleeper */
} orders_t;

static void look(model_t *m, model_thread_t *t, int otherwise)
{
    const orders_t *o = m->program->orders;

    t->at = model_load(m, t, POSITION, o->look) >= ENOUGH ? -1 : otherwise;
}

static void sleeper(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    switch (t->at) {
    case 0:
        if (t->r[1]++ == ROUNDS)
            t->at = -1; /* old values may be read again and again; a few times will do */
        else if (o->looks_first)
            look(m, t, 1);
        else
            model_store(m, t, SLEEPS, 1, o->say), t->at = 1;
        return;
    case 1:
        if (o->looks_first)
            model_store(m, t, SLEEPS, 1, o->say), t->at = 2;
        else
            look(m, t, 2);
        return;
    default:
        t->blocked = model_newest(m, SLEEPS) == 1;
        t->at      = 0;
    }
}

static void wake(model_t *m)
{
    m->thread[0].blocked = false;
}

static void publish(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    model_store(m, t, POSITION, t->r[1] + 1, o->publish);
}

static void ask(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    t->r[0] = model_load(m, t, SLEEPS, o->ask);
}

static void take_back(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    model_store(m, t, SLEEPS, 0, o->take);
}

/* r[0]: whether somebody sleeps; r[1]: its position. */
static void mover(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    switch (t->at++) {
    case 0:
        (o->asks_first ? ask : publish)(m, t);
        return;
    case 1:
        (o->asks_first ? publish : ask)(m, t);
        return;
    case 2:
        if (t->r[0] != 0 && o->takes_late)
            wake(m);
        else if (t->r[0] != 0)
            take_back(m, t);
        return;
    default:
        if (t->r[0] != 0 && o->takes_late)
            take_back(m, t);
        else if (t->r[0] != 0)
            wake(m);
        t->at = ++t->r[1] == ENOUGH ? -1 : 0;
    }
}

static bool nobody_sleeps(const model_t *m)
{
    return !m->thread[0].blocked;
}

static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = { 2, { sleeper, mover }, nobody_sleeps, &orders };

    model_expect(name, &program, legal);
}

static const orders_t code = { SEQ_CST, SEQ_CST, SEQ_CST, SEQ_CST, SEQ_CST, false, false, false };

#define CHANGED(name, change, legal) MODEL_CHANGED(expect, code, name, change, legal)

int main(void)
{
    expect("as in the code", code, true);
    CHANGED("it says that it sleeps with release", say = RELEASE, false);
    CHANGED("it looks with acquire", look = ACQUIRE, false);
    CHANGED("published with release", publish = RELEASE, false);
    CHANGED("asked with acquire", ask = ACQUIRE, false);
    CHANGED("it looks before it says so", looks_first = true, false);
    CHANGED("asked before it is published", asks_first = true, false);
    CHANGED("taken back after the wake", takes_late = true, false);
    return 0;
}
