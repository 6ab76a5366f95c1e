/* SPDX-License-Identifier: MIT */
/* Batches (push_batch, put_batch; look, claim, take_batch): one producer puts two words with one ticket for
 * both, another one a word of its own, and two consumers take what they see, at most two.
 *
 * Legal outcomes: every word is taken once or still in its slot, and those of the batch in their order. */
#include "support/interleave.h"

enum { SLOTS = 6, LOOKS = 1 };
enum { PUSHED, POPPED, STATES };
enum { EMPTY, FULL, GONE };

typedef struct orders {
    bool claims_in_parts; /* popped is looked at, then stored */
    bool drops_words;     /* the one whose slot was gone, too */
    bool keeps_its_word;  /* and puts it again, though it was put */
    bool takes_too_few;   /* one ticket for two words */
} orders_t;

static const orders_t *orders_of(const model_t *m)
{
    return m->program->orders;
}

/* ---- producers; r[0]: ticket, r[1]: words put, r[2]: of how many, r[3]: the end of the tickets, r[4]: the
 * slots of the words, four bits each, r[5]: words left out ---- */

/* Word n of a producer is known by who put it where: what is in a slot is in the registers. */
static void note(model_thread_t *t)
{
    t->r[4] |= (t->r[0] + 1) << (4 * t->r[1]);
    t->r[1]++;
}

static void take_tickets(model_t *m, model_thread_t *t)
{
    const uint32_t n = t->r[2] - t->r[1];

    t->r[0] = model_add(m, t, PUSHED, orders_of(m)->takes_too_few ? 1 : n, SEQ_CST);
    t->r[3] = t->r[0] + n;
}

static void put_next(model_t *m, model_thread_t *t)
{
    uint32_t empty = EMPTY;

    if (model_cas(m, t, STATES + t->r[0], &empty, FULL, RELEASE, RELAXED)) {
        if (!orders_of(m)->keeps_its_word || t->r[5]++)
            note(t);
    } else if (orders_of(m)->drops_words) {
        t->r[1]++;
    }
    t->r[0]++;
}

static void produce(model_t *m, model_thread_t *t, uint32_t words)
{
    t->r[2] = words;
    if (t->at == 0) {
        take_tickets(m, t);
        t->at = t->r[3] <= SLOTS ? 1 : -1;
        return;
    }
    put_next(m, t);
    if (t->r[1] >= t->r[2])
        t->at = -1;
    else if (t->r[0] == t->r[3])
        t->at = 0;
}

static void batch_producer(model_t *m, model_thread_t *t)
{
    produce(m, t, 2);
}

static void word_producer(model_t *m, model_thread_t *t)
{
    produce(m, t, 1);
}

/* ---- consumers; r[0]: popped, r[1]: looks, r[2]: the end of what was claimed, r[3]: slots taken, a bit
 * each ---- */

static bool claim(model_t *m, model_thread_t *t)
{
    if (!orders_of(m)->claims_in_parts)
        return model_cas(m, t, POPPED, &t->r[0], t->r[2], RELEASE, RELAXED);
    model_store(m, t, POPPED, t->r[2], RELEASE);
    return true;
}

static void take_next(model_t *m, model_thread_t *t)
{
    uint32_t empty = EMPTY;

    if (!model_cas(m, t, STATES + t->r[0], &empty, GONE, ACQUIRE, ACQUIRE))
        t->r[3] |= 1u << t->r[0];
    t->at = ++t->r[0] == t->r[2] ? 0 : 3;
}

static void consumer(model_t *m, model_thread_t *t)
{
    switch (t->at) {
    case 0:
        t->r[0] = model_load(m, t, POPPED, ACQUIRE);
        t->at   = t->r[1]++ == LOOKS ? -1 : 1;
        return;
    case 1:
        t->r[2] = model_load(m, t, PUSHED, SEQ_CST);
        if (t->r[2] > t->r[0] + 2)
            t->r[2] = t->r[0] + 2;
        if (t->r[2] > SLOTS)
            t->r[2] = SLOTS;
        t->at = t->r[0] < t->r[2] ? 2 : 0;
        return;
    case 2:
        t->at = claim(m, t) ? 3 : 0;
        return;
    default:
        take_next(m, t);
    }
}

/* ---- outcomes ---- */

/* Taken once when popped is past it, and not before; never where nobody will look. */
static bool is_accounted_for(const model_t *m, uint32_t slot)
{
    const uint32_t first = m->thread[2].r[3] >> slot & 1, second = m->thread[3].r[3] >> slot & 1;

    return first + second == (slot < model_newest(m, POPPED)) && slot < model_newest(m, PUSHED);
}

/* Its words lie in slots, each behind the one before. */
static bool is_in_order(const model_t *m, const model_thread_t *t)
{
    uint32_t last = 0;

    for (uint32_t i = 0; i < t->r[1]; i++) {
        const uint32_t place = t->r[4] >> (4 * i) & 15;
        if (place <= last || !is_accounted_for(m, place - 1))
            return false;
        last = place;
    }
    return true;
}

static uint32_t full_slots(const model_t *m)
{
    uint32_t n = 0;

    for (unsigned i = 0; i < SLOTS; i++)
        n += model_newest(m, STATES + i) == FULL;
    for (unsigned i = 0; i < SLOTS; i++)
        n += (m->thread[2].r[3] >> i & 1) && model_newest(m, STATES + i) != FULL;
    return n;
}

static bool is_legal(const model_t *m)
{
    return is_in_order(m, &m->thread[0]) && is_in_order(m, &m->thread[1]) &&
           full_slots(m) == m->thread[0].r[1] + m->thread[1].r[1];
}

static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = {
        4, { batch_producer, word_producer, consumer, consumer }, is_legal, &orders
    };

    model_expect(name, &program, legal);
}

#define CHANGED(name, change, legal) MODEL_CHANGED(expect, (orders_t){ 0 }, name, change, legal)

int main(void)
{
    expect("as in the code", (orders_t){ 0 }, true);
    CHANGED("claimed in two parts", claims_in_parts = true, false);
    CHANGED("a word is dropped whose slot was gone", drops_words = true, false);
    CHANGED("a word is put twice", keeps_its_word = true, false);
    CHANGED("one ticket for two words", takes_too_few = true, false);
    return 0;
}
