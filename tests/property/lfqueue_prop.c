/* SPDX-License-Identifier: MIT */
/* Property: for any sequence of calls of one thread a queue is a list of words; the bounded one of so many
 * and no more. A call that has no memory changes nothing, whichever allocation it is that fails; and
 * nothing is left when the queue is gone. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ccmem/lfqueue.h>

#include "support/lost_nodes.h"
#include "support/seeded.h"
#include "support/test_backend.h"

enum {
    SEEDS       = CCMEM_INSTRUMENTED ? 40 : 300,
    REFUSALS    = CCMEM_INSTRUMENTED ? 4 : 12, /* seeds of which every allocation is refused */
    STEPS       = 300,
    BATCH_MOST  = 1000, /* more than two segments */
    SEGMENT     = 406,
    CLOSES_ONCE = STEPS
};

static uintptr_t words[STEPS * BATCH_MOST]; /* all that ever went in */
static size_t    pushed, popped;            /* of them */
static bool      is_closed, is_refusing;

static size_t held(void)
{
    return pushed - popped;
}

static size_t at_most(size_t n, size_t most)
{
    return n < most ? n : most;
}

/* One word, a few, or many. */
static size_t some_count(void)
{
    return below(3) ? below(20) : below(BATCH_MOST);
}

/* New words behind those that went in. */
static const uintptr_t *invent(size_t n)
{
    for (size_t i = 0; i < n; i++)
        words[pushed + i] = below(2) ? (uintptr_t)next_random() : below(3);
    return words + pushed;
}

static void expect_popped(const uintptr_t *got, size_t n)
{
    CHECK(n <= held());
    CHECK(n == 0 || memcmp(got, words + popped, n * sizeof *got) == 0);
    popped += n;
}

/* ---- unbounded ---- */

static cc_lfqueue_t *queue;

static void push(void)
{
    const cc_result_t r = cc_lfqueue_push(queue, *invent(1));

    CHECK(r == (is_closed ? CC_RESULT_STALE : CC_RESULT_OK) ||
          (is_refusing && r == CC_RESULT_NO_MEMORY));
    pushed += r == CC_RESULT_OK;
}

static void push_many(void)
{
    const size_t n    = some_count();
    const size_t done = cc_lfqueue_push_many(queue, invent(n), n);

    CHECK(done == (is_closed ? 0 : n) || (is_refusing && done < n));
    pushed += done;
}

static void try_pop(void)
{
    uintptr_t  got;
    const bool is_one = cc_lfqueue_try_pop(queue, &got);

    CHECK(is_one == (held() > 0));
    expect_popped(&got, is_one);
}

/* At least one when there is one: a batch ends with a segment. */
static void pop_many(void)
{
    static uintptr_t got[BATCH_MOST];
    const size_t     max = some_count();
    const size_t     n   = cc_lfqueue_pop_many(queue, got, max);

    CHECK(n <= at_most(held(), max));
    CHECK(n > 0 || held() == 0 || max == 0);
    expect_popped(got, n);
}

static void pop_without_waiting(void)
{
    uintptr_t         got;
    const cc_result_t r = cc_lfqueue_pop(queue, 0, &got);

    CHECK(r == (held() ? CC_RESULT_OK : is_closed ? CC_RESULT_STALE : CC_RESULT_NOT_FOUND));
    expect_popped(&got, r == CC_RESULT_OK);
}

static void ask(void)
{
    CHECK(cc_lfqueue_len(queue) == held());
    CHECK(cc_lfqueue_is_closed(queue) == is_closed);
}

static void close_it(void)
{
    if (below(CLOSES_ONCE))
        return;
    CHECK(cc_lfqueue_close(queue) == CC_RESULT_OK);
    is_closed = true;
}

typedef void step_t(void);

static void steps_of(step_t *const *steps, size_t count)
{
    for (int i = 0; i < STEPS; i++)
        steps[below(count)]();
}

static void forget(unsigned s)
{
    begin_seed(s);
    pushed = popped = 0;
    is_closed       = false;
}

/* Returns the segments that are lost: those for which there was no memory to note that they go. */
static size_t run(unsigned s)
{
    static step_t *const steps[] = { push, push_many, try_pop, pop_many, pop_without_waiting,
                                     ask,  close_it };
    cc_smr_options_t     eager   = CC_SMR_OPTIONS_DEFAULT;
    cc_lfqueue_options_t options = CC_LFQUEUE_OPTIONS_DEFAULT;

    forget(s);
    eager.era_step = eager.scan_step = 1;
    if ((s % 2 || is_refusing) && !(options.smr = cc_smr_create(&eager)))
        return 0;
    queue = cc_lfqueue_create(&options);
    if (queue)
        steps_of(steps, sizeof steps / sizeof *steps);
    cc_lfqueue_destroy(queue);
    if (!options.smr)
        return 0;
    const size_t lost = (size_t)cc_smr_stats(options.smr).lost_count;
    cc_smr_destroy(options.smr);
    return lost;
}

/* ---- bounded ---- */

static cc_lfqueue_bounded_t *bounded;

static size_t room(void)
{
    return is_closed ? 0 : cc_lfqueue_bounded_capacity(bounded) - held();
}

static void bounded_try_push(void)
{
    const bool expected = room() > 0;

    CHECK(cc_lfqueue_bounded_try_push(bounded, *invent(1)) == expected);
    pushed += expected;
}

static void bounded_push_without_waiting(void)
{
    const size_t      n        = at_most(room(), 1);
    const cc_result_t expected = is_closed ? CC_RESULT_STALE : n ? CC_RESULT_OK : CC_RESULT_FULL;

    CHECK(cc_lfqueue_bounded_push(bounded, 0, *invent(1)) == expected);
    pushed += n;
}

static void bounded_push_many(void)
{
    const size_t n = some_count(), fits = at_most(n, room());

    CHECK(cc_lfqueue_bounded_push_many(bounded, invent(n), n) == fits);
    pushed += fits;
}

static void bounded_try_pop(void)
{
    uintptr_t    got;
    const size_t n = at_most(held(), 1);

    CHECK(cc_lfqueue_bounded_try_pop(bounded, &got) == (n == 1));
    expect_popped(&got, n);
}

static void bounded_pop_without_waiting(void)
{
    uintptr_t         got;
    const cc_result_t r = cc_lfqueue_bounded_pop(bounded, 0, &got);

    CHECK(r == (held() ? CC_RESULT_OK : is_closed ? CC_RESULT_STALE : CC_RESULT_NOT_FOUND));
    expect_popped(&got, r == CC_RESULT_OK);
}

static void bounded_pop_many(void)
{
    static uintptr_t got[BATCH_MOST];
    const size_t     max = some_count(), n = at_most(max, held());

    CHECK(cc_lfqueue_bounded_pop_many(bounded, got, max) == n);
    expect_popped(got, n);
}

static void bounded_ask(void)
{
    CHECK(cc_lfqueue_bounded_len(bounded) == held());
    CHECK(cc_lfqueue_bounded_is_closed(bounded) == is_closed);
}

static void bounded_close(void)
{
    if (below(CLOSES_ONCE))
        return;
    cc_lfqueue_bounded_close(bounded);
    is_closed = true;
}

static size_t run_bounded(unsigned s)
{
    static step_t *const steps[] = { bounded_try_push,
                                     bounded_push_without_waiting,
                                     bounded_push_many,
                                     bounded_try_pop,
                                     bounded_pop_without_waiting,
                                     bounded_pop_many,
                                     bounded_ask,
                                     bounded_close };

    forget(s);
    bounded = cc_lfqueue_bounded_create(1 + below(2 * SEGMENT));
    if (bounded)
        steps_of(steps, sizeof steps / sizeof *steps);
    cc_lfqueue_bounded_destroy(bounded);
    return 0;
}

static size_t make_only(unsigned unused)
{
    (void)unused;
    cc_lfqueue_destroy(cc_lfqueue_create(NULL));
    return 0;
}

/* Each allocation fails once. */
static void refuse_each(size_t (*what)(unsigned), unsigned s)
{
    bool failed = true;

    is_refusing = true;
    for (size_t at = 0; failed; at++) {
        const size_t live = test_backend.live, before = test_backend.asked;
        test_backend_refuse(at, 1);
        const size_t lost = what(s);
        test_backend_refuse(0, 0);
        failed = test_backend.asked - before > at;
        CHECK(test_backend.live == live + lost);
    }
    is_refusing = false;
}

int main(void)
{
    setenv("CCMEM_HEAP_CHECK", "1", 1); /* every allocation comes to the backend */
    test_backend_use(false);
    CHECK(run(1) == 0); /* what is allocated once a process */
    for (unsigned s = 0; s < SEEDS; s++) {
        const size_t live = test_backend.live;
        CHECK(run(s) == 0);
        run_bounded(s);
        CHECK(test_backend.live == live);
    }
    refuse_each(make_only, 0);
    refuse_each(run_bounded, 0);
    for (unsigned s = 0; s < REFUSALS; s++)
        refuse_each(run, s);
    return 0;
}
