/* SPDX-License-Identifier: MIT */
/* A ring of two bytes and three that go through it (publish_written with look_for_bytes,
 * publish_read with look_for_room): the third is written where the first was.
 *
 * Legal outcomes: what the reader reads as byte n is n. That the writer does not write over what
 * the reader still has to read is seen by what the reader finds.
 *
 * The model never delays a load, but the machine may: a reader that gives a byte back with a
 * relaxed store may still be reading it afterwards. That is written out as a program of its own. */
#include <stddef.h>
#include "support/interleave.h"

enum { WRITTEN, READ, BYTES }; /* two bytes */
enum { CAPACITY = 2, ALL = 3, LOOKS = 3 };

typedef struct orders {
    model_order_t publish_written, look_for_bytes, publish_read, look_for_room;
    bool          publishes_first; /* before the byte is stored */
    bool          reads_late;      /* after the byte was given back */
    bool          holds_one_more;  /* the writer takes full for not full */
} orders_t;

/* Old positions may be read again and again; a few times will do. */
static bool gives_up(model_thread_t *t)
{
    return ++t->r[7] > LOOKS;
}

/* r[0]: its position; r[1]: the reader's, as far as seen. */
static void writer(model_t *m, model_thread_t *t)
{
    const orders_t *o    = m->program->orders;
    const uint32_t  at   = t->r[0];
    const uint32_t  room = CAPACITY + (o->holds_one_more ? 1 : 0);

    switch (t->at) {
    case 0:
        if (at == ALL || (at - t->r[1] == room && gives_up(t))) {
            t->at = -1;
            return;
        }
        if (at - t->r[1] == room)
            t->r[1] = model_load(m, t, READ, o->look_for_room);
        t->at = at - t->r[1] == room ? 0 : 1;
        return;
    case 1:
        if (o->publishes_first)
            model_store(m, t, WRITTEN, at + 1, o->publish_written);
        else
            model_store(m, t, BYTES + at % CAPACITY, at + 1, RELAXED);
        t->at = 2;
        return;
    default:
        if (o->publishes_first)
            model_store(m, t, BYTES + at % CAPACITY, at + 1, RELAXED);
        else
            model_store(m, t, WRITTEN, at + 1, o->publish_written);
        t->r[0] = at + 1;
        t->at   = 0;
    }
}

static void read_byte(model_t *m, model_thread_t *t)
{
    if (model_load(m, t, BYTES + t->r[0] % CAPACITY, RELAXED) != t->r[0] + 1)
        m->wrong = true;
}

/* r[0]: its position; r[1]: the writer's, as far as seen. */
static void reader(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    switch (t->at) {
    case 0:
        if (t->r[0] == ALL || (t->r[0] == t->r[1] && gives_up(t))) {
            t->at = -1;
            return;
        }
        if (t->r[0] == t->r[1])
            t->r[1] = model_load(m, t, WRITTEN, o->look_for_bytes);
        t->at = t->r[0] == t->r[1] ? 0 : 1;
        return;
    case 1:
        if (o->reads_late)
            model_store(m, t, READ, t->r[0] + 1, o->publish_read);
        else
            read_byte(m, t);
        t->at = 2;
        return;
    default:
        if (o->reads_late)
            read_byte(m, t);
        else
            model_store(m, t, READ, t->r[0] + 1, o->publish_read);
        t->r[0]++;
        t->at = 0;
    }
}

static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = { 2, { writer, reader }, NULL, &orders };

    model_expect(name, &program, legal);
}

static const orders_t code = { RELEASE, SEQ_CST, RELEASE, SEQ_CST, false, false, false };

#define CHANGED(name, change, legal) MODEL_CHANGED(expect, code, name, change, legal)

int main(void)
{
    expect("as in the code", code, true);
    CHANGED("the written position published relaxed", publish_written = RELAXED, false);
    CHANGED("the written position looked at relaxed", look_for_bytes = RELAXED, false);
    CHANGED("the written position published before the byte", publishes_first = true, false);
    CHANGED("the read position published before the byte is read", reads_late = true, false);
    CHANGED("one byte more than there is room for", holds_one_more = true, false);
    /* Enough, but for who goes to sleep: ring_sleep. */
    CHANGED("the written position looked at acquire", look_for_bytes = ACQUIRE, true);
    CHANGED("the read position looked at acquire", look_for_room = ACQUIRE, true);
    return 0;
}
