/* SPDX-License-Identifier: MIT */
/* No sleep is slept through. Two of them, both on a futex that counts:
 *
 *   drained   a thread that found no free chunk (wait_for_collector) and the collector that frees
 *             one (drain_all). The collector calls the kernel only when `waiting` says so.
 *   doorbell  the collector that found nothing to do (collect) and a thread that gives a chunk
 *             away (cci_pool_give), which always calls the kernel.
 *
 * Legal outcomes: nobody sleeps at the end. (In the code sleeps have an end anyhow; a wake-up that
 * is lost costs 20 or 50 ms.) The kernel compares the newest value and goes to sleep in one
 * step. */
#include "support/interleave.h"

enum { CHUNK, COUNT, WAITING }; /* CHUNK: 1 once it is what the sleeper waits for */

typedef struct orders {
    model_order_t read_count, look, say_waiting; /* of the sleeper */
    model_order_t make, count, ask_waiting;      /* of the other */
    bool          looks_first;                   /* before it reads the count */
    bool          asks_first;                    /* before it counts */
} orders_t;

static void sleep_on_count(const model_t *m, model_thread_t *t)
{
    t->blocked = model_newest(m, COUNT) == t->r[0];
}

static void wake(model_t *m)
{
    m->thread[0].blocked = false;
}

/* Whether it found what it looked for. */
static void look(model_t *m, model_thread_t *t, int otherwise)
{
    const orders_t *o = m->program->orders;
    t->at             = model_load(m, t, CHUNK, o->look) == 1 ? -1 : otherwise;
}

/* Old values may be read again and again; a few times will do. */
static bool has_enough(model_thread_t *t)
{
    enum { ROUNDS = 3 };
    return t->r[1]++ == ROUNDS;
}

static void waiter(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    switch (t->at) {
    case 0:
        if (has_enough(t)) {
            t->at = -1;
            return;
        }
        if (o->looks_first)
            look(m, t, 1);
        else
            t->r[0] = model_load(m, t, COUNT, o->read_count), t->at = 1;
        break;
    case 1:
        if (o->looks_first)
            t->r[0] = model_load(m, t, COUNT, o->read_count), t->at = 2;
        else
            look(m, t, 2);
        break;
    case 2:
        model_add(m, t, WAITING, 1, o->say_waiting), t->at = 3;
        break;
    case 3:
        sleep_on_count(m, t), t->at = 4;
        break;
    default:
        model_add(m, t, WAITING, (uint32_t)-1, RELAXED), t->at = 0;
    }
}

static void freer(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    switch (t->at++) {
    case 0:
        model_store(m, t, CHUNK, 1, o->make);
        break;
    case 1:
        if (o->asks_first)
            t->r[0] = model_load(m, t, WAITING, o->ask_waiting);
        else
            model_add(m, t, COUNT, 1, o->count);
        break;
    case 2:
        if (o->asks_first)
            model_add(m, t, COUNT, 1, o->count);
        else
            t->r[0] = model_load(m, t, WAITING, o->ask_waiting);
        break;
    default:
        if (t->r[0] != 0)
            wake(m);
        t->at = -1;
    }
}

static void collector(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    switch (t->at) {
    case 0:
        t->r[0] = model_load(m, t, COUNT, o->read_count);
        t->at   = has_enough(t) ? -1 : 1;
        break;
    case 1:
        look(m, t, 2);
        break;
    default:
        sleep_on_count(m, t), t->at = 0;
    }
}

static void giver(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    switch (t->at++) {
    case 0:
        model_store(m, t, CHUNK, 1, o->make);
        break;
    case 1:
        model_add(m, t, COUNT, 1, o->count);
        break;
    default:
        wake(m);
        t->at = -1;
    }
}

static bool nobody_sleeps(const model_t *m)
{
    return !m->thread[0].blocked;
}

static void expect(const char *name, model_step_t *sleeper, model_step_t *other, orders_t o,
                   bool legal)
{
    const model_program_t program = { 2, { sleeper, other }, nobody_sleeps, &o };

    model_expect(name, &program, legal);
}

static const orders_t drained = {
    SEQ_CST, RELAXED, SEQ_CST, RELEASE, SEQ_CST, SEQ_CST, false, false
};
static const orders_t doorbell = { SEQ_CST, ACQUIRE, 0, RELEASE, SEQ_CST, 0, false, false };

#define DRAINED(name, change, legal)           \
    do {                                       \
        orders_t o = drained;                  \
        o.change;                              \
        expect(name, waiter, freer, o, legal); \
    } while (0)
#define DOORBELL(name, change, legal)             \
    do {                                          \
        orders_t o = doorbell;                    \
        o.change;                                 \
        expect(name, collector, giver, o, legal); \
    } while (0)

int main(void)
{
    expect("drained: as in the code", waiter, freer, drained, true);
    DRAINED("drained: the count is read relaxed", read_count = RELAXED, false);
    DRAINED("drained: it counts relaxed", count = RELAXED, false);
    DRAINED("drained: waiting is said acquire-release", say_waiting = ACQ_REL, false);
    DRAINED("drained: waiting is asked acquire", ask_waiting = ACQUIRE, false);
    DRAINED("drained: it looks before it reads the count", looks_first = true, false);
    DRAINED("drained: it asks before it counts", asks_first = true, false);
    /* Stronger than need be, at no cost: */
    DRAINED("drained: the count is read acquire", read_count = ACQUIRE, true);
    DRAINED("drained: it counts release", count = RELEASE, true);

    expect("doorbell: as in the code", collector, giver, doorbell, true);
    DOORBELL("doorbell: the count is read relaxed", read_count = RELAXED, false);
    DOORBELL("doorbell: it counts relaxed", count = RELAXED, false);
    return 0;
}
