/* SPDX-License-Identifier: MIT */
/* Property: for any sequence of calls of one thread a stack is an array of words. A call that has no memory
 * changes nothing, whichever allocation it is that fails; and nothing is left when the stack is gone. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ccmem/lfstack.h>
#include "base/random.h"
#include "support/lost_nodes.h"
#include "support/test_backend.h"

enum {
    SEEDS    = CCMEM_INSTRUMENTED ? 40 : 300,
    REFUSALS = CCMEM_INSTRUMENTED ? 3 : 8, /* seeds of which every allocation is refused */
    STEPS    = 200,
    BATCH    = 12
};

static unsigned      seed, step;
static uint64_t      rng;
static bool          is_refusing;
static cc_lfstack_t *stack;
static uintptr_t     word[STEPS * BATCH];
static size_t        held;

#define CHECK(e)                                                                                  \
    do {                                                                                          \
        if (!(e)) {                                                                               \
            fprintf(stderr, "%s:%d: seed %u, step %u: %s\n", __FILE__, __LINE__, seed, step, #e); \
            exit(1);                                                                              \
        }                                                                                         \
    } while (0)

static size_t below(size_t n)
{
    return (size_t)(cci_random_next(&rng) >> 33) % n;
}

/* New words behind those that are there. */
static const uintptr_t *invent(size_t n)
{
    for (size_t i = 0; i < n; i++)
        word[held + i] = below(2) ? (uintptr_t)cci_random_next(&rng) : below(3);
    return word + held;
}

static void note_pushed(cc_result_t r, size_t n)
{
    CHECK(r == CC_RESULT_OK || (is_refusing && r == CC_RESULT_NO_MEMORY));
    held += r == CC_RESULT_OK ? n : 0;
}

static void push(void)
{
    note_pushed(cc_lfstack_push(stack, *invent(1)), 1);
}

static void push_all(void)
{
    const size_t n = below(BATCH);

    note_pushed(cc_lfstack_push_all(stack, invent(n), n), n);
}

static void pop(void)
{
    uintptr_t got = 77, seen = 77;

    CHECK(cc_lfstack_try_peek(stack, &seen) == (held > 0));
    CHECK(cc_lfstack_try_pop(stack, &got) == (held > 0) && got == seen);
    CHECK(got == (held ? word[held - 1] : 77));
    held -= held > 0;
}

/* A visitor may use the stack: what it pushes is not among what it visits. */
static void visit(uintptr_t got, void *context)
{
    size_t *left = context;

    CHECK(*left > 0 && got == word[--*left]);
    if (*left == 0) {
        held = 0;
        push();
    }
}

static void pop_all(void)
{
    const size_t n    = held;
    size_t       left = n;

    if (below(8))
        return;
    CHECK(cc_lfstack_pop_all(stack, visit, &left) == n);
    CHECK(left == 0);
}

/* Returns how many blocks are lost: nodes that there was no memory to note as retired. */
static size_t run(unsigned s)
{
    static void (*const what[])(void) = { push, push, push_all, pop, pop, pop, pop_all };
    const cc_smr_options_t eager      = { .era_step = 1, .scan_step = 1, .check = true };
    cc_lfstack_options_t   options    = { NULL };

    seed = s;
    rng  = cci_random_seed(s);
    held = 0;
    if (s % 2 && !(options.smr = cc_smr_create(&eager)))
        return 0;
    size_t lost = 0;
    stack       = cc_lfstack_create(s % 4 ? &options : NULL);
    CHECK(stack || is_refusing);
    if (stack && (!is_refusing || cc_lfstack_push_all(stack, invent(1), 1) == CC_RESULT_OK)) {
        held = is_refusing;
        for (step = 0; step < STEPS; step++) {
            what[below(sizeof what / sizeof *what)]();
            CHECK(cc_lfstack_is_empty(stack) == (held == 0));
        }
        lost = cc_smr_stats(cc_lfstack_smr(stack)).lost_count;
    }
    cc_lfstack_destroy(stack);
    cc_smr_destroy(options.smr);
    return lost;
}

/* Returns how many were asked for. */
static size_t refuse(unsigned s, size_t at)
{
    const size_t live = test_backend.live, before = test_backend.asked;

    test_backend_refuse(at, 1);
    const size_t lost = run(s);
    test_backend_refuse(0, 0);
    CHECK(test_backend.live == live + lost);
    return test_backend.asked - before;
}

int main(void)
{
    setenv("CCMEM_HEAP_CHECK", "1", 1); /* every allocation comes to the backend */
    test_backend_use(false);
    CHECK(run(1) == 0); /* what is allocated once a process */
    for (unsigned s = 0; s < SEEDS; s++) {
        const size_t live = test_backend.live;
        CHECK(run(s) == 0);
        CHECK(test_backend.live == live);
    }
    is_refusing = true;
    for (unsigned s = 0; s < REFUSALS; s++)
        for (size_t at = 0; at < refuse(s, at); at++)
            ;
    return 0;
}
