/* SPDX-License-Identifier: MIT */
/* record/thread.c - see record/thread.h. */
#include "record/thread.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <ccmem/version.h>
#include "prim/cpu.h"
#include "prim/module.h"
#include "record/measure.h"
#include "record/recorder_parts.h"
#include "record/sampler.h"

static cci_thread_t thread_unattached = { .mode = CCI_MODE_UNATTACHED };
static cci_thread_t thread_off        = { .mode = CCI_MODE_OFF };
static cci_thread_t thread_suspended = { .mode = CCI_MODE_OFF }; /* while it does work of our own */

__thread cci_thread_t *cci_thread_current = &thread_unattached;
__thread uint32_t      cci_thread_word;

/* ---- the end of a thread ---- */

/* malloc is no place where a thread may be cancelled, but open and write are. Returns what
 * pthread_setcancelstate wants back. */
static int no_cancel(void)
{
    int before = PTHREAD_CANCEL_ENABLE;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

static void keep_name(cci_thread_t *t)
{
    char name[16] = "";

    prctl(PR_GET_NAME, name);
    memcpy(t->chunk->name, name, sizeof name);
}

/* Its last destructors and libc's own may still come: the record goes on. */
static void on_thread_exit(void *p)
{
    cci_thread_t *t = p;

    if (atomic_load_explicit(&t->recording, memory_order_relaxed) == 0)
        return; /* a fork's, of its parent */
    if (cci_thread_enter(t)) {
        if (t->chunk)
            keep_name(t);
        else
            cci_thread_next_chunk(t, 0); /* what was counted without one is to be known */
        cci_thread_leave(t);
    }
    atomic_store_explicit(&t->life, CCI_LIFE_EXITING, memory_order_release); /* pairs: claim */
}

void cci_threads_prepare(void)
{
    cci_recorder.has_key =
        cci_recorder.has_key || pthread_key_create(&cci_recorder.key, on_thread_exit) == 0;
}

static bool is_busy(const cci_thread_t *t)
{
    return atomic_load_explicit(&t->busy, memory_order_acquire) != 0; /* pairs: leave */
}

/* One that ended in the middle of a record will not go on. */
static bool is_amid(const cci_thread_t *t)
{
    return is_busy(t) && syscall(SYS_tgkill, cci_recorder.pid, t->tid, 0) == 0;
}

/* The word changed, and then there was a barrier in every thread: who is not busy now sees it. */
bool cci_threads_are_out(void)
{
    const uint64_t until =
        cci_clock_ns(CLOCK_MONOTONIC) + (uint64_t)CCI_POOL_WAIT_MS * UINT64_C(1000000);

    for (cci_thread_t *t = atomic_load(&cci_recorder.threads); t; t = t->next)
        while (is_amid(t)) {
            if (cci_clock_ns(CLOCK_MONOTONIC) > until)
                return false;
            sched_yield();
        }
    return true;
}

bool cci_threads_are_between(void)
{
    enum { PATIENCE = 500 };
    unsigned looks = 0;

    for (cci_thread_t *t = atomic_load(&cci_recorder.threads); t; t = t->next) {
        while (is_busy(t) && looks++ < PATIENCE)
            cci_cpu_relax();
        if (is_amid(t))
            return false;
    }
    return true;
}

static bool thread_is_gone(const cci_thread_t *t)
{
    return syscall(SYS_tgkill, getpid(), t->tid, 0) != 0 && errno == ESRCH &&
           atomic_load_explicit(&t->busy, memory_order_acquire) == 0; /* its last leave */
}

static void give_last_chunk(cci_thread_t *t)
{
    if (!cci_thread_enter(t))
        return; /* it was another recording's */
    if (t->chunk)
        cci_pool_give(&cci_recorder.pool, t->chunk);
    t->chunk = NULL;
    cci_thread_leave(t);
}

/* Stacks are a good deal of memory, which nobody needs while nothing is recorded. */
static void release_stacks(cci_thread_t *t)
{
    if (!t->stacks)
        return;
    cci_stacks_fini(t->stacks);
    if (madvise(t->stacks, sizeof *t->stacks, MADV_DONTNEED) != 0) /* zero, and mostly unused */
        memset(t->stacks, 0, sizeof *t->stacks);                   /* locked memory stays */
}

static void drop_stacks(cci_thread_t *t)
{
    release_stacks(t);
    if (t->stacks)
        munmap(t->stacks, sizeof *t->stacks);
    t->stacks = NULL;
}

/* Of a thread that is not to be waited for, what it never looks at again; it may be releasing them
 * itself just now, for which it needs no more than the beginning. */
static void shrink_stacks(cci_thread_t *t)
{
    enum { KEPT = 65536 }; /* pages, whatever their size */
    _Static_assert(offsetof(cci_stacks_t, module) < KEPT, "what releasing needs stands before");

    if (!is_busy(t) && t->stacks)
        madvise((char *)t->stacks + KEPT, sizeof *t->stacks - KEPT, MADV_DONTNEED);
}

void cci_threads_shrink(void)
{
    for (cci_thread_t *t = atomic_load(&cci_recorder.threads); t; t = t->next)
        shrink_stacks(t);
}

/* A thread's memory whose owner is no more. */
static cci_thread_t *claim_ended(void)
{
    for (cci_thread_t *t = atomic_load(&cci_recorder.threads); t; t = t->next) {
        uint32_t exiting = CCI_LIFE_EXITING;
        if (!atomic_compare_exchange_strong(&t->life, &exiting, CCI_LIFE_CLAIMED))
            continue;
        if (thread_is_gone(t)) {
            give_last_chunk(t);
            release_stacks(t);
            return t;
        }
        atomic_store(&t->life, CCI_LIFE_EXITING);
    }
    return NULL;
}

static cci_thread_t *make_thread(void)
{
    cci_thread_t *t = cci_recorder_map(sizeof *t, MADV_WIPEONFORK);

    if (!t)
        return NULL;
    t->life = CCI_LIFE_CLAIMED;
    t->next = atomic_load(&cci_recorder.threads);
    while (!atomic_compare_exchange_weak(&cci_recorder.threads, &t->next, t)) {
    }
    return t;
}

static cci_thread_t *obtain_thread(void)
{
    cci_thread_t *t = claim_ended();
    return t ? t : make_thread();
}

static bool start_stacks(cci_thread_t *t)
{
    if (!cci_recorder.stacks) {
        drop_stacks(t);
        return true;
    }
    if (!t->stacks)
        t->stacks = cci_recorder_map(sizeof *t->stacks, MADV_DONTFORK);
    return t->stacks && cci_stacks_init(t->stacks);
}

/* All but `busy`, which others look at. */
static void reset_thread(cci_thread_t *t)
{
    cci_stacks_t *stacks = t->stacks;

    memset(&t->at, 0, offsetof(cci_thread_t, tid) - offsetof(cci_thread_t, at));
    t->mode            = (uint8_t)cci_recorder.header.mode;
    t->clock           = (uint8_t)cci_recorder.header.clock_kind;
    t->tick_shift      = (uint8_t)cci_recorder.header.tick_shift;
    t->stacks          = stacks;
    t->sample_interval = (double)cci_recorder.header.sample_interval;
    t->counters        = &t->kept;
}

static void write_process(cci_thread_t *t);

/* A recording without one of its threads would say what is not true. */
static void fail_for_memory(uint32_t recording)
{
    cci_recorder_fail(recording, "memory for a thread", ENOMEM);
}

/* A chunk that is not to be had now may be later; until then events are lost and counted. */
static bool start_thread(cci_thread_t *t)
{
    reset_thread(t);
    t->index = atomic_fetch_add(&cci_recorder.next_thread, 1);
    cci_sampler_seed(t, cci_recorder.options.seed);
    cci_measure_start(t, cci_recorder.measure_every, cci_recorder.options.seed);
    if (!start_stacks(t)) {
        fail_for_memory(atomic_load(&t->recording));
        return false;
    }
    if (!cci_thread_next_chunk(t, 0) && t->mode == CCI_MODE_OFF)
        return false;
    if (t->index == 0 && t->chunk)
        write_process(t);
    return true;
}

/* Record nothing of this thread, and keep nothing for that. */
static void rest(cci_thread_t *t)
{
    release_stacks(t);
    t->mode          = CCI_MODE_OFF;
    t->countdown     = 0;
    t->measures_left = 0;
    t->counters      = &t->kept;
    t->chunk         = NULL;
    t->at = t->limit = NULL;
}

/* mine: what the thread has of a recording before, NULL for nothing. NULL: no memory. The thread is
 * OFF when the recording has just ended. */
static cci_thread_t *begin_thread(cci_thread_t *mine, uint32_t recording)
{
    cci_thread_t *t       = mine ? mine : obtain_thread();
    bool          started = false;

    if (!t) {
        fail_for_memory(recording);
        return NULL;
    }
    bool joins = atomic_load(&t->recording) != recording;
    atomic_store_explicit(&t->tid, (uint32_t)syscall(SYS_gettid),
                          memory_order_relaxed); /* before busy: who sees that had a barrier */
    atomic_store(&t->recording, recording);
    atomic_store(&t->life, CCI_LIFE_ALIVE);
    if (cci_recorder.has_key)
        pthread_setspecific(cci_recorder.key, t);
    if (cci_thread_enter(t)) { /* before it touches the pool */
        if (joins)
            atomic_fetch_add(&cci_recorder.pool.threads, 1);
        started = start_thread(t);
        cci_thread_leave(t);
    }
    if (!started)
        rest(t);
    return t;
}

/* The parent's, wiped by a fork. */
static void drop_inherited(cci_thread_t *t)
{
    if (cci_recorder.has_key)
        pthread_setspecific(cci_recorder.key, NULL);
    munmap(t, sizeof *t);
}

/* What the thread has of its own, NULL for nothing. */
static cci_thread_t *own(cci_thread_t *t)
{
    if (t == &thread_unattached || t == &thread_off)
        return NULL;
    if (atomic_load(&t->recording) != 0)
        return t;
    drop_inherited(t);
    return NULL;
}

/* Returns what cci_thread_current is to be. */
static cci_thread_t *act_on_word(cci_thread_t *current)
{
    uint32_t word = cci_recorder_settle();

    if (word == CCI_WORD_NEW)
        return current; /* too early: ask again */
    cci_thread_t *mine = own(current);
    if (mine)
        rest(mine);
    cci_thread_word = word == CCI_WORD_ASLEEP ? CCI_THREAD_RESTING : word;
    if (word != CCI_WORD_ASLEEP && word == atomic_load(&cci_recorder.recording))
        mine = begin_thread(mine, word);
    return mine ? mine : &thread_off;
}

/* While this runs, events of this thread go nowhere: it is not yet, and pthread may allocate. The
 * same goes for a signal handler amid a record: what its thread has is in use. */
cci_thread_t *cci_thread_attach(void)
{
    cci_thread_t *t = cci_thread_current;

    if (t == &thread_suspended || atomic_load_explicit(&t->busy, memory_order_relaxed))
        return &thread_suspended;
    int error          = errno;
    int cancel         = no_cancel();
    cci_thread_current = &thread_suspended;
    t                  = act_on_word(t);
    cci_thread_current = t;
    pthread_setcancelstate(cancel, NULL);
    errno = error;
    return t == &thread_unattached ? &thread_off : t;
}

cci_thread_t *cci_thread_suspend(void)
{
    cci_thread_t *t    = cci_thread_current;
    cci_thread_current = &thread_suspended;
    return t;
}

void cci_thread_resume(cci_thread_t *suspended)
{
    cci_thread_current = suspended;
}

/* ---- chunks ---- */

/* Nodes that no event has followed yet go with it. */
static void close_chunk(cci_thread_t *t)
{
    cci_chunk_header_t *c = t->chunk;

    if (!c)
        return;
    cci_thread_publish(t);
    keep_name(t);
    t->kept     = *t->counters;
    t->counters = &t->kept;
    t->measured = NULL;
    t->chunk    = NULL; /* before it is another's: a signal handler counts losses in it */
    t->at = t->limit = NULL;
    cci_pool_give(&cci_recorder.pool, c);
}

static void open_chunk(cci_thread_t *t, cci_chunk_header_t *c)
{
    const cci_stacks_t *stacks = t->stacks;
    uint8_t            *body   = cci_chunk_body(c);

    c->magic        = CCI_CHUNK_MAGIC;
    c->codec        = CCI_CODEC_RAW;
    c->kind         = CCI_CHUNK_THREAD;
    c->stored       = CCI_CHUNK_BYTES - CCI_CHUNK_HEADER_BYTES;
    c->thread       = t->index;
    c->tid          = t->tid;
    c->seq          = t->seq++;
    c->opened       = cci_clock_pair((cci_clock_kind_t)t->clock);
    c->base_time    = c->opened.ticks >> t->tick_shift;
    c->first_node   = stacks ? stacks->next_node : 1;
    c->first_module = stacks ? stacks->next_module : 1;
    t->chunk        = c;
    c->lost         = t->lost;
    t->counters     = (cci_trace_counters_t *)body;
    *t->counters    = t->kept;
    t->at           = body + sizeof *t->counters;
    t->limit        = (uint8_t *)c + CCI_CHUNK_BYTES;
    cci_encoder_reset(&t->encoder, c->base_time);
    keep_name(t);
    cci_thread_publish(t);
}

static void replace_chunk(cci_thread_t *t)
{
    close_chunk(t);
    if (!cci_thread_is_current(t)) {
        t->mode = CCI_MODE_OFF;
        return;
    }
    cci_chunk_header_t *c = cci_pool_take(&cci_recorder.pool);
    if (c) {
        open_chunk(t, c);
    } else if (errno != ETIMEDOUT) {
        cci_recorder_fail(atomic_load(&t->recording), cci_recorder.pool.path, errno);
        t->mode = CCI_MODE_OFF;
    }
}

/* What cannot be written is counted; when it will not get better, the recording ends. */
bool cci_thread_next_chunk(cci_thread_t *t, size_t n)
{
    if (n > CCI_CHUNK_BYTES - CCI_CHUNK_HEADER_BYTES - sizeof *t->counters)
        return false;
    int error  = errno;
    int cancel = no_cancel();
    replace_chunk(t);
    pthread_setcancelstate(cancel, NULL);
    errno = error;
    return t->chunk != NULL;
}

/* ---- what the trace says of the process ---- */

static size_t read_file(const char *path, char *buffer, size_t size)
{
    int     fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n  = fd < 0 ? 0 : read(fd, buffer, size);

    if (fd >= 0)
        close(fd);
    return n > 0 ? (size_t)n : 0;
}

static void write_meta(cci_thread_t *t, const char *key, const char *value, size_t n)
{
    if (n > 0 && cci_thread_room(t, 32 + strlen(key) + n))
        t->at = cci_put_meta(t->at, key, value, n);
}

static void write_process(cci_thread_t *t)
{
    static char  text[32768]; /* one thread has the index 0 */
    cci_module_t module;

    ssize_t n = readlink("/proc/self/exe", text, sizeof text);
    write_meta(t, "exe", text, n > 0 ? (size_t)n : 0);
    write_meta(t, "argv", text, read_file("/proc/self/cmdline", text, sizeof text));
    if (gethostname(text, 256) == 0)
        write_meta(t, "host", text, strnlen(text, 256));
    if (cci_module_find(cci_recorder.allocator, &module))
        write_meta(t, "allocator", module.path, strlen(module.path));
    write_meta(t, "ccmem", CC_VERSION, strlen(CC_VERSION));
    cci_thread_publish(t);
}
