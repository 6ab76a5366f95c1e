/* SPDX-License-Identifier: MIT */
/* A process that records itself: again and again, as it was asked to, in forks, and without memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "record/measure.h"
#include "record/recorder_parts.h"
#include "support/local_telling.h"
#include "support/scratch.h"

/* ---- again and again ---- */

static size_t resident_pages(void)
{
    FILE  *f     = fopen("/proc/self/statm", "re");
    size_t pages = 0;

    assert_non_null(f);
    assert_int_equal(fscanf(f, "%*u %zu", &pages), 1);
    fclose(f);
    return pages;
}

static void record_shortly(bool stacks)
{
    const cci_local_options_t options = { .mode          = CCI_MODE_FULL,
                                          .stacks        = stacks,
                                          .measure_every = 64 };
    teller_t                  teller[2];

    start(&options);
    for (unsigned i = 0; i < 2; i++)
        begin_teller(&teller[i], i * 3000, 3000);
    tell_malloc(1, 1);
    for (unsigned i = 0; i < 2; i++)
        end_teller(&teller[i]);
    assert_true(read_once());
    own->stop();
    assert_false(own->is_on());
    cci_trace_t *t = open_shown();
    assert_int_equal(count_events(t), 6001);
    done(t);
}

static void test_many_recordings(void **state)
{
    (void)state;
    enum { ROUNDS = 200, SETTLED = 20 };
    size_t pages = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        record_shortly(i % 2);
        if (i == SETTLED)
            pages = resident_pages();
    }
    if (!CCMEM_INSTRUMENTED)
        assert_in_range(resident_pages(), 0, pages + 256);
}

/* ---- threads that are there, and do nothing ---- */

typedef struct idler {
    teller_t           teller;
    pthread_barrier_t *between, *end;
} idler_t;

static void *tell_and_idle(void *idler)
{
    idler_t *i = idler;

    tell_all(&i->teller);
    pthread_barrier_wait(i->between);
    pthread_barrier_wait(i->end);
    return NULL;
}

/* Those that never tell of anything again cannot give back what they had. */
static void test_memory_of_idle_threads(void **state)
{
    (void)state;
    enum { IDLERS = 16, LEAST_PAGES = 6 /* stacks; a chunk has 3 or 4 */ };
    const cci_local_options_t options = { .mode = CCI_MODE_FULL, .stacks = true };
    idler_t                   idler[IDLERS];
    pthread_barrier_t         between, end;

    pthread_barrier_init(&between, NULL, IDLERS + 1);
    pthread_barrier_init(&end, NULL, IDLERS + 1);
    start(&options);
    for (unsigned i = 0; i < IDLERS; i++) {
        idler[i] = (idler_t){ { .first = i * 3000, .events = 3000 }, &between, &end };
        assert_int_equal(pthread_create(&idler[i].teller.thread, NULL, tell_and_idle, &idler[i]),
                         0);
    }
    pthread_barrier_wait(&between);
    const size_t while_on = resident_pages();
    own->stop();
    const size_t afterwards = resident_pages();
    pthread_barrier_wait(&end);
    for (unsigned i = 0; i < IDLERS; i++)
        end_teller(&idler[i].teller);
    if (!CCMEM_INSTRUMENTED)
        assert_in_range(afterwards, 0, while_on - IDLERS * LEAST_PAGES);
    local_trace_free(&shown);
}

static void test_one_at_a_time(void **state)
{
    (void)state;
    start(&FULL);
    assert_int_equal(own->start(&FULL), CC_RESULT_BUSY);
    assert_true(own->is_on());
    own->stop();
    own->stop();
    local_trace_free(&shown);
}

static void write_late(cci_chunk_header_t *chunk)
{
    memset(cci_chunk_body(chunk) + 4096, 0xff, 1000);
    chunk->used  = 5096;
    chunk->state = CCI_CHUNK_OWNED;
}

/* As one that was interrupted for seconds when the recording before ended. */
static void test_a_late_thread(void **state)
{
    (void)state;
    start(&FULL);
    tell_malloc(1, 1);
    cci_thread_t       *late  = cci_thread_current;
    cci_chunk_header_t *chunk = late->chunk;
    assert_true(cci_thread_enter(late));
    own->stop();
    local_trace_free(&shown);
    write_late(chunk);
    assert_int_equal(own->start(&FULL), CC_RESULT_BUSY);
    assert_false(own->is_on());
    write_late(chunk);
    cci_thread_leave(late);
    start(&FULL);
    tell_malloc(2, 2);
    assert_true(read_once());
    own->stop();
    cci_trace_t *t = open_shown();
    expect(t, CCI_OP_MALLOC, 2, 0, 2);
    assert_int_equal(count_events(t), 0);
    done(t);
}

/* ---- options ---- */

static uint32_t stack_of_one(bool stacks)
{
    const cci_local_options_t options = { .mode = CCI_MODE_FULL, .stacks = stacks };
    cci_event_t               e;

    start(&options);
    tell_malloc(1, 1);
    assert_true((cci_thread_current->stacks != NULL) == stacks);
    assert_true(read_once());
    own->stop();
    cci_trace_t *t = open_shown();
    assert_true(cci_trace_next(t, &e));
    assert_true((cci_trace_node_count(t) > 1) == (e.stack != 0));
    done(t);
    return e.stack;
}

static void test_stacks(void **state)
{
    (void)state;
    assert_int_not_equal(stack_of_one(true), 0);
    assert_int_equal(stack_of_one(false), 0);
    assert_int_not_equal(stack_of_one(true), 0);
}

/* Returns the measured allocations; each pair is of 24 bytes that got 32. */
static uint64_t measure(uint32_t every, unsigned pairs)
{
    const cci_local_options_t options = { .mode = CCI_MODE_FULL, .measure_every = every };
    uint64_t                  n       = 0;

    start(&options);
    for (unsigned i = 0; i < pairs; i++) {
        tell_malloc(i, 24);
        tell_free(at(i));
    }
    assert_true(read_once());
    own->stop();
    cci_trace_t *t = open_shown();
    assert_int_equal(count_events(t), 2 * pairs);
    const cci_trace_measures_t *m = cci_trace_thread(t, 0)->measures;
    if (m) {
        n = m->ticks[CCI_MEASURED_ALLOC].count;
        assert_true(m->ticks[CCI_MEASURED_FREE].count > 0);
        assert_true(m->sized > 0);
        assert_int_equal(m->requested, 24 * m->sized);
        assert_int_equal(m->usable, 32 * m->sized);
        assert_int_equal(cci_trace_info(t)->measured_every, every);
    }
    done(t);
    return n;
}

static void test_measuring(void **state)
{
    (void)state;
    assert_int_equal(measure(0, 20000), 0);
    assert_in_range(measure(64, 64000), 800, 1200);
    assert_in_range(measure(8, 8000), 800, 1200);
}

/* What an allocator asks of another within a call is not one of the calls that are counted. */
static void test_measuring_counts_calls_of_the_program(void **state)
{
    (void)state;
    const cci_local_options_t options = { .mode = CCI_MODE_FULL, .measure_every = 64 };
    cci_local_event_t         e       = event(CCI_OP_MALLOC, 24, 0);

    start(&options);
    tell_malloc(0, 1);
    for (unsigned i = 0; i < 100; i++) {
        uint32_t before = cci_measure_countdown;
        uint64_t began  = own->allocating();
        for (unsigned inner = 0; inner < 5; inner++)
            (void)cci_measure_due();
        own->allocated(began, at(i), 24, &e);
        if (before > 1)
            assert_int_equal(cci_measure_countdown, before - 1);
    }
    own->stop();
    local_trace_free(&shown);
}

static void test_samples(void **state)
{
    (void)state;
    const cci_local_options_t options = { .mode = CCI_MODE_SAMPLE, .sample_interval = 4096 };
    enum { BLOCKS = 50000 };

    start(&options);
    for (unsigned i = 0; i < BLOCKS; i++) {
        tell_malloc(i, 64);
        tell_free(at(i));
    }
    assert_true(read_once());
    own->stop();
    cci_trace_t *t = open_shown();
    assert_in_range(count_events(t), 2 * 600, 2 * 1000);
    assert_int_equal(cci_trace_thread(t, 0)->counters.alloc_count, BLOCKS);
    assert_int_equal(cci_trace_thread(t, 0)->counters.free_count, BLOCKS);
    assert_int_equal(cci_trace_info(t)->sample_interval, 4096);
    done(t);
}

static void test_the_environment_is_not_asked(void **state)
{
    (void)state;
    unlink("never.ccm");
    setenv(CCI_ENV_OUTPUT, "never.ccm", 1);
    tell_malloc(1, 1);
    start(&FULL);
    tell_malloc(2, 2);
    own->stop();
    assert_int_equal(access("never.ccm", F_OK), -1);
    unsetenv(CCI_ENV_OUTPUT);
    local_trace_free(&shown);
}

/* ---- forks ---- */

static int in_child(int (*work)(void))
{
    int   status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        _exit(work());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define NEED(e)                     \
    do {                            \
        if (!(e))                   \
            return __LINE__ & 0xff; \
    } while (0)

/* Of the child alone. */
static int record_one_event(void)
{
    local_trace_t    mine;
    cci_clock_pair_t now;
    cci_trace_t     *t;
    cci_event_t      e;
    size_t           n;

    NEED(own->start(&FULL) == CC_RESULT_OK && own->is_on());
    local_trace_begin(&mine, own->header());
    tell_malloc(77, 77);
    NEED(own->read(local_trace_take, &mine, &now));
    own->stop();
    const uint8_t *bytes = local_trace_file(&mine, &n);
    NEED(cci_trace_open_memory(&t, bytes, n) == CC_RESULT_OK);
    NEED(cci_trace_next(t, &e) && e.size == 77 && !cci_trace_next(t, &e));
    NEED(cci_trace_info(t)->pid == (uint32_t)getpid());
    cci_trace_close(t);
    local_trace_free(&mine);
    return 0;
}

static int fork_of_a_recording(void)
{
    cci_clock_pair_t now;

    NEED(!own->is_on());
    NEED(!own->read(local_trace_take, NULL, &now));
    own->stop();
    tell_malloc(50, 50);
    tell_free(at(50));
    NEED(!own->is_on());
    return record_one_event();
}

static int fork_that_starts_first(void)
{
    return record_one_event();
}

static void test_forks(void **state)
{
    (void)state;
    start(&FULL);
    tell_malloc(1, 1);
    assert_int_equal(in_child(fork_of_a_recording), 0);
    assert_int_equal(in_child(fork_that_starts_first), 0);
    assert_true(own->is_on());
    tell_malloc(2, 2);
    assert_true(read_once());
    own->stop();
    cci_trace_t *t = open_shown();
    expect(t, CCI_OP_MALLOC, 1, 0, 1);
    expect(t, CCI_OP_MALLOC, 2, 0, 2);
    assert_int_equal(count_events(t), 0);
    done(t);
    assert_int_equal(in_child(fork_that_starts_first), 0);
}

/* ---- no memory ---- */

static struct rlimit unlimited;

static void allow_no_more_memory(void)
{
    struct rlimit none = { .rlim_cur = 1 << 20, .rlim_max = unlimited.rlim_max };
    setrlimit(RLIMIT_AS, &none);
}

static int start_without_memory(void)
{
    getrlimit(RLIMIT_AS, &unlimited);
    allow_no_more_memory();
    cc_result_t result = own->start(&FULL);
    setrlimit(RLIMIT_AS, &unlimited);
    NEED(result == CC_RESULT_NO_MEMORY && !own->is_on());
    return record_one_event();
}

static void *wait_and_tell(void *idler)
{
    idler_t *i = idler;

    pthread_barrier_wait(i->between);
    return tell_all(&i->teller);
}

/* Of a thread that records for the first time, and of one that needs more than it had. */
static int end_without_memory(bool of_new_thread)
{
    const cci_local_options_t options = { .mode = CCI_MODE_FULL, .stacks = true };
    cci_clock_pair_t          now;
    teller_t                  teller = { .events = 2 };
    pthread_barrier_t         limited;
    idler_t                   idler = { teller, &limited, &limited };

    NEED(freopen("stderr", "w", stderr) && getrlimit(RLIMIT_AS, &unlimited) == 0);
    NEED(record_one_event() == 0);
    NEED(own->start(&options) == CC_RESULT_OK);
    local_trace_begin(&shown, own->header());
    if (of_new_thread) {
        tell_malloc(1, 1);
        pthread_barrier_init(&limited, NULL, 2);
        NEED(pthread_create(&idler.teller.thread, NULL, wait_and_tell, &idler) == 0);
    }
    allow_no_more_memory();
    if (of_new_thread)
        pthread_barrier_wait(&limited);
    else
        tell_all(&teller);
    if (of_new_thread)
        NEED(pthread_join(idler.teller.thread, NULL) == 0);
    (void)cci_recorder_settle(); /* as any malloc under the preload library does */
    setrlimit(RLIMIT_AS, &unlimited);
    NEED(!own->is_on());
    (void)own->read(local_trace_take, &shown, &now);
    NEED(shown.chunks == of_new_thread); /* what there was is not gone */
    return record_one_event();
}

static int end_for_a_new_thread(void)
{
    return end_without_memory(true);
}

static int end_for_an_old_thread(void)
{
    return end_without_memory(false);
}

static void check_line(void)
{
    char  line[256] = "";
    FILE *f         = fopen("stderr", "re");

    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    assert_string_equal(line,
                        "ccmem: record: memory for a thread: Cannot allocate memory; recording "
                        "ended, the program goes on\n");
    assert_null(fgets(line, sizeof line, f));
    fclose(f);
}

static void test_no_memory(void **state)
{
    (void)state;
    if (CCMEM_INSTRUMENTED) {
        print_message("address space cannot be limited under a sanitizer\n");
        skip();
    }
    assert_int_equal(in_child(start_without_memory), 0);
    assert_int_equal(in_child(end_for_an_old_thread), 0);
    check_line();
    assert_int_equal(in_child(end_for_a_new_thread), 0);
    check_line();
}

static void test_no_other_recorder(void **state)
{
    (void)state;
    assert_ptr_equal(cci_local_find(), own);
    assert_false(own->everything);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_environment_is_not_asked), /* before any other recording */
        cmocka_unit_test(test_many_recordings),
        cmocka_unit_test(test_memory_of_idle_threads),
        cmocka_unit_test(test_one_at_a_time),
        cmocka_unit_test(test_a_late_thread),
        cmocka_unit_test(test_stacks),
        cmocka_unit_test(test_measuring),
        cmocka_unit_test(test_measuring_counts_calls_of_the_program),
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_forks),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_no_other_recorder),
    };
    scratch_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
