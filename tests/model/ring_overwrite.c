/* SPDX-License-Identifier: MIT */
/* A ring of two words that overwrites, and four words that go through it (cci_ring_overwrite with
 * cci_ring_snatch): the writer says that a word is gone before it writes over it, the reader looks
 * afterwards whether it was there.
 *
 * Legal outcomes: what the reader takes for word n is n. It may miss words, and never take a
 * position for written that is not. */
#include <stddef.h>
#include "support/interleave.h"

enum { WRITTEN, OLDEST, WORDS }; /* two words */
enum { CAPACITY = 2, ALL = 4, ROUNDS = 2 };

typedef struct orders {
    model_order_t give_way, store_word, publish;
    model_order_t look_at_oldest, look_at_written, load_word, look_again;
    bool          gives_way_late; /* after the word was stored */
    bool          looks_once;     /* believes the word without a second look */
} orders_t;

static void give_way(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    if (t->r[0] >= CAPACITY)
        model_store(m, t, OLDEST, t->r[0] + 1 - CAPACITY, o->give_way);
}

static void store_word(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    model_store(m, t, WORDS + t->r[0] % CAPACITY, t->r[0] + 1, o->store_word);
}

/* r[0]: its position. */
static void writer(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    switch (t->at++) {
    case 0:
        (o->gives_way_late ? store_word : give_way)(m, t);
        return;
    case 1:
        (o->gives_way_late ? give_way : store_word)(m, t);
        return;
    default:
        model_store(m, t, WRITTEN, ++t->r[0], o->publish);
        t->at = t->r[0] == ALL ? -1 : 0;
    }
}

/* r[0]: its position; r[1]: the oldest it saw; r[2]: the word; r[3]: rounds. */
static void reader(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;
    uint32_t        written, oldest;

    switch (t->at++) {
    case 0:
        t->r[1] = model_load(m, t, OLDEST, o->look_at_oldest);
        return;
    case 1:
        written = model_load(m, t, WRITTEN, o->look_at_written);
        if (t->r[0] < t->r[1])
            t->r[0] = t->r[1];
        if (written < t->r[0])
            m->wrong = true;
        if (written <= t->r[0] || written - t->r[0] > CAPACITY)
            t->at = 4;
        return;
    case 2:
        t->r[2] = model_load(m, t, WORDS + t->r[0] % CAPACITY, o->load_word);
        return;
    case 3:
        oldest = o->looks_once ? t->r[1] : model_load(m, t, OLDEST, o->look_again);
        if (oldest <= t->r[0]) {
            if (t->r[2] != t->r[0] + 1)
                m->wrong = true;
            t->r[0]++;
        }
        return;
    default:
        t->at = ++t->r[3] == ROUNDS ? -1 : 0;
    }
}

static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = { 2, { writer, reader }, NULL, &orders };

    model_expect(name, &program, legal);
}

static const orders_t code = { RELEASE, RELEASE, RELEASE, ACQUIRE, SEQ_CST,
                               ACQUIRE, RELAXED, false,   false };

#define CHANGED(name, change, legal) MODEL_CHANGED(expect, code, name, change, legal)

int main(void)
{
    expect("as in the code", code, true);
    CHANGED("oldest stored relaxed", give_way = RELAXED, false);
    CHANGED("words stored relaxed", store_word = RELAXED, false);
    CHANGED("written stored relaxed", publish = RELAXED, false);
    CHANGED("oldest loaded relaxed", look_at_oldest = RELAXED, false);
    CHANGED("written loaded relaxed", look_at_written = RELAXED, false);
    CHANGED("words loaded relaxed", load_word = RELAXED, false);
    CHANGED("oldest stored after the word", gives_way_late = true, false);
    CHANGED("no second look", looks_once = true, false);
    CHANGED("written loaded acquire", look_at_written = ACQUIRE, true);
    return 0;
}
