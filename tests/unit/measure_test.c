/* SPDX-License-Identifier: MIT */
/* Which calls are measured, what of them stands in the trace, and when an allocator's books may be
 * read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include <cmocka.h>

#include "record/books.h"
#include "record/measure.h"
#include "support/recording.h"

/* Measured calls among `calls` more. */
static unsigned count_due(unsigned calls)
{
    unsigned due = 0;

    for (unsigned i = 0; i < calls; i++) {
        if (!cci_measure_due())
            continue;
        due++;
        uint64_t ticks = cci_measure_end(cci_measure_begin());
        (void)cci_measure_alloc(ticks, 10, 16);
    }
    return due;
}

/* As a program's calls come: something is recorded first, which starts the recorder. */
static void start(void)
{
    cci_thread_self();
}

static const cci_trace_measures_t *read_measures(cci_trace_t **t)
{
    cci_event_t e;

    *t = open_recording();
    while (cci_trace_next(*t, &e)) {
    }
    assert_false(cci_trace_info(*t)->incomplete);
    assert_int_equal(cci_trace_thread_count(*t), 1);
    return cci_trace_thread(*t, 0)->measures;
}

/* ---- which calls ---- */

static void many_calls(void)
{
    start();
    unsigned due = count_due(640000);
    if (due < 9900 || due > 10100)
        _exit(1);
}

static void test_one_call_in_64(void **state)
{
    cci_trace_t *t;

    (void)state;
    static const char *const MODES[] = { "full", "sample" };
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(record_in_child(MODES[i], "1000", many_calls), 0);
        const cci_trace_measures_t *m = read_measures(&t);
        assert_non_null(m);
        assert_in_range(m->ticks[CCI_MEASURED_ALLOC].count, 9900, 10100);
        assert_int_equal(m->ticks[CCI_MEASURED_FREE].count, 0);
        assert_int_equal(m->sized, m->ticks[CCI_MEASURED_ALLOC].count);
        assert_int_equal(m->requested, 10 * m->ticks[CCI_MEASURED_ALLOC].count);
        assert_int_equal(m->usable, 16 * m->ticks[CCI_MEASURED_ALLOC].count);
        assert_int_equal(cci_trace_info(t)->measured_every, 64);
        cci_trace_close(t);
    }
}

/* A program that does the same every 128 calls is met at each of them, and as often at the even ones
 * as at the odd ones. */
static void calls_in_a_rhythm(void)
{
    enum { RHYTHM = 128 };
    unsigned place[RHYTHM] = { 0 }, odd = 0;

    start();
    for (unsigned i = 0; i < 1280000; i++)
        if (cci_measure_due()) {
            (void)cci_measure_free(cci_measure_end(cci_measure_begin()));
            place[i % RHYTHM]++;
            odd += i % 2;
        }
    for (unsigned i = 0; i < RHYTHM; i++)
        if (place[i] < 156 / 3)
            _exit(1);
    if (odd < 9600 || odd > 10400)
        _exit(2);
}

static void test_no_rhythm_is_followed(void **state)
{
    (void)state;
    assert_int_equal(record_in_child("full", "1000", calls_in_a_rhythm), 0);
}

static void test_count_mode_measures_nothing(void **state)
{
    cci_trace_t *t;

    (void)state;
    static const char *const MODES[] = { "count", "full" };
    for (size_t i = 0; i < 2; i++) {
        setenv(CCI_ENV_MEASURE, "0", 1);
        if (i == 0)
            unsetenv(CCI_ENV_MEASURE);
        assert_int_equal(record_in_child(MODES[i], "1000", start), 0);
        assert_null(read_measures(&t));
        cci_trace_close(t);
    }
    unsetenv(CCI_ENV_MEASURE);
}

/* ---- what is counted ---- */

static void known_durations(void)
{
    start();
    cci_measure_free(5); /* less than the clock itself takes */
    cci_measure_free(1 << 20);
    cci_measure_alloc(1000000, 100, 0); /* how much was given is not known */
    cci_measure_alloc(CCI_MEASURE_NONE, 100, 200);
}

static void test_durations_are_less_the_clocks_own(void **state)
{
    cci_trace_t *t;

    (void)state;
    assert_int_equal(record_in_child("full", "1000", known_durations), 0);
    const cci_trace_measures_t *m     = read_measures(&t);
    const uint32_t              timer = cci_trace_info(t)->timer_ticks;
    assert_int_equal(m->ticks[CCI_MEASURED_FREE].count, 2);
    assert_int_equal(m->ticks[CCI_MEASURED_FREE].sum,
                     (timer < 5 ? 5 - timer : 0) + (1 << 20) - timer);
    assert_int_equal(m->ticks[CCI_MEASURED_ALLOC].count, 1);
    assert_int_equal(m->ticks[CCI_MEASURED_ALLOC].bucket[cci_histogram_bucket(1000000 - timer)], 1);
    assert_true(m->sized == 0 && m->requested == 0 && m->usable == 0);
    cci_trace_close(t);
}

/* A count of 16 bits is full after 65535: the next ones are in another record. */
static void more_than_a_count_holds(void)
{
    start();
    for (int i = 0; i < 200000; i++)
        cci_measure_free(100000);
}

static void test_no_count_overflows(void **state)
{
    cci_trace_t *t;

    (void)state;
    assert_int_equal(record_in_child("sample", "1000", more_than_a_count_holds), 0);
    assert_int_equal(read_measures(&t)->ticks[CCI_MEASURED_FREE].count, 200000);
    cci_trace_close(t);
}

/* Measures stay with their chunk, and go on in the next. */
static void over_many_chunks(void)
{
    start();
    for (uintptr_t i = 0; i < 100000; i++) {
        cci_record_free((void *)(0x10000 + (i * i << 20)));
        if (i % 10 == 0)
            cci_measure_alloc(500, 8, 24);
    }
}

static void test_measures_go_on_in_the_next_chunk(void **state)
{
    cci_trace_t *t;

    (void)state;
    assert_int_equal(record_in_child("full", "1000", over_many_chunks), 0);
    assert_int_equal(read_measures(&t)->ticks[CCI_MEASURED_ALLOC].count, 10000);
    assert_true(cci_trace_info(t)->raw_bytes > 4 * CCI_CHUNK_BYTES);
    cci_trace_close(t);
}

/* What a handler measures in the middle of the thread's own recording is left out, not mixed up. */
static void while_recording(void)
{
    cci_thread_t *t = cci_thread_self();

    cci_measure_free(10);
    if (!cci_thread_enter(t))
        _exit(1);
    cci_measure_free(10);
    cci_thread_leave(t);
    cci_measure_free(10);
}

static void test_a_handler_does_not_meet_a_record_in_motion(void **state)
{
    cci_trace_t *t;

    (void)state;
    assert_int_equal(record_in_child("full", "1000", while_recording), 0);
    assert_int_equal(read_measures(&t)->ticks[CCI_MEASURED_FREE].count, 2);
    assert_int_equal(cci_trace_info(t)->lost_events, 0);
    cci_trace_close(t);
}

static void test_the_clock_costs_something_and_not_much(void **state)
{
    cci_trace_t *t;

    (void)state;
    assert_int_equal(record_in_child("full", "1000", known_durations), 0);
    assert_non_null(read_measures(&t));
    assert_in_range(cci_trace_info(t)->timer_ticks, 1, 10000);
    cci_trace_close(t);
}

/* ---- books ---- */

static volatile unsigned reads;

static bool read_made_up(cci_books_t *out, bool at_end)
{
    reads++;
    *out = (cci_books_t){ CCI_BOOKS_GLIBC, 1000, 600, 100, at_end ? 50 : CCI_BOOKS_UNKNOWN, 3 };
    return true;
}

static bool read_nothing(cci_books_t *out, bool at_end)
{
    (void)out;
    (void)at_end;
    reads++;
    return false;
}

static __attribute__((noinline)) void read_here(cci_books_reader_t *read, bool at_end)
{
    cci_frame_t caller = cci_caller_of(__builtin_frame_address(0));

    errno = 77;
    cci_books_record(read, &caller, at_end);
    if (errno != 77)
        _exit(1);
}

static void on_signal(int number)
{
    (void)number;
    read_here(read_made_up, false);
}

static void in_a_handler(int flags)
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };

    if (sigaction(SIGUSR1, &action, NULL) != 0 || raise(SIGUSR1) != 0)
        _exit(1);
}

static void books_here_and_there(void)
{
    sigset_t some;

    start();
    read_here(read_made_up, false);
    read_here(read_made_up, true);
    read_here(read_nothing, false);
    if (reads != 3)
        _exit(1);
    in_a_handler(0);
    in_a_handler(SA_NODEFER); /* the signal itself stays open */
    sigemptyset(&some);
    sigaddset(&some, SIGUSR2);
    sigprocmask(SIG_BLOCK, &some, NULL); /* may be a handler's doing */
    read_here(read_made_up, false);
    sigprocmask(SIG_UNBLOCK, &some, NULL);
    cci_thread_t *mine = cci_thread_suspend();
    read_here(read_made_up, false);
    cci_thread_resume(mine);
    if (reads != 3)
        _exit(1);
}

static void test_books_are_read_outside_handlers(void **state)
{
    cci_trace_t *t;

    (void)state;
    assert_int_equal(record_in_child("full", "1000", books_here_and_there), 0);
    read_measures(&t);
    assert_int_equal(cci_trace_books_count(t), 2);
    cci_books_reading_t first = cci_trace_books(t, 0), last = cci_trace_books(t, 1);
    assert_true(first.books.used == 600 && first.books.largest == CCI_BOOKS_UNKNOWN);
    assert_true(last.books.largest == 50 && last.time_ns >= first.time_ns);
    cci_trace_close(t);
}

static void books_of_a_counter(void)
{
    start();
    read_here(read_made_up, true);
    if (reads != 0)
        _exit(1);
}

static void test_count_mode_reads_no_books(void **state)
{
    cci_trace_t *t;

    (void)state;
    assert_int_equal(record_in_child("count", "1000", books_of_a_counter), 0);
    read_measures(&t);
    assert_int_equal(cci_trace_books_count(t), 0);
    cci_trace_close(t);
}

/* ---- when ---- */

static const uint64_t pause_units = UINT64_C(1) << 26;

static bool read_slowly(cci_books_t *out, bool at_end)
{
    uint64_t end = cci_clock_ns(CLOCK_MONOTONIC) + 20000000;

    while (cci_clock_ns(CLOCK_MONOTONIC) < end) {
    }
    return read_made_up(out, at_end);
}

static uint64_t now(void)
{
    return cci_clock_ticks((cci_clock_kind_t)cci_thread_self()->clock);
}

static void due_again_and_again(void)
{
    start();
    const unsigned shift = cci_thread_self()->tick_shift;
    const uint64_t soon  = now() + (pause_units << shift) / 2,
                   later = now() + 4 * (pause_units << shift);
    if (cci_books_due(now()) || cci_books_due(soon))
        _exit(1); /* not at once */
    if (!cci_books_due(later) || cci_books_due(later))
        _exit(2); /* once, for one thread */
    read_here(read_made_up, false);
    if (cci_books_due(soon) || !cci_books_due(later))
        _exit(3); /* and again after a pause */
    in_a_handler(0);
    if (!cci_books_due(later))
        _exit(4); /* who could not read leaves it to another */
    read_here(read_slowly, false);
    if (cci_books_due(later << 8))
        _exit(5); /* that took too long: never again */
}

static void test_reading_pauses_and_gives_up(void **state)
{
    (void)state;
    assert_int_equal(record_in_child("full", "1000", due_again_and_again), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_call_in_64),
        cmocka_unit_test(test_no_rhythm_is_followed),
        cmocka_unit_test(test_count_mode_measures_nothing),
        cmocka_unit_test(test_durations_are_less_the_clocks_own),
        cmocka_unit_test(test_no_count_overflows),
        cmocka_unit_test(test_measures_go_on_in_the_next_chunk),
        cmocka_unit_test(test_a_handler_does_not_meet_a_record_in_motion),
        cmocka_unit_test(test_the_clock_costs_something_and_not_much),
        cmocka_unit_test(test_books_are_read_outside_handlers),
        cmocka_unit_test(test_count_mode_reads_no_books),
        cmocka_unit_test(test_reading_pauses_and_gives_up),
    };
    scratch_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
