/* SPDX-License-Identifier: MIT */
/* record/pool.c - see record/pool.h. */
#include "record/pool.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "prim/futex.h"

static const size_t extent_bytes = (size_t)CCI_POOL_EXTENT_CHUNKS * CCI_CHUNK_BYTES;

static cci_chunk_header_t *chunk_at(cci_pool_t *pool, uint32_t index)
{
    uint8_t *extent = pool->extent[index / CCI_POOL_EXTENT_CHUNKS];
    return (cci_chunk_header_t *)(extent + (size_t)(index % CCI_POOL_EXTENT_CHUNKS) * CCI_CHUNK_BYTES);
}

/* Some file systems cannot reserve; there, writing is the only way to have the space. */
static int write_zeros(int fd, off_t from, off_t length)
{
    static const char zeros[4096];

    for (off_t done = 0; done < length;) {
        ssize_t n = pwrite(fd, zeros, sizeof zeros, from + done);
        if (n <= 0)
            return n < 0 ? errno : ENOSPC;
        done += n;
    }
    return 0;
}

static int reserve(int fd, off_t from, off_t length)
{
    int r;
    do
        r = fallocate(fd, 0, from, length) == 0 ? 0 : errno;
    while (r == EINTR);
    return r == EOPNOTSUPP || r == ENOSYS ? write_zeros(fd, from, length) : r;
}

/* A forked child must not reach its parent's chunks, hence MADV_DONTFORK. */
static int map_extent(cci_pool_t *pool, int fd, uint32_t index)
{
    off_t at = CCI_TRACE_HEADER_BYTES + (off_t)index * (off_t)extent_bytes;
    int   r  = reserve(fd, at, (off_t)extent_bytes);

    if (r)
        return r;
    void *p = mmap(NULL, extent_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, at);
    if (p == MAP_FAILED)
        return errno;
    madvise(p, extent_bytes, MADV_DONTFORK);
    pool->extent[index] = p;
    atomic_store_explicit(&pool->extents, index + 1, memory_order_release); /* pairs: take */
    return 0;
}

/* The file is opened anew each time: the program may close any descriptor it finds. */
static int grow(cci_pool_t *pool, uint32_t seen)
{
    int r = 0;

    while (atomic_exchange_explicit(&pool->growing, 1, memory_order_acquire))
        sched_yield();
    uint32_t extents = atomic_load_explicit(&pool->extents, memory_order_relaxed);
    if (extents == seen) { /* otherwise somebody was here before us */
        int fd = extents < CCI_POOL_EXTENTS_MAX ? open(pool->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;
        if (fd < 0) {
            r = extents < CCI_POOL_EXTENTS_MAX ? errno : EFBIG;
        } else {
            r = map_extent(pool, fd, extents);
            close(fd);
        }
    }
    atomic_store_explicit(&pool->growing, 0, memory_order_release);
    return r;
}

int cci_pool_create(cci_pool_t *pool, const cci_trace_header_t *header)
{
    int fd = open(pool->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int r;

    if (fd < 0)
        return errno;
    r = reserve(fd, 0, CCI_TRACE_HEADER_BYTES);
    if (!r && pwrite(fd, header, sizeof *header, 0) != (ssize_t)sizeof *header)
        r = errno;
    if (!r)
        r = map_extent(pool, fd, 0);
    close(fd);
    if (r)
        unlink(pool->path);
    if (!r && pool->control) {
        atomic_fetch_add_explicit(&pool->control->pools, 1, memory_order_release); /* pairs: look_for_pools */
        cci_futex_post(&pool->control->doorbell);
    }
    return r;
}

cci_control_t *cci_control_map(const char *spool)
{
    char path[PATH_MAX];
    int  n = snprintf(path, sizeof path, "%s/" CCI_CONTROL_NAME, spool);

    if (n < 0 || (size_t)n >= sizeof path) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return NULL;
    void *p = mmap(NULL, sizeof(cci_control_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (p == MAP_FAILED)
        return NULL;
    if (((cci_control_t *)p)->magic != CCI_CONTROL_MAGIC) {
        munmap(p, sizeof(cci_control_t));
        errno = EINVAL;
        return NULL;
    }
    return p;
}

/* The collector holds a lock on the control file as long as it lives, also when it is a zombie that
 * nobody has waited for yet. */
static bool collector_lives(const cci_pool_t *pool)
{
    char         path[PATH_MAX];
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    const char  *slash = strrchr(pool->path, '/');

    snprintf(path, sizeof path, "%.*s/" CCI_CONTROL_NAME, (int)(slash - pool->path), pool->path);
    int  fd    = open(path, O_RDWR | O_CLOEXEC);
    bool lives = fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    if (fd >= 0)
        close(fd);
    return lives;
}

/* Low numbers first: a few chunks are used over and over and stay in the processor's cache. */
static cci_chunk_header_t *take_free(cci_pool_t *pool)
{
    uint32_t n = atomic_load_explicit(&pool->extents, memory_order_acquire) * CCI_POOL_EXTENT_CHUNKS;

    for (uint32_t i = 0; i < n; i++) {
        cci_chunk_header_t *c    = chunk_at(pool, i);
        uint32_t            free = CCI_CHUNK_FREE;
        if (atomic_load_explicit(&c->state, memory_order_relaxed) == CCI_CHUNK_FREE &&
            atomic_compare_exchange_strong_explicit(&c->state, &free, CCI_CHUNK_OWNED,
                                                    memory_order_acquire, /* pairs: the collector's release */
                                                    memory_order_relaxed))
            return c;
    }
    return NULL;
}

static bool may_grow(cci_pool_t *pool)
{
    uint32_t share = CCI_POOL_SPARE_CHUNKS + CCI_POOL_THREAD_CHUNKS *
                     atomic_load_explicit(&pool->threads, memory_order_relaxed);
    return atomic_load_explicit(&pool->extents, memory_order_relaxed) * CCI_POOL_EXTENT_CHUNKS < share;
}

/* Wait until the collector has freed a chunk. 0, EPIPE or ETIMEDOUT. */
static int wait_for_collector(cci_pool_t *pool, uint32_t seen, unsigned *waited_ms)
{
    enum { STEP_MS = 50 };
    cci_control_t *control = pool->control;

    if (*waited_ms >= CCI_POOL_WAIT_MS)
        return ETIMEDOUT;
    if (atomic_load_explicit(&control->stop, memory_order_relaxed) || !collector_lives(pool))
        return EPIPE;
    atomic_fetch_add_explicit(&control->waiting, 1, memory_order_seq_cst); /* pairs: collector reads it after `drained` */
    if (!cci_futex_wait(&control->drained, seen, STEP_MS))
        *waited_ms += STEP_MS;
    atomic_fetch_sub_explicit(&control->waiting, 1, memory_order_relaxed);
    return 0;
}

static cci_chunk_header_t *take_shared(cci_pool_t *pool)
{
    unsigned waited_ms = 0;

    for (;;) {
        uint32_t            drained = atomic_load_explicit(&pool->control->drained, memory_order_seq_cst);
        uint32_t            extents = atomic_load_explicit(&pool->extents, memory_order_relaxed);
        cci_chunk_header_t *c       = take_free(pool);
        if (c)
            return c;
        if (may_grow(pool) && grow(pool, extents) == 0)
            continue;
        int r = wait_for_collector(pool, drained, &waited_ms);
        if (r) {
            errno = r;
            return NULL;
        }
    }
}

static cci_chunk_header_t *take_plain(cci_pool_t *pool)
{
    uint32_t i = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
    uint32_t extents;

    while (i >= (extents = atomic_load_explicit(&pool->extents, memory_order_acquire)) * CCI_POOL_EXTENT_CHUNKS) {
        int r = grow(pool, extents);
        if (r) {
            errno = r;
            return NULL;
        }
    }
    cci_chunk_header_t *c = chunk_at(pool, i);
    atomic_store_explicit(&c->state, CCI_CHUNK_OWNED, memory_order_relaxed);
    return c;
}

cci_chunk_header_t *cci_pool_take(cci_pool_t *pool)
{
    return pool->control ? take_shared(pool) : take_plain(pool);
}

void cci_pool_give(cci_pool_t *pool, cci_chunk_header_t *chunk)
{
    atomic_store_explicit(&chunk->state, CCI_CHUNK_FULL, memory_order_release); /* pairs: collector's acquire */
    if (pool->control)
        cci_futex_post(&pool->control->doorbell);
    else
        munmap(chunk, CCI_CHUNK_BYTES);
}
