/* SPDX-License-Identifier: MIT */
/* Whether a queue is found empty that never was (look with next_ticket): one thread pushes a word, says so,
 * pushes another one and pops the first. Another thread that was told looks.
 *
 * Legal outcomes: it does not find the queue empty.
 *
 * pushed is looked at sequentially consistent; here it is acquire, since that one order of all is for others:
 * lfqueue_sleep. The model never delays a load, but the machine may: popped looked at late is written out as
 * a program of its own. */
#include <stddef.h>
#include "support/interleave.h"

enum { PUSHED, POPPED, TOLD };

typedef struct orders {
    model_order_t push, pop, look_popped, look_pushed;
    bool          looks_at_pushed_first;
} orders_t;

static const orders_t *orders_of(const model_t *m)
{
    return m->program->orders;
}

static void user(model_t *m, model_thread_t *t)
{
    switch (t->at++) {
    case 0:
        model_add(m, t, PUSHED, 1, orders_of(m)->push);
        return;
    case 1:
        model_store(m, t, TOLD, 1, RELEASE);
        return;
    case 2:
        model_add(m, t, PUSHED, 1, orders_of(m)->push);
        return;
    default:
        model_add(m, t, POPPED, 1, orders_of(m)->pop);
        t->at = -1;
    }
}

/* r[0]: popped, r[1]: pushed */
static void look(model_t *m, model_thread_t *t, bool at_pushed)
{
    if (at_pushed)
        t->r[1] = model_load(m, t, PUSHED, orders_of(m)->look_pushed);
    else
        t->r[0] = model_load(m, t, POPPED, orders_of(m)->look_popped);
}

static void looker(model_t *m, model_thread_t *t)
{
    const bool pushed_first = orders_of(m)->looks_at_pushed_first;

    switch (t->at) {
    case 0:
        t->at = model_load(m, t, TOLD, ACQUIRE) ? 1 : -1;
        return;
    case 1:
        look(m, t, pushed_first);
        t->at = 2;
        return;
    default:
        look(m, t, !pushed_first);
        m->wrong = m->wrong || t->r[0] >= t->r[1];
        t->at    = -1;
    }
}

static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = { 2, { user, looker }, NULL, &orders };

    model_expect(name, &program, legal);
}

static const orders_t code = { SEQ_CST, RELEASE, ACQUIRE, ACQUIRE, false };

#define CHANGED(name, change, legal) MODEL_CHANGED(expect, code, name, change, legal)

int main(void)
{
    expect("as in the code", code, true);
    CHANGED("popped counted relaxed", pop = RELAXED, false);
    CHANGED("popped looked at relaxed", look_popped = RELAXED, false);
    CHANGED("pushed looked at before popped", looks_at_pushed_first = true, false);
    return 0;
}
