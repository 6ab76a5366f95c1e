/* SPDX-License-Identifier: MIT */
/* A process that is switched on and off, by a test that is the one who attaches: what is recorded,
 * what becomes of what was there before, and who is not let in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "record/collector_attach.h"
#include "record/environment.h"
#include "record/events.h"
#include "record/recorder.h"
#include "record/recorder_parts.h"
#include "support/scratch.h"
#include "support/spool.h"
#include "trace/reader.h"

/* ---- lines of /proc/PID/maps ---- */

static void check_map(const char *name, cci_mapped_t wanted, const char *wanted_path)
{
    char line[PATH_MAX + 128], path[PATH_MAX] = "";

    snprintf(line, sizeof line, "7fe28662f000-7fe286630000 rw-s 00000000 00:1b 40922   %s\n", name);
    assert_int_equal(cci_attach_read_map(line, path), wanted);
    assert_string_equal(path, wanted_path);
}

static void test_maps(void **state)
{
    (void)state;
    check_map("/run/user/0/ccmem/1.0.door", CCI_MAPPED_DOOR, "/run/user/0/ccmem/1.0.door");
    check_map("/a b/1.door", CCI_MAPPED_DOOR, "/a b/1.door");
    check_map("/run/ccmem/1.0.door (deleted)", CCI_MAPPED_DELETED, "");
    check_map("/usr/lib/libccmem_preload.so", CCI_MAPPED_RECORDER, "");
    check_map("/usr/lib/notlibccmem_preload.so", CCI_MAPPED_OTHER, "");
    check_map("/usr/lib/libc.so.6", CCI_MAPPED_OTHER, "");
    check_map("[heap]", CCI_MAPPED_OTHER, "");
    check_map("", CCI_MAPPED_OTHER, "");
}

static void test_numbers(void **state)
{
    (void)state;
    assert_int_equal(cci_door_next(0), CCI_WORD_FIRST);
    assert_int_equal(cci_door_next(CCI_WORD_ASLEEP), CCI_WORD_FIRST);
    assert_int_equal(cci_door_next(CCI_WORD_FIRST), CCI_WORD_FIRST + 1);
    assert_int_equal(cci_door_next(CCI_WORD_LAST), CCI_WORD_FIRST);
    assert_int_equal(cci_door_next(UINT32_MAX - 1), CCI_WORD_FIRST);
}

/* ---- a process ---- */

/* It does what a letter says, and answers with one. */
typedef struct subject {
    pid_t pid;
    int   orders, answers;
} subject_t;

static _Atomic uintptr_t next_block = 0x100000;

static __attribute__((noinline)) void record_one(void)
{
    cci_frame_t caller = CCI_CALLER();
    cci_record_alloc(CCI_OP_MALLOC, (void *)atomic_fetch_add(&next_block, 16), 24, 0, &caller);
}

/* As the functions of the preload library do. */
static bool event(void)
{
    if (cci_thread_is_asleep())
        return false;
    record_one();
    return true;
}

static void *event_elsewhere(void *recorded)
{
    *(bool *)recorded = event();
    return NULL;
}

/* Of another thread. */
static bool event_of_thread(void)
{
    pthread_t thread;
    bool      recorded = false;

    if (pthread_create(&thread, NULL, event_elsewhere, &recorded) != 0)
        _exit(1);
    pthread_join(thread, NULL);
    return recorded;
}

static uint32_t              stale_word;
static cci_thread_t         *stale;
static cci_chunk_header_t   *stale_chunk;
static cci_trace_counters_t *stale_counters;

/* As a thread does that was interrupted when the recording ended. */
static void write_to_stale(void)
{
    stale_counters->alloc_count++;
    memset(cci_chunk_body(stale_chunk) + 1000, 0xff, 1000);
    stale_chunk->lost = 77;
}

/* ---- threads and signal handlers that record all the time ---- */

enum { STORM_THREADS = 4, STORM_US = 150, STORM_ROUNDS = CCMEM_INSTRUMENTED ? 20 : 100 };

static void *record_for_ever(void *unused)
{
    (void)unused;
    for (;;)
        event();
    return NULL;
}

static void on_alarm(int signal)
{
    (void)signal;
    event();
}

static char begin_storm(void)
{
    const struct itimerval often  = { { 0, STORM_US }, { 0, STORM_US } };
    struct sigaction       action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
    pthread_t              thread;

    for (int i = 0; i < STORM_THREADS; i++)
        if (pthread_create(&thread, NULL, record_for_ever, NULL) != 0)
            return 'n';
    sigaction(SIGALRM, &action, NULL);
    return setitimer(ITIMER_REAL, &often, NULL) == 0 ? 'y' : 'n';
}

static char obey(char order)
{
    switch (order) {
    case 'e':
        return event() ? 'y' : 'n';
    case 'k': /* keep what a late thread would have */
        stale_word     = atomic_load(&cci_door.word);
        stale          = cci_thread_current;
        stale_chunk    = stale->chunk;
        stale_counters = stale->counters;
        return 'y';
    case 'w':
        write_to_stale();
        return 'y';
    case 'c': /* complain late */
        cci_recorder_fail(stale_word, "stale", EIO);
        return 'y';
    case 'b': /* amid a record, and there it stays */
        return cci_thread_enter(cci_thread_current) ? 'y' : 'n';
    case 'l':
        cci_thread_leave(stale);
        return 'y';
    case 'f': /* fill all there is */
        while (event()) {
        }
        return 'y';
    case 's':
        return begin_storm();
    case 't':
        return event_of_thread() ? 'y' : 'n';
    default:
        _exit(0);
    }
}

static _Noreturn void live(int orders, int answers)
{
    char order;

    cci_recorder_init();
    while (read(orders, &order, 1) == 1) {
        char answer = obey(order);
        if (write(answers, &answer, 1) != 1)
            break;
    }
    _exit(0);
}

static subject_t begin_subject(void)
{
    int       orders[2], answers[2];
    subject_t s;

    assert_int_equal(pipe(orders), 0);
    assert_int_equal(pipe(answers), 0);
    s.pid = fork();
    assert_true(s.pid >= 0);
    if (s.pid == 0) {
        close(orders[1]);
        live(orders[0], answers[1]);
    }
    close(orders[0]);
    close(answers[1]);
    s.orders  = orders[1];
    s.answers = answers[0];
    return s;
}

static char tell(const subject_t *s, char order)
{
    char answer = '?';

    assert_int_equal(write(s->orders, &order, 1), 1);
    assert_int_equal(read(s->answers, &answer, 1), 1);
    return answer;
}

static void end_subject(subject_t *s)
{
    int status;

    close(s->orders);
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    assert_int_equal(status, 0);
    close(s->answers);
}

/* ---- a recording ---- */

typedef struct session {
    spool_t      spool;
    cci_attach_t attach;
} session_t;

static void open_session(session_t *s, const subject_t *subject)
{
    static unsigned      number;
    cci_attach_refusal_t refusal;
    char                 name[32];

    snprintf(name, sizeof name, "spool.%u", number++); /* no two of a collector are alike */
    s->spool                     = spool_make(name);
    cci_attach_request_t request = { s->spool.path, CCI_MODE_FULL, 512 };

    assert_true(cci_attach_find(&s->attach, subject->pid, &refusal));
    assert_true(cci_attach_lock(&s->attach, &refusal));
    assert_true(cci_attach_switch_on(&s->attach, &request, &refusal));
}

static void close_session(session_t *s)
{
    cci_attach_switch_off(&s->attach);
    cci_attach_close(&s->attach);
    spool_remove(&s->spool);
}

/* Ends it; how many events there are in it, and that nothing is wrong with them. What a handler did
 * amid a record is lost. */
static unsigned read_events(session_t *s, unsigned number, bool may_lose)
{
    cci_packer_t packer;
    cci_trace_t *t = NULL;
    cci_event_t  e;
    unsigned     n = 0;

    cci_attach_switch_off(&s->attach);
    atomic_store(&s->spool.control->stop, 1);
    cci_process_pool_t *p = cci_process_pool_open(s->spool.path, s->attach.pid, number);
    assert_non_null(p);
    assert_true(p->header->flags & CCI_TRACE_FLAG_ATTACHED);
    assert_int_equal(cci_packer_init(&packer), 0);
    assert_int_equal(cci_trace_file_create(&p->file, "test.ccm", 1), 0);
    assert_int_equal(cci_trace_file_begin(&p->file, p->header), 0);
    assert_int_equal(cci_process_pool_finish(p, &packer, -1), 0);
    cci_packer_fini(&packer);
    assert_int_equal(cci_trace_open(&t, "test.ccm"), CC_RESULT_OK);
    while (cci_trace_next(t, &e)) {
        assert_true(e.stack != 0 && cci_trace_node(t, e.stack)->module != 0);
        n += e.op == CCI_OP_MALLOC && e.size == 24;
    }
    assert_true(may_lose || cci_trace_info(t)->lost_events == 0);
    for (size_t i = 0; i < cci_trace_warning_count(t); i++)
        assert_null(strstr(cci_trace_warning(t, i), "damaged"));
    assert_true(may_lose || cci_trace_meta(t, "exe", NULL)); /* or it ended before that came */
    cci_trace_close(t);
    return n;
}

static unsigned count_events(session_t *s, unsigned number)
{
    return read_events(s, number, false);
}

static void test_on_and_off_and_on(void **state)
{
    subject_t subject = begin_subject();
    session_t s;

    (void)state;
    assert_int_equal(tell(&subject, 'e'), 'n');
    for (unsigned round = 1; round < 5; round++) {
        open_session(&s, &subject);
        assert_true(cci_attach_is_on(&s.attach));
        for (unsigned i = 0; i < round; i++)
            assert_int_equal(tell(&subject, 'e'), 'y');
        assert_int_equal(count_events(&s, 0), round);
        assert_false(cci_attach_is_on(&s.attach));
        close_session(&s);
        if (round % 2) /* otherwise it never sees that it was asleep */
            assert_int_equal(tell(&subject, 'e'), 'n');
    }
    end_subject(&subject);
}

/* What a late thread writes is not in the next recording, whether that has begun or not. */
static void test_late_writes_into_nothing(void **state)
{
    subject_t subject = begin_subject();
    session_t s;

    (void)state;
    tell(&subject, 'e');
    open_session(&s, &subject);
    tell(&subject, 'e');
    tell(&subject, 'k');
    assert_int_equal(count_events(&s, 0), 1);
    close_session(&s);
    assert_int_equal(tell(&subject, 'e'), 'n');
    tell(&subject, 'w');
    open_session(&s, &subject);
    assert_int_equal(tell(&subject, 'e'), 'y');
    assert_int_equal(count_events(&s, 0), 1);
    close_session(&s);
    end_subject(&subject);
}

/* What went wrong in a recording is not taken for the next one's, which goes on. */
static void test_late_complaints(void **state)
{
    subject_t subject = begin_subject();
    session_t s;

    (void)state;
    tell(&subject, 'e');
    open_session(&s, &subject);
    tell(&subject, 'e');
    tell(&subject, 'k');
    tell(&subject, 'c');
    assert_int_equal(cci_attach_error(&s.attach), EIO);
    assert_false(cci_attach_is_on(&s.attach));
    close_session(&s);
    open_session(&s, &subject);
    tell(&subject, 'c');
    assert_int_equal(cci_attach_error(&s.attach), 0);
    assert_int_equal(tell(&subject, 'e'), 'y');
    tell(&subject, 'c');
    assert_int_equal(cci_attach_error(&s.attach), 0);
    assert_true(cci_attach_is_on(&s.attach));
    assert_int_equal(count_events(&s, 0), 1);
    close_session(&s);
    end_subject(&subject);
}

/* What full chunks hold is given up, and they are used again. The pool stays open: to close it is to
 * end the recording. */
static void give_up_full_chunks(const session_t *s)
{
    static cci_process_pool_t *p;
    cci_packer_t               packer  = { 0 };
    uint32_t                   drained = 0;

    p = cci_process_pool_open(s->spool.path, s->attach.pid, 0);

    assert_non_null(p);
    assert_int_equal(cci_process_pool_drain(p, &packer, false, &drained), 0);
    assert_int_equal(drained, 0);
}

/* A thread that ended in a recording before has nothing to give in this one: there, its chunk is
 * another thread's. */
static void test_a_chunk_of_before(void **state)
{
    subject_t subject = begin_subject();
    session_t s;

    (void)state;
    tell(&subject, 'e');
    open_session(&s, &subject);
    assert_int_equal(tell(&subject, 'e'), 'y'); /* the main thread is known from here on */
    close_session(&s);
    open_session(&s, &subject);
    assert_int_equal(tell(&subject, 't'), 'y'); /* it has the first chunk */
    assert_int_equal(tell(&subject, 'e'), 'y');
    close_session(&s);
    open_session(&s, &subject);
    assert_int_equal(tell(&subject, 'e'), 'y'); /* this one has it now */
    assert_int_equal(tell(&subject, 't'), 'y');
    give_up_full_chunks(&s);
    assert_int_equal(tell(&subject, 'e'), 'y');
    assert_int_equal(count_events(&s, 0), 3);
    close_session(&s);
    end_subject(&subject);
}

/* The collector takes no more, which a thread finds out amid a record: nothing of its tables may be
 * left for the next recording. */
static void test_an_end_amid_a_record(void **state)
{
    subject_t subject = begin_subject();
    session_t s;

    (void)state;
    tell(&subject, 'e');
    open_session(&s, &subject);
    assert_int_equal(tell(&subject, 'e'), 'y');
    atomic_store(&s.spool.control->stop, 1);
    assert_int_equal(tell(&subject, 'f'), 'y');
    assert_false(cci_attach_is_on(&s.attach));
    assert_int_equal(cci_attach_error(&s.attach), 0);
    close_session(&s);
    open_session(&s, &subject);
    assert_int_equal(tell(&subject, 'e'), 'y');
    assert_int_equal(count_events(&s, 0), 1);
    close_session(&s);
    end_subject(&subject);
}

/* Nothing new is recorded over a thread that is amid a record of the old; it says why. */
static void test_a_thread_that_is_stuck(void **state)
{
    subject_t subject = begin_subject();
    session_t s;

    (void)state;
    tell(&subject, 'e');
    open_session(&s, &subject);
    tell(&subject, 'e');
    tell(&subject, 'k');
    assert_int_equal(tell(&subject, 'b'), 'y');
    close_session(&s);
    open_session(&s, &subject);
    assert_int_equal(tell(&subject, 't'), 'n');
    assert_false(cci_attach_is_on(&s.attach));
    assert_int_equal(cci_attach_error(&s.attach), EBUSY);
    close_session(&s);
    tell(&subject, 'l');
    open_session(&s, &subject);
    assert_int_equal(tell(&subject, 'e'), 'y');
    assert_int_equal(cci_attach_error(&s.attach), 0);
    assert_int_equal(count_events(&s, 0), 1);
    close_session(&s);
    end_subject(&subject);
}

/* After the end a thread that had looked at the word before does not record. */
static void test_enter_after_the_end(void **state)
{
    subject_t subject = begin_subject();
    session_t s;

    (void)state;
    tell(&subject, 'e');
    open_session(&s, &subject);
    assert_int_equal(tell(&subject, 'e'), 'y');
    assert_int_equal(count_events(&s, 0), 1);
    assert_int_equal(tell(&subject, 'b'), 'n');
    close_session(&s);
    end_subject(&subject);
}

static bool has_begun(const session_t *s)
{
    return atomic_load(&s->spool.control->pools) > 0;
}

/* Whatever its threads and handlers are amid of when it is switched. */
static void test_a_storm(void **state)
{
    subject_t subject = begin_subject();
    session_t s;
    int       status;

    (void)state;
    assert_int_equal(tell(&subject, 's'), 'y');
    for (int i = 0; i < STORM_ROUNDS; i++) {
        open_session(&s, &subject);
        while (cci_attach_is_on(&s.attach) && !has_begun(&s))
            sched_yield();
        assert_int_equal(cci_attach_error(&s.attach), 0);
        assert_true(has_begun(&s));
        if (i % 3 > 0) /* otherwise nobody takes what it recorded */
            read_events(&s, 0, true);
        close_session(&s);
    }
    kill(subject.pid, SIGKILL);
    assert_int_equal(waitpid(subject.pid, &status, 0), subject.pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    close(subject.orders);
    close(subject.answers);
}

static void test_no_spool(void **state)
{
    subject_t            subject = begin_subject();
    cci_attach_t         a;
    cci_attach_refusal_t refusal;
    char                 longer[CCI_DOOR_SPOOL_BYTES + 8];

    (void)state;
    tell(&subject, 'e');
    assert_true(cci_attach_find(&a, subject.pid, &refusal));
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_false(
        cci_attach_switch_on(&a, &(cci_attach_request_t){ longer, CCI_MODE_FULL, 1 }, &refusal));
    assert_non_null(strstr(refusal.why, "too long"));
    assert_true(cci_attach_switch_on(&a, &(cci_attach_request_t){ "/nowhere", CCI_MODE_FULL, 1 },
                                     &refusal));
    assert_int_equal(tell(&subject, 'e'), 'n');
    assert_false(cci_attach_is_on(&a));
    assert_int_equal(cci_attach_error(&a), ENOENT);
    cci_attach_close(&a);
    end_subject(&subject);
}

/* ---- locks and ends ---- */

static void test_one_at_a_time(void **state)
{
    subject_t            subject = begin_subject();
    cci_attach_t         a, b;
    cci_attach_refusal_t refusal;

    (void)state;
    tell(&subject, 'e');
    assert_true(cci_attach_find(&a, subject.pid, &refusal));
    assert_true(cci_attach_find(&b, subject.pid, &refusal));
    assert_false(cci_attach_is_locked(&b));
    assert_true(cci_attach_lock(&a, &refusal));
    assert_true(cci_attach_is_locked(&b));
    assert_false(cci_attach_lock(&b, &refusal));
    cci_attach_close(&a);
    assert_true(cci_attach_lock(&b, &refusal));
    assert_true(cci_attach_is_open(&b) && !cci_attach_is_gone(&b));
    assert_false(cci_attach_end_any(&b, &refusal));
    end_subject(&subject);
    assert_true(cci_attach_is_gone(&b) && !cci_attach_is_open(&b));
    cci_attach_close(&b);
}

/* Whose recording was followed by another one's has nothing to do with that. */
static void test_ones_own_recording(void **state)
{
    subject_t                  subject = begin_subject();
    cci_attach_t               a, b;
    cci_attach_refusal_t       refusal;
    spool_t                    spool   = spool_make("own");
    const cci_attach_request_t request = { spool.path, CCI_MODE_FULL, 1 };

    (void)state;
    tell(&subject, 'e');
    assert_true(cci_attach_find(&a, subject.pid, &refusal));
    assert_true(cci_attach_find(&b, subject.pid, &refusal));
    assert_true(cci_attach_switch_on(&a, &request, &refusal));
    assert_true(cci_attach_end_any(&b, &refusal));
    assert_true(cci_attach_switch_on(&b, &request, &refusal));
    assert_false(cci_attach_is_on(&a));
    cci_attach_switch_off(&a);
    assert_true(cci_attach_is_on(&b));
    tell(&subject, 'e');
    tell(&subject, 'k');
    tell(&subject, 'c');
    assert_int_equal(cci_attach_error(&a), 0);
    assert_int_equal(cci_attach_error(&b), EIO);
    cci_attach_close(&a);
    cci_attach_close(&b);
    spool_remove(&spool);
    end_subject(&subject);
}

/* A door whose process was killed is removed by the next who looks. */
static void test_sweep(void **state)
{
    subject_t            first = begin_subject(), second = begin_subject();
    cci_attach_t         a;
    cci_attach_refusal_t refusal;
    char                 door[PATH_MAX];
    int                  status;

    (void)state;
    tell(&first, 'e');
    tell(&second, 'e');
    assert_true(cci_attach_find(&a, first.pid, &refusal));
    strcpy(door, a.door_path);
    cci_attach_close(&a);
    kill(first.pid, SIGKILL);
    assert_int_equal(waitpid(first.pid, &status, 0), first.pid);
    assert_int_equal(access(door, F_OK), 0);
    assert_true(cci_attach_find(&a, second.pid, &refusal));
    cci_attach_close(&a);
    assert_int_equal(access(door, F_OK), -1);
    close(first.orders);
    close(first.answers);
    end_subject(&second);
}

/* Looks at the subject again and again, and each time sweeps. */
static pid_t begin_sweeping(const subject_t *subject)
{
    pid_t pid = fork();

    while (pid == 0) {
        cci_attach_t         a;
        cci_attach_refusal_t refusal;
        if (!cci_attach_find(&a, subject->pid, &refusal))
            _exit(1);
        cci_attach_close(&a);
    }
    assert_true(pid > 0);
    return pid;
}

/* Who makes a door while its file has no lock yet finds it gone, and makes another. */
static void test_doors_are_made_while_others_sweep(void **state)
{
    enum { DOORS = 120 };
    subject_t            first = begin_subject();
    cci_attach_t         a;
    cci_attach_refusal_t refusal;
    int                  status;

    (void)state;
    tell(&first, 'e');
    pid_t sweeper = begin_sweeping(&first);
    for (int i = 0; i < DOORS; i++) {
        subject_t subject = begin_subject();
        tell(&subject, 'e');
        assert_true(cci_attach_find(&a, subject.pid, &refusal));
        assert_true(cci_attach_is_open(&a));
        cci_attach_close(&a);
        end_subject(&subject);
    }
    kill(sweeper, SIGKILL);
    assert_int_equal(waitpid(sweeper, &status, 0), sweeper);
    assert_true(WIFSIGNALED(status));
    end_subject(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_on_and_off_and_on),
        cmocka_unit_test(test_late_writes_into_nothing),
        cmocka_unit_test(test_late_complaints),
        cmocka_unit_test(test_a_chunk_of_before),
        cmocka_unit_test(test_an_end_amid_a_record),
        cmocka_unit_test(test_a_thread_that_is_stuck),
        cmocka_unit_test(test_enter_after_the_end),
        cmocka_unit_test(test_a_storm),
        cmocka_unit_test(test_no_spool),
        cmocka_unit_test(test_one_at_a_time),
        cmocka_unit_test(test_ones_own_recording),
        cmocka_unit_test(test_sweep),
        cmocka_unit_test(test_doors_are_made_while_others_sweep),
    };

    scratch_enter();
    setenv(CCI_ENV_START, "dormant", 1);
    setenv("XDG_RUNTIME_DIR", scratch_path, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
