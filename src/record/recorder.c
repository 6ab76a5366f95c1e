/* SPDX-License-Identifier: MIT */
/* record/recorder.c - see record/recorder.h, record/thread.h and record/attach.h.
 *
 * The door's word says which recording is on, if any; `settled` is the word that this process has
 * acted on, and `recording` the one that pool and header are for. One thread at a time makes them
 * follow the word (settle). Nobody waits for threads that are still busy with what has ended: what
 * they write is read by nobody. Only a new recording waits for them, because it uses their addresses.
 */
#include "record/recorder.h"
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>
#include "record/books.h"
#include "record/measure.h"
#include "record/recorder_parts.h"
#include "record/sampler.h"

enum state { STATE_NEW, STATE_SETTLING, STATE_SETTLED };

cci_recorder_t cci_recorder;

/* ---- ending ---- */

static struct iovec text(const char *s)
{
    return (struct iovec){ (void *)s, strlen(s) };
}

/* In parts, because the thread's stack may have no room for a line. */
static void complain(const char *what, int error, const char *then)
{
    const char  *why    = strerrordesc_np(error);
    struct iovec line[] = { text("ccmem: record: "), text(what), text(": "),
                            text(why ? why : "unknown error"), text(then) };

    if (writev(STDERR_FILENO, line, sizeof line / sizeof *line) < 0)
        return; /* nobody listens */
}

bool cci_recorder_end(uint32_t number)
{
    return atomic_compare_exchange_strong(&cci_door.word, &number, CCI_WORD_ASLEEP);
}

/* Who attached, or is about to record this process in it: that one speaks. A dormant program's stderr
 * may have become anything. */
static bool somebody_is_told(uint32_t number)
{
    return cci_recorder.attached || (number == atomic_load(&cci_recorder.local) &&
                                     number != atomic_load(&cci_recorder.recording));
}

/* End this recording and say why, an errno. First call counts. EPIPE is no news to who attached: that
 * one has ended the recording, or is dead. */
void cci_recorder_fail(uint32_t number, const char *what, int error)
{
    bool told = somebody_is_told(number);

    if (told && error != EPIPE)
        cci_door_fail(number, error); /* before the word says that it is over */
    if (!cci_recorder_end(number))
        return;
    if (cci_recorder.pool.control)
        atomic_store(&cci_recorder.pool.control->failed, 1);
    if (!told)
        complain(what, error, "; recording ended, the program goes on\n");
}

/* ---- starting ---- */

void *cci_recorder_map(size_t bytes, int fork_advice)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return NULL;
    if (madvise(p, bytes, fork_advice) != 0) {
        munmap(p, bytes);
        return NULL;
    }
    return p;
}

static uint32_t header_flags(void)
{
    bool later = cci_recorder.attached || atomic_load(&cci_recorder.local);
    return (cci_recorder.forked ? CCI_TRACE_FLAG_FORKED : 0) |
           (later ? CCI_TRACE_FLAG_ATTACHED : 0);
}

static void fill_header(cci_trace_header_t *h)
{
    cci_clock_kind_t clock = cci_clock_choose();

    *h = (cci_trace_header_t){ .magic        = CCI_TRACE_MAGIC,
                               .version      = CCI_TRACE_VERSION,
                               .endian       = CCI_TRACE_ENDIAN,
                               .header_bytes = CCI_TRACE_HEADER_BYTES,
                               .layout       = CCI_LAYOUT_IN_PLACE,
                               .chunk_bytes  = CCI_CHUNK_BYTES,
                               .flags        = header_flags(),
                               .mode         = cci_recorder.options.mode,
                               .clock_kind   = clock,
                               .tick_shift   = cci_clock_shift(clock),
                               .pid          = (uint32_t)getpid(),
                               .ppid         = (uint32_t)getppid() };
    if (h->mode == CCI_MODE_SAMPLE)
        h->sample_interval = cci_recorder.options.sample_interval;
    h->start         = cci_clock_pair(clock);
    h->start_real_ns = cci_clock_ns(CLOCK_REALTIME);
}

/* The same process may have had a pool before, under another program: numbers tell them apart, and
 * say which was first. */
static int create_pool_in_spool(void)
{
    unsigned number = atomic_fetch_add(&cci_recorder.pool.control->numbers, 1);
    int r = cci_spool_path(cci_recorder.pool.path, cci_recorder.options.spool, getpid(), number);

    return r ? r : cci_pool_create(&cci_recorder.pool, &cci_recorder.header);
}

static int create_plain_file(void)
{
    int r = EEXIST;

    for (unsigned number = 0; r == EEXIST && number < 10000; number++) {
        r = cci_output_path(cci_recorder.pool.path, cci_recorder.options.output, getpid(),
                            cci_recorder.forked, number);
        if (r == 0)
            r = cci_pool_create(&cci_recorder.pool, &cci_recorder.header);
    }
    return r;
}

/* What there is to a record besides the event itself. */
static void choose_parts(void)
{
    const bool local = atomic_load(&cci_recorder.local) != 0;

    cci_recorder.stacks =
        local ? cci_recorder.wanted.stacks : cci_recorder.options.mode != CCI_MODE_COUNT;
    cci_recorder.measure_every =
        local ? cci_recorder.wanted.measure_every : cci_recorder.options.measure_every;
}

/* 0, or an errno and what is about. */
static int open_pool(const char **what)
{
    const cci_recorder_options_t *o = &cci_recorder.options;

    if (atomic_load(&cci_recorder.local)) {
        *what = "memory for events";
        return cci_pool_create_local(&cci_recorder.pool);
    }
    *what = o->spool;
    int r = o->spool[0] ? cci_pool_join(&cci_recorder.pool, o->spool) : 0;
    if (r)
        return r;
    *what = cci_recorder.pool.path;
    return o->spool[0] ? create_pool_in_spool() : create_plain_file();
}

/* When this process cannot be recorded the reason is said, and the word is ASLEEP. */
static void start_recording(uint32_t number)
{
    const char *what;

    choose_parts();
    cci_threads_prepare();
    fill_header(&cci_recorder.header);
    int r = open_pool(&what);
    if (r) {
        cci_recorder_fail(number, what, r);
        return;
    }
    if (cci_recorder.header.mode != CCI_MODE_COUNT) {
        cci_measure_calibrate((cci_clock_kind_t)cci_recorder.header.clock_kind);
        cci_books_start((cci_clock_kind_t)cci_recorder.header.clock_kind);
    }
    atomic_store(&cci_recorder.recording, number);
}

/* What there is of a recording that has ended, or that was a parent's. A local one's reader is told
 * that it has ended, and may be in the middle of a chunk. */
static void leave_recording(void)
{
    if (atomic_load(&cci_recorder.recording) == 0)
        return;
    atomic_store(&cci_recorder.recording, 0);
    if (atomic_load(&cci_recorder.local) == 0)
        cci_pool_leave(&cci_recorder.pool);
}

/* It has nobody here to read it: it is not gone on with. */
static void forget_local(void)
{
    if (atomic_exchange(&cci_recorder.local, 0))
        leave_recording();
}

/* The child of a fork has one thread and none of its parent's chunks. */
static void forget_parent(void)
{
    cci_recorder.forked = true;
    cci_recorder.pid    = getpid();
    atomic_store(&cci_recorder.threads, NULL);
    atomic_store(&cci_recorder.next_thread, 0);
    cci_pool_forget(&cci_recorder.pool);
    forget_local();
    cci_door_forked();
    if (cci_recorder.header.mode == CCI_MODE_SAMPLE)
        cci_sampler_forget();
    if (cci_recorder.alive)
        atomic_store(cci_recorder.alive, 1);
}

/* ---- following the door's word ---- */

/* word: the recording that somebody waits for at the parent's door, or ASLEEP. The next recording's
 * number is to be another than any before. */
static void make_door(const cci_door_t *request, uint32_t word)
{
    static cci_door_t door; /* one thread settles; its stack is small */
    const char       *what;

    door         = *request;
    door.magic   = CCI_DOOR_MAGIC;
    door.version = CCI_DOOR_VERSION;
    door.owner   = cci_recorder.pid;
    atomic_store(&door.local, 0);
    atomic_store(&door.word, word);
    int r = cci_door_make(&door, &what);
    if (r == 0)
        return;
    if (!cci_recorder.forked)
        complain(what, r, "; nobody can attach, the program goes on\n");
    cci_door_fail(word, r);
    cci_door_leave();
}

bool cci_recorder_notice_forks(void)
{
    if (cci_recorder.alive)
        return true;
    cci_recorder.alive = cci_recorder_map(4096, MADV_WIPEONFORK);
    if (!cci_recorder.alive)
        return false;
    atomic_store(cci_recorder.alive, 1);
    return true;
}

/* What the environment asks for. Returns the word acted on. */
static uint32_t begin_as_asked(void)
{
    if (!cci_environment_read(&cci_recorder.options)) {
        atomic_store(&cci_door.word, CCI_WORD_ASLEEP);
    } else if (!cci_recorder.alive) {
        complain("memory for the recorder", ENOMEM, "; nothing is recorded\n");
        atomic_store(&cci_door.word, CCI_WORD_ASLEEP);
    } else if (cci_recorder.options.dormant) {
        make_door(&cci_door, CCI_WORD_ASLEEP);
    } else {
        cci_door.last = CCI_WORD_FIRST;
        atomic_store(&cci_door.word, CCI_WORD_FIRST);
        start_recording(CCI_WORD_FIRST);
        return CCI_WORD_FIRST;
    }
    return CCI_WORD_ASLEEP;
}

/* The first event of a program, or it is about to record itself. Returns the word acted on. */
static uint32_t begin(void)
{
    uint32_t word = CCI_WORD_ASLEEP;

    cci_recorder.pid = getpid();
    (void)cci_recorder_notice_forks();
    if (cci_recorder.told)
        atomic_store(&cci_door.word, word);
    else
        word = begin_as_asked();
    cci_recorder.begun = true;
    return word;
}

/* Another recording than any before, at the addresses of the last one. */
static void start_anew(uint32_t number)
{
    if (!cci_threads_are_out()) {
        cci_recorder_fail(number, "a thread", EBUSY);
        return;
    }
    atomic_store(&cci_recorder.next_thread, 0);
    cci_pool_leave(&cci_recorder.pool); /* again: some thread may have used it until now */
    if (cci_recorder.header.mode == CCI_MODE_SAMPLE)
        cci_sampler_forget();
    start_recording(number);
}

/* Somebody attaches to this process. */
static void start_requested(uint32_t number)
{
    cci_recorder.attached                = true;
    cci_recorder.options.mode            = (cci_trace_mode_t)cci_door.mode;
    cci_recorder.options.sample_interval = cci_door.sample_interval;
    snprintf(cci_recorder.options.spool, sizeof cci_recorder.options.spool, "%.*s",
             CCI_DOOR_SPOOL_BYTES - 1, cci_door.spool);
    start_anew(number);
}

/* It records itself. */
static void start_local(uint32_t number)
{
    cci_recorder.attached                = false;
    cci_recorder.options.mode            = cci_recorder.wanted.mode;
    cci_recorder.options.sample_interval = cci_recorder.wanted.sample_interval;
    if (cci_recorder.wanted.allocator)
        cci_recorder.allocator = cci_recorder.wanted.allocator;
    start_anew(number);
}

/* From a door, or a private page, that says what its parent does. Returns what it says here. */
static uint32_t leave_parents_door(uint32_t word)
{
    uint32_t own = cci_door.target == cci_recorder.pid ? word : CCI_WORD_ASLEEP;

    if (cci_door_is_shared())
        make_door(&cci_door, own);
    else
        atomic_store(&cci_door.word, own);
    return own;
}

/* The word has become a recording that this process is not in. Returns the word acted on. */
static uint32_t answer(uint32_t word)
{
    if (word == atomic_load(&cci_recorder.local)) {
        start_local(word);
        return word;
    }
    if (!cci_door_is_own())
        word = leave_parents_door(word);
    if (word != CCI_WORD_ASLEEP && cci_door.target == cci_recorder.pid)
        start_requested(word);
    return word;
}

/* Returns the word acted on. A fork is in its parent's recording, and goes on with it. */
static uint32_t follow(uint32_t word, bool was_forked)
{
    if (word != CCI_WORD_ASLEEP && word == atomic_load(&cci_recorder.recording)) {
        if (was_forked)
            start_recording(word);
        return word;
    }
    leave_recording();
    return word == CCI_WORD_ASLEEP ? word : answer(word);
}

bool cci_recorder_is_fork(void)
{
    return cci_recorder.alive && !atomic_load(cci_recorder.alive);
}

/* One thread does what is due; others wait for it. A child may have been forked while its parent
 * was here: nobody is there to wait for. */
static bool begin_settling(uint64_t state)
{
    const uint64_t settling = STATE_SETTLING | (uint64_t)getpid() << 8;

    if (state != settling && atomic_compare_exchange_strong(&cci_recorder.state, &state, settling))
        return true;
    sched_yield();
    return false;
}

static void end_settling(uint32_t word)
{
    atomic_store(&cci_recorder.settled, word);
    atomic_store(&cci_recorder.state, STATE_SETTLED);
}

static void settle_once(uint64_t state)
{
    if (!begin_settling(state))
        return;
    bool forked = state != STATE_NEW && (cci_recorder_is_fork() || !cci_recorder.begun);
    if (forked)
        forget_parent();
    end_settling(cci_recorder.begun ? follow(atomic_load(&cci_door.word), forked) : begin());
}

uint32_t cci_recorder_settle(void)
{
    for (;;) {
        uint64_t state = atomic_load(&cci_recorder.state);
        uint32_t word  = atomic_load(&cci_door.word);
        if (state == STATE_NEW && !cci_environment_ready())
            return CCI_WORD_NEW;
        if (state == STATE_SETTLED && atomic_load(&cci_recorder.settled) == word &&
            (word == CCI_WORD_ASLEEP || !cci_recorder_is_fork()))
            return word;
        settle_once(state);
    }
}

/* To a door of its own. Returns the word there; another one when it is just changing. */
static uint32_t move_out(uint32_t word)
{
    if (!begin_settling(STATE_SETTLED))
        return CCI_WORD_NEW;
    make_door(&cci_door, word);
    end_settling(word);
    return cci_door_is_shared() ? CCI_WORD_NEW : word;
}

/* At a door that others share nobody can be kept from attaching to this process alone. */
uint32_t cci_recorder_come_apart(void)
{
    uint32_t word = cci_recorder_settle();

    while (word == CCI_WORD_ASLEEP && cci_recorder_is_fork()) {
        settle_once(atomic_load(&cci_recorder.state));
        word = cci_recorder_settle();
    }
    if (word == CCI_WORD_ASLEEP && cci_door_is_shared())
        word = move_out(word);
    return word;
}

void cci_recorder_set_allocator(uintptr_t code)
{
    cci_recorder.allocator = code;
}

void cci_recorder_init(void)
{
    if (cci_thread_current->mode == CCI_MODE_UNATTACHED)
        cci_thread_attach();
    if (!cci_recorder.options.follow)
        cci_environment_hide();
}

void cci_recorder_fini(void)
{
    if (atomic_load(&cci_door.word) == CCI_WORD_ASLEEP || atomic_load(&cci_recorder.local))
        cci_door_remove(); /* otherwise who attached does */
}
