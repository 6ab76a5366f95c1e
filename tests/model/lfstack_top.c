/* SPDX-License-Identifier: MIT */
/* The top of a stack: two threads pop while one of them pushes the freed node's memory again. A pop reads
 * the top, then what lies below it, and then changes the top by comparing addresses; that is right only as
 * long as no address comes again meanwhile, which is what retiring is for.
 *
 * Two nodes, 1 upon 2. Thread A pops once. Thread B pops both and pushes a node, in the memory of the
 * first one if that is free: at once, or when A has left. */
#include "support/interleave.h"

enum { TOP, BELOW_1, BELOW_2, BELOW_3, A_LEFT };

typedef struct orders {
    model_order_t push, look;
    bool          frees_at_once;
} orders_t;

/* r[0]: top; r[1]: below; r[2]: what it has popped, bits. */
static bool pop_step(model_t *m, model_thread_t *t, int first, int next)
{
    const orders_t *o = m->program->orders;

    switch (t->at - first) {
    case 0:
        t->r[0] = model_load(m, t, TOP, o->look);
        t->at   = t->r[0] ? t->at + 1 : next;
        return true;
    case 1:
        t->r[1] = model_load(m, t, BELOW_1 + t->r[0] - 1, RELAXED);
        t->at++;
        return true;
    case 2:
        if (model_cas(m, t, TOP, &t->r[0], t->r[1], RELAXED, RELAXED)) {
            t->r[2] |= 1u << t->r[0];
            t->at = next;
        } else {
            t->at = first;
        }
        return true;
    default:
        return false;
    }
}

static void thread_a(model_t *m, model_thread_t *t)
{
    if (pop_step(m, t, 0, 3))
        return;
    model_store(m, t, A_LEFT, 1, RELEASE);
    t->at = -1;
}

/* The node that is pushed: r[3]. */
static void thread_b(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    if (pop_step(m, t, 0, 3) || pop_step(m, t, 3, 6))
        return;
    switch (t->at) {
    case 6:
        t->r[3] = o->frees_at_once || model_load(m, t, A_LEFT, ACQUIRE) ? 1 : 3;
        t->at   = 7;
        return;
    case 7:
        t->r[4] = model_load(m, t, TOP, RELAXED);
        t->at   = 8;
        return;
    case 8:
        model_store(m, t, BELOW_1 + t->r[3] - 1, t->r[4], RELAXED);
        t->at = 9;
        return;
    default:
        t->at = model_cas(m, t, TOP, &t->r[4], t->r[3], o->push, RELAXED) ? -1 : 8;
    }
}

/* Puts 1 upon 2 first. */
static void first_b(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    if (t->r[5] == 0) {
        model_store(m, t, BELOW_1, 2, RELAXED);
        model_store(m, t, BELOW_2, 0, RELAXED);
        model_store(m, t, TOP, 1, o->push);
        t->r[5] = 1;
        return;
    }
    thread_b(m, t);
}

static bool is_on_stack(const model_t *m, uint32_t node)
{
    uint32_t n = model_newest(m, TOP);

    for (int i = 0; i < 3 && n && n != node; i++)
        n = model_newest(m, BELOW_1 + n - 1);
    return n == node;
}

/* Node 2 is popped, or it is there; and not both. */
static bool is_legal(const model_t *m)
{
    uint32_t popped = m->thread[0].r[2] | m->thread[1].r[2];

    return is_on_stack(m, 2) != (popped >> 2 & 1);
}

static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = { 2, { thread_a, first_b }, is_legal, &orders };

    model_expect(name, &program, legal);
}

int main(void)
{
    const orders_t code = { RELEASE, ACQUIRE, false };
    orders_t       o    = code;

    expect("as in the code", code, true);
    o.frees_at_once = true;
    expect("a popped node's memory serves again at once", o, false);
    o      = code;
    o.push = RELAXED;
    expect("the top set relaxed", o, false);
    o      = code;
    o.look = RELAXED;
    expect("the top read relaxed", o, false);
    return 0;
}
