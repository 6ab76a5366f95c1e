/* SPDX-License-Identifier: MIT */
/* record/recorder.c - see record/recorder.h and record/thread.h. */
#include "record/recorder.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <ccmem/version.h>
#include "prim/module.h"
#include "record/environment.h"
#include "record/sampler.h"
#include "record/thread.h"

enum state { STATE_NEW, STATE_STARTING, STATE_ON, STATE_OFF };

static struct {
    _Atomic uint64_t        state; /* enum state; STATE_STARTING with its process above */
    _Atomic uint32_t        next_thread;
    _Atomic(cci_thread_t *) threads;
    _Atomic uint32_t       *alive;      /* in memory that a fork wipes: 0 in a child */
    bool                    configured; /* options are read */
    bool                    forked;
    uintptr_t               allocator;
    pthread_key_t           key;
    bool                    has_key;
    cci_trace_header_t      header;
    cci_recorder_options_t  options;
    cci_pool_t              pool;
} recorder;

static cci_thread_t thread_unattached = { .mode = CCI_MODE_UNATTACHED };
static cci_thread_t thread_off        = { .mode = CCI_MODE_OFF };

__thread cci_thread_t *cci_thread_current = &thread_unattached;

/* ---- ending ---- */

static struct iovec text(const char *s)
{
    return (struct iovec){ (void *)s, strlen(s) };
}

/* In parts, because the thread's stack may have no room for a line. */
void cci_recorder_fail(const char *what, int error)
{
    const char *why = strerrordesc_np(error);

    if (atomic_exchange(&recorder.state, STATE_OFF) == STATE_OFF)
        return;
    if (recorder.pool.control)
        atomic_store(&recorder.pool.control->failed, 1);
    struct iovec line[] = { text("ccmem: record: "), text(what), text(": "),
                            text(why ? why : "unknown error"),
                            text("; recording ended, the program goes on\n") };
    if (writev(STDERR_FILENO, line, sizeof line / sizeof *line) < 0)
        return; /* nobody listens */
}

/* ---- starting ---- */

static void *map_private(size_t bytes, int fork_advice)
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

static void fill_header(cci_trace_header_t *h)
{
    cci_clock_kind_t clock = cci_clock_choose();

    *h = (cci_trace_header_t){ .magic        = CCI_TRACE_MAGIC,
                               .version      = CCI_TRACE_VERSION,
                               .endian       = CCI_TRACE_ENDIAN,
                               .header_bytes = CCI_TRACE_HEADER_BYTES,
                               .layout       = CCI_LAYOUT_IN_PLACE,
                               .chunk_bytes  = CCI_CHUNK_BYTES,
                               .flags        = recorder.forked ? CCI_TRACE_FLAG_FORKED : 0,
                               .mode         = recorder.options.mode,
                               .clock_kind   = clock,
                               .tick_shift   = cci_clock_shift(clock),
                               .pid          = (uint32_t)getpid(),
                               .ppid         = (uint32_t)getppid() };
    if (h->mode == CCI_MODE_SAMPLE)
        h->sample_interval = recorder.options.sample_interval;
    h->start         = cci_clock_pair(clock);
    h->start_real_ns = cci_clock_ns(CLOCK_REALTIME);
}

/* The same process may have had a pool before, under another program: numbers tell them apart, and
 * say which was first. */
static int create_pool_in_spool(void)
{
    unsigned number = atomic_fetch_add(&recorder.pool.control->numbers, 1);
    int      r      = cci_spool_path(recorder.pool.path, recorder.options.spool, getpid(), number);

    return r ? r : cci_pool_create(&recorder.pool, &recorder.header);
}

static int create_plain_file(void)
{
    int r = EEXIST;

    for (unsigned number = 0; r == EEXIST && number < 10000; number++) {
        r = cci_output_path(recorder.pool.path, recorder.options.output, getpid(), recorder.forked,
                            number);
        if (r == 0)
            r = cci_pool_create(&recorder.pool, &recorder.header);
    }
    return r;
}

static void on_thread_exit(void *p);

/* False, with the reason said, when this process cannot be recorded. */
static bool start_recording(void)
{
    const cci_recorder_options_t *o = &recorder.options;

    if (!recorder.alive && !(recorder.alive = map_private(4096, MADV_WIPEONFORK))) {
        cci_recorder_fail("memory for the recorder", errno);
        return false;
    }
    int r = o->spool[0] ? cci_pool_join(&recorder.pool, o->spool) : 0;
    if (r) {
        cci_recorder_fail(o->spool, r);
        return false;
    }
    recorder.has_key = recorder.has_key || pthread_key_create(&recorder.key, on_thread_exit) == 0;
    fill_header(&recorder.header);
    r = o->spool[0] ? create_pool_in_spool() : create_plain_file();
    if (r) {
        cci_recorder_fail(recorder.pool.path, r);
        return false;
    }
    atomic_store(recorder.alive, 1);
    return true;
}

/* The child of a fork has one thread and none of its parent's chunks. */
static void forget_parent(void)
{
    recorder.forked = true;
    atomic_store(&recorder.threads, NULL);
    atomic_store(&recorder.next_thread, 0);
    atomic_store(&recorder.pool.extents, 0);
    atomic_store(&recorder.pool.growing, 0);
    atomic_store(&recorder.pool.next, 0);
    atomic_store(&recorder.pool.threads, 0);
    atomic_store(&recorder.pool.late, 0);
    if (recorder.header.mode == CCI_MODE_SAMPLE)
        cci_sampler_forget();
}

static bool configure(void)
{
    recorder.configured = recorder.configured || cci_environment_read(&recorder.options);
    return recorder.configured;
}

/* The first event of a process and the first one after a fork come here; others wait for it. A
 * child may have been forked while its parent was here: nobody is there to wait for. */
static void start_once(uint64_t state)
{
    const uint64_t starting = STATE_STARTING | (uint64_t)getpid() << 8;

    if (state == starting || !atomic_compare_exchange_strong(&recorder.state, &state, starting)) {
        sched_yield();
        return;
    }
    if (state != STATE_NEW)
        forget_parent();
    bool on = configure() && start_recording();
    atomic_store(&recorder.state, on ? STATE_ON : STATE_OFF);
}

/* Whether this process is being recorded; starts it if it is due. */
static bool is_recording(void)
{
    for (;;) {
        uint64_t state = atomic_load(&recorder.state);
        if (state == STATE_OFF || (state == STATE_NEW && !cci_environment_ready()))
            return false;
        if (state == STATE_ON && atomic_load(recorder.alive))
            return true;
        start_once(state);
    }
}

void cci_recorder_set_allocator(uintptr_t code)
{
    recorder.allocator = code;
}

void cci_recorder_init(void)
{
    if (cci_thread_current->mode == CCI_MODE_UNATTACHED)
        cci_thread_attach();
    if (!recorder.options.follow)
        cci_environment_hide();
}

/* ---- threads ---- */

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

    if (t->mode == CCI_MODE_UNATTACHED)
        return;
    if (t->chunk)
        keep_name(t);
    else
        cci_thread_next_chunk(t, 0); /* what was counted without one is to be known */
    atomic_store_explicit(&t->life, CCI_LIFE_EXITING, memory_order_release); /* pairs: claim */
}

static bool thread_is_gone(const cci_thread_t *t)
{
    return syscall(SYS_tgkill, getpid(), t->tid, 0) != 0 && errno == ESRCH &&
           atomic_load_explicit(&t->busy, memory_order_acquire) == 0; /* its last leave */
}

/* A thread's memory whose owner is no more. */
static cci_thread_t *claim_ended(void)
{
    for (cci_thread_t *t = atomic_load(&recorder.threads); t; t = t->next) {
        uint32_t exiting = CCI_LIFE_EXITING;
        if (!atomic_compare_exchange_strong(&t->life, &exiting, CCI_LIFE_CLAIMED))
            continue;
        if (thread_is_gone(t)) {
            if (t->chunk)
                cci_pool_give(&recorder.pool, t->chunk);
            if (t->stacks)
                cci_stacks_fini(t->stacks);
            return t;
        }
        atomic_store(&t->life, CCI_LIFE_EXITING);
    }
    return NULL;
}

static cci_thread_t *make_thread(void)
{
    cci_thread_t *t = map_private(sizeof *t, MADV_WIPEONFORK);

    if (!t)
        return NULL;
    t->life = CCI_LIFE_CLAIMED;
    t->next = atomic_load(&recorder.threads);
    while (!atomic_compare_exchange_weak(&recorder.threads, &t->next, t)) {
    }
    atomic_fetch_add(&recorder.pool.threads, 1);
    return t;
}

static cci_thread_t *obtain_thread(void)
{
    cci_thread_t *t = claim_ended();
    return t ? t : make_thread();
}

static bool start_stacks(cci_thread_t *t)
{
    if (t->mode == CCI_MODE_COUNT)
        return true;
    if (!t->stacks)
        t->stacks = map_private(sizeof *t->stacks, MADV_DONTFORK);
    else if (madvise(t->stacks, sizeof *t->stacks, MADV_DONTNEED) !=
             0)                                  /* zero, and mostly unused */
        memset(t->stacks, 0, sizeof *t->stacks); /* locked memory stays */
    return t->stacks && cci_stacks_init(t->stacks);
}

/* A chunk that is not to be had now may be later; until then events are lost and counted. */
static bool start_thread(cci_thread_t *t)
{
    cci_stacks_t *stacks = t->stacks;

    memset(t, 0, offsetof(cci_thread_t, life));
    t->mode            = (uint8_t)recorder.header.mode;
    t->clock           = (uint8_t)recorder.header.clock_kind;
    t->tick_shift      = (uint8_t)recorder.header.tick_shift;
    t->stacks          = stacks;
    t->sample_interval = (double)recorder.header.sample_interval;
    t->index           = atomic_fetch_add(&recorder.next_thread, 1);
    t->tid             = (uint32_t)syscall(SYS_gettid);
    t->counters        = &t->kept;
    atomic_store(&t->life, CCI_LIFE_ALIVE);
    cci_sampler_seed(t, recorder.options.seed);
    return start_stacks(t) && (cci_thread_next_chunk(t, 0) || t->mode != CCI_MODE_OFF);
}

static void write_process(cci_thread_t *t);

/* The parent's, wiped by a fork. */
static void drop_inherited(cci_thread_t *t)
{
    if (recorder.has_key)
        pthread_setspecific(recorder.key, NULL);
    munmap(t, sizeof *t);
}

static void begin_thread(cci_thread_t *inherited)
{
    if (inherited)
        drop_inherited(inherited);
    cci_thread_t *t = obtain_thread();
    if (t && start_thread(t)) {
        if (recorder.has_key)
            pthread_setspecific(recorder.key, t);
        if (t->index == 0 && t->chunk)
            write_process(t);
        cci_thread_current = t;
    } else if (t) {
        t->mode = CCI_MODE_OFF;
    }
}

/* While this runs, events of this thread go nowhere: it is not yet, and pthread may allocate. */
cci_thread_t *cci_thread_attach(void)
{
    cci_thread_t *mine   = cci_thread_current;
    int           error  = errno;
    int           cancel = no_cancel();

    cci_thread_current = &thread_off;
    if (is_recording())
        begin_thread(mine != &thread_unattached ? mine : NULL);
    else if (atomic_load(&recorder.state) == STATE_NEW)
        cci_thread_current = &thread_unattached; /* too early: ask again */
    cci_thread_t *t = cci_thread_current;
    pthread_setcancelstate(cancel, NULL);
    errno = error;
    return t == &thread_unattached ? &thread_off : t;
}

cci_thread_t *cci_thread_suspend(void)
{
    cci_thread_t *t    = cci_thread_current;
    cci_thread_current = &thread_off;
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
    t->chunk    = NULL; /* before it is another's: a signal handler counts losses in it */
    t->at = t->limit = NULL;
    cci_pool_give(&recorder.pool, c);
}

static void open_chunk(cci_thread_t *t, cci_chunk_header_t *c)
{
    uint8_t *body = cci_chunk_body(c);

    c->magic        = CCI_CHUNK_MAGIC;
    c->codec        = CCI_CODEC_RAW;
    c->kind         = CCI_CHUNK_THREAD;
    c->stored       = CCI_CHUNK_BYTES - CCI_CHUNK_HEADER_BYTES;
    c->thread       = t->index;
    c->tid          = t->tid;
    c->seq          = t->seq++;
    c->opened       = cci_clock_pair((cci_clock_kind_t)t->clock);
    c->base_time    = c->opened.ticks >> t->tick_shift;
    c->first_node   = t->stacks ? t->stacks->next_node : 1;
    c->first_module = t->stacks ? t->stacks->next_module : 1;
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
    if (atomic_load_explicit(&recorder.state, memory_order_relaxed) == STATE_OFF) {
        t->mode = CCI_MODE_OFF;
        return;
    }
    cci_chunk_header_t *c = cci_pool_take(&recorder.pool);
    if (c) {
        open_chunk(t, c);
    } else if (errno != ETIMEDOUT) {
        cci_recorder_fail(recorder.pool.path, errno);
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
    if (cci_module_find(recorder.allocator, &module))
        write_meta(t, "allocator", module.path, strlen(module.path));
    write_meta(t, "ccmem", CC_VERSION, strlen(CC_VERSION));
    cci_thread_publish(t);
}
