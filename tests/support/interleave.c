/* SPDX-License-Identifier: MIT */
/* interleave.c - see support/interleave.h. Stateless: a run is repeated from its start with the
 * next sequence of choices, until there is none. It is broken off where it comes to a state that was
 * seen: states are known by a hash of 64 bits, so that one run in 10^12 or so may be taken for another. */
#include "support/interleave.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- orders and views ---- */

static bool acquires(model_order_t o)
{
    return o == ACQUIRE || o == ACQ_REL || o == SEQ_CST;
}

static bool releases(model_order_t o)
{
    return o == RELEASE || o == ACQ_REL || o == SEQ_CST;
}

static void join(model_view_t *into, const model_view_t *other)
{
    for (int i = 0; i < MODEL_LOCATIONS_MAX; i++)
        if (into->at[i] < other->at[i])
            into->at[i] = other->at[i];
}

/* ---- choices ---- */

static unsigned choose(model_t *m, unsigned of)
{
    if (m->replayed == sizeof m->choice / sizeof *m->choice)
        abort();
    if (m->replayed == m->choices) {
        m->choice[m->choices].made = 0;
        m->choice[m->choices++].of = (uint8_t)of;
    }
    return m->choice[m->replayed++].made;
}

/* The next sequence of choices, in the order of counting. */
static bool next_choices(model_t *m)
{
    while (m->choices > 0) {
        unsigned last = m->choices - 1;
        if (++m->choice[last].made < m->choice[last].of)
            return true;
        m->choices--;
    }
    return false;
}

/* ---- memory ---- */

static uint32_t read_value(model_t *m, model_thread_t *t, unsigned location, unsigned index,
                           model_order_t order)
{
    if (t->view.at[location] < index)
        t->view.at[location] = (uint8_t)index;
    join(acquires(order) ? &t->view : &t->seen, &m->location[location].view[index]);
    return m->location[location].value[index];
}

/* carried: the view of the release that this store continues. */
static void append(model_t *m, model_thread_t *t, unsigned location, uint32_t value,
                   model_order_t order, const model_view_t *carried)
{
    const uint8_t at = m->location[location].count++;

    if (at == MODEL_VALUES_MAX)
        abort();
    t->view.at[location] = at;
    if (order == SEQ_CST)
        m->all.at[location] = at;
    m->location[location].value[at]             = value;
    m->location[location].view[at]              = *carried;
    m->location[location].view[at].at[location] = at;
    join(&m->location[location].view[at], releases(order) ? &t->view : &t->released);
}

uint32_t model_load(model_t *m, model_thread_t *t, unsigned location, model_order_t order)
{
    unsigned oldest = t->view.at[location];

    if (order == SEQ_CST && oldest < m->all.at[location])
        oldest = m->all.at[location];
    return read_value(m, t, location, oldest + choose(m, m->location[location].count - oldest),
                      order);
}

void model_store(model_t *m, model_thread_t *t, unsigned location, uint32_t value,
                 model_order_t order)
{
    static const model_view_t nothing;

    append(m, t, location, value, order, &nothing);
}

static uint32_t modify(model_t *m, model_thread_t *t, unsigned location, uint32_t value,
                       model_order_t order)
{
    const unsigned     newest  = m->location[location].count - 1u;
    const model_view_t carried = m->location[location].view[newest];
    uint32_t           before  = read_value(m, t, location, newest, order);

    append(m, t, location, value, order, &carried);
    return before;
}

bool model_cas(model_t *m, model_thread_t *t, unsigned location, uint32_t *expected, uint32_t value,
               model_order_t success, model_order_t failure)
{
    const unsigned newest = m->location[location].count - 1u;

    if (m->location[location].value[newest] != *expected) {
        *expected = read_value(m, t, location, newest, failure);
        return false;
    }
    modify(m, t, location, value, success);
    return true;
}

uint32_t model_add(model_t *m, model_thread_t *t, unsigned location, uint32_t value,
                   model_order_t order)
{
    return modify(m, t, location, model_newest(m, location) + value, order);
}

void model_fence(model_t *m, model_thread_t *t, model_order_t order)
{
    if (acquires(order))
        join(&t->view, &t->seen);
    if (order == SEQ_CST) {
        join(&t->view, &m->fences);
        m->fences = t->view;
    }
    if (releases(order))
        t->released = t->view;
}

/* Others come in any order. */
static unsigned choose_unfenced(model_t *m, const model_thread_t *t)
{
    unsigned left[MODEL_THREADS_MAX], n = 0;

    for (unsigned i = 0; i < m->program->threads; i++)
        if (!(t->fenced & 1u << i))
            left[n++] = i;
    return left[choose(m, n)];
}

bool model_fence_all(model_t *m, model_thread_t *t)
{
    const unsigned self = 1u << (t - m->thread), all = (1u << m->program->threads) - 1;

    if (t->fenced == 0 || t->fenced == all) {
        model_fence(m, t, SEQ_CST);
        t->fenced = t->fenced == 0 ? (uint8_t)self : 0;
        return t->fenced == 0;
    }
    unsigned i = choose_unfenced(m, t);
    model_fence(m, &m->thread[i], SEQ_CST);
    t->fenced |= (uint8_t)(1u << i);
    return false;
}

bool model_knows(const model_t *m, const model_thread_t *t, unsigned location)
{
    return t->view.at[location] == m->location[location].count - 1;
}

uint32_t model_newest(const model_t *m, unsigned location)
{
    return m->location[location].value[m->location[location].count - 1];
}

/* ---- states ---- */

/* Hashes; 0 is an empty place. Never given back. */
static struct {
    uint64_t *at;
    size_t    count, size; /* a power of two */
} seen;

static uint64_t mix(uint64_t h, const void *bytes, size_t n)
{
    const char *p = bytes;

    for (uint64_t word = 0; n > 0; word = 0) {
        size_t part = n < sizeof word ? n : sizeof word;
        memcpy(&word, p, part);
        h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 32;
        p += part;
        n -= part;
    }
    return h;
}

static uint64_t hash_state(const model_t *m)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    h = mix(h, m->thread, m->program->threads * sizeof *m->thread);
    h = mix(h, &m->all, sizeof m->all);
    h = mix(h, &m->fences, sizeof m->fences);
    h = mix(h, &m->wrong, sizeof m->wrong);
    for (int i = 0; i < MODEL_LOCATIONS_MAX; i++) {
        h = mix(h, m->location[i].value, m->location[i].count * sizeof *m->location[i].value);
        h = mix(h, m->location[i].view, m->location[i].count * sizeof *m->location[i].view);
    }
    return h ? h : 1;
}

/* True: it was there. */
static bool put(uint64_t h)
{
    size_t i = h * UINT64_C(0x9e3779b97f4a7c15) >> 32;

    while (seen.at[i & (seen.size - 1)]) {
        if (seen.at[i & (seen.size - 1)] == h)
            return true;
        i++;
    }
    seen.at[i & (seen.size - 1)] = h;
    seen.count++;
    return false;
}

static void grow(void)
{
    uint64_t *old  = seen.at;
    size_t    size = seen.size;

    seen.size  = size ? size * 2 : 1024;
    seen.count = 0;
    seen.at    = calloc(seen.size, sizeof *seen.at);
    if (!seen.at)
        abort();
    for (size_t i = 0; i < size; i++)
        if (old[i])
            put(old[i]);
    free(old);
}

/* What follows from here was or is being tried. Only where the run is one of its own: what is repeated
 * was seen, of course. */
static bool is_known(const model_t *m)
{
    if (m->replayed < m->choices)
        return false;
    if (seen.count * 2 >= seen.size)
        grow();
    return put(hash_state(m));
}

static void forget_states(void)
{
    free(seen.at);
    seen.at    = NULL;
    seen.count = seen.size = 0;
}

/* ---- runs ---- */

static void reset(model_t *m)
{
    m->replayed = 0;
    m->wrong    = false;
    memset(m->thread, 0, sizeof m->thread);
    memset(&m->all, 0, sizeof m->all);
    memset(&m->fences, 0, sizeof m->fences);
    memset(m->location, 0, sizeof m->location);
    for (int i = 0; i < MODEL_LOCATIONS_MAX; i++)
        m->location[i].count = 1; /* all begin as 0 */
}

/* False: every thread is done or blocked. */
static bool step_one(model_t *m)
{
    unsigned able[MODEL_THREADS_MAX], n = 0;

    for (unsigned i = 0; i < m->program->threads; i++)
        if (m->thread[i].at >= 0 && !m->thread[i].blocked)
            able[n++] = i;
    if (n == 0)
        return false;
    unsigned i = able[choose(m, n)];
    m->program->step[i](m, &m->thread[i]);
    return true;
}

/* False: it came to a known state. */
static bool run(model_t *m)
{
    reset(m);
    do {
        if (is_known(m))
            return false;
    } while (step_one(m));
    return true;
}

model_result_t model_explore(const model_program_t *program, bool all)
{
    static model_t m;
    model_result_t result = { 0, 0 };

    m         = (model_t){ .program = program };
    m.choices = 0;
    do {
        bool is_whole = run(&m);
        result.runs++;
        result.illegal += is_whole && (m.wrong || (program->is_legal && !program->is_legal(&m)));
    } while ((all || result.illegal == 0) && next_choices(&m));
    forget_states();
    return result;
}

void model_expect(const char *name, const model_program_t *program, bool legal)
{
    model_result_t r = model_explore(program, legal);

    printf("%-60s %9" PRIu64 " runs: %s\n", name, r.runs, r.illegal ? "a wrong one" : "all legal");
    fflush(stdout);
    if ((r.illegal == 0) != legal) {
        fprintf(stderr, "%s: expected otherwise\n", name);
        exit(1);
    }
}
