/* SPDX-License-Identifier: MIT */
/* A thread that is new to a domain, reads and ends, while another one, which may be alone until then, frees
 * what it took out: new_guard, join and vacate of smr/registry.c, safe_eras and look_at_readers of
 * smr/sweep.c. All within one era.
 *
 * Legal outcomes: the node is read before it is freed, or not at all; who frees it knows of all
 * that was read; and nobody looks at a guard before it is filled in. */
#include <stddef.h>
#include "support/interleave.h"

enum { GUARDS, THREADS, LO, SLOT, READ, FREED };
enum { RUBBISH = 0, IDLE = 1, INSIDE = 2 }; /* lo */
enum { IN = 0, OUT = 1 };                   /* what is in the slot */

typedef struct orders {
    model_order_t add, count, join_fence, protect, leave, vacate; /* of who is new */
    model_order_t look_fence, look_threads, look_guards, look;    /* of who sweeps */
    bool          is_fenced;
    bool          looks_early;  /* at the number of threads, before the node is taken out */
    bool          guards_early; /* looked at before the fence */
} orders_t;

static const orders_t *orders_of(const model_t *m)
{
    return m->program->orders;
}

/* ---- who is new; r[1]: what it found ---- */

static void read_node(model_t *m, model_thread_t *t)
{
    if (t->r[1] != IN)
        return;
    if (model_newest(m, FREED))
        m->wrong = true;
    model_store(m, t, READ, 1, RELAXED);
}

static void newcomer(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at++) {
    case 0:
        model_store(m, t, LO, IDLE, RELAXED);
        return;
    case 1:
        model_store(m, t, GUARDS, 1, o->add);
        return;
    case 2:
        model_add(m, t, THREADS, 1, o->count);
        return;
    case 3:
        model_fence(m, t, o->join_fence);
        return;
    case 4:
        model_store(m, t, LO, INSIDE, RELEASE);
        return;
    case 5:
        model_fence(m, t, o->is_fenced ? SEQ_CST : RELAXED);
        return;
    case 6:
        t->r[1] = model_load(m, t, SLOT, o->protect);
        return;
    case 7:
        read_node(m, t);
        return;
    case 8:
        model_store(m, t, LO, IDLE, o->leave);
        return;
    default:
        model_add(m, t, THREADS, UINT32_MAX, o->vacate);
        t->at = -1;
    }
}

/* ---- who sweeps; r[0]: other threads, r[1]: guards, r[2]: lo ---- */

static void look_at_threads(model_t *m, model_thread_t *t)
{
    t->r[0] = model_load(m, t, THREADS, orders_of(m)->look_threads);
}

static void look_at_guards(model_t *m, model_thread_t *t)
{
    t->r[1] = model_load(m, t, GUARDS, orders_of(m)->look_guards);
}

static void look_at_lo(model_t *m, model_thread_t *t)
{
    t->r[2] = t->r[1] ? model_load(m, t, LO, orders_of(m)->look) : IDLE;
    if (t->r[2] == RUBBISH)
        m->wrong = true;
}

static void free_node(model_t *m, model_thread_t *t)
{
    if (t->r[2] != IDLE)
        return;
    if (!model_knows(m, t, READ))
        m->wrong = true;
    model_store(m, t, FREED, 1, RELAXED);
}

static void sweeper(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at++) {
    case 0:
        if (o->looks_early)
            look_at_threads(m, t);
        return;
    case 1:
        model_store(m, t, SLOT, OUT, RELEASE);
        return;
    case 2:
        if (o->guards_early)
            look_at_guards(m, t);
        return;
    case 3:
        model_fence(m, t, o->look_fence);
        return;
    case 4:
        if (!o->looks_early)
            look_at_threads(m, t);
        return;
    case 5:
        if (!o->is_fenced && t->r[0] != 0)
            t->at -= !model_fence_all(m, t);
        return;
    case 6:
        if (!o->guards_early)
            look_at_guards(m, t);
        return;
    case 7:
        look_at_lo(m, t);
        return;
    default:
        free_node(m, t);
        t->at = -1;
    }
}

static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = { 2, { newcomer, sweeper }, NULL, &orders };

    model_expect(name, &program, legal);
}

static const orders_t code = { .add          = RELEASE,
                               .count        = SEQ_CST,
                               .join_fence   = SEQ_CST,
                               .protect      = ACQUIRE,
                               .leave        = RELEASE,
                               .vacate       = RELEASE,
                               .look_fence   = SEQ_CST,
                               .look_threads = ACQUIRE,
                               .look_guards  = ACQUIRE,
                               .look         = ACQUIRE };

#define CHANGED(name, change, legal) MODEL_CHANGED(expect, base, name, change, legal)

static void with_fences(void)
{
    orders_t base  = code;
    base.is_fenced = true;

    expect("fences: as in the code", base, true);
    CHANGED("fences: the guard added relaxed", add = RELAXED, false);
    CHANGED("fences: guards looked at relaxed", look_guards = RELAXED, false);
    CHANGED("fences: guards looked at before the fence", guards_early = true, false);
    CHANGED("fences: a sweep has none", look_fence = RELAXED, false);
    CHANGED("fences: leave relaxed", leave = RELAXED, false);
}

static void with_membarrier(void)
{
    const orders_t base = code;

    expect("membarrier: as in the code", base, true);
    CHANGED("membarrier: join has no fence", join_fence = RELAXED, false);
    CHANGED("membarrier: join has an acquire-release one", join_fence = ACQ_REL, false);
    CHANGED("membarrier: a sweep has no fence", look_fence = RELAXED, false);
    CHANGED("membarrier: alone before the node is taken out", looks_early = true, false);
    CHANGED("membarrier: the guard added relaxed", add = RELAXED, false);
    CHANGED("membarrier: guards looked at relaxed", look_guards = RELAXED, false);
    CHANGED("membarrier: it goes relaxed", vacate = RELAXED, false);
    CHANGED("membarrier: threads looked at relaxed", look_threads = RELAXED, false);
    CHANGED("membarrier: it is counted relaxed", count = RELAXED, true);
}

int main(void)
{
    with_fences();
    with_membarrier();
    return 0;
}
