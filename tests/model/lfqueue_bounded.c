/* SPDX-License-Identifier: MIT */
/* The bounded queue (lfqueue_bounded.c), with two slots: a producer of three words, and a consumer of two; and
 * one more of either, of one word. The word that is written at a position is the position and 1.
 *
 * Legal outcomes: who reads at a position reads its word; and no position seems to be beyond what the other side
 * allows, so that equality says full, or empty.
 *
 * Positions are taken, and those of the other side looked at, sequentially consistent; here it is less, since
 * that one order of all is for others: lfqueue_sleep.
 *
 * The model never delays a load, but the machine may: a reader that passes the slot on with a relaxed store
 * may still be reading it afterwards. That is written out as a program of its own. */
#include <stddef.h>
#include "support/interleave.h"

enum { CAPACITY = 2, TRIES = 3 };
enum { PUSHED, POPPED, TURNS, WORDS = TURNS + CAPACITY };

typedef struct orders {
    model_order_t pass, is_turn, next, take, look;
    bool          takes_in_parts; /* a position is read, then stored */
    bool          passes_first;   /* and then writes the word */
    bool          reads_late;     /* and has passed the slot on before */
    bool          holds_one_more; /* takes full for not full */
} orders_t;

static const orders_t *orders_of(const model_t *m)
{
    return m->program->orders;
}

/* A turn as it is stored: all begin as 0. */
static uint32_t load_turn(model_t *m, model_thread_t *t, uint32_t at)
{
    return model_load(m, t, TURNS + at % CAPACITY, orders_of(m)->is_turn) + at % CAPACITY;
}

static void pass(model_t *m, model_thread_t *t, uint32_t at, uint32_t turn)
{
    model_store(m, t, TURNS + at % CAPACITY, turn - at % CAPACITY, orders_of(m)->pass);
}

static bool take(model_t *m, model_thread_t *t, unsigned end)
{
    const orders_t *o = orders_of(m);

    if (!o->takes_in_parts)
        return model_cas(m, t, end, &t->r[0], t->r[0] + 1, o->take, ACQUIRE);
    model_store(m, t, end, t->r[0] + 1, o->take);
    return true;
}

/* r[0]: the position, r[1]: words done, r[2]: tries */
static void look_for_position(model_t *m, model_thread_t *t, unsigned end, uint32_t words)
{
    t->r[0] = model_load(m, t, end, orders_of(m)->next);
    t->at   = t->r[1] == words || t->r[2]++ == TRIES ? -1 : 1;
}

/* A position that is old by now may be behind the other side's, but none is too far ahead of it. */
static void expect_not_beyond(model_t *m, uint32_t distance)
{
    if ((int32_t)distance < 0)
        m->wrong = true;
}

/* ---- producers ---- */

/* Nobody else has the position. */
static void write_word(model_t *m, model_thread_t *t)
{
    if (model_newest(m, WORDS + t->r[0] % CAPACITY) == t->r[0] + 1)
        m->wrong = true;
    model_store(m, t, WORDS + t->r[0] % CAPACITY, t->r[0] + 1, RELAXED);
}

static void look_for_room(model_t *m, model_thread_t *t)
{
    const uint32_t room = model_load(m, t, POPPED, orders_of(m)->look) + CAPACITY - t->r[0];

    expect_not_beyond(m, room);
    t->at = orders_of(m)->holds_one_more ? 3 : 0;
}

static void produce(model_t *m, model_thread_t *t, uint32_t words)
{
    switch (t->at) {
    case 0:
        look_for_position(m, t, PUSHED, words);
        return;
    case 1:
        t->at = load_turn(m, t, t->r[0]) == t->r[0] ? 3 : 2;
        return;
    case 2:
        look_for_room(m, t);
        return;
    case 3:
        t->at = take(m, t, PUSHED) ? 4 : 1;
        return;
    case 4:
        if (orders_of(m)->passes_first)
            pass(m, t, t->r[0], t->r[0] + 1);
        else
            write_word(m, t);
        t->at = 5;
        return;
    default:
        if (orders_of(m)->passes_first)
            write_word(m, t);
        else
            pass(m, t, t->r[0], t->r[0] + 1);
        t->r[1]++;
        t->at = 0;
    }
}

static void producer_of_three(model_t *m, model_thread_t *t)
{
    produce(m, t, 3);
}

static void producer_of_one(model_t *m, model_thread_t *t)
{
    produce(m, t, 1);
}

/* ---- consumers ---- */

static void read_word(model_t *m, model_thread_t *t)
{
    if (model_load(m, t, WORDS + t->r[0] % CAPACITY, RELAXED) != t->r[0] + 1)
        m->wrong = true;
}

static void consume(model_t *m, model_thread_t *t, uint32_t words)
{
    switch (t->at) {
    case 0:
        look_for_position(m, t, POPPED, words);
        return;
    case 1:
        t->at = load_turn(m, t, t->r[0]) == t->r[0] + 1 ? 3 : 2;
        return;
    case 2:
        expect_not_beyond(m, model_load(m, t, PUSHED, orders_of(m)->look) - t->r[0]);
        t->at = 0;
        return;
    case 3:
        t->at = take(m, t, POPPED) ? 4 : 1;
        return;
    case 4:
        if (orders_of(m)->reads_late)
            pass(m, t, t->r[0], t->r[0] + CAPACITY);
        else
            read_word(m, t);
        t->at = 5;
        return;
    default:
        if (orders_of(m)->reads_late)
            read_word(m, t);
        else
            pass(m, t, t->r[0], t->r[0] + CAPACITY);
        t->r[1]++;
        t->at = 0;
    }
}

static void consumer_of_two(model_t *m, model_thread_t *t)
{
    consume(m, t, 2);
}

static void consumer_of_one(model_t *m, model_thread_t *t)
{
    consume(m, t, 1);
}

/* The third thread is another producer; what is legal is so with another consumer, too. */
static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t producers = {
        3, { producer_of_three, producer_of_one, consumer_of_two }, NULL, &orders
    };
    const model_program_t consumers = {
        3, { producer_of_three, consumer_of_one, consumer_of_two }, NULL, &orders
    };

    model_expect(name, &producers, legal);
    if (legal)
        model_expect(name, &consumers, legal);
}

static const orders_t code = {
    .pass = RELEASE, .is_turn = ACQUIRE, .next = ACQUIRE, .take = ACQ_REL, .look = ACQUIRE
};

#define CHANGED(name, change, legal) MODEL_CHANGED(expect, code, name, change, legal)

int main(void)
{
    expect("as in the code", code, true);
    CHANGED("the slot passed on relaxed", pass = RELAXED, false);
    CHANGED("whose turn it is seen relaxed", is_turn = RELAXED, false);
    CHANGED("the next position read relaxed", next = RELAXED, false);
    CHANGED("a position taken relaxed", take = RELAXED, false);
    CHANGED("a position taken in two parts", takes_in_parts = true, false);
    CHANGED("passed on before the word is written", passes_first = true, false);
    CHANGED("passed on before the word is read", reads_late = true, false);
    CHANGED("one more than there is room for", holds_one_more = true, false);
    return 0;
}
