/* SPDX-License-Identifier: MIT */
/* A queue that is closed while a thread pushes and another one pops (close_segment, go_beyond,
 * leave_segment). The only segment has two slots; the producer pushes three words, the last of which has to
 * append a segment.
 *
 * Legal outcomes: after the close, and after one push was refused, none is taken; who is told that the queue
 * is closed and empty leaves no word behind, then or later. */
#include "support/interleave.h"

enum { SLOTS = 2, WORDS = 3, POPS = 4 };
enum { PUSHED, POPPED, NEXT, STATES, FLAG = STATES + SLOTS };
enum { EMPTY, FULL, GONE };
enum { NONE, APPENDED, END }; /* of next */

#define CLOSED 64u /* of pushed; above it, how many tickets there were */

typedef struct orders {
    bool closes_by_flag;   /* beside pushed, which who pushes reads before */
    bool closes_in_parts;  /* pushed is read, then stored */
    bool forgets_next;     /* of a segment that is used up */
    bool marks_next_first; /* whether the segment is used up or not, and not pushed */
} orders_t;

static const orders_t *orders_of(const model_t *m)
{
    return m->program->orders;
}

static uint32_t closed_after(uint32_t tickets)
{
    return CLOSED | tickets << 16;
}

static uint32_t slots_of(uint32_t pushed)
{
    if (pushed & CLOSED)
        return pushed >> 16;
    return pushed < SLOTS ? pushed : SLOTS;
}

/* ---- producer; r[0]: ticket, r[1]: words tried, r[2]: put, r[3]: refused, r[4]: it was closed when this
 * push began ---- */

static void is_put(model_t *m, model_thread_t *t)
{
    if (t->r[3] || t->r[4])
        m->wrong = true;
    t->r[2]++;
    t->at = ++t->r[1] == WORDS ? -1 : 0;
}

static void is_refused(model_thread_t *t)
{
    t->r[3]++;
    t->at = ++t->r[1] == WORDS ? -1 : 0;
}

static void append(model_t *m, model_thread_t *t)
{
    uint32_t next = NONE;

    if (model_cas(m, t, NEXT, &next, APPENDED, SEQ_CST, ACQUIRE))
        is_put(m, t);
    else
        is_refused(t);
}

static void producer(model_t *m, model_thread_t *t)
{
    uint32_t empty = EMPTY;

    switch (t->at) {
    case 0:
        t->r[4] = m->thread[1].at == -1;
        t->at   = 1;
        if (orders_of(m)->closes_by_flag && model_load(m, t, FLAG, SEQ_CST))
            is_refused(t);
        return;
    case 1:
        t->r[0] = model_add(m, t, PUSHED, 1, SEQ_CST);
        t->at   = t->r[0] < SLOTS ? 2 : 3;
        if (t->r[0] & CLOSED)
            is_refused(t);
        return;
    case 2:
        t->at = 1;
        if (model_cas(m, t, STATES + t->r[0], &empty, FULL, RELEASE, RELAXED))
            is_put(m, t);
        return;
    default:
        append(m, t);
    }
}

/* ---- who closes; r[0]: pushed ---- */

static void mark_next(model_t *m, model_thread_t *t)
{
    uint32_t next = NONE;

    if (!orders_of(m)->forgets_next)
        model_cas(m, t, NEXT, &next, END, SEQ_CST, ACQUIRE);
    t->at = -1;
}

static void mark_pushed(model_t *m, model_thread_t *t)
{
    const uint32_t mark = closed_after(t->r[0]);

    t->at = -1;
    if (orders_of(m)->closes_in_parts)
        model_store(m, t, PUSHED, mark, SEQ_CST);
    else if (!model_cas(m, t, PUSHED, &t->r[0], mark, SEQ_CST, RELAXED))
        t->at = t->r[0] < SLOTS ? 1 : 2;
}

static void closer(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at) {
    case 0:
        t->r[0] = model_load(m, t, PUSHED, RELAXED);
        t->at   = t->r[0] < SLOTS && !o->marks_next_first ? 1 : 2;
        if (o->closes_by_flag)
            t->at = 3;
        return;
    case 1:
        mark_pushed(m, t);
        return;
    case 2:
        mark_next(m, t);
        return;
    default:
        model_store(m, t, FLAG, 1, SEQ_CST);
        t->at = -1;
    }
}

/* ---- consumer; r[0]: ticket, r[1]: looks, r[2]: words, r[3]: told that it is the end, r[4]: popped,
 * r[5]: pushed ---- */

static bool is_closed_here(const model_t *m, const model_thread_t *t)
{
    return orders_of(m)->closes_by_flag ? model_newest(m, FLAG) : (t->r[5] & CLOSED) != 0;
}

static void look_at_next(model_t *m, model_thread_t *t)
{
    const uint32_t next = model_load(m, t, NEXT, SEQ_CST);

    t->at = 0;
    if (next == END)
        t->r[3] = 1;
    if (next == APPENDED)
        t->r[2]++; /* the one word there; nobody closes behind it here */
    if (next != NONE)
        t->at = -1;
}

static void look(model_t *m, model_thread_t *t)
{
    t->r[5] = model_load(m, t, PUSHED, SEQ_CST);
    if (t->r[4] < slots_of(t->r[5])) {
        t->at = 2;
    } else if (is_closed_here(m, t)) {
        t->r[3] = 1;
        t->at   = -1;
    } else {
        t->at = t->r[5] >= SLOTS ? 4 : 0;
    }
}

static void consumer(model_t *m, model_thread_t *t)
{
    uint32_t empty = EMPTY;

    switch (t->at) {
    case 0:
        t->r[4] = model_load(m, t, POPPED, ACQUIRE);
        t->at   = t->r[1]++ == POPS ? -1 : 1;
        return;
    case 1:
        look(m, t);
        return;
    case 2:
        t->r[0] = model_add(m, t, POPPED, 1, RELEASE);
        t->at   = t->r[0] < SLOTS ? 3 : 0;
        return;
    case 3:
        t->at = 0;
        if (!model_cas(m, t, STATES + t->r[0], &empty, GONE, ACQUIRE, ACQUIRE))
            t->r[2]++;
        return;
    default:
        look_at_next(m, t);
    }
}

/* Told that it is the end: it has all words. */
static bool is_legal(const model_t *m)
{
    const model_thread_t *c = &m->thread[2];

    return (!c->r[3] || c->r[2] == m->thread[0].r[2]);
}

static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = { 3, { producer, closer, consumer }, is_legal, &orders };

    model_expect(name, &program, legal);
}

#define CHANGED(name, change, legal) MODEL_CHANGED(expect, (orders_t){ 0 }, name, change, legal)

int main(void)
{
    expect("as in the code", (orders_t){ 0 }, true);
    CHANGED("closed by a flag beside it", closes_by_flag = true, false);
    CHANGED("closed in two parts", closes_in_parts = true, false);
    CHANGED("next of a used up segment forgotten", forgets_next = true, false);
    CHANGED("next marked of a segment that has slots left", marks_next_first = true, false);
    return 0;
}
