/* SPDX-License-Identifier: MIT */
/* record/recorder.c - see record/recorder.h and record/thread.h. */
#include "record/recorder.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <ccmem/version.h>
#include "prim/module.h"
#include "record/environment.h"
#include "record/sampler.h"
#include "record/thread.h"

enum state { STATE_NEW, STATE_STARTING, STATE_ON, STATE_OFF };

static struct {
    _Atomic uint32_t        state;
    _Atomic uint32_t        next_thread;
    _Atomic(cci_thread_t *) threads;
    _Atomic uint32_t       *alive; /* in memory that a fork wipes: 0 in a child */
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

void cci_recorder_fail(const char *what, int error)
{
    char line[PATH_MAX + 256];

    if (atomic_exchange(&recorder.state, STATE_OFF) == STATE_OFF)
        return;
    int n = snprintf(line, sizeof line, "ccmem: record: %s: %s; recording ended, the program goes on\n",
                     what, strerrordesc_np(error));
    if (n > 0 && write(STDERR_FILENO, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1) < 0)
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

/* The same process may have had a pool before, under another program: the number tells them apart. */
static int create_pool(void)
{
    const cci_recorder_options_t *o = &recorder.options;
    int                           r = EEXIST;

    for (unsigned number = 0; r == EEXIST && number < 10000; number++) {
        r = o->spool[0] ? cci_spool_path(recorder.pool.path, o->spool, getpid(), number)
                        : cci_output_path(recorder.pool.path, o->output, getpid(), recorder.forked, number);
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
    if (o->spool[0] && !recorder.pool.control && !(recorder.pool.control = cci_control_map(o->spool))) {
        cci_recorder_fail(o->spool, errno);
        return false;
    }
    recorder.has_key = recorder.has_key || pthread_key_create(&recorder.key, on_thread_exit) == 0;
    fill_header(&recorder.header);
    int r = create_pool();
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
    cci_sampler_forget();
}

/* The first event of a process and the first one after a fork come here; others wait for it. */
static void start_once(uint32_t state)
{
    if (state == STATE_STARTING || !atomic_compare_exchange_strong(&recorder.state, &state, STATE_STARTING)) {
        sched_yield();
        return;
    }
    if (state == STATE_ON)
        forget_parent();
    bool on = (state == STATE_ON || cci_environment_read(&recorder.options)) && start_recording();
    atomic_store(&recorder.state, on ? STATE_ON : STATE_OFF);
}

/* Whether this process is being recorded; starts it if it is due. */
static bool is_recording(void)
{
    for (;;) {
        uint32_t state = atomic_load(&recorder.state);
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
    atomic_store_explicit(&t->life, CCI_LIFE_EXITING, memory_order_release); /* pairs: claim */
}

static bool thread_is_gone(const cci_thread_t *t)
{
    return syscall(SYS_tgkill, getpid(), t->tid, 0) != 0 && errno == ESRCH;
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
    while (!atomic_compare_exchange_weak(&recorder.threads, &t->next, t)) {}
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
    else
        memset(t->stacks, 0, sizeof *t->stacks);
    return t->stacks && cci_stacks_init(t->stacks);
}

static bool start_thread(cci_thread_t *t)
{
    cci_stacks_t *stacks = t->stacks;
    cci_thread_t *next   = t->next;

    *t = (cci_thread_t){ .mode            = (uint8_t)recorder.header.mode,
                         .clock           = (uint8_t)recorder.header.clock_kind,
                         .tick_shift      = (uint8_t)recorder.header.tick_shift,
                         .stacks          = stacks,
                         .sample_interval = (double)recorder.header.sample_interval,
                         .index           = atomic_fetch_add(&recorder.next_thread, 1),
                         .tid             = (uint32_t)syscall(SYS_gettid),
                         .life            = CCI_LIFE_ALIVE,
                         .next            = next };
    t->counters = &t->kept;
    cci_sampler_seed(t, recorder.options.seed);
    return start_stacks(t) && cci_thread_next_chunk(t, 0);
}

static void write_process(cci_thread_t *t);

/* While this runs, events of this thread go nowhere: it is not yet, and pthread may allocate. */
cci_thread_t *cci_thread_attach(void)
{
    cci_thread_t *mine  = cci_thread_current;
    int           error = errno;

    cci_thread_current = &thread_off;
    if (!is_recording()) {
        if (atomic_load(&recorder.state) == STATE_NEW)
            cci_thread_current = &thread_unattached; /* too early: ask again */
        errno = error;
        return &thread_off;
    }
    if (mine != &thread_unattached)
        munmap(mine, sizeof *mine); /* the parent's, wiped by a fork */
    cci_thread_t *t = obtain_thread();
    if (t && start_thread(t)) {
        if (recorder.has_key)
            pthread_setspecific(recorder.key, t);
        if (t->index == 0)
            write_process(t);
        cci_thread_current = t;
    } else if (t) {
        t->mode = CCI_MODE_OFF;
    }
    errno = error;
    return cci_thread_current;
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

static void close_chunk(cci_thread_t *t)
{
    if (!t->chunk)
        return;
    keep_name(t);
    t->kept     = *t->counters;
    t->counters = &t->kept;
    cci_pool_give(&recorder.pool, t->chunk);
    t->chunk = NULL;
    t->at = t->limit = NULL;
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
    c->lost         = t->lost;
    c->first_node   = t->stacks ? t->stacks->next_node : 1;
    c->first_module = t->stacks ? t->stacks->next_module : 1;
    t->chunk        = c;
    t->counters     = (cci_trace_counters_t *)body;
    *t->counters    = t->kept;
    t->at           = body + sizeof *t->counters;
    t->limit        = (uint8_t *)c + CCI_CHUNK_BYTES;
    cci_encoder_reset(&t->encoder, c->base_time);
    keep_name(t);
    cci_thread_publish(t);
}

/* What cannot be written is counted; when it will not get better, the recording ends. */
bool cci_thread_next_chunk(cci_thread_t *t, size_t n)
{
    int error = errno;

    if (n > CCI_CHUNK_BYTES - CCI_CHUNK_HEADER_BYTES - sizeof *t->counters)
        return false;
    close_chunk(t);
    if (atomic_load_explicit(&recorder.state, memory_order_relaxed) == STATE_OFF) {
        t->mode = CCI_MODE_OFF;
        return false;
    }
    cci_chunk_header_t *c = cci_pool_take(&recorder.pool);
    if (c) {
        open_chunk(t, c);
    } else if (errno != ETIMEDOUT) {
        cci_recorder_fail(recorder.pool.path, errno);
        t->mode = CCI_MODE_OFF;
    }
    errno = error;
    return c != NULL;
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
