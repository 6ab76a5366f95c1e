/* SPDX-License-Identifier: MIT */
/* record/collector_process.c - see record/collector_process.h. */
#include "record/collector_process.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "prim/clock.h"
#include "record/environment.h"
#include "record/pool.h"
#include "trace/encode.h"

static const size_t extent_bytes = (size_t)CCI_POOL_EXTENT_CHUNKS * CCI_CHUNK_BYTES;

/* A chunk that is to be stored, as it was when that was found out: the program may still write. */
typedef struct cci_due {
    uint64_t            opened, seq;
    cci_chunk_header_t *chunk;
} cci_due_t;

/* ---- the pool ---- */

static void close_pool(cci_process_pool_t *p)
{
    for (uint32_t i = 0; i < p->extents; i++)
        munmap(p->extent[i], extent_bytes);
    if (p->header)
        munmap((void *)p->header, CCI_TRACE_HEADER_BYTES);
    if (p->pool_fd >= 0)
        close(p->pool_fd);
    free(p->extent);
    free(p->due);
    free(p->shown);
    free(p);
}

static bool header_is_whole(const cci_trace_header_t *h)
{
    /* The magic number is written last. */
    uint64_t magic = atomic_load_explicit((const _Atomic uint64_t *)h, memory_order_acquire);

    return memcmp(&magic, CCI_TRACE_MAGIC, sizeof magic) == 0 && h->version == CCI_TRACE_VERSION &&
           h->tick_shift < 64;
}

cci_process_pool_t *cci_process_pool_open(const char *spool, int pid, unsigned number)
{
    cci_process_pool_t *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    p->pid     = pid;
    p->number  = number;
    p->file.fd = -1;
    p->pool_fd = -1;
    errno      = cci_spool_path(p->pool_path, spool, pid, number);
    if (!errno)
        p->pool_fd = open(p->pool_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    if (p->pool_fd >= 0 && fstat(p->pool_fd, &st) == 0 && st.st_size >= CCI_TRACE_HEADER_BYTES) {
        void *h = mmap(NULL, CCI_TRACE_HEADER_BYTES, PROT_READ, MAP_SHARED, p->pool_fd, 0);
        if (h != MAP_FAILED) {
            p->header = h;
            if (header_is_whole(p->header))
                return p;
        }
    }
    int error = errno ? errno : EINVAL;
    close_pool(p);
    errno = error;
    return NULL;
}

/* For so many extents and their chunks. */
static bool make_room(cci_process_pool_t *p, size_t extents)
{
    void     **extent = realloc(p->extent, extents * sizeof *extent);
    cci_due_t *due    = realloc(p->due, extents * CCI_POOL_EXTENT_CHUNKS * sizeof *due);

    p->extent = extent ? extent : p->extent;
    p->due    = due ? due : p->due;
    return extent && due;
}

/* The file may have grown. Only whole extents are looked at: they are reserved before they are used. */
static int map_new_extents(cci_process_pool_t *p)
{
    struct stat st;

    if (fstat(p->pool_fd, &st) != 0)
        return errno;
    uint64_t n = ((uint64_t)st.st_size - CCI_TRACE_HEADER_BYTES) / extent_bytes;
    if (n > CCI_POOL_EXTENTS_MAX)
        n = CCI_POOL_EXTENTS_MAX;
    if (n <= p->extents)
        return 0;
    if (!make_room(p, n))
        return ENOMEM;
    for (; p->extents < n; p->extents++) {
        off_t at = CCI_TRACE_HEADER_BYTES + (off_t)p->extents * (off_t)extent_bytes;
        void *m  = mmap(NULL, extent_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, p->pool_fd, at);
        if (m == MAP_FAILED)
            return errno;
        p->extent[p->extents] = m;
    }
    return 0;
}

static cci_chunk_header_t *chunk_at(const cci_process_pool_t *p, size_t i)
{
    uint8_t *extent = p->extent[i / CCI_POOL_EXTENT_CHUNKS];
    return (cci_chunk_header_t *)(extent + i % CCI_POOL_EXTENT_CHUNKS * CCI_CHUNK_BYTES);
}

/* What the program wrote is not to be trusted further than it concerns the program. */
static size_t used_of(const cci_chunk_header_t *c)
{
    uint64_t used = atomic_load_explicit(&c->used, memory_order_acquire); /* pairs: publish */
    uint64_t max  = CCI_CHUNK_BYTES - CCI_CHUNK_HEADER_BYTES;

    return c->magic == CCI_CHUNK_MAGIC && used <= max ? used : 0;
}

static int store_chunk(cci_process_pool_t *p, cci_packer_t *packer, const cci_chunk_header_t *c)
{
    size_t used = used_of(c);

    if (used == 0 || p->file.fd < 0)
        return 0;
    int r =
        cci_trace_file_put(&p->file, packer, c, (const uint8_t *)c + CCI_CHUNK_HEADER_BYTES, used);
    if (r)
        cci_trace_file_close(&p->file);
    return r;
}

static int by_opening(const void *left, const void *right)
{
    const cci_due_t *a = left, *b = right;

    if (a->opened != b->opened)
        return a->opened < b->opened ? -1 : 1;
    return (a->seq > b->seq) - (a->seq < b->seq);
}

static bool is_due(const cci_chunk_header_t *c, bool ended)
{
    uint32_t state = atomic_load_explicit(&c->state, memory_order_acquire); /* pairs: give */
    return state == CCI_CHUNK_FULL || (ended && state == CCI_CHUNK_OWNED);
}

/* In the order in which they were opened, into p->due; how many. A thread gives a chunk away before it
 * opens another. So of those that were opened before the look began none was passed over while it
 * was not full yet and its successor taken; younger ones wait for the next look. */
static size_t find_due(cci_process_pool_t *p, bool ended)
{
    const uint64_t now = cci_clock_ticks((cci_clock_kind_t)p->header->clock_kind);
    size_t         n   = 0;

    for (size_t i = 0; i < (size_t)p->extents * CCI_POOL_EXTENT_CHUNKS; i++) {
        cci_chunk_header_t *c = chunk_at(p, i);
        if (!is_due(c, ended))
            continue;
        p->due[n] = (cci_due_t){ c->opened.ticks, c->seq, c };
        n += ended || p->due[n].opened <= now;
    }
    if (n > 1)
        qsort(p->due, n, sizeof *p->due, by_opening);
    return n;
}

int cci_process_pool_drain(cci_process_pool_t *p, cci_packer_t *packer, bool ended,
                           uint32_t *drained)
{
    int    r = map_new_extents(p);
    size_t n = find_due(p, ended);

    for (size_t i = 0; i < n; i++) {
        int failed = store_chunk(p, packer, p->due[i].chunk);
        r          = r ? r : failed;
        cci_pool_free(p->due[i].chunk);
    }
    *drained += (uint32_t)n;
    return r;
}

/* ---- the view ---- */

/* A chunk as it was shown last. calls: in the modes where not every call is a record. */
typedef struct cci_shown {
    uint64_t seq, used, calls;
    uint32_t thread;
} cci_shown_t;

static int reserve_shown(cci_process_pool_t *p)
{
    size_t chunks = (size_t)p->extents * CCI_POOL_EXTENT_CHUNKS;
    size_t known  = (size_t)p->shown_extents * CCI_POOL_EXTENT_CHUNKS;

    if (known == chunks)
        return 0;
    cci_shown_t *shown = realloc(p->shown, chunks * sizeof *shown);
    if (!shown)
        return ENOMEM;
    memset(shown + known, 0, (chunks - known) * sizeof *shown);
    p->shown         = shown;
    p->shown_extents = p->extents;
    return 0;
}

static cci_shown_t state_of(const cci_chunk_header_t *c, const uint8_t *body, size_t used)
{
    cci_trace_counters_t counters = { 0 };

    if (used >= sizeof counters)
        memcpy(&counters, body, sizeof counters);
    return (cci_shown_t){ .seq    = c->seq,
                          .used   = used,
                          .calls  = counters.alloc_count + counters.free_count,
                          .thread = c->thread };
}

static bool is_same(const cci_shown_t *a, const cci_shown_t *b)
{
    return a->seq == b->seq && a->used == b->used && a->calls == b->calls && a->thread == b->thread;
}

static void show_chunk(const cci_chunk_header_t *c, cci_shown_t *shown,
                       const cci_collector_view_t *view)
{
    size_t         used = used_of(c);
    const uint8_t *body = (const uint8_t *)c + CCI_CHUNK_HEADER_BYTES;
    cci_shown_t    now  = state_of(c, body, used);

    if (used == 0 || is_same(&now, shown))
        return;
    *shown = now;
    view->chunk(view->context, c, body, used);
}

int cci_process_pool_show(cci_process_pool_t *p, const cci_collector_view_t *view)
{
    int r = reserve_shown(p);

    for (size_t i = 0; r == 0 && i < (size_t)p->extents * CCI_POOL_EXTENT_CHUNKS; i++)
        show_chunk(chunk_at(p, i), &p->shown[i], view);
    return r;
}

/* ---- the process ---- */

static void log_rss(cci_rss_log_t *log, uint64_t time, uint64_t bytes, uint64_t shared)
{
    const uint32_t room = sizeof log->sample / sizeof *log->sample;

    if (log->calls++ % (log->keep_every ? log->keep_every : 1) != 0)
        return;
    if (log->count == room) {
        for (uint32_t i = 0; i < room / 2; i++)
            log->sample[i] = log->sample[2 * i];
        log->count      = room / 2;
        log->keep_every = log->keep_every ? 2 * log->keep_every : 2;
    }
    log->sample[log->count++] = (cci_rss_sample_t){ time, bytes, shared };
}

void cci_process_pool_sample(cci_process_pool_t *p)
{
    char          path[64], text[128];
    unsigned long size, resident, shared;

    snprintf(path, sizeof path, "/proc/%d/statm", p->pid);
    int     fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n  = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    if (sscanf(text, "%lu %lu %lu", &size, &resident, &shared) == 3 && resident > 0)
        log_rss(&p->rss,
                cci_clock_ticks((cci_clock_kind_t)p->header->clock_kind) >> p->header->tick_shift,
                (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE),
                (uint64_t)shared * (uint64_t)sysconf(_SC_PAGESIZE));
}

enum { UNKNOWN = -1 };

/* Whether the process has the file mapped; UNKNOWN where that may not be seen. */
static int maps_file(int pid, const char *file)
{
    char path[64], line[PATH_MAX + 256];
    int  found = 0;

    snprintf(path, sizeof path, "/proc/%d/maps", pid);
    FILE *maps = fopen(path, "re");
    if (!maps)
        return errno == EACCES ? UNKNOWN : 0;
    while (!found && fgets(line, sizeof line, maps))
        found = strstr(line, file) != NULL;
    fclose(maps);
    return found;
}

bool cci_process_pool_in_use(const cci_process_pool_t *p)
{
    int maps = maps_file(p->pid, p->pool_path);
    return maps == UNKNOWN ? kill(p->pid, 0) == 0 : maps;
}

int cci_spool_user(const char *spool)
{
    char           control[PATH_MAX + 16];
    DIR           *d     = opendir("/proc");
    int            found = 0;
    struct dirent *e;

    snprintf(control, sizeof control, "%s/" CCI_CONTROL_NAME, spool);
    while (d && !found && (e = readdir(d))) {
        int pid = atoi(e->d_name); /* 0: it is no process */
        if (pid > 0 && pid != getpid() && maps_file(pid, control) == 1)
            found = pid;
    }
    if (d)
        closedir(d);
    return found;
}

/* ---- the end ---- */

static uint8_t *put_process_records(cci_process_pool_t *p, uint8_t *at, int wait_status)
{
    for (uint32_t i = 0; i < p->rss.count; i++)
        at = cci_put_rss(at, p->rss.sample[i].time_ns, p->rss.sample[i].bytes,
                         p->rss.sample[i].shared);
    return cci_put_end(at, cci_clock_pair((cci_clock_kind_t)p->header->clock_kind), wait_status);
}

static int store_process(cci_process_pool_t *p, cci_packer_t *packer, int wait_status)
{
    enum { RSS_RECORD_MAX = 34, END_RECORD_MAX = 40 };
    uint8_t body[sizeof(cci_trace_counters_t) +
                 RSS_RECORD_MAX * sizeof p->rss.sample / sizeof *p->rss.sample + END_RECORD_MAX] = {
        0
    };
    uint8_t *end         = put_process_records(p, body + sizeof(cci_trace_counters_t), wait_status);
    cci_chunk_header_t h = { .magic  = CCI_CHUNK_MAGIC,
                             .kind   = CCI_CHUNK_PROCESS,
                             .tid    = (uint32_t)p->pid,
                             .opened = p->header->start };

    return cci_trace_file_put(&p->file, packer, &h, body, (size_t)(end - body));
}

int cci_process_pool_finish(cci_process_pool_t *p, cci_packer_t *packer, int wait_status)
{
    uint32_t drained = 0;
    int      r       = cci_process_pool_drain(p, packer, true, &drained);

    if (p->file.fd >= 0) {
        int failed = store_process(p, packer, wait_status);
        r          = r ? r : failed;
        failed     = cci_trace_file_close(&p->file);
        r          = r ? r : failed;
    }
    unlink(p->pool_path);
    close_pool(p);
    return r;
}
