/* SPDX-License-Identifier: MIT */
/* Threads that push and pop at once, stopped anywhere: no word is lost, comes out twice or in an order
 * that nothing explains, by the stack or by way of a meeting; nodes are freed as early as can be, and
 * their addresses come again. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ccmem/alloc.h>
#include <ccmem/lfstack.h>
#include "base/random.h"
#include "lockfree/lfstack_meeting.h"
#include "support/disturb.h"
#include "support/history.h"

enum { THREADS = 4, EACH = CCMEM_INSTRUMENTED ? 5000 : 120000, BATCH = 4 };

static const char *part = "";

#define CHECK(e)                                                              \
    do {                                                                      \
        if (!(e)) {                                                           \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, part, #e); \
            exit(1);                                                          \
        }                                                                     \
    } while (0)

typedef struct worker {
    unsigned number;
    uint64_t rng, pushed;
} worker_t;

static cc_lfstack_t *stack;
static cc_smr_t     *smr;
static history_t    *history;
static size_t        each;

static uint64_t below(worker_t *w, uint64_t n)
{
    return (cci_random_next(&w->rng) >> 33) % n;
}

static uint64_t fresh(worker_t *w)
{
    return (uint64_t)(w->number + 1) << 32 | w->pushed++;
}

/* ---- operations, noted ---- */

static void push(worker_t *w)
{
    const uint64_t began = history_begin(history), word = fresh(w);

    CHECK(cc_lfstack_push(stack, word) == CC_RESULT_OK);
    history_end(history, w->number, began, 0, HISTORY_ANY, word);
}

static void pop(worker_t *w)
{
    const uint64_t began = history_begin(history);
    uintptr_t      word  = HISTORY_ABSENT;

    CHECK(cc_lfstack_try_pop(stack, &word) == (word != HISTORY_ABSENT));
    history_end(history, w->number, began, 0, word, HISTORY_ABSENT);
}

static void peek(worker_t *w)
{
    const uint64_t began = history_begin(history);
    uintptr_t      word  = HISTORY_ABSENT;

    CHECK(cc_lfstack_try_peek(stack, &word) == (word != HISTORY_ABSENT));
    history_end(history, w->number, began, 0, word, HISTORY_SAME);
}

static void push_all(worker_t *w)
{
    uintptr_t      word[BATCH];
    const uint64_t began = history_begin(history);

    for (int i = 0; i < BATCH; i++)
        word[i] = fresh(w);
    CHECK(cc_lfstack_push_all(stack, word, BATCH) == CC_RESULT_OK);
    for (int i = 0; i < BATCH; i++)
        history_end(history, w->number, began, 0, HISTORY_ANY, word[i]);
}

/* The words that were visited; of one batch, in their order. */
typedef struct taken {
    uintptr_t word[THREADS * EACH];
    size_t    count;
} taken_t;

static void visit(uintptr_t word, void *context)
{
    taken_t *t = context;

    t->word[t->count++] = word;
}

static void pop_all(worker_t *w)
{
    static taken_t taken[THREADS];
    taken_t       *t     = &taken[w->number];
    const uint64_t began = history_begin(history);

    t->count = 0;
    CHECK(cc_lfstack_pop_all(stack, visit, t) == t->count);
    for (size_t i = 0; i < t->count; i++)
        history_end(history, w->number, began, 0, t->word[i], HISTORY_ABSENT);
    for (size_t i = 1; i < t->count; i++) /* of one producer the later ones first */
        CHECK(t->word[i - 1] >> 32 != t->word[i] >> 32 || t->word[i - 1] > t->word[i]);
}

/* ---- runs ---- */

static void begin(size_t operations, uint32_t step)
{
    const cc_smr_options_t o = { .era_step = step, .scan_step = step };

    smr     = cc_smr_create(&o);
    stack   = cc_lfstack_create(&(cc_lfstack_options_t){ smr });
    history = history_create(THREADS, EACH * THREADS + 1);
    each    = operations;
    CHECK(smr && stack);
}

static void run_threads(void *work(void *))
{
    worker_t w[THREADS];

    for (unsigned i = 0; i < THREADS; i++)
        w[i] = (worker_t){ .number = i, .rng = cci_random_seed(i + 1) };
    disturb_run(THREADS, work, w, sizeof *w);
}

/* What is left comes out, so that what was lost shows. */
static void drain(void)
{
    worker_t w = { .number = 0 };

    while (!cc_lfstack_is_empty(stack))
        pop(&w);
    pop(&w);
}

static void end(history_verdict_t check(history_t *))
{
    cc_lfstack_destroy(stack);
    cc_smr_destroy(smr);
    if (check(history) != HISTORY_LEGAL) {
        fprintf(stderr, "%s: %s", part, history_why(history));
        exit(1);
    }
    history_destroy(history);
}

static void *work_in_pairs(void *argument)
{
    worker_t *w = argument;

    for (size_t i = 0; i < each; i++)
        if (below(w, 2))
            push(w);
        else
            pop(w);
    return NULL;
}

/* So few words at a time that an order can be searched for. */
static void *work_alternately(void *argument)
{
    worker_t *w = argument;

    for (size_t i = 0; i < each; i++) {
        push(w);
        if (below(w, 4) == 0)
            peek(w);
        pop(w);
    }
    return NULL;
}

static void *work_in_batches(void *argument)
{
    worker_t *w = argument;

    for (size_t i = 0; i < each; i++)
        switch (below(w, 16)) {
        case 0:
            pop_all(w);
            break;
        case 1:
            push_all(w);
            break;
        default:
            if (below(w, 2))
                push(w);
            else
                pop(w);
        }
    return NULL;
}

static void check(const char *name, void *work(void *), size_t operations, uint32_t step,
                  history_verdict_t verdict(history_t *))
{
    part = name;
    begin(operations, step);
    run_threads(work);
    drain();
    end(verdict);
}

/* ---- meetings ---- */

/* Half of the threads offer, half take; each node is had by one, and what is in it is there. */
typedef struct offered {
    uint64_t    value;
    atomic_uint had;
} offered_t;

static cci_meeting_t meeting;
static offered_t     offered[THREADS * EACH] __attribute__((aligned(16)));
static atomic_uint   offering;
static atomic_size_t met, taken;

static void *work_on_meeting(void *argument)
{
    const worker_t *w = argument;

    for (size_t i = 0; w->number % 2 == 0 && i < EACH / 4; i++) {
        offered_t *o = &offered[w->number * EACH + i];
        o->value     = w->number * EACH + i;
        if (cci_meeting_offer(&meeting, w->number, o))
            atomic_fetch_add(&met, 1);
        else
            CHECK(atomic_load(&o->had) == 0);
    }
    if (w->number % 2 == 0)
        atomic_fetch_sub(&offering, 1);
    while (w->number % 2 && atomic_load(&offering)) {
        offered_t *o = cci_meeting_take(&meeting, w->number);
        if (o) {
            CHECK(o->value == (uint64_t)(o - offered));
            CHECK(atomic_fetch_add(&o->had, 1) == 0);
            atomic_fetch_add(&taken, 1);
        }
    }
    return NULL;
}

static void check_meetings(void)
{
    part = "meetings";
    atomic_store(&offering, THREADS / 2);
    run_threads(work_on_meeting);
    CHECK(met == taken);
    for (int i = 0; i < CCI_MEETING_PLACES; i++)
        CHECK(atomic_load(&meeting.place[i].has) == CCI_MEETING_EMPTY);
}

int main(void)
{
    cc_alloc_stats_enable(true);
    const uint64_t live = cc_alloc_stats_snapshot().current_allocated;

    check("alternately", work_alternately, EACH / 4, 1, history_check_stack);
    /* Quick enough for threads to meet. */
    check("alternately, quickly", work_alternately, EACH / 2, 128, history_check_stack);
    check("at random, quickly", work_in_pairs, EACH, 128, history_check_stack_values);
    check("at random", work_in_pairs, EACH / 2, 1, history_check_stack_values);
    check("in batches", work_in_batches, EACH / 4, 1, history_check_stack_values);
    check_meetings();
    CHECK(cc_alloc_stats_snapshot().current_allocated == live);
    return 0;
}
