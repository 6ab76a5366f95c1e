/* SPDX-License-Identifier: MIT */
/* The publish of `used` (cci_thread_publish with the collector's used_of): a thread writes records
 * one behind the other and says after each how far they are whole; who reads `used`, at any moment,
 * reads only whole records. The same shape publishes an extent (`extents`, map_extent with
 * take_free) and a pool's header (its magic number).
 *
 * Legal outcomes: used = n, and records 1 to n are as written. */
#include "support/interleave.h"

enum { USED, RECORD_1, RECORD_2 };

typedef struct orders {
    model_order_t publish, look;
} orders_t;

static void owner(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    switch (t->at++) {
    case 0:
        model_store(m, t, RECORD_1, 11, RELAXED);
        break;
    case 1:
        model_store(m, t, USED, 1, o->publish);
        break;
    case 2:
        model_store(m, t, RECORD_2, 22, RELAXED);
        break;
    default:
        model_store(m, t, USED, 2, o->publish);
        t->at = -1;
    }
}

static void collector(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    switch (t->at++) {
    case 0:
        t->r[0] = model_load(m, t, USED, o->look);
        break;
    case 1:
        t->r[1] = model_load(m, t, RECORD_1, RELAXED);
        break;
    default:
        t->r[2] = model_load(m, t, RECORD_2, RELAXED);
        t->at   = -1;
    }
}

static bool is_legal(const model_t *m)
{
    const uint32_t *r = m->thread[1].r;
    return (r[0] < 1 || r[1] == 11) && (r[0] < 2 || r[2] == 22);
}

static void expect(const char *name, model_order_t publish, model_order_t look, bool legal)
{
    const orders_t        orders  = { publish, look };
    const model_program_t program = { 2, { owner, collector }, is_legal, &orders };

    model_expect(name, &program, legal);
}

int main(void)
{
    expect("as in the code", RELEASE, ACQUIRE, true);
    expect("publish relaxed", RELAXED, ACQUIRE, false);
    expect("the collector's load relaxed", RELEASE, RELAXED, false);
    return 0;
}
