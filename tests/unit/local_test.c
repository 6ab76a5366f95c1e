/* SPDX-License-Identifier: MIT */
/* A process that records itself: what it is told is what it reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sched.h>
#include <unistd.h>

#include <cmocka.h>

#include "record/recorder_parts.h"
#include "support/local_telling.h"

/* ---- what is told ---- */

static void test_every_event(void **state)
{
    (void)state;
    tell_malloc(1, 10);
    start(&FULL);
    tell_malloc(2, 20);
    tell_alloc(CCI_OP_CALLOC, at(3), 30, 0);
    tell_alloc(CCI_OP_ALIGNED, at(4), 40, 4096);
    tell_alloc(CCI_OP_MALLOC, NULL, 50, 0);
    tell_free(NULL);
    tell_realloc(2, at(5), 60);
    tell_realloc(5, NULL, 70);
    tell_realloc(5, at(5), 80);
    tell_free(at(5));
    assert_true(read_once());
    own->stop();
    tell_malloc(6, 90);

    cci_trace_t *t = open_shown();
    expect(t, CCI_OP_MALLOC, 2, 0, 20);
    expect(t, CCI_OP_CALLOC, 3, 0, 30);
    expect(t, CCI_OP_ALIGNED, 4, 0, 40);
    expect(t, CCI_OP_REALLOC, 5, 2, 60);
    expect(t, CCI_OP_REALLOC, 5, 5, 80);
    expect(t, CCI_OP_FREE, 5, 0, 0);
    assert_int_equal(count_events(t), 0);
    assert_int_equal(cci_trace_info(t)->pid, getpid());
    assert_int_equal(cci_trace_info(t)->flags, CCI_TRACE_FLAG_ATTACHED);
    assert_non_null(cci_trace_meta(t, "exe", NULL));
    done(t);
}

static void test_nothing_within_a_pair_or_while_suspended(void **state)
{
    (void)state;
    cci_local_event_t outer = event(CCI_OP_MALLOC, 1, 0);

    start(&FULL);
    uint64_t began = own->allocating();
    tell_malloc(1, 10);
    tell_free(at(1));
    tell_realloc(1, at(2), 10);
    own->allocated(began, at(3), 1, &outer);
    began = own->freeing(at(3));
    tell_malloc(4, 10);
    own->freed(began);
    outer = event(CCI_OP_REALLOC, 7, 0);
    began = own->resizing(at(5));
    tell_free(at(6));
    own->resized(began, at(5), at(7), 7, &outer);
    void *suspended = own->suspend();
    tell_malloc(8, 10);
    own->resume(suspended);
    tell_malloc(9, 9);
    assert_true(read_once());
    own->stop();

    cci_trace_t *t = open_shown();
    expect(t, CCI_OP_MALLOC, 3, 0, 1);
    expect(t, CCI_OP_FREE, 3, 0, 0);
    expect(t, CCI_OP_REALLOC, 7, 5, 7);
    expect(t, CCI_OP_MALLOC, 9, 0, 9);
    assert_int_equal(count_events(t), 0);
    done(t);
}

/* A pair that was opened before the recording began, or closed after it ended. */
static void test_pairs_across_the_ends(void **state)
{
    (void)state;
    cci_local_event_t e = event(CCI_OP_MALLOC, 1, 0);

    uint64_t before = own->allocating();
    start(&FULL);
    own->allocated(before, at(1), 1, &e);
    uint64_t within = own->allocating();
    assert_true(read_once());
    own->stop();
    own->allocated(within, at(2), 1, &e);
    cci_trace_t *t = open_shown();
    assert_int_equal(count_events(t), 0);
    done(t);

    start(&FULL);
    tell_malloc(3, 3);
    assert_true(read_once());
    own->stop();
    t = open_shown();
    expect(t, CCI_OP_MALLOC, 3, 0, 3);
    assert_int_equal(count_events(t), 0);
    done(t);
}

enum { THREADS = 4, EACH = 20000 };

static void test_threads(void **state)
{
    (void)state;
    static uint8_t seen[THREADS * EACH];
    teller_t       teller[THREADS];
    cci_event_t    e;

    start(&FULL);
    for (unsigned i = 0; i < THREADS; i++)
        begin_teller(&teller[i], (uintptr_t)i * EACH, EACH);
    for (unsigned i = 0; i < THREADS; i++)
        end_teller(&teller[i]);
    assert_true(read_once());
    own->stop();

    cci_trace_t *t = open_shown();
    while (cci_trace_next(t, &e)) {
        uintptr_t n = (e.ptr - (uintptr_t)at(0)) / 16;
        assert_in_range(n, 0, THREADS * EACH - 1);
        assert_int_equal(seen[n]++, 0);
    }
    assert_int_equal(cci_trace_info(t)->events, THREADS * EACH);
    assert_int_equal(cci_trace_thread_count(t), THREADS);
    done(t);
}

/* ---- reading ---- */

static void test_a_thread_amid_a_record(void **state)
{
    (void)state;
    start(&FULL);
    tell_malloc(1, 1);
    assert_true(read_once());
    assert_true(cci_thread_enter(cci_thread_current));
    assert_false(read_once());
    cci_thread_leave(cci_thread_current);
    assert_true(read_once());
    own->stop();
    cci_trace_t *t = open_shown();
    assert_int_equal(count_events(t), 1);
    done(t);
}

/* Far more than the pool holds. */
static void test_chunks_are_used_again(void **state)
{
    (void)state;
    enum { ROUNDS = 50, ROUND = 40000 };

    start(&FULL);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < ROUND; i++)
            tell_malloc(round * ROUND + i, 24);
        assert_true(read_once());
    }
    assert_int_equal(cci_pool_count(&cci_recorder.pool), CCI_POOL_EXTENT_CHUNKS);
    own->stop();
    assert_true(shown.chunks > 5 * CCI_POOL_EXTENT_CHUNKS);
    cci_trace_t *t = open_shown();
    assert_int_equal(count_events(t), ROUNDS * ROUND);
    done(t);
}

static uint32_t waiting(void)
{
    return atomic_load(&cci_recorder.pool.control->waiting);
}

enum { TOO_MANY = 1000000 }; /* events for a pool that nobody reads */

static void test_a_full_pool_is_waited_for(void **state)
{
    (void)state;
    teller_t     teller;
    _Atomic bool ended = false;

    start(&FULL);
    begin_teller(&teller, 0, TOO_MANY);
    while (waiting() == 0)
        sched_yield();
    (void)read_once();
    assert_true(shown.chunks >= CCI_POOL_SPARE_CHUNKS);
    while (!ended) {
        own->wait(10);
        (void)read_once();
        ended = pthread_tryjoin_np(teller.thread, NULL) == 0;
    }
    assert_true(read_once());
    own->stop();
    cci_trace_t *t = open_shown();
    assert_int_equal(count_events(t), TOO_MANY);
    done(t);
}

/* It does not wait for a reader that will not come. */
static void test_stop_while_a_thread_waits(void **state)
{
    (void)state;
    teller_t teller;

    start(&FULL);
    begin_teller(&teller, 0, TOO_MANY);
    while (waiting() == 0)
        sched_yield();
    own->stop();
    end_teller(&teller);
    local_trace_free(&shown);

    start(&FULL);
    tell_malloc(1, 1);
    assert_true(read_once());
    own->stop();
    cci_trace_t *t = open_shown();
    assert_int_equal(count_events(t), 1);
    done(t);
}

static void test_what_cannot_be_taken(void **state)
{
    (void)state;
    teller_t teller[2];

    start(&FULL);
    shown.refuse_after = 1;
    for (unsigned i = 0; i < 2; i++)
        begin_teller(&teller[i], i, 1);
    for (unsigned i = 0; i < 2; i++)
        end_teller(&teller[i]);
    assert_false(read_once());
    assert_int_equal(shown.shown, 2);
    own->stop();
    local_trace_free(&shown);
}

/* Returns at once, or the test does not end. */
static void ring_and_fill(void)
{
    enum { LONG_MS = 1000000 };
    teller_t teller;

    start(&FULL);
    own->ring();
    own->wait(LONG_MS);
    begin_teller(&teller, 0, 10 * EACH);
    own->wait(LONG_MS);
    end_teller(&teller);
    (void)read_once();
    assert_true(shown.chunk[0].whole);
    own->stop();
    local_trace_free(&shown);
}

static void ring_only(void)
{
    start(&FULL);
    own->ring();
    own->wait(1000000);
    own->stop();
    local_trace_free(&shown);
}

static void test_the_bell(void **state)
{
    (void)state;
    ring_and_fill();
    ring_only();
    ring_only();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_event),
        cmocka_unit_test(test_nothing_within_a_pair_or_while_suspended),
        cmocka_unit_test(test_pairs_across_the_ends),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_a_thread_amid_a_record),
        cmocka_unit_test(test_chunks_are_used_again),
        cmocka_unit_test(test_a_full_pool_is_waited_for),
        cmocka_unit_test(test_stop_while_a_thread_waits),
        cmocka_unit_test(test_what_cannot_be_taken),
        cmocka_unit_test(test_the_bell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
