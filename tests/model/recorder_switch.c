/* SPDX-License-Identifier: MIT */
/* One recording ends and the next one begins (record/attach.h), while a thread is about to record for
 * the first: cci_thread_enter and cci_thread_leave; cci_attach_switch_on; settle and
 * cci_threads_are_out, after which the new recording uses the old one's addresses.
 *
 * Legal outcomes: the thread writes to the address before the new recording uses it, or not at all;
 * and when it has, the new recording's first look sees that.
 *
 * A store that is placed before another is beyond the model: a write behind `leave` is a program of
 * its own. */
#include "support/interleave.h"

enum { WORD, BUSY, CHUNK };
enum { OLD = 0, ASLEEP, NEW }; /* words; all locations begin as 0 */
enum { OLDS = 7, NEWS = 9 };   /* bytes in the chunk */
enum { EVENTS = 2, LOOKS = 3 };

typedef struct orders {
    model_order_t leave, look;
    enum { BARRIER_BETWEEN, BARRIER_BEFORE, BARRIER_AFTER, NO_BARRIER } barrier;
    bool word_first;  /* the thread looks at the word, and then says that it is busy */
    bool no_look;     /* it does not look */
    bool write_late;  /* it writes after it said that it is not busy any more */
    bool no_wait;     /* the new recording does not wait */
    bool never_sleep; /* the word changes from recording to recording */
} orders_t;

/* ---- the thread ---- */

static void say_busy(model_t *m, model_thread_t *t)
{
    model_store(m, t, BUSY, 1, RELAXED);
}

/* r[1]: whether it may write. */
static void look_at_word(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;
    t->r[1]           = o->no_look || model_load(m, t, WORD, RELAXED) == OLD;
}

static void write_chunk(model_t *m, model_thread_t *t)
{
    if (t->r[1])
        model_store(m, t, CHUNK, OLDS, RELAXED);
}

static void say_idle(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;
    model_store(m, t, BUSY, 0, o->leave);
}

/* r[0]: events so far. */
static void thread(model_t *m, model_thread_t *t)
{
    const orders_t *o       = m->program->orders;
    model_step_t   *step[4] = { say_busy, look_at_word, write_chunk, say_idle };

    if (o->word_first) {
        step[0] = look_at_word;
        step[1] = say_busy;
    }
    if (o->write_late) {
        step[2] = say_idle;
        step[3] = write_chunk;
    }
    step[t->at](m, t);
    if (++t->at == 4)
        t->at = ++t->r[0] == EVENTS ? -1 : 0;
}

/* ---- who attaches ---- */

/* Of several steps: it is the next one, too, until it is through. */
static void barrier(model_t *m, model_thread_t *t)
{
    if (!model_fence_all(m, t))
        t->at--;
}

static void attacher(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    switch (t->at++) {
    case 0:
        if (o->barrier == BARRIER_BEFORE)
            barrier(m, t);
        break;
    case 1:
        if (!o->never_sleep)
            model_store(m, t, WORD, ASLEEP, SEQ_CST);
        break;
    case 2:
        if (o->barrier == BARRIER_BETWEEN)
            barrier(m, t);
        break;
    case 3:
        model_store(m, t, WORD, NEW, SEQ_CST);
        break;
    case 4:
        if (o->barrier == BARRIER_AFTER)
            barrier(m, t);
        break;
    default:
        t->at = -1;
    }
}

/* ---- the new recording, by another thread of the program ---- */

/* r[0]: looks so far. */
static void starter(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    switch (t->at) {
    case 0:
        if (model_load(m, t, WORD, SEQ_CST) != NEW)
            t->at = -1; /* this run shows nothing */
        else
            t->at = o->no_wait ? 2 : 1;
        return;
    case 1:
        if (model_load(m, t, BUSY, o->look) == 0)
            t->at = 2;
        else if (++t->r[0] == LOOKS)
            t->at = -1; /* it gives up */
        return;
    case 2:
        if (model_load(m, t, CHUNK, RELAXED) != model_newest(m, CHUNK))
            m->wrong = true;
        break;
    default:
        model_store(m, t, CHUNK, NEWS, RELAXED);
        t->at   = -1;
        t->r[1] = 1;
        return;
    }
    t->at++;
}

/* Nothing of the old recording is written over the new one's. */
static bool is_legal(const model_t *m)
{
    return (m->thread[2].r[1] == 0 || model_newest(m, CHUNK) == NEWS);
}

static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = { 3, { thread, attacher, starter }, is_legal, &orders };

    model_expect(name, &program, legal);
}

int main(void)
{
    const orders_t code = { .leave = RELEASE, .look = ACQUIRE, .barrier = BARRIER_BETWEEN };
    orders_t       o    = code;

    expect("as in the code", code, true);
    o.leave = RELAXED;
    expect("leave relaxed", o, false);
    o      = code;
    o.look = RELAXED;
    expect("look at busy relaxed", o, false);
    o         = code;
    o.barrier = NO_BARRIER;
    expect("no barrier", o, false);
    o.barrier = BARRIER_BEFORE;
    expect("barrier before the end", o, false);
    o.barrier = BARRIER_AFTER;
    expect("barrier after the beginning", o, false);
    o             = code;
    o.never_sleep = true;
    expect("from recording to recording", o, false);
    o            = code;
    o.word_first = true;
    expect("the word before busy", o, false);
    o         = code;
    o.no_look = true;
    expect("no look at the word", o, false);
    o            = code;
    o.write_late = true;
    expect("a write after leave", o, false);
    o         = code;
    o.no_wait = true;
    expect("no wait", o, false);
    return 0;
}
