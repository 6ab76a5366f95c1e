/* SPDX-License-Identifier: MIT */
/* The counters of two threads' bins, and a snapshot of them (alloc_inline.h, cache.c, stats.c). One
 * thread gets a block from the depot, allocates it and hands it to the other, which frees it,
 * allocates it again, frees it, and gives its magazine away.
 *
 * Legal outcomes: the snapshot counts no more frees than allocations, and of each bin no more frees
 * than there were. */
#include "support/interleave.h"

/* A bin's word: blocks in it, and SERVED for each allocation. What comes in of the first thread, what
 * goes out of the second; the others of the kind stay 0. */
enum { STATE_1, IN_1, STATE_2, OUT_2, BLOCK };
enum { SERVED = 16, COUNT = 15 };

typedef struct orders {
    model_order_t pop, free, move; /* stores of allocations, of frees, of blocks moved */
    model_order_t look;            /* the snapshot's loads */
    bool          allocs_first;    /* the snapshot reads allocations before frees */
    bool          in_first;        /* ... what came in before the word */
    bool          out_last;        /* ... what went out after the word */
    bool          in_late;         /* the library counts what comes in after the word */
    bool          out_early;       /* ... what goes out before the word */
} orders_t;

static void pop(model_t *m, model_thread_t *t, unsigned state)
{
    const orders_t *o = m->program->orders;
    model_store(m, t, state, model_newest(m, state) + SERVED - 1, o->pop);
}

static void first(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    switch (t->at++) {
    case 0:
        o->in_late ? model_store(m, t, STATE_1, 1, o->move) : model_store(m, t, IN_1, 1, o->move);
        break;
    case 1:
        o->in_late ? model_store(m, t, IN_1, 1, o->move) : model_store(m, t, STATE_1, 1, o->move);
        break;
    case 2:
        pop(m, t, STATE_1);
        break;
    default:
        model_store(m, t, BLOCK, 1, RELEASE); /* the program's own way of handing it on */
        t->at = -1;
    }
}

static void push(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;
    model_store(m, t, STATE_2, model_newest(m, STATE_2) + 1, o->free);
}

static void move_out(model_t *m, model_thread_t *t, bool the_word)
{
    const orders_t *o = m->program->orders;

    if (the_word)
        model_store(m, t, STATE_2, model_newest(m, STATE_2) - 1, o->move);
    else
        model_store(m, t, OUT_2, 1, o->move);
}

static void second(model_t *m, model_thread_t *t)
{
    const orders_t *o = m->program->orders;

    switch (t->at++) {
    case 0:
        if (model_load(m, t, BLOCK, ACQUIRE) == 0)
            t->at = -1;
        break;
    case 1:
        push(m, t);
        break;
    case 2:
        pop(m, t, STATE_2);
        break;
    case 3:
        push(m, t);
        break;
    case 4:
        move_out(m, t, !o->out_early);
        break;
    default:
        move_out(m, t, o->out_early);
        t->at = -1;
    }
}

static void check_frees(model_t *m, model_thread_t *t, uint32_t state, uint32_t out, uint32_t in,
                        uint32_t most)
{
    uint32_t frees = state % SERVED + state / SERVED + out - in;

    if (frees > UINT32_MAX / 2)
        frees = 0;
    if (frees > most)
        m->wrong = true;
    t->r[4] += frees;
}

/* r[0] state, r[1] out or in, r[4] frees, r[5] allocations. */
static void read_frees_1(model_t *m, model_thread_t *t, bool the_word)
{
    const orders_t *o = m->program->orders;

    t->r[the_word ? 0 : 1] = model_load(m, t, the_word ? STATE_1 : IN_1, o->look);
}

static void read_frees_2(model_t *m, model_thread_t *t, bool the_word)
{
    const orders_t *o = m->program->orders;

    t->r[the_word ? 0 : 1] = model_load(m, t, the_word ? STATE_2 : OUT_2, o->look);
}

static void read_allocs(model_t *m, model_thread_t *t, unsigned state)
{
    const orders_t *o = m->program->orders;
    t->r[5] += model_load(m, t, state, o->look) / SERVED;
}

/* Frees in four steps, allocations in two. */
static void snapshot(model_t *m, model_thread_t *t)
{
    const orders_t *o    = m->program->orders;
    int             step = o->allocs_first ? (t->at + 4) % 6 : t->at;

    switch (step) {
    case 0:
        read_frees_1(m, t, !o->in_first);
        break;
    case 1:
        read_frees_1(m, t, o->in_first);
        check_frees(m, t, t->r[0], 0, t->r[1], 0); /* it frees nothing */
        break;
    case 2:
        read_frees_2(m, t, o->out_last);
        break;
    case 3:
        read_frees_2(m, t, !o->out_last);
        check_frees(m, t, t->r[0], t->r[1], 0, 2);
        break;
    case 4:
        read_allocs(m, t, STATE_1);
        break;
    default:
        read_allocs(m, t, STATE_2);
    }
    t->at = t->at == 5 ? -1 : t->at + 1;
}

static bool is_legal(const model_t *m)
{
    const model_thread_t *t = &m->thread[2];
    return t->r[4] <= t->r[5];
}

static const orders_t code = { .pop = RELEASE, .free = RELEASE, .move = RELEASE, .look = ACQUIRE };

static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = { 3, { first, second, snapshot }, is_legal, &orders };

    model_expect(name, &program, legal);
}

#define WITH(name, change, legal) \
    do {                          \
        orders_t o = code;        \
        o.change;                 \
        expect(name, o, legal);   \
    } while (0)

int main(void)
{
    expect("as in the code", code, true);
    WITH("a free is stored relaxed", free = RELAXED, false);
    WITH("moved blocks are stored relaxed", move = RELAXED, false);
    WITH("the snapshot loads relaxed", look = RELAXED, false);
    WITH("allocations are read before frees", allocs_first = true, false);
    WITH("what came in is read before the word", in_first = true, false);
    WITH("what went out is read after the word", out_last = true, false);
    WITH("what comes in is counted after the word", in_late = true, false);
    WITH("what goes out is counted before the word", out_early = true, false);
    WITH("an allocation is stored relaxed", pop = RELAXED, false);
    return 0;
}
