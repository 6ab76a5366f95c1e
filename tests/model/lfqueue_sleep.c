/* SPDX-License-Identifier: MIT */
/* No sleep is slept through (cci_wait_until with cci_wake_if_any, and with cci_wake_if_any_seen). Two sleep
 * until there is a word; one thread puts two, and wakes one of those who sleep for each, or puts both and
 * wakes two, or puts one and closes, or closes. The time of the first one may be up at any moment. They
 * may be woken for nothing and go to sleep again.
 *
 * Legal outcomes: nobody sleeps at the end while there is a word, or when it is closed. The kernel compares
 * the newest value and goes to sleep in one step; of two it wakes either; who is woken need not see what
 * the one that woke it had done. */
#include "support/interleave.h"

enum { PUSHED, POPPED, WAITERS, CHANGES };
enum { CLOSED = 8, SLEEPERS = 2, ROUNDS = 2 }; /* CLOSED is a bit of PUSHED */

typedef struct orders {
    model_order_t say, read_changes, look; /* of a sleeper */
    model_order_t change, ask, count;      /* of the other */
    bool          is_rmw;                  /* the change; otherwise a store, and sleepers pay */
    bool          has_barrier;             /* of the sleeper, behind what it says */
    bool          looks_first;             /* and then reads the number of changes */
    bool          asks_first;              /* and then changes the queue */
    bool          counts_late;             /* after it woke the sleepers */
    bool          has_time;                /* for the first sleeper, and it may be up */
    bool          loads_changes;           /* which may be an old number */
    bool          goes_at_once;            /* when its time is up, without a look */
    bool          closes;                  /* the last change */
    unsigned      changes, words, wakes;   /* words and wakes are those of each change but that */
    bool          closes_for_one;          /* and wakes one */
    bool          wakes_second;            /* of the two, when both sleep */
} orders_t;

static const orders_t *orders_of(const model_t *m)
{
    return m->program->orders;
}

/* ---- sleepers; r[0]: changes seen, r[1]: rounds, r[2]: popped, r[3]: its time is up, r[4]: it knows ---- */

enum { SAY, BARRIER, FIRST, SECOND, LOOK_ON, TAKE, SLEEP };

/* What follows on a look that finds nothing. */
static int otherwise(const orders_t *o, const model_thread_t *t)
{
    if (t->r[4])
        return -1;
    return o->looks_first ? SECOND : SLEEP;
}

static void look(model_t *m, model_thread_t *t)
{
    t->r[2] = model_load(m, t, POPPED, ACQUIRE);
    t->at   = LOOK_ON;
}

static void look_on(model_t *m, model_thread_t *t)
{
    const uint32_t pushed = model_load(m, t, PUSHED, orders_of(m)->look);

    if (t->r[2] < pushed % CLOSED)
        t->at = TAKE;
    else
        t->at = pushed & CLOSED ? -1 : otherwise(orders_of(m), t);
}

/* Another one may have been faster. */
static void take(model_t *m, model_thread_t *t)
{
    t->at = model_cas(m, t, POPPED, &t->r[2], t->r[2] + 1, ACQ_REL, ACQUIRE) ? -1 : LOOK_ON;
}

static void read_changes(model_t *m, model_thread_t *t, int next)
{
    const orders_t *o = orders_of(m);

    if (o->loads_changes)
        t->r[0] = model_load(m, t, CHANGES, o->read_changes);
    else
        t->r[0] = model_add(m, t, CHANGES, 0, o->read_changes);
    t->at = next;
}

/* Wakes at the beginning. */
static void fall_asleep(model_t *m, model_thread_t *t)
{
    t->blocked = model_newest(m, CHANGES) == t->r[0] && !t->r[3];
    t->at      = FIRST;
}

/* Old values may be read again and again; a few times will do. */
static void begin_round(model_t *m, model_thread_t *t)
{
    t->r[4] = t->r[3];
    if (t->r[1]++ == ROUNDS || (t->r[4] && orders_of(m)->goes_at_once))
        t->at = -1;
    else if (orders_of(m)->looks_first)
        look(m, t);
    else
        read_changes(m, t, SECOND);
}

static void sleeper(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at) {
    case SAY:
        model_add(m, t, WAITERS, 1, o->say);
        t->at = o->has_barrier ? BARRIER : FIRST;
        return;
    case BARRIER:
        t->at = model_fence_all(m, t) ? FIRST : BARRIER;
        return;
    case FIRST:
        begin_round(m, t);
        return;
    case SECOND:
        if (o->looks_first)
            read_changes(m, t, SLEEP);
        else
            look(m, t);
        return;
    case LOOK_ON:
        look_on(m, t);
        return;
    case TAKE:
        take(m, t);
        return;
    default:
        fall_asleep(m, t);
    }
}

/* ---- the other; r[0]: waiters, r[1]: changes made ---- */

static bool is_close(const model_t *m, const model_thread_t *t)
{
    return orders_of(m)->closes && t->r[1] + 1 == orders_of(m)->changes;
}

static void change(model_t *m, model_thread_t *t)
{
    const orders_t *o    = orders_of(m);
    const uint32_t  more = is_close(m, t) ? CLOSED : o->words;

    if (o->is_rmw)
        model_add(m, t, PUSHED, more, o->change);
    else
        model_store(m, t, PUSHED, t->r[1] * o->words + more, o->change);
}

static void ask(model_t *m, model_thread_t *t)
{
    t->r[0] = model_load(m, t, WAITERS, orders_of(m)->ask);
}

/* How many are to be woken. */
static unsigned number_to_wake(const model_t *m, const model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    if (is_close(m, t))
        return o->closes_for_one ? 1 : SLEEPERS;
    return o->wakes;
}

static void wake(model_t *m, const model_thread_t *t)
{
    unsigned left = number_to_wake(m, t), at = orders_of(m)->wakes_second;

    for (int i = 0; i < SLEEPERS && left; i++, at = !at) {
        left -= m->thread[at].blocked;
        m->thread[at].blocked = false;
    }
}

static void count(model_t *m, model_thread_t *t)
{
    model_add(m, t, CHANGES, 1, orders_of(m)->count);
}

static void changer(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at++) {
    case 0:
        (o->asks_first ? ask : change)(m, t);
        return;
    case 1:
        (o->asks_first ? change : ask)(m, t);
        return;
    case 2:
        if (t->r[0] && o->counts_late)
            wake(m, t);
        else if (t->r[0])
            count(m, t);
        return;
    default:
        if (t->r[0] && o->counts_late)
            count(m, t);
        else if (t->r[0])
            wake(m, t);
        t->at = ++t->r[1] == o->changes ? -1 : 0;
    }
}

/* ---- time ---- */

static void timer(model_t *m, model_thread_t *t)
{
    m->thread[0].r[3]    = 1;
    m->thread[0].blocked = false;
    t->at                = -1;
}

static bool nobody_sleeps(const model_t *m)
{
    const uint32_t pushed        = model_newest(m, PUSHED);
    const bool     has_something = pushed & CLOSED || pushed % CLOSED > model_newest(m, POPPED);

    /* Who came to its last round looks no more, and says nothing. */
    if (m->thread[0].r[1] > ROUNDS || m->thread[1].r[1] > ROUNDS)
        return true;
    return !has_something || (!m->thread[0].blocked && !m->thread[1].blocked);
}

static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = {
        3 + orders.has_time, { sleeper, sleeper, changer, timer }, nobody_sleeps, &orders
    };

    model_expect(name, &program, legal);
}

static const orders_t unbounded = { .say          = SEQ_CST,
                                    .read_changes = ACQUIRE,
                                    .look         = SEQ_CST,
                                    .change       = SEQ_CST,
                                    .ask          = SEQ_CST,
                                    .count        = RELEASE,
                                    .changes      = 2,
                                    .words        = 1,
                                    .wakes        = 1,
                                    .is_rmw       = true };

static const orders_t bounded = { .say          = SEQ_CST,
                                  .read_changes = ACQUIRE,
                                  .look         = ACQUIRE,
                                  .change       = RELEASE,
                                  .ask          = RELAXED,
                                  .count        = RELEASE,
                                  .changes      = 2,
                                  .words        = 1,
                                  .wakes        = 1,
                                  .has_barrier  = true };

#define CHANGED(of, name, change, legal) MODEL_CHANGED(expect, of, name, change, legal)

/* Whichever the kernel wakes. */
static void expect_wakes(orders_t code)
{
    orders_t batch = code, timed = code, closed = code;

    expect("woken is the first", code, true);
    if (!code.has_barrier) /* the same, and takes long */
        CHANGED(code, "woken is the second", wakes_second = true, true);

    batch.changes = 1;
    batch.words = batch.wakes = 2;
    expect("two words, woken are two", batch, true);
    CHANGED(batch, "two words, woken is one", wakes = 1, false);

    timed.has_time = true;
    timed.changes  = 1;
    expect("the first one's time may be up, woken is it", timed, true);
    if (!code.has_barrier)
        CHANGED(timed, "the first one's time may be up, woken is the second", wakes_second = true,
                true);
    CHANGED(timed, "when its time is up it goes without a look", goes_at_once = true, false);
    if (code.has_barrier)
        CHANGED(timed, "the number of changes is only loaded", loads_changes = true, false);

    closed.closes = true;
    expect("a word, then closed", closed, true);
    closed.changes = 1;
    expect("closed, woken are all", closed, true);
    CHANGED(closed, "closed, woken is one", closes_for_one = true, false);
}

int main(void)
{
    expect_wakes(unbounded);
    CHANGED(unbounded, "it says that it sleeps with acq_rel", say = ACQ_REL, false);
    CHANGED(unbounded, "it looks with acquire", look = ACQUIRE, false);
    CHANGED(unbounded, "changed with acq_rel", change = ACQ_REL, false);
    CHANGED(unbounded, "asked with acquire", ask = ACQUIRE, false);
    CHANGED(unbounded, "it looks before it reads the changes", looks_first = true, false);
    CHANGED(unbounded, "asked before it is changed", asks_first = true, false);
    CHANGED(unbounded, "counted after the wake", counts_late = true, false);
    expect_wakes(bounded);
    CHANGED(bounded, "without the barrier", has_barrier = false, false);
    CHANGED(bounded, "the changes read relaxed", read_changes = RELAXED, false);
    CHANGED(bounded, "the changes counted relaxed", count = RELAXED, false);
    CHANGED(bounded, "it looks before it reads the changes", looks_first = true, false);
    CHANGED(bounded, "asked before it is changed", asks_first = true, false);
    CHANGED(bounded, "counted after the wake", counts_late = true, false);
    return 0;
}
