/* SPDX-License-Identifier: MIT */
/* Words through the slots of one segment (try_put; look, next_ticket, cci_slot_take): a producer of two,
 * and two consumers, who are so impatient that they look at a slot once before they give it up.
 *
 * Legal outcomes: who gets a word gets it whole, the first consumer in order; each word that was put is
 * taken once, or still in its slot. */
#include "support/interleave.h"

enum { SLOTS = 4, WORDS = 2 };
enum { PUSHED, POPPED, STATES, VALUES = STATES + SLOTS };
enum { EMPTY, FULL, GONE };

typedef struct orders {
    model_order_t put, is_full, abandon;
    bool          puts_blindly;     /* full, whatever the state was */
    bool          abandons_blindly; /* gone, and takes it for empty as it was */
    bool          says_first;       /* full, and then the word */
    bool          counts_in_parts;  /* a ticket is a load and a store */
} orders_t;

static const orders_t *orders_of(const model_t *m)
{
    return m->program->orders;
}

/* A ticket in two steps, or in one. True: it is in r[0]. */
static bool take_ticket(model_t *m, model_thread_t *t, unsigned counter)
{
    if (!orders_of(m)->counts_in_parts) {
        t->r[0] = model_add(m, t, counter, 1, SEQ_CST);
        return true;
    }
    if (t->r[7] == 0) {
        t->r[0] = model_load(m, t, counter, SEQ_CST);
        t->r[7] = 1;
        return false;
    }
    model_store(m, t, counter, t->r[0] + 1, SEQ_CST);
    t->r[7] = 0;
    return true;
}

/* ---- producer; r[0]: its ticket, r[1]: words put, r[2..3]: where ---- */

static void write_word(model_t *m, model_thread_t *t)
{
    model_store(m, t, VALUES + t->r[0], t->r[1] + 1, RELAXED);
}

static bool put(model_t *m, model_thread_t *t)
{
    const orders_t *o     = orders_of(m);
    uint32_t        empty = EMPTY;

    if (!o->puts_blindly)
        return model_cas(m, t, STATES + t->r[0], &empty, FULL, o->put, RELAXED);
    model_store(m, t, STATES + t->r[0], FULL, o->put);
    return true;
}

static void has_put(model_thread_t *t)
{
    t->r[2 + t->r[1]] = t->r[0];
    t->at             = ++t->r[1] == WORDS ? -1 : 0;
}

static void producer(model_t *m, model_thread_t *t)
{
    switch (t->at) {
    case 0:
        if (take_ticket(m, t, PUSHED))
            t->at = t->r[0] < SLOTS ? 1 : -1;
        return;
    case 1:
        if (orders_of(m)->says_first)
            t->r[4] = put(m, t);
        else
            write_word(m, t);
        t->at = 2;
        return;
    default:
        if (orders_of(m)->says_first)
            write_word(m, t);
        else
            t->r[4] = put(m, t);
        t->at = 0;
        if (t->r[4])
            has_put(t);
    }
}

/* ---- consumers; r[0]: the ticket, r[1]: tries, r[2]: the last word, r[3]: slots taken, a bit each, r[4]:
 * popped ---- */

static void read_word(model_t *m, model_thread_t *t)
{
    const uint32_t word = model_load(m, t, VALUES + t->r[0], RELAXED);

    if (word == 0 || word <= t->r[2])
        m->wrong = true;
    t->r[2] = word;
    t->r[3] |= 1u << t->r[0];
}

static bool abandon(model_t *m, model_thread_t *t)
{
    const orders_t *o     = orders_of(m);
    uint32_t        empty = EMPTY;

    if (!o->abandons_blindly)
        return !model_cas(m, t, STATES + t->r[0], &empty, GONE, o->abandon, o->abandon);
    model_store(m, t, STATES + t->r[0], GONE, o->abandon);
    return false;
}

static void consumer(model_t *m, model_thread_t *t)
{
    switch (t->at) {
    case 0:
        t->r[4] = model_load(m, t, POPPED, ACQUIRE);
        t->at   = ++t->r[1] > WORDS ? -1 : 1;
        return;
    case 1:
        t->at = t->r[4] < model_load(m, t, PUSHED, SEQ_CST) ? 2 : 0;
        return;
    case 2:
        if (take_ticket(m, t, POPPED))
            t->at = t->r[0] < SLOTS ? 3 : -1;
        return;
    case 3:
        t->at = model_load(m, t, STATES + t->r[0], orders_of(m)->is_full) == FULL ? 5 : 4;
        return;
    case 4:
        t->at = abandon(m, t) ? 5 : 0;
        return;
    default:
        read_word(m, t);
        t->at = 0;
    }
}

/* ---- outcomes ---- */

static bool is_accounted_for(const model_t *m, uint32_t slot)
{
    const uint32_t first = m->thread[1].r[3] >> slot & 1, second = m->thread[2].r[3] >> slot & 1;

    return first + second == (slot < model_newest(m, POPPED));
}

static bool is_legal(const model_t *m)
{
    const model_thread_t *p = &m->thread[0];

    if (m->wrong)
        return false;
    for (uint32_t i = 0; i < p->r[1]; i++)
        if (!is_accounted_for(m, p->r[2 + i]))
            return false;
    return true;
}

static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = { 3, { producer, consumer, consumer }, is_legal, &orders };

    model_expect(name, &program, legal);
}

static const orders_t code = { RELEASE, ACQUIRE, ACQUIRE, false, false, false, false };

#define CHANGED(name, change, legal) MODEL_CHANGED(expect, code, name, change, legal)

int main(void)
{
    expect("as in the code", code, true);
    CHANGED("full, relaxed", put = RELAXED, false);
    CHANGED("whether it is full, relaxed", is_full = RELAXED, false);
    CHANGED("given up, and full after all, relaxed", abandon = RELAXED, false);
    CHANGED("put whatever the state was", puts_blindly = true, false);
    CHANGED("given up whatever the state was", abandons_blindly = true, false);
    CHANGED("full before the word is there", says_first = true, false);
    CHANGED("a ticket in two parts", counts_in_parts = true, false);
    return 0;
}
