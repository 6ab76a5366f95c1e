/* SPDX-License-Identifier: MIT */
/* interleave.c - see support/interleave.h. Stateless: a run is repeated from its start with the
 * next sequence of choices, until there is none. */
#include "support/interleave.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static uint32_t read_value(model_t *m, model_thread_t *t, unsigned location, unsigned index,
                           model_order_t order)
{
    if (t->view.at[location] < index)
        t->view.at[location] = (uint8_t)index;
    if (acquires(order))
        join(&t->view, &m->location[location].view[index]);
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
    if (releases(order))
        join(&m->location[location].view[at], &t->view);
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

uint32_t model_newest(const model_t *m, unsigned location)
{
    return m->location[location].value[m->location[location].count - 1];
}

static void reset(model_t *m)
{
    m->replayed = 0;
    m->wrong    = false;
    memset(m->thread, 0, sizeof m->thread);
    memset(&m->all, 0, sizeof m->all);
    memset(m->location, 0, sizeof m->location);
    for (int i = 0; i < MODEL_LOCATIONS_MAX; i++)
        m->location[i].count = 1; /* all begin as 0 */
}

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

model_result_t model_explore(const model_program_t *program, bool all)
{
    static model_t m;
    model_result_t result = { 0, 0 };

    m         = (model_t){ .program = program };
    m.choices = 0;
    do {
        reset(&m);
        while (step_one(&m)) {
        }
        result.runs++;
        result.illegal += m.wrong || !program->is_legal(&m);
    } while ((all || result.illegal == 0) && next_choices(&m));
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
