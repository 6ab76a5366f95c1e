/* SPDX-License-Identifier: MIT */
/* A chunk's life: FREE -> OWNED by one of two threads (take_free) -> FULL (cci_pool_give) -> FREE
 * (the collector's drain_extent), and once more.
 *
 * Legal outcomes: no two threads own it at a time; what the collector reads in a FULL chunk is all
 * of one thread's life with it, and `used` is 0 when the next one begins.
 *
 * The model never delays a load, but the machine may: a collector that frees with a relaxed store
 * may still be reading afterwards. That is written out as a program of its own. */
#include <stddef.h>
#include "support/interleave.h"

enum { STATE, USED, BODY, OWNERS }; /* OWNERS: a count for the check */
enum { FREE, OWNED, FULL };
enum { THREADS = 2, ROUNDS = 2 };

typedef struct orders {
    model_order_t take, give, look, free;
    bool          take_in_two; /* a load and a store in place of the compare-and-swap */
    bool          read_late;
} orders_t;

static void enter(model_t *m, model_thread_t *t)
{
    if (model_add(m, t, OWNERS, 1, RELAXED) != 0)
        m->wrong = true;
}

static bool take(model_t *m, model_thread_t *t)
{
    const orders_t *o    = m->program->orders;
    uint32_t        free = FREE;

    return model_cas(m, t, STATE, &free, OWNED, o->take, RELAXED);
}

/* r[0]: lives that it had with the chunk. Its mark is what it writes. */
static void write_chunk(model_t *m, model_thread_t *t, uint32_t mark)
{
    const orders_t *o = m->program->orders;

    switch (t->at) {
    case 0:
        if (o->take_in_two) {
            if (model_load(m, t, STATE, o->take) != FREE)
                t->at = -1;
        } else if (take(m, t)) {
            t->at = 1;
        } else {
            t->at = -1; /* it goes elsewhere */
            return;
        }
        if (t->at >= 0)
            t->at = o->take_in_two ? 1 : 2;
        return;
    case 1:
        model_store(m, t, STATE, OWNED, RELAXED);
        break;
    case 2:
        enter(m, t);
        if (model_load(m, t, USED, RELAXED) != 0)
            m->wrong = true;
        break;
    case 3:
        model_store(m, t, BODY, mark, RELAXED);
        break;
    case 4:
        model_store(m, t, USED, mark, RELAXED); /* its own order is recorder_publish's matter */
        model_add(m, t, OWNERS, (uint32_t)-1, RELAXED);
        break;
    default:
        model_store(m, t, STATE, FULL, o->give);
        t->at = -2;
    }
    t->at++;
}

static void first(model_t *m, model_thread_t *t)
{
    write_chunk(m, t, 11);
}

static void second(model_t *m, model_thread_t *t)
{
    write_chunk(m, t, 22);
}

static void read_body(model_t *m, model_thread_t *t)
{
    t->r[1] = model_load(m, t, BODY, RELAXED);
    if (t->r[1] != t->r[0])
        m->wrong = true;
}

/* r[2]: looks so far. */
static void collector(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    switch (t->at) {
    case 0:
        t->at = model_load(m, t, STATE, o->look) == FULL ? 1 : 5;
        return;
    case 1:
        t->r[0] = model_load(m, t, USED, RELAXED);
        break;
    case 2:
        if (!o->read_late)
            read_body(m, t);
        break;
    case 3:
        model_store(m, t, USED, 0, RELAXED);
        break;
    case 4:
        model_store(m, t, STATE, FREE, o->free);
        break;
    default:
        if (o->read_late && t->r[0] != 0)
            read_body(m, t);
        t->r[0] = 0;
        t->at   = ++t->r[2] == ROUNDS ? -1 : 0;
        return;
    }
    t->at++;
}

static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = { THREADS + 1, { first, second, collector }, NULL, &orders };

    model_expect(name, &program, legal);
}

int main(void)
{
    const orders_t code = { .take = ACQUIRE, .give = RELEASE, .look = ACQUIRE, .free = RELEASE };
    orders_t       o    = code;

    expect("as in the code", code, true);
    o.take = RELAXED;
    expect("take relaxed", o, false);
    o      = code;
    o.give = RELAXED;
    expect("give relaxed", o, false);
    o      = code;
    o.look = RELAXED;
    expect("the collector's load relaxed", o, false);
    o      = code;
    o.free = RELAXED;
    expect("free relaxed", o, false);
    o.read_late = true;
    o.take      = ACQUIRE;
    o.free      = RELEASE;
    expect("the body read after the chunk was freed", o, false);
    o             = code;
    o.take_in_two = true;
    expect("take without compare-and-swap", o, false);
    return 0;
}
