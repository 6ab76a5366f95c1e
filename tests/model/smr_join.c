/* SPDX-License-Identifier: MIT */
/* A thread that is new to a domain, reads and ends, while another one, which may be alone until then, frees
 * what it took out: new_guard, join and vacate of smr/registry.c, safe_eras and look_at_readers of
 * smr/sweep.c. The guard is a new one, or one that another thread left.
 *
 * Legal outcomes: the node is read before it is freed, or not at all; who frees it knows of all
 * that was read; and nobody looks at a guard before it is filled in. */
#include <stddef.h>
#include <stdio.h>
#include "support/interleave.h"

enum { GUARDS, THREADS, ERA, LO, UP, SLOT, READ, FREED };
enum { UNSET = 0, IDLE = 1, INSIDE = 2 }; /* lo; the last one and an era */
enum { GONE = 0, SAW = 1 };               /* up; the last one and an era */
enum { IN = 0, OUT = 1 };                 /* what is in the slot */

typedef struct orders {
    model_order_t era, add, count, join_fence, protect, leave, vacate; /* of who is new */
    model_order_t look_fence, look_threads, look_guards, look;         /* of who sweeps */
    enum { BY_FENCES, BY_MEMBARRIER, BY_SECTIONS } safe;               /* how an era becomes that */
    bool is_reused;
    bool looks_early;  /* at the number of threads, before the node is taken out */
    bool guards_early; /* looked at before the fence */
    bool no_reset;     /* the guard is said to be left until its first section */
} orders_t;

static const orders_t *orders_of(const model_t *m)
{
    return m->program->orders;
}

/* ---- who is new; r[0]: an era, r[1]: what it found ---- */

static void read_node(model_t *m, model_thread_t *t)
{
    if (t->r[1] != IN)
        return;
    if (model_newest(m, FREED))
        m->wrong = true;
    model_store(m, t, READ, 1, RELAXED);
}

static void join(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at++) {
    case 0:
        if (!o->is_reused)
            model_store(m, t, LO, IDLE, RELAXED);
        return;
    case 1:
        model_store(m, t, GUARDS, 1, o->add);
        return;
    case 2:
        t->r[0] = model_load(m, t, ERA, o->era);
        return;
    case 3:
        if (!o->no_reset)
            model_store(m, t, UP, SAW + t->r[0], RELAXED);
        return;
    case 4:
        model_add(m, t, THREADS, 1, o->count);
        return;
    default:
        model_fence(m, t, o->join_fence);
    }
}

static void read_once(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at++) {
    case 6:
        t->r[0] = model_load(m, t, ERA, o->era);
        return;
    case 7:
        model_store(m, t, LO, INSIDE + t->r[0], RELEASE);
        return;
    case 8:
        model_store(m, t, UP, SAW + t->r[0], RELEASE);
        return;
    case 9:
        model_fence(m, t, o->safe == BY_FENCES ? SEQ_CST : RELAXED);
        return;
    case 10:
        t->r[1] = model_load(m, t, SLOT, o->protect);
        return;
    case 11:
        read_node(m, t);
        return;
    default:
        model_store(m, t, LO, IDLE, o->leave);
    }
}

static void newcomer(model_t *m, model_thread_t *t)
{
    if (t->at < 6) {
        join(m, t);
    } else if (t->at < 13) {
        read_once(m, t);
    } else if (t->at++ == 13) {
        model_store(m, t, UP, GONE, orders_of(m)->vacate);
    } else {
        model_add(m, t, THREADS, UINT32_MAX, orders_of(m)->vacate);
        t->at = -1;
    }
}

/* ---- who sweeps; r[0]: other threads, r[1]: guards, r[2]: lo, r[3]: the stamp, r[4]: whether all
 * passed a fence, r[5]: up ---- */

static void look_at_threads(model_t *m, model_thread_t *t)
{
    t->r[0] = model_load(m, t, THREADS, orders_of(m)->look_threads);
}

static void look_at_guards(model_t *m, model_thread_t *t)
{
    t->r[1] = orders_of(m)->is_reused || model_load(m, t, GUARDS, orders_of(m)->look_guards);
}

static void look_at_guard(model_t *m, model_thread_t *t)
{
    t->r[5] = t->r[1] ? model_load(m, t, UP, orders_of(m)->look) : GONE;
    t->r[2] = t->r[1] ? model_load(m, t, LO, orders_of(m)->look) : IDLE;
    if (t->r[2] == UNSET && !orders_of(m)->is_reused)
        m->wrong = true;
}

static bool is_safe(const orders_t *o, const model_thread_t *t)
{
    const bool has_seen = t->r[5] == GONE || t->r[5] - SAW > t->r[3];

    return o->safe == BY_FENCES || t->r[0] == 0 || t->r[4] || has_seen;
}

static void free_node(model_t *m, model_thread_t *t)
{
    const bool is_held = t->r[2] >= INSIDE && t->r[2] - INSIDE <= t->r[3];

    if (!is_safe(orders_of(m), t) || is_held)
        return;
    if (!model_knows(m, t, READ))
        m->wrong = true;
    model_store(m, t, FREED, 1, RELAXED);
}

static void take_out(model_t *m, model_thread_t *t)
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
        t->r[3] = model_add(m, t, ERA, 1, ACQ_REL);
        return;
    default:
        if (o->guards_early)
            look_at_guards(m, t);
    }
}

static void sweeper(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    if (t->at < 4) {
        take_out(m, t);
        return;
    }
    switch (t->at++) {
    case 4:
        model_fence(m, t, o->look_fence);
        return;
    case 5:
        if (!o->looks_early)
            look_at_threads(m, t);
        return;
    case 6:
        t->r[4] = o->safe == BY_MEMBARRIER && t->r[0] && model_fence_all(m, t);
        t->at -= o->safe == BY_MEMBARRIER && t->r[0] && !t->r[4];
        return;
    case 7:
        if (!o->guards_early)
            look_at_guards(m, t);
        return;
    case 8:
        look_at_guard(m, t);
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

static const orders_t code = { .era          = ACQUIRE,
                               .add          = RELEASE,
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
    orders_t base = code;
    base.safe     = BY_FENCES;

    expect("fences: as in the code", base, true);
    CHANGED("fences: the guard added relaxed", add = RELAXED, false);
    CHANGED("fences: guards looked at relaxed", look_guards = RELAXED, false);
    CHANGED("fences: guards looked at before the fence", guards_early = true, false);
    CHANGED("fences: a sweep has none", look_fence = RELAXED, false);
    CHANGED("fences: leaves and goes relaxed", leave = o.vacate = RELAXED, false);
}

static void with_membarrier(void)
{
    orders_t base = code;
    base.safe     = BY_MEMBARRIER;

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

static void with_sections(bool is_reused)
{
    orders_t base  = code;
    base.safe      = BY_SECTIONS;
    base.is_reused = is_reused;

    printf("no fence in any reader, %s guard\n", is_reused ? "an old" : "a new");
    expect("  as in the code", base, true);
    CHANGED("  the era relaxed", era = RELAXED, false);
    CHANGED("  join has no fence", join_fence = RELAXED, false);
    CHANGED("  a sweep has no fence", look_fence = RELAXED, false);
    CHANGED("  guards looked at before the fence", guards_early = true, is_reused);
    CHANGED("  it goes relaxed", vacate = RELAXED, false);
    CHANGED("  up and lo looked at relaxed", look = RELAXED, false);
    CHANGED("  said to be left until it enters", no_reset = true, false);
}

int main(void)
{
    with_fences();
    with_membarrier();
    with_sections(false);
    with_sections(true);
    return 0;
}
