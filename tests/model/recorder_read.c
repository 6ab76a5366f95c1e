/* SPDX-License-Identifier: MIT */
/* A reading that finds nobody in the middle of a record (record/local_read.c), while a thread records:
 * cci_thread_enter, the clock, cci_thread_publish, cci_thread_leave; cci_local_read.
 *
 * Legal outcomes: what the thread recorded at a time before the reader's is shown, or the reader saw
 * that the thread was busy.
 *
 * The clock is no memory: whoever looks at it sees what it says now. */
#include "support/interleave.h"

enum { CLOCK, BUSY, USED };
enum { EVENTS = 2 };

typedef struct orders {
    model_order_t leave, look;
    enum { BARRIER_BETWEEN, BARRIER_BEFORE, BARRIER_AFTER, NO_BARRIER } barrier;
    bool clock_first;  /* the thread looks at the clock, and then says that it is busy */
    bool leave_first;  /* it says that it is no longer busy, and then publishes */
    bool chunks_first; /* the reader looks at chunks, and then for busy threads */
} orders_t;

/* ---- the thread; r[0]: events so far, r[1]: how many of them were before the reader's time ---- */

static void say_busy(model_t *m, model_thread_t *t)
{
    model_store(m, t, BUSY, 1, RELAXED);
}

static void look_at_clock(model_t *m, model_thread_t *t)
{
    t->r[1] += model_newest(m, CLOCK) == 0;
}

static void publish(model_t *m, model_thread_t *t)
{
    model_store(m, t, USED, (uint8_t)(t->r[0] + 1), RELEASE);
}

static void say_idle(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;
    model_store(m, t, BUSY, 0, o->leave);
}

static void swap(model_step_t **a, model_step_t **b)
{
    model_step_t *kept = *a;
    *a                 = *b;
    *b                 = kept;
}

static void thread(model_t *m, model_thread_t *t)
{
    const orders_t *o       = m->program->orders;
    model_step_t   *step[4] = { say_busy, look_at_clock, publish, say_idle };

    if (o->clock_first)
        swap(&step[0], &step[1]);
    if (o->leave_first)
        swap(&step[2], &step[3]);
    step[t->at](m, t);
    if (++t->at == 4)
        t->at = ++t->r[0] == EVENTS ? -1 : 0;
}

/* ---- the reader; r[0]: busy, r[1]: what it was shown ---- */

static void take_time(model_t *m, model_thread_t *t)
{
    model_store(m, t, CLOCK, 1, RELAXED);
}

/* Of several steps: it is the next one, too, until it is through. */
static void barrier(model_t *m, model_thread_t *t)
{
    if (!model_fence_all(m, t))
        t->at--;
}

static void look_for_busy(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;
    t->r[0]           = model_load(m, t, BUSY, o->look);
}

static void read_chunk(model_t *m, model_thread_t *t)
{
    t->r[1] = model_load(m, t, USED, ACQUIRE);
}

static void nothing(model_t *m, model_thread_t *t)
{
    (void)m;
    (void)t;
}

static void reader(model_t *m, model_thread_t *t)
{
    const orders_t *o       = m->program->orders;
    model_step_t   *step[4] = { take_time, barrier, look_for_busy, read_chunk };

    if (o->barrier == NO_BARRIER)
        step[1] = nothing;
    if (o->barrier == BARRIER_BEFORE)
        swap(&step[0], &step[1]);
    if (o->barrier == BARRIER_AFTER)
        swap(&step[1], &step[2]);
    if (o->chunks_first)
        swap(&step[2], &step[3]);
    step[t->at](m, t);
    if (++t->at == 4)
        t->at = -1;
}

static bool is_legal(const model_t *m)
{
    return m->thread[1].r[0] || m->thread[1].r[1] >= m->thread[0].r[1];
}

static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = { 2, { thread, reader }, is_legal, &orders };

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
    expect("the clock after the barrier", o, false);
    o.barrier = BARRIER_AFTER;
    expect("barrier after the look", o, false);
    o             = code;
    o.clock_first = true;
    expect("the thread's clock before busy", o, false);
    o             = code;
    o.leave_first = true;
    expect("published after leave", o, false);
    o              = code;
    o.chunks_first = true;
    expect("chunks before busy", o, false);
    return 0;
}
