/* SPDX-License-Identifier: MIT */
/* Both queues under all schedules of a few preemptions: support/explore.h. The segment of the unbounded one is
 * nearly used up, so that its end is among what happens. */
#include <ccmem/lfqueue.h>
#include "lockfree/lfqueue_segment.h"
#include "support/explore_domain.h"

enum { STEPS = 3, CAPACITY = 2, WORDS = 8, /* of the state: */ IN = 9, OUT = 10, CLOSED = 11 };

typedef enum what { NOTHING, PUSH, PUSH_2, POP, POP_2, CLOSE, PUSH_WAITING, POP_WAITING } what_t;

typedef struct plan {
    unsigned before; /* words that are in */
    unsigned left;   /* slots of the segment, 0: all */
    bool     is_bounded;
    what_t   steps[EXPLORE_THREADS][STEPS];
} plan_t;

static const plan_t         *plan;
static cc_smr_t             *domain;
static cc_lfqueue_t         *queue;
static cc_lfqueue_bounded_t *bounded;

/* ---- what one thread alone would find; words are below 64 ---- */

/* Of a batch key is the word before, which has to be in, or out, by then. */
static bool is_in_order(uintptr_t seen, const explore_call_t *c)
{
    return !c->key || (seen >> c->key & 1);
}

static bool step_push(explore_state_t *s, const explore_call_t *c)
{
    if (s->at[CLOSED])
        return c->result == CC_RESULT_STALE;
    if (plan->is_bounded && s->count == CAPACITY)
        return c->result == CC_RESULT_FULL;
    if (s->count == WORDS || !is_in_order(s->at[IN], c))
        return false;
    s->at[s->count++] = c->value;
    s->at[IN] |= (uintptr_t)1 << c->value;
    return c->result == CC_RESULT_OK;
}

static uintptr_t take_first(explore_state_t *s)
{
    const uintptr_t word = s->at[0];

    s->count--;
    for (unsigned i = 0; i < s->count; i++)
        s->at[i] = s->at[i + 1];
    return word;
}

static bool step_pop(explore_state_t *s, const explore_call_t *c)
{
    if (s->count == 0)
        return c->result == (s->at[CLOSED] ? CC_RESULT_STALE : CC_RESULT_NOT_FOUND);
    if (c->result != CC_RESULT_OK || !is_in_order(s->at[OUT], c))
        return false;
    s->at[OUT] |= (uintptr_t)1 << c->got;
    return take_first(s) == c->got;
}

/* A batch that found nothing does not tell whether it is closed. */
static bool step_find_none(explore_state_t *s, const explore_call_t *c)
{
    (void)c;
    return s->count == 0;
}

/* A batch of which there was no room for any. What a shorter one left out says nothing: it counts the room
 * before it takes it. */
static bool step_refuse(explore_state_t *s, const explore_call_t *c)
{
    (void)c;
    return s->at[CLOSED] || (plan->is_bounded && s->count == CAPACITY);
}

static bool step_close(explore_state_t *s, const explore_call_t *c)
{
    (void)c;
    s->at[CLOSED] = 1;
    return true;
}

/* ---- calls ---- */

static const explore_operation_t o_push = { "push", step_push }, o_pop = { "pop", step_pop },
                                 o_none   = { "pop", step_find_none },
                                 o_refuse = { "push", step_refuse },
                                 o_close  = { "close", step_close };

static void push(uintptr_t word, uint64_t timeout)
{
    explore_call_t *c = explore_call(&o_push, 0, word);

    explore_return(c,
                   (int)(plan->is_bounded ? cc_lfqueue_bounded_push(bounded, timeout, word)
                                          : cc_lfqueue_push(queue, word)),
                   0, 0);
}

static void pop(uint64_t timeout)
{
    explore_call_t   *c    = explore_call(&o_pop, 0, 0);
    uintptr_t         word = 0;
    const cc_result_t r    = plan->is_bounded ? cc_lfqueue_bounded_pop(bounded, timeout, &word)
                                              : cc_lfqueue_pop(queue, timeout, &word);

    explore_return(c, (int)r, 0, word);
}

/* Each word of a batch is a call; or one, when there was none. */
static void return_batch(explore_call_t *const *c, size_t n, const explore_operation_t *none)
{
    if (n == 0)
        c[0]->operation = none;
    explore_return(c[0], CC_RESULT_OK, 0, c[0]->got);
    if (n == 2)
        explore_return(c[1], CC_RESULT_OK, 0, c[1]->got);
    else
        explore_forget(c[1]);
}

static void push_2(uintptr_t word)
{
    const uintptr_t words[] = { word, word + 1 };
    explore_call_t *c[] = { explore_call(&o_push, 0, word), explore_call(&o_push, word, word + 1) };

    return_batch(c,
                 plan->is_bounded ? cc_lfqueue_bounded_push_many(bounded, words, 2)
                                  : cc_lfqueue_push_many(queue, words, 2),
                 &o_refuse);
}

static void pop_2(void)
{
    uintptr_t       words[2] = { 0 };
    explore_call_t *c[]      = { explore_call(&o_pop, 0, 0), explore_call(&o_pop, 0, 0) };
    const size_t    n        = plan->is_bounded ? cc_lfqueue_bounded_pop_many(bounded, words, 2)
                                                : cc_lfqueue_pop_many(queue, words, 2);

    c[0]->got = words[0];
    c[1]->key = words[0];
    c[1]->got = words[1];
    return_batch(c, n, &o_none);
}

static void close_it(void)
{
    explore_call_t *c = explore_call(&o_close, 0, 0);

    if (plan->is_bounded)
        cc_lfqueue_bounded_close(bounded);
    else
        EXPLORE_CHECK(cc_lfqueue_close(queue) == CC_RESULT_OK);
    explore_return(c, CC_RESULT_OK, 0, 0);
}

static void do_step(what_t what, uintptr_t word)
{
    switch (what) {
    case PUSH:
        push(word, 0);
        break;
    case PUSH_2:
        push_2(word);
        break;
    case POP:
        pop(0);
        break;
    case POP_2:
        pop_2();
        break;
    case CLOSE:
        close_it();
        break;
    case PUSH_WAITING:
        push(word, CC_LFQUEUE_FOREVER);
        break;
    case POP_WAITING:
        pop(CC_LFQUEUE_FOREVER);
        break;
    case NOTHING:
        break;
    }
}

/* ---- runs ---- */

/* Use slots up until so many are left. */
static void use_up(unsigned left)
{
    static uintptr_t words[CCI_SEGMENT_SLOTS];
    const size_t     n = left ? CCI_SEGMENT_SLOTS - left : 0;

    if (n == 0 || plan->is_bounded)
        return;
    EXPLORE_CHECK(cc_lfqueue_push_many(queue, words, n) == n);
    EXPLORE_CHECK(cc_lfqueue_pop_many(queue, words, n) == n);
}

static void begin(const void *p)
{

    plan   = p;
    domain = explore_eager(CC_SMR_IBR);
    if (plan->is_bounded)
        bounded = cc_lfqueue_bounded_create(CAPACITY);
    else
        queue = cc_lfqueue_create(&(cc_lfqueue_options_t){ .smr = domain });
    use_up(plan->left);
    for (uintptr_t word = 1; word <= plan->before; word++)
        push(word, 0);
}

static void prepare(const void *p, unsigned self)
{
    (void)p, (void)self;
    explore_join(domain);
}

static void act(const void *p, unsigned self)
{
    (void)p;
    for (unsigned i = 0; i < STEPS; i++)
        do_step(plan->steps[self][i], 8 + 16 * self + 2 * i);
}

static size_t length(void)
{
    return plan->is_bounded ? cc_lfqueue_bounded_len(bounded) : cc_lfqueue_len(queue);
}

/* What is left is taken out. Slots that were given up, and not passed yet, count as words. */
static void end(const void *p)
{
    (void)p;
    for (size_t left = length(); left > 0; left = length())
        pop(0);
    pop(0);
    explore_expect_order((explore_state_t){ .count = 0 });
    if (plan->is_bounded)
        cc_lfqueue_bounded_destroy(bounded);
    else
        cc_lfqueue_destroy(queue);
    cc_smr_destroy(domain);
}

/* ---- programs ---- */

#define PROGRAM(name, threads, bound, ...)                                             \
    {                                                                                  \
        name, threads, bound, &(const plan_t){ __VA_ARGS__ }, begin, prepare, act, end \
    }

/* clang-format off */
static const explore_program_t programs[] = {
    PROGRAM("push-pop", 2, 3, .steps = { { PUSH }, { POP, POP } }),
    PROGRAM("push-push-pop", 3, 2, .steps = { { PUSH }, { PUSH }, { POP, POP } }),
    PROGRAM("push-pop-pop", 3, 2, .before = 1, .steps = { { PUSH }, { POP }, { POP } }),
    PROGRAM("end-push-pop", 2, 3, .left = 1, .steps = { { PUSH, PUSH }, { POP, POP } }),
    PROGRAM("end-push-push", 2, 3, .left = 1, .steps = { { PUSH, PUSH }, { PUSH } }),
    PROGRAM("end-push-push-pop", 3, 2, .left = 1, .steps = { { PUSH, PUSH }, { PUSH }, { POP } }),
    PROGRAM("end-pop-pop", 2, 3, .left = 2, .before = 4, .steps = { { POP, POP }, { POP, POP } }),
    PROGRAM("end-push-pop-pop", 3, 2, .left = 1, .before = 1, .steps = { { PUSH }, { POP, POP }, { POP } }),
    PROGRAM("batches", 2, 3, .steps = { { PUSH_2 }, { POP_2, POP } }),
    PROGRAM("batches-with-push", 2, 2, .before = 1, .steps = { { PUSH_2, POP }, { PUSH, POP_2 } }),
    PROGRAM("batch-never-empty", 2, 3, .before = 1, .steps = { { POP_2 }, { PUSH, POP } }),
    PROGRAM("end-batches", 2, 3, .left = 1, .steps = { { PUSH_2 }, { POP_2, POP } }),
    PROGRAM("end-batches-meet", 2, 3, .left = 1, .steps = { { PUSH_2 }, { PUSH_2, POP } }),
    PROGRAM("close-push", 2, 3, .steps = { { CLOSE }, { PUSH, PUSH } }),
    PROGRAM("close-pop", 3, 2, .before = 1, .steps = { { CLOSE }, { PUSH }, { POP, POP } }),
    PROGRAM("end-close-push", 2, 3, .left = 1, .steps = { { CLOSE, POP }, { PUSH, PUSH } }),
    PROGRAM("end-close-pop", 3, 2, .left = 1, .before = 1, .steps = { { CLOSE }, { PUSH }, { POP, POP } }),
    PROGRAM("close-close", 2, 3, .left = 1, .before = 1, .steps = { { CLOSE, POP }, { CLOSE, PUSH } }),
    PROGRAM("wait", 2, 2, .steps = { { POP_WAITING }, { PUSH } }),
    PROGRAM("wait-two", 3, 1, .steps = { { POP_WAITING }, { POP_WAITING }, { PUSH, PUSH } }),
    PROGRAM("wait-close", 2, 2, .steps = { { POP_WAITING }, { CLOSE } }),
    PROGRAM("bounded-push-pop", 2, 3, .is_bounded = true, .steps = { { PUSH, PUSH }, { POP, POP } }),
    PROGRAM("bounded-full", 2, 3, .is_bounded = true, .before = 2, .steps = { { PUSH, PUSH }, { POP } }),
    PROGRAM("bounded-push-push-pop", 3, 2, .is_bounded = true, .before = 1, .steps = { { PUSH }, { PUSH }, { POP } }),
    PROGRAM("bounded-pop-pop-push", 3, 2, .is_bounded = true, .before = 1, .steps = { { POP }, { POP }, { PUSH } }),
    PROGRAM("bounded-around", 2, 3, .is_bounded = true, .before = 1, .steps = { { PUSH, POP, PUSH }, { POP, PUSH, POP } }),
    PROGRAM("bounded-batches", 2, 3, .is_bounded = true, .before = 1, .steps = { { PUSH_2 }, { POP_2, POP_2 } }),
    PROGRAM("bounded-batch-push", 3, 2, .is_bounded = true, .steps = { { PUSH_2 }, { PUSH }, { POP } }),
    PROGRAM("bounded-close", 2, 3, .is_bounded = true, .before = 1, .steps = { { CLOSE, PUSH }, { PUSH, POP, POP } }),
    PROGRAM("bounded-wait", 2, 2, .is_bounded = true, .steps = { { POP_WAITING }, { PUSH } }),
    PROGRAM("bounded-wait-for-room", 2, 2, .is_bounded = true, .before = 2, .steps = { { PUSH_WAITING }, { POP } }),
    PROGRAM("bounded-wait-close", 3, 1, .is_bounded = true, .steps = { { POP_WAITING }, { POP_WAITING }, { CLOSE } }),
};
/* clang-format on */

int main(int argc, char **argv)
{
    return EXPLORE_PROGRAMS(argc, argv, programs);
}
