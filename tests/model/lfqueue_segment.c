/* SPDX-License-Identifier: MIT */
/* The end of a segment and the next one (append, go_beyond, leave_segment). Segments have one slot, which is
 * full from the start; the first one, 0, has been used up. Two producers append one each, two consumers
 * take one word each if they find any.
 *
 * Legal outcomes: a word is read whole, and once; a segment that goes is neither head nor tail any more, so
 * that nobody who enters later finds it; whatever was not taken is reached from head. What a section
 * holds stays for it: smr_protect. */
#include "support/interleave.h"

enum { SEGMENTS = 3, TRIES = 3 };
enum { HEAD, TAIL, NEXT, WORD = NEXT + SEGMENTS, POPPED = WORD + SEGMENTS };

typedef struct orders {
    model_order_t link, move;        /* of what is stored */
    model_order_t see_next, see_end; /* of what is loaded: next; head and tail */
    bool          links_blindly;     /* next, whatever it was */
    bool          moves_head_first;  /* and then tail off the segment that goes */
    bool          leaves_tail;
    bool          follows_next; /* without a look whether head came there by it */
} orders_t;

static const orders_t *orders_of(const model_t *m)
{
    return m->program->orders;
}

static void move_on(model_t *m, model_thread_t *t, unsigned end, uint32_t from, uint32_t to)
{
    model_cas(m, t, end, &from, to, orders_of(m)->move, RELAXED);
}

/* ---- producers, 0 and 1; r[0]: tail, r[1]: next, r[2]: whether its segment is in ---- */

static uint32_t own_segment(const model_t *m, const model_thread_t *t)
{
    return (uint32_t)(t - m->thread) + 1;
}

static void link_own(model_t *m, model_thread_t *t)
{
    uint32_t none = 0;

    if (orders_of(m)->links_blindly) {
        model_store(m, t, NEXT + t->r[0], own_segment(m, t), orders_of(m)->link);
        t->r[2] = 1;
    } else {
        t->r[2] =
            model_cas(m, t, NEXT + t->r[0], &none, own_segment(m, t), orders_of(m)->link, RELAXED);
    }
}

static void producer(model_t *m, model_thread_t *t)
{
    switch (t->at++) {
    case 0:
        model_store(m, t, WORD + own_segment(m, t), own_segment(m, t), RELAXED);
        return;
    case 1:
        t->r[0] = model_load(m, t, TAIL, orders_of(m)->see_end);
        return;
    case 2:
        if (model_load(m, t, NEXT + t->r[0], RELAXED) == 0)
            return;
        t->at = 4;
        return;
    case 3:
        link_own(m, t);
        return;
    case 4:
        t->r[1] = model_load(m, t, NEXT + t->r[0], orders_of(m)->see_next);
        return;
    default:
        move_on(m, t, TAIL, t->r[0], t->r[1]);
        t->at = t->r[2] ? -1 : 1;
    }
}

/* ---- consumers, 2 and 3; r[0]: head, r[1]: next, r[2]: the word, r[3]: tries ---- */

static void move_tail(model_t *m, model_thread_t *t)
{
    if (!orders_of(m)->leaves_tail)
        move_on(m, t, TAIL, t->r[0], t->r[1]);
}

/* The segment goes when it was this thread that moved head: at once, or after the one step that is done too
 * late. */
static void check_gone(model_t *m, uint32_t segment)
{
    if (model_newest(m, HEAD) == segment || model_newest(m, TAIL) == segment)
        m->wrong = true;
}

static void move_head(model_t *m, model_thread_t *t)
{
    uint32_t from = t->r[0];

    if (model_cas(m, t, HEAD, &from, t->r[1], orders_of(m)->move, RELAXED))
        check_gone(m, t->r[0]);
}

static void take(model_t *m, model_thread_t *t)
{
    t->r[2] = model_load(m, t, WORD + t->r[0], RELAXED);
    if (t->r[2] != t->r[0])
        m->wrong = true;
}

static void consumer(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at) {
    case 0:
        t->r[0] = model_load(m, t, HEAD, o->see_end);
        t->at   = t->r[3]++ == TRIES ? -1 : t->r[0] == 0 ? 3 : 1;
        return;
    case 1:
        t->at = model_add(m, t, POPPED + t->r[0], 1, RELEASE) == 0 ? 2 : 3;
        return;
    case 2:
        take(m, t);
        t->at = -1;
        return;
    case 3:
        t->r[1] = model_load(m, t, NEXT + t->r[0], o->see_next);
        t->at   = t->r[1] == 0 ? -1 : 4;
        return;
    case 4:
        (o->moves_head_first ? move_head : move_tail)(m, t);
        t->at = 5;
        return;
    default:
        (o->moves_head_first ? move_tail : move_head)(m, t);
        t->at = 0;
        if (o->follows_next) {
            t->r[0] = t->r[1];
            t->at   = 1;
        }
    }
}

/* ---- outcomes ---- */

static bool was_taken(const model_t *m, uint32_t segment)
{
    return m->thread[2].r[2] == segment || m->thread[3].r[2] == segment;
}

static bool is_reached(const model_t *m, uint32_t segment)
{
    uint32_t at = model_newest(m, HEAD);

    for (int steps = 0; steps < SEGMENTS && at != segment; steps++)
        at = model_newest(m, NEXT + at);
    return at == segment;
}

static bool is_legal(const model_t *m)
{
    if (m->wrong)
        return false;
    for (uint32_t s = 1; s < SEGMENTS; s++)
        if (m->thread[s - 1].r[2] && !was_taken(m, s) && !is_reached(m, s))
            return false;
    return m->thread[2].r[2] == 0 || m->thread[2].r[2] != m->thread[3].r[2];
}

static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = {
        4, { producer, producer, consumer, consumer }, is_legal, &orders
    };

    model_expect(name, &program, legal);
}

static const orders_t code = {
    .link = SEQ_CST, .move = RELEASE, .see_next = ACQUIRE, .see_end = ACQUIRE
};

#define CHANGED(name, change, legal) MODEL_CHANGED(expect, code, name, change, legal)

int main(void)
{
    expect("as in the code", code, true);
    CHANGED("next linked relaxed", link = RELAXED, false);
    CHANGED("next linked whatever it was", links_blindly = true, false);
    CHANGED("next seen relaxed", see_next = RELAXED, false);
    CHANGED("head and tail moved relaxed", move = RELAXED, false);
    CHANGED("head and tail seen relaxed", see_end = RELAXED, false);
    CHANGED("head moved, then tail", moves_head_first = true, false);
    CHANGED("tail left on a segment that goes", leaves_tail = true, false);
    return 0;
}
