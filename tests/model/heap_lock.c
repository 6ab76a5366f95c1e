/* SPDX-License-Identifier: MIT */
/* The lock of heap/lock.h with two threads that change what it guards, and a third that forks: it
 * waits for the lock, and copies memory while it has it (before_fork in threads.c).
 *
 * Legal outcomes: who has the lock sees all of what the holder before did, and nobody has it besides;
 * the child's copy is whole, and the lock in it is the forking thread's to let go. */
#include "support/interleave.h"

enum { LOCK, FIRST, SECOND }; /* FIRST = SECOND unless the lock is held */

typedef struct orders {
    model_order_t take, release;
    bool          in_two;       /* a look and a store in place of the exchange */
    bool          fork_at_once; /* without the lock */
} orders_t;

static void release(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    model_store(m, t, LOCK, 0, o->release);
    m->thread[2].blocked = false; /* it looks again */
}

static bool take(model_t *m, model_thread_t *t)
{
    const orders_t *o    = m->program->orders;
    uint32_t        free = 0;

    return model_cas(m, t, LOCK, &free, 1, o->take, RELAXED);
}

/* Adds 1 to both; goes elsewhere when it does not get the lock. */
static void worker(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    switch (t->at) {
    case 0:
        if (o->in_two && model_load(m, t, LOCK, o->take) == 0)
            t->at = 1;
        else
            t->at = !o->in_two && take(m, t) ? 2 : -1;
        return;
    case 1:
        model_store(m, t, LOCK, 1, RELAXED);
        break;
    case 2:
        t->r[0] = model_load(m, t, FIRST, RELAXED);
        break;
    case 3:
        if (model_load(m, t, SECOND, RELAXED) != t->r[0])
            m->wrong = true;
        break;
    case 4:
        model_store(m, t, FIRST, t->r[0] + 1, RELAXED);
        break;
    case 5:
        model_store(m, t, SECOND, t->r[0] + 1, RELAXED);
        break;
    case 6:
        t->r[1] = 1; /* it did its work */
        release(m, t);
        t->at = -2;
    }
    t->at++;
}

/* The copy is of what is newest, whoever wrote it. */
static void copy_memory(model_t *m)
{
    if (model_newest(m, FIRST) != model_newest(m, SECOND))
        m->wrong = true;
}

static void forker(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    switch (t->at) {
    case 0:
        if (o->fork_at_once) {
            if (model_newest(m, LOCK)) /* the child would wait for ever */
                m->wrong = true;
            copy_memory(m);
            t->at = -1;
        } else if (take(m, t)) {
            t->at = 1;
        } else {
            t->blocked = true;
        }
        return;
    case 1:
        copy_memory(m);
        break;
    default:
        t->r[1] = 1;
        release(m, t);
        t->at = -2;
    }
    t->at++;
}

static bool is_legal(const model_t *m)
{
    uint32_t done = m->thread[0].r[1] + m->thread[1].r[1];

    return model_newest(m, FIRST) == done && model_newest(m, LOCK) == 0 &&
           (m->thread[2].r[1] == 1 || ((const orders_t *)m->program->orders)->fork_at_once);
}

static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = { 3, { worker, worker, forker }, is_legal, &orders };

    model_expect(name, &program, legal);
}

int main(void)
{
    const orders_t code = { .take = ACQUIRE, .release = RELEASE };
    orders_t       o    = code;

    expect("as in the code", code, true);
    o.take = RELAXED;
    expect("take relaxed", o, false);
    o         = code;
    o.release = RELAXED;
    expect("release relaxed", o, false);
    o        = code;
    o.in_two = true;
    expect("take without exchange", o, false);
    o              = code;
    o.fork_at_once = true;
    expect("fork without the lock", o, false);
    return 0;
}
