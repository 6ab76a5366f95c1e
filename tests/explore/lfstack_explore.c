/* SPDX-License-Identifier: MIT */
/* The stack under all schedules of a few preemptions: support/explore.h. Nodes are freed as soon as can
 * be; who is hindered at the top offers his node, or takes one that is offered. */
#include <ccmem/lfstack.h>
#include "support/explore_domain.h"

enum { STEPS = 3, WORDS = 8 };

typedef enum what { NOTHING, PUSH, PUSH_2, POP, POP_ALL, PEEK } what_t;

typedef struct plan {
    unsigned before; /* words that are in */
    what_t   steps[EXPLORE_THREADS][STEPS];
} plan_t;

static cc_smr_t     *domain;
static cc_lfstack_t *stack;

/* ---- what one thread alone would find ---- */

static bool step_push(explore_state_t *s, const explore_call_t *c)
{
    s->at[s->count++] = c->value;
    return c->result == CC_RESULT_OK;
}

/* The one that key is, and that of value upon it. */
static bool step_push_2(explore_state_t *s, const explore_call_t *c)
{
    s->at[s->count++] = c->key;
    return step_push(s, c);
}

static bool step_peek(explore_state_t *s, const explore_call_t *c)
{
    return s->count == 0 ? !c->result : c->result && s->at[s->count - 1] == c->got;
}

static bool step_pop(explore_state_t *s, const explore_call_t *c)
{
    const bool is = step_peek(s, c);

    s->count -= s->count > 0;
    return is;
}

/* All words as one number: the uppermost one in the highest of so many bytes. */
static bool step_pop_all(explore_state_t *s, const explore_call_t *c)
{
    uintptr_t words = 0;

    while (s->count > 0)
        words = words << 8 | s->at[--s->count];
    return words == c->got;
}

/* ---- calls ---- */

static void push(uintptr_t word)
{
    static const explore_operation_t o = { "push", step_push };
    explore_call_t                  *c = explore_call(&o, 0, word);

    explore_return(c, (int)cc_lfstack_push(stack, word), 0, 0);
}

static void push_2(uintptr_t word)
{
    static const explore_operation_t o       = { "push_all", step_push_2 };
    const uintptr_t                  words[] = { word, word + 1 };
    explore_call_t                  *c       = explore_call(&o, word, word + 1);

    explore_return(c, (int)cc_lfstack_push_all(stack, words, 2), 0, 0);
}

static void look(const explore_operation_t *o, bool f(cc_lfstack_t *stack, uintptr_t *out))
{
    explore_call_t *c    = explore_call(o, 0, 0);
    uintptr_t       word = 0;
    const bool      is   = f(stack, &word);

    explore_return(c, is, 0, word);
}

static void pop(void)
{
    static const explore_operation_t o = { "pop", step_pop };

    look(&o, cc_lfstack_try_pop);
}

static void peek(void)
{
    static const explore_operation_t o = { "peek", step_peek };

    look(&o, cc_lfstack_try_peek);
}

static void collect(uintptr_t word, void *words)
{
    uintptr_t *all = words;

    *all = *all << 8 | word;
}

static void pop_all(void)
{
    static const explore_operation_t o     = { "pop_all", step_pop_all };
    explore_call_t                  *c     = explore_call(&o, 0, 0);
    uintptr_t                        words = 0;
    const size_t                     n     = cc_lfstack_pop_all(stack, collect, &words);

    explore_return(c, (int)n, 0, words);
}

static void do_step(what_t what, uintptr_t word)
{
    switch (what) {
    case PUSH:
        push(word);
        break;
    case PUSH_2:
        push_2(word);
        break;
    case POP:
        pop();
        break;
    case POP_ALL:
        pop_all();
        break;
    case PEEK:
        peek();
        break;
    case NOTHING:
        break;
    }
}

/* ---- runs ---- */

static void begin(const void *p)
{
    const plan_t *plan = p;

    domain = explore_eager(CC_SMR_IBR);
    stack  = cc_lfstack_create(&(cc_lfstack_options_t){ .smr = domain });
    for (uintptr_t word = 1; word <= plan->before; word++)
        push(word);
}

static void prepare(const void *plan, unsigned self)
{
    (void)plan, (void)self;
    explore_join(domain);
}

static void act(const void *p, unsigned self)
{
    const plan_t *plan = p;

    for (unsigned i = 0; i < STEPS; i++)
        do_step(plan->steps[self][i], 8 + 16 * self + 2 * i);
}

static void end(const void *plan)
{
    (void)plan;
    pop_all();
    explore_expect_order((explore_state_t){ .count = 0 });
    EXPLORE_CHECK(cc_lfstack_is_empty(stack));
    cc_lfstack_destroy(stack);
    cc_smr_destroy(domain);
}

/* ---- programs ---- */

#define PROGRAM(name, threads, bound, ...)                                             \
    {                                                                                  \
        name, threads, bound, &(const plan_t){ __VA_ARGS__ }, begin, prepare, act, end \
    }

/* clang-format off */
static const explore_program_t programs[] = {
    PROGRAM("push-push", 2, 3, .steps = { { PUSH, PUSH }, { PUSH } }),
    PROGRAM("push-pop", 2, 3, .before = 1, .steps = { { PUSH, PUSH }, { POP, POP } }),
    PROGRAM("pop-pop", 2, 2, .before = 2, .steps = { { POP, POP }, { POP, POP } }),
    PROGRAM("same-address", 2, 3, .before = 2, .steps = { { POP }, { POP, POP, PUSH } }),
    PROGRAM("push-pop-push", 3, 2, .before = 1, .steps = { { PUSH }, { POP, PUSH }, { POP } }),
    PROGRAM("meeting", 3, 2, .before = 1, .steps = { { PUSH }, { POP }, { PUSH } }),
    PROGRAM("meeting-pops", 3, 2, .before = 2, .steps = { { PUSH }, { POP }, { POP } }),
    PROGRAM("meeting-twice", 2, 3, .before = 1, .steps = { { PUSH, PUSH }, { POP, POP, POP } }),
    PROGRAM("push-all-pop", 2, 3, .before = 1, .steps = { { PUSH_2 }, { POP, POP } }),
    PROGRAM("pop-all-push", 2, 2, .before = 2, .steps = { { POP_ALL }, { PUSH, POP } }),
    PROGRAM("pop-all-pop", 3, 2, .before = 2, .steps = { { POP_ALL }, { POP }, { PUSH_2 } }),
    PROGRAM("peek-pop", 2, 3, .before = 2, .steps = { { PEEK, PEEK }, { POP, PUSH, POP } }),
};
/* clang-format on */

int main(int argc, char **argv)
{
    return EXPLORE_PROGRAMS(argc, argv, programs);
}
