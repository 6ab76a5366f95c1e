/* SPDX-License-Identifier: MIT */
/* Threads and processes that record as fast as they can, while the other half is this program: it
 * collects, kills them, or reads what they left. Whatever happens to a process, what is in its
 * trace is what each of its threads did first, without a gap, and nothing else.
 *
 *     recorder_stress            everything
 *     recorder_stress PART       one part of it, by name
 *
 * A block's address says who allocated it and as which one: (process, thread, number).
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static const char *part = "";

#define CHECK(e)                                                              \
    do {                                                                      \
        if (!(e)) {                                                           \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, part, #e); \
            exit(1);                                                          \
        }                                                                     \
    } while (0)
#define assert_true CHECK

#include "base/random.h"
#include "record/environment.h"
#include "record/events.h"
#include "record/recorder.h"
#include "support/scratch.h"
#include "support/spool.h"
#include "trace/reader.h"

enum {
    THREADS     = 4,
    EVENTS      = CCMEM_INSTRUMENTED ? 5000 : 100000, /* of a thread */
    KILLS       = CCMEM_INSTRUMENTED ? 20 : 100,      /* of each kind */
    STORM       = CCMEM_INSTRUMENTED ? 200 : 1000,
    STORM_EACH  = 10,
    FORKS       = CCMEM_INSTRUMENTED ? 5 : 30,
    THREADS_MAX = 4096,
    TRACES_MAX  = 64
};

/* ---- recording ---- */

static uintptr_t block(unsigned process, unsigned thread, uint64_t number)
{
    return (uintptr_t)process << 44 | (uintptr_t)thread << 32 | (uintptr_t)number << 4;
}

static __attribute__((noinline)) void record_one(uintptr_t ptr)
{
    cci_frame_t caller = CCI_CALLER();
    cci_record_alloc(CCI_OP_MALLOC, (void *)ptr, 24, 0, &caller);
}

/* From several depths, so that there are new nodes all the time. */
static __attribute__((noinline)) void record_from(unsigned depth, uintptr_t ptr)
{
    if (depth > 0)
        record_from(depth - 1, ptr);
    else
        record_one(ptr);
    __asm__ volatile("");
}

typedef struct writer {
    unsigned process, number;
    uint64_t events; /* 0 = until killed */
} writer_t;

static void *write_events(void *arg)
{
    const writer_t *w = arg;

    for (uint64_t i = 0; w->events == 0 || i < w->events; i++)
        record_from((unsigned)(i * 7 % 40), block(w->process, w->number, i & 0xfffffff));
    return NULL;
}

static void start(pthread_t *thread, void *(*work)(void *), void *arg)
{
    if (pthread_create(thread, NULL, work, arg) != 0) {
        perror("pthread_create");
        _exit(1);
    }
}

static void write_by_threads(unsigned process, unsigned threads, uint64_t events)
{
    static writer_t  w[STORM];
    static pthread_t thread[STORM];

    for (unsigned i = 0; i < threads; i++) {
        w[i] = (writer_t){ process, i, events };
        start(&thread[i], write_events, &w[i]);
    }
    for (unsigned i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
}

/* ---- collecting ---- */

static spool_t spool;

typedef struct collection {
    cci_packer_t        packer;
    cci_process_pool_t *pools[TRACES_MAX];
    unsigned            traces;
} collection_t;

static void trace_name(char *out, size_t size, unsigned i)
{
    snprintf(out, size, "stress.%u.ccm", i);
}

static bool is_known(const collection_t *c, int pid, unsigned number)
{
    for (unsigned i = 0; i < c->traces; i++)
        if (c->pools[i]->pid == pid && c->pools[i]->number == number)
            return true;
    return false;
}

static void adopt_new(collection_t *c)
{
    DIR           *d = opendir(spool.path);
    struct dirent *e;
    int            pid;
    unsigned       number;
    char           name[64];

    CHECK(d != NULL);
    while ((e = readdir(d))) {
        if (sscanf(e->d_name, "%d.%u" CCI_POOL_SUFFIX, &pid, &number) != 2 ||
            is_known(c, pid, number))
            continue;
        cci_process_pool_t *p = cci_process_pool_open(spool.path, pid, number);
        if (!p)
            continue; /* half made */
        CHECK(c->traces < TRACES_MAX);
        trace_name(name, sizeof name, c->traces);
        CHECK(cci_trace_file_create(&p->file, name, 1) == 0);
        CHECK(cci_trace_file_begin(&p->file, p->header) == 0);
        c->pools[c->traces++] = p;
    }
    closedir(d);
}

static void collect_once(collection_t *c)
{
    uint32_t drained = 0;

    adopt_new(c);
    for (unsigned i = 0; i < c->traces; i++)
        CHECK(cci_process_pool_drain(c->pools[i], &c->packer, false, &drained) == 0);
    if (drained)
        spool_say_drained(&spool);
}

static void finish(collection_t *c)
{
    adopt_new(c);
    for (unsigned i = 0; i < c->traces; i++)
        CHECK(cci_process_pool_finish(c->pools[i], &c->packer, 0) == 0);
    cci_packer_fini(&c->packer);
}

static void use_spool(void)
{
    spool = spool_make("spool");
    setenv(CCI_ENV_SPOOL, spool.path, 1);
    unsetenv(CCI_ENV_OUTPUT);
}

static void use_file(void)
{
    unsetenv(CCI_ENV_SPOOL);
    setenv(CCI_ENV_OUTPUT, "plain.ccm", 1);
}

/* Collects until `child` ends, all by itself. Returns how many traces there are. */
static unsigned collect_until_end(pid_t child)
{
    static collection_t c;
    int                 status;

    memset(&c, 0, sizeof c);
    CHECK(cci_packer_init(&c.packer) == 0);
    for (;;) {
        uint32_t rung = atomic_load(&spool.control->doorbell);
        pid_t    pid  = waitpid(child, &status, WNOHANG);
        collect_once(&c);
        if (pid == child)
            break;
        cci_futex_wait(&spool.control->doorbell, rung, 5);
    }
    CHECK(status == 0);
    finish(&c);
    spool_remove(&spool);
    return c.traces;
}

/* ---- reading ---- */

typedef struct reading {
    uint64_t events, lost;
    unsigned process;             /* of the blocks; all are of one */
    uint64_t next[THREADS_MAX];   /* number of the thread's next block */
    int      writer[THREADS_MAX]; /* that a thread of the trace is; -1 = not known yet */
} reading_t;

static void check_event(const cci_trace_t *t, reading_t *r, const cci_event_t *e)
{
    const unsigned process = (unsigned)(e->ptr >> 44), writer = (unsigned)(e->ptr >> 32 & 0xfff);

    CHECK(e->op == CCI_OP_MALLOC && e->size == 24);
    CHECK(e->stack != 0 && cci_trace_node(t, e->stack)->module != 0);
    CHECK(e->thread < THREADS_MAX);
    if (r->events == 0)
        r->process = process;
    if (r->writer[e->thread] < 0)
        r->writer[e->thread] = (int)writer;
    CHECK(process == r->process && writer == (unsigned)r->writer[e->thread]);
    CHECK(e->ptr == block(process, writer, r->next[e->thread]));
    r->next[e->thread]++;
    r->events++;
}

/* Nothing that is said of a trace may be about its records. */
static bool is_about_the_end(const char *warning)
{
    static const char *const fine[] = { "the end of the process was not recorded",
                                        "too short to know the clock's rate well",
                                        "the clock's rate is not known: times are in ticks" };

    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        if (strcmp(warning, fine[i]) == 0)
            return true;
    return false;
}

static reading_t *read_trace(const char *path)
{
    static reading_t r;
    cci_trace_t     *t;
    cci_event_t      e;

    memset(&r, 0, sizeof r);
    memset(r.writer, -1, sizeof r.writer);
    CHECK(cci_trace_open(&t, path) == CC_RESULT_OK);
    while (cci_trace_next(t, &e))
        check_event(t, &r, &e);
    CHECK(cci_trace_status(t) == CC_RESULT_OK);
    for (size_t i = 0; i < cci_trace_warning_count(t); i++)
        if (!is_about_the_end(cci_trace_warning(t, i))) {
            fprintf(stderr, "%s: %s: %s\n", part, path, cci_trace_warning(t, i));
            exit(1);
        }
    r.lost = cci_trace_info(t)->lost_events;
    cci_trace_close(t);
    return &r;
}

static reading_t *read_collected(unsigned i)
{
    char name[64];

    trace_name(name, sizeof name, i);
    return read_trace(name);
}

/* ---- the parts ---- */

static pid_t child_of_this(void)
{
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* none is left behind by a failure */
    return child;
}

static void threads_are_collected(void)
{
    use_spool();
    pid_t child = child_of_this();
    if (child == 0) {
        write_by_threads(1, THREADS, EVENTS);
        _exit(0);
    }
    CHECK(collect_until_end(child) == 1);
    const reading_t *r = read_collected(0);
    CHECK(r->events == (uint64_t)THREADS * EVENTS && r->lost == 0);
}

static void threads_without_collector(void)
{
    use_file();
    pid_t child = child_of_this();
    if (child == 0) {
        write_by_threads(1, THREADS, EVENTS);
        _exit(0);
    }
    CHECK(waitpid(child, NULL, 0) == child);
    const reading_t *r = read_trace("plain.ccm");
    CHECK(r->events == (uint64_t)THREADS * EVENTS && r->lost == 0);
    unlink("plain.ccm");
}

/* After a while that is another one each time; at once, too. */
static void kill_later(pid_t child, uint64_t *random)
{
    struct timespec t = { 0, (long)(cci_random_next(random) % 64 * cci_random_next(random) %
                                    8000000) };

    nanosleep(&t, NULL);
    kill(child, SIGKILL);
    CHECK(waitpid(child, NULL, 0) == child);
}

static void killed_without_collector(void)
{
    uint64_t random = 1, events = 0;

    use_file();
    for (int i = 0; i < KILLS; i++) {
        pid_t child = child_of_this();
        if (child == 0)
            write_by_threads(1, THREADS, 0);
        kill_later(child, &random);
        cci_trace_t *t;
        if (cci_trace_open(&t, "plain.ccm") == CC_RESULT_OK) { /* else it was not made yet */
            cci_trace_close(t);
            events += read_trace("plain.ccm")->events;
        }
        unlink("plain.ccm");
    }
    CHECK(events > 0);
}

static void killed_while_collected(void)
{
    uint64_t random = 2, events = 0;

    for (int i = 0; i < KILLS; i++) {
        static collection_t c;
        memset(&c, 0, sizeof c);
        CHECK(cci_packer_init(&c.packer) == 0);
        use_spool();
        pid_t child = child_of_this();
        if (child == 0)
            write_by_threads(1, THREADS, 0);
        for (uint64_t rounds = cci_random_next(&random) % 20; rounds > 0; rounds--)
            collect_once(&c);
        kill_later(child, &random);
        finish(&c);
        CHECK(c.traces <= 1);
        if (c.traces == 1)
            events += read_collected(0)->events;
        spool_remove(&spool);
    }
    CHECK(events > 0);
}

/* ---- fork ---- */

/* ThreadSanitizer has no threads in a child of threads. */
#ifdef __SANITIZE_THREAD__
enum { CHILD_THREADS = 1 };
#else
enum { CHILD_THREADS = 2 };
#endif
enum { CHILD_EVENTS = 2000 };

static void fork_once(unsigned process)
{
    pid_t child = fork();
    int   status;

    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (CHILD_THREADS == 1)
            write_events(&(writer_t){ process, 0, CHILD_EVENTS });
        else
            write_by_threads(process, CHILD_THREADS, CHILD_EVENTS);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        _exit(1);
}

static void *fork_often(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < FORKS; i++)
        fork_once(2 + i);
    return NULL;
}

/* Children made in the middle of everything record their own, and their parent's goes on. */
static void forks(void)
{
    use_spool();
    pid_t child = child_of_this();
    if (child == 0) {
        pthread_t thread;
        start(&thread, fork_often, NULL);
        write_by_threads(1, THREADS, EVENTS);
        pthread_join(thread, NULL);
        _exit(0);
    }
    CHECK(collect_until_end(child) == FORKS + 1);
    for (unsigned i = 0; i < FORKS + 1; i++) {
        const reading_t *r     = read_collected(i);
        const bool       first = r->process == 1;
        CHECK(r->events == (first ? (uint64_t)THREADS * EVENTS : CHILD_THREADS * CHILD_EVENTS));
        CHECK(r->lost == 0);
    }
}

static pthread_barrier_t barrier;

static void remove_trace_of(pid_t pid)
{
    char name[64];

    snprintf(name, sizeof name, "plain.%d.ccm", (int)pid);
    unlink(name);
}

static void *fork_while_starting(void *arg)
{
    const unsigned turns = *(unsigned *)arg;

    pthread_barrier_wait(&barrier);
    for (volatile unsigned i = 0; i < turns; i++) {
    }
    pid_t child = fork();
    int   status;
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        write_events(&(writer_t){ 2, 0, 10 });
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        _exit(1);
    remove_trace_of(child);
    return NULL;
}

/* A child forked while another thread was just starting the recording has nobody to wait for. */
static void forks_at_the_start(void)
{
    uint64_t random = 3;

    for (int i = 0; i < 5 * FORKS; i++) {
        unsigned turns = (unsigned)(cci_random_next(&random) % 200000);
        int      status;

        use_file();
        pid_t child = child_of_this();
        if (child == 0) {
            pthread_t thread;
            pthread_barrier_init(&barrier, NULL, 2);
            start(&thread, fork_while_starting, &turns);
            pthread_barrier_wait(&barrier);
            write_events(&(writer_t){ 1, 0, 10 });
            pthread_join(thread, NULL);
            _exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child && status == 0);
        CHECK(read_trace("plain.ccm")->events == 10); /* of whichever was first */
        unlink("plain.ccm");
        remove_trace_of(child);
    }
}

/* ---- many threads, ending in any order ---- */

static void storm(void)
{
    use_spool();
    pid_t child = child_of_this();
    if (child == 0) {
        write_by_threads(1, STORM, STORM_EACH);
        write_by_threads(1, STORM, STORM_EACH);
        _exit(0);
    }
    CHECK(collect_until_end(child) == 1);
    const reading_t *r = read_collected(0);
    CHECK(r->events == 2 * STORM * STORM_EACH && r->lost == 0);
}

static pthread_key_t key;

/* The recorder's own destructor may have run before, and others begin meanwhile. */
static void record_at_end(void *arg)
{
    static __thread int rounds;
    writer_t           *w = arg;

    for (int i = 0; i < 20; i++)
        sched_yield();
    record_from(3, block(w->process, w->number, w->events++));
    if (rounds++ < 2)
        pthread_setspecific(key, w);
}

static void *write_and_leave(void *arg)
{
    writer_t *w = arg;

    pthread_setspecific(key, w);
    write_events(w);
    if (w->number % 2)
        pthread_exit(NULL);
    return NULL;
}

static void ends_of_threads(void)
{
    use_spool();
    pid_t child = child_of_this();
    if (child == 0) {
        static writer_t w[200];
        pthread_t       thread[8];
        CHECK(pthread_key_create(&key, record_at_end) == 0);
        for (unsigned i = 0; i < 200; i++) {
            w[i] = (writer_t){ 1, i, 50 };
            if (i >= 8)
                pthread_join(thread[i % 8], NULL);
            start(&thread[i % 8], write_and_leave, &w[i]);
        }
        for (unsigned i = 0; i < 8; i++)
            pthread_join(thread[i], NULL);
        _exit(0);
    }
    CHECK(collect_until_end(child) == 1);
    const reading_t *r = read_collected(0);
    CHECK(r->events == 200 * 53 && r->lost == 0);
}

/* ---- cancellation ---- */

/* Long enough for the file to grow, which opens it. */
enum { CANCEL_EVERY = 300000 };

static _Atomic int ready;

static void *write_until_cancelled(void *arg)
{
    writer_t *w = arg;

    for (;; w->events++) {
        record_from(5, block(w->process, w->number, w->events));
        if (w->events == 10000)
            atomic_fetch_add(&ready, 1);
        if (w->events % CANCEL_EVERY == CANCEL_EVERY - 1)
            pthread_testcancel();
    }
    return NULL;
}

/* A thread ends where it asks to, and nowhere in between: not in the recorder with its files. */
static void cancelled(void)
{
    int status;

    use_file();
    pid_t child = child_of_this();
    if (child == 0) {
        static writer_t w[2];
        pthread_t       thread[2];
        for (unsigned i = 0; i < 2; i++) {
            w[i] = (writer_t){ 1, i, 0 };
            start(&thread[i], write_until_cancelled, &w[i]);
        }
        while (atomic_load(&ready) < 2)
            sched_yield();
        for (unsigned i = 0; i < 2; i++)
            pthread_cancel(thread[i]);
        for (unsigned i = 0; i < 2; i++) {
            void *result;
            pthread_join(thread[i], &result);
            if (result != PTHREAD_CANCELED || w[i].events % CANCEL_EVERY != CANCEL_EVERY - 1)
                _exit(1);
        }
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    const reading_t *r = read_trace("plain.ccm");
    CHECK(r->events > 0 && r->events % CANCEL_EVERY == 0 && r->lost == 0);
    unlink("plain.ccm");
}

/* ---- small stacks ---- */

/* As much of it in use as a program may, and the recorder still has the rest. */
static void *write_on_small_stack(void *arg)
{
    volatile char used[4096];
    used[0] = used[sizeof used - 1] = 1;
    write_events(arg);
    return (void *)(uintptr_t)(used[0] - 1);
}

static void small_stacks(void)
{
    use_spool();
    pid_t child = child_of_this();
    if (child == 0) {
        static writer_t w[THREADS];
        pthread_t       thread[THREADS];
        pthread_attr_t  attr;
        pthread_attr_init(&attr);
        CHECK(pthread_attr_setstacksize(&attr, CCMEM_INSTRUMENTED ? 1 << 16 : 16384) == 0);
        for (unsigned i = 0; i < THREADS; i++) {
            w[i] = (writer_t){ 1, i, 20000 };
            CHECK(pthread_create(&thread[i], &attr, write_on_small_stack, &w[i]) == 0);
        }
        for (unsigned i = 0; i < THREADS; i++)
            pthread_join(thread[i], NULL);
        _exit(0);
    }
    CHECK(collect_until_end(child) == 1);
    CHECK(read_collected(0)->events == THREADS * 20000);
}

/* ---- the collector dies ---- */

static void collector_dies(void)
{
    int  said[2];
    char line[512] = "";

    use_spool();
    CHECK(pipe(said) == 0);
    pid_t child = child_of_this();
    if (child == 0) {
        dup2(said[1], STDERR_FILENO);
        spool_die(&spool);
        close(said[0]);
        write_by_threads(1, THREADS, 1000000); /* more than the pool holds */
        _exit(0);
    }
    close(said[1]);
    while (atomic_load(&spool.control->doorbell) < 5) {
    }
    spool_die(&spool);
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(read(said[0], line, sizeof line - 1) > 0);
    CHECK(strstr(line, "ccmem: record: ") == line && strstr(line, "recording ended") != NULL);
    CHECK(strchr(line, '\n') == line + strlen(line) - 1);
    close(said[0]);
    spool_remove(&spool);
}

static const struct {
    const char *name;
    void (*run)(void);
} parts[] = {
    { "threads-collected", threads_are_collected },
    { "threads-plain", threads_without_collector },
    { "killed-plain", killed_without_collector },
    { "killed-collected", killed_while_collected },
    { "forks", forks },
    { "forks-at-start", forks_at_the_start },
    { "storm", storm },
    { "ends", ends_of_threads },
    { "cancelled", cancelled },
    { "small-stacks", small_stacks },
    { "collector-dies", collector_dies },
};

int main(int argc, char **argv)
{
    scratch_enter();
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        part = parts[i].name;
        if (argc > 1 && strcmp(argv[1], part) != 0)
            continue;
        alarm(100); /* a deadlock is a failure */
        parts[i].run();
        fprintf(stderr, "%s: ok\n", part);
    }
    return 0;
}
