/* SPDX-License-Identifier: MIT */
/* record/pool.c - see record/pool.h. */
#include "record/pool.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include "prim/clock.h"
#include "prim/futex.h"

static const size_t extent_bytes = (size_t)CCI_POOL_EXTENT_CHUNKS * CCI_CHUNK_BYTES;

/* Relaxed: what is in use was counted in `extents` after it was stored. */
static void *extent_at(const cci_pool_t *pool, uint32_t index)
{
    return atomic_load_explicit(&pool->extent[index], memory_order_relaxed);
}

cci_chunk_header_t *cci_pool_chunk(cci_pool_t *pool, uint32_t index)
{
    uint8_t *extent = extent_at(pool, index / CCI_POOL_EXTENT_CHUNKS);
    return (cci_chunk_header_t *)(extent +
                                  (size_t)(index % CCI_POOL_EXTENT_CHUNKS) * CCI_CHUNK_BYTES);
}

uint32_t cci_pool_count(cci_pool_t *pool)
{
    return atomic_load_explicit(&pool->extents, memory_order_acquire) * CCI_POOL_EXTENT_CHUNKS;
}

/* Some file systems cannot reserve; there, writing is the only way to have the space. */
static int write_zeros(int fd, off_t from, off_t length)
{
    static const char zeros[4096];

    for (off_t done = 0; done < length;) {
        ssize_t n = pwrite(fd, zeros, sizeof zeros, from + done);
        if (n == 0 || (n < 0 && errno != EINTR))
            return n < 0 ? errno : ENOSPC;
        done += n < 0 ? 0 : n;
    }
    return 0;
}

/* Beyond this limit the system would send SIGXFSZ, which ends the program. */
static bool is_beyond_limit(off_t size)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
           (rlim_t)size > limit.rlim_cur;
}

static int reserve(int fd, off_t from, off_t length)
{
    int r;

    if (is_beyond_limit(from + length))
        return EFBIG;
    do
        r = fallocate(fd, 0, from, length) == 0 ? 0 : errno;
    while (r == EINTR);
    return r == EOPNOTSUPP || r == ENOSYS ? write_zeros(fd, from, length) : r;
}

/* mmap at this address, which is ours already, or anywhere for NULL. */
static void *map_at(void *at, size_t bytes, int fd, off_t offset)
{
    return mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | (at ? MAP_FIXED : 0), fd, offset);
}

/* The same, of memory that is zero and nobody else's. */
static void *map_private(void *at, size_t bytes, int more_flags)
{
    return mmap(at, bytes, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED : 0) | more_flags, -1, 0);
}

/* p: the new extent as it was mapped. A forked child must not reach its parent's chunks, hence
 * MADV_DONTFORK. */
static int add_extent(cci_pool_t *pool, uint32_t index, void *p)
{
    if (p == MAP_FAILED)
        return errno;
    madvise(p, extent_bytes, MADV_DONTFORK);
    atomic_store_explicit(&pool->extent[index], p, memory_order_relaxed);
    atomic_store_explicit(&pool->extents, index + 1, memory_order_release); /* pairs: take */
    return 0;
}

static int map_extent(cci_pool_t *pool, int fd, uint32_t index)
{
    off_t at = CCI_TRACE_HEADER_BYTES + (off_t)index * (off_t)extent_bytes;
    int   r  = reserve(fd, at, (off_t)extent_bytes);

    return r ? r : add_extent(pool, index, map_at(extent_at(pool, index), extent_bytes, fd, at));
}

/* The file is opened anew each time: the program may close any descriptor it finds. */
static int map_more_of_file(cci_pool_t *pool, uint32_t index)
{
    int fd = open(pool->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return errno;
    int r = map_extent(pool, fd, index);
    close(fd);
    return r;
}

static int map_next(cci_pool_t *pool, uint32_t index)
{
    if (index >= CCI_POOL_EXTENTS_MAX)
        return EFBIG;
    if (pool->local)
        return add_extent(pool, index, map_private(extent_at(pool, index), extent_bytes, 0));
    return map_more_of_file(pool, index);
}

static int grow(cci_pool_t *pool, uint32_t seen)
{
    int r = 0;

    while (atomic_exchange_explicit(&pool->growing, 1, memory_order_acquire))
        sched_yield();
    uint32_t extents = atomic_load_explicit(&pool->extents, memory_order_relaxed);
    if (extents == seen) /* otherwise somebody was here before us */
        r = map_next(pool, extents);
    atomic_store_explicit(&pool->growing, 0, memory_order_release);
    return r;
}

/* The magic number last: who sees it sees all of the header. */
static int write_header(int fd, const cci_trace_header_t *header)
{
    const size_t magic = sizeof header->magic;
    const char  *bytes = (const char *)header;

    if (pwrite(fd, bytes + magic, sizeof *header - magic, (off_t)magic) !=
            (ssize_t)(sizeof *header - magic) ||
        pwrite(fd, bytes, magic, 0) != (ssize_t)magic)
        return EIO; /* the space was reserved */
    return 0;
}

int cci_pool_create(cci_pool_t *pool, const cci_trace_header_t *header)
{
    int fd = open(pool->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int r;

    if (fd < 0)
        return errno;
    r = reserve(fd, 0, CCI_TRACE_HEADER_BYTES);
    if (!r)
        r = map_extent(pool, fd, 0);
    if (!r)
        r = write_header(fd, header); /* a pool that shows one is mapped: it counts as in use */
    close(fd);
    if (r)
        unlink(pool->path);
    if (!r && pool->control) {
        atomic_fetch_add_explicit(&pool->control->pools, 1,
                                  memory_order_release); /* pairs: look_for_pools */
        cci_futex_post(&pool->control->doorbell);
    }
    return r;
}

/* 0 or an errno. */
static int map_control(cci_pool_t *pool, int fd)
{
    cci_control_t seen;

    if (pread(fd, &seen, sizeof seen, 0) != (ssize_t)sizeof seen || seen.magic != CCI_CONTROL_MAGIC)
        return EINVAL;
    void *p = map_at(pool->control, sizeof *pool->control, fd, 0);
    if (p == MAP_FAILED)
        return ENOMEM;
    pool->control = p;
    pool->left    = false;
    pool->local   = false;
    return 0;
}

/* The collector holds a lock on the control file as long as it lives, also when it is a zombie that
 * nobody has waited for yet. A process that cannot open the file any more (no descriptor left,
 * another user or root directory now) has only the number to go by. */
static bool collector_lives(const cci_pool_t *pool)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    if (pool->local)
        return true; /* until it says `stop` */
    int fd = open(pool->control_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return kill(pool->control->collector, 0) == 0 || errno == EPERM;
    bool lives = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    close(fd);
    return lives;
}

int cci_pool_join(cci_pool_t *pool, const char *spool)
{
    int n = snprintf(pool->control_path, sizeof pool->control_path, "%s/" CCI_CONTROL_NAME, spool);

    if (n < 0 || (size_t)n >= sizeof pool->control_path)
        return ENAMETOOLONG;
    if (!pool->control || pool->left) {
        int fd = open(pool->control_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
            return errno;
        int r = map_control(pool, fd);
        close(fd);
        if (r)
            return r;
    }
    return collector_lives(pool) ? 0 : EPIPE;
}

int cci_pool_create_local(cci_pool_t *pool)
{
    void *p = map_private(pool->control, sizeof *pool->control, 0);

    if (p == MAP_FAILED)
        return errno;
    pool->control = p;
    pool->left    = false;
    pool->local   = true;
    return map_next(pool, 0);
}

/* ---- leaving ---- */

/* Where the system refuses, the old memory stays, which does as well but takes more room. */
static bool put_nothing_at(void *at, size_t bytes)
{
    return map_private(at, bytes, MAP_NORESERVE) != MAP_FAILED;
}

/* What is private already need only be emptied; what is locked cannot be. */
static void leave_extent(const cci_pool_t *pool, void *extent)
{
    if (pool->local && madvise(extent, extent_bytes, MADV_DONTNEED) == 0)
        return;
    if (put_nothing_at(extent, extent_bytes))
        madvise(extent, extent_bytes, MADV_DONTFORK);
}

static void reset(cci_pool_t *pool)
{
    atomic_store(&pool->extents, 0);
    atomic_store(&pool->growing, 0);
    atomic_store(&pool->next, 0);
    atomic_store(&pool->threads, 0);
    atomic_store(&pool->late, 0);
}

/* A collector that was killed can remove nothing any more. */
static void remove_spool(cci_pool_t *pool)
{
    char *end = pool->control_path + strlen(pool->control_path) - strlen("/" CCI_CONTROL_NAME);

    unlink(pool->path);
    unlink(pool->control_path);
    *end = '\0';
    rmdir(pool->control_path); /* not while another process of that recording has its pool there */
    *end = '/';
}

/* Whoever waits for the reader is not to find out late that there is none. */
static void leave_reader(cci_pool_t *pool)
{
    atomic_store(&pool->control->stop, 1);
    cci_futex_post(&pool->control->drained);
    pool->left = true;
}

static void leave_collector(cci_pool_t *pool)
{
    if (!collector_lives(pool))
        remove_spool(pool);
    if (put_nothing_at(pool->control, sizeof *pool->control)) {
        atomic_store(&pool->control->stop, 1); /* for those who wait for the collector */
        pool->left = true;
    }
}

void cci_pool_leave(cci_pool_t *pool)
{
    for (uint32_t i = 0; i < CCI_POOL_EXTENTS_MAX && extent_at(pool, i); i++)
        leave_extent(pool, extent_at(pool, i));
    if (pool->control && !pool->left && pool->local)
        leave_reader(pool);
    else if (pool->control && !pool->left)
        leave_collector(pool);
    reset(pool);
}

void cci_pool_forget(cci_pool_t *pool)
{
    for (uint32_t i = 0; i < CCI_POOL_EXTENTS_MAX && extent_at(pool, i); i++)
        atomic_store_explicit(&pool->extent[i], NULL,
                              memory_order_relaxed); /* the address may be the program's by now */
    reset(pool);
}

/* Low numbers first: a few chunks are used over and over and stay in the processor's cache. */
static cci_chunk_header_t *take_free(cci_pool_t *pool)
{
    uint32_t n = cci_pool_count(pool);

    for (uint32_t i = 0; i < n; i++) {
        cci_chunk_header_t *c    = cci_pool_chunk(pool, i);
        uint32_t            free = CCI_CHUNK_FREE;
        if (atomic_load_explicit(&c->state, memory_order_relaxed) == CCI_CHUNK_FREE &&
            atomic_compare_exchange_strong_explicit(
                &c->state, &free, CCI_CHUNK_OWNED,
                memory_order_acquire, /* pairs: the collector's release */
                memory_order_relaxed))
            return c;
    }
    return NULL;
}

static bool may_grow(cci_pool_t *pool)
{
    uint32_t share =
        CCI_POOL_SPARE_CHUNKS +
        CCI_POOL_THREAD_CHUNKS * atomic_load_explicit(&pool->threads, memory_order_relaxed);
    return atomic_load_explicit(&pool->extents, memory_order_relaxed) * CCI_POOL_EXTENT_CHUNKS <
           share;
}

/* Wait a while for the collector to free a chunk; until: 0 at first, then when to give up.
 * 0, EPIPE or ETIMEDOUT. */
static int wait_for_collector(cci_pool_t *pool, uint32_t seen, uint64_t *until)
{
    enum { STEP_MS = 50, NS_PER_MS = 1000000 };
    cci_control_t *control = pool->control;
    uint64_t       now     = cci_clock_ns(CLOCK_MONOTONIC);
    bool           late    = atomic_load_explicit(&pool->late, memory_order_relaxed);

    if (*until == 0)
        *until = now + (late ? 0 : (uint64_t)CCI_POOL_WAIT_MS * NS_PER_MS);
    if (now >= *until) {
        atomic_store_explicit(&pool->late, 1, memory_order_relaxed);
        return ETIMEDOUT;
    }
    if (atomic_load_explicit(&control->stop, memory_order_relaxed) || !collector_lives(pool))
        return EPIPE;
    atomic_fetch_add_explicit(&control->waiting, 1,
                              memory_order_seq_cst); /* pairs: collector reads it after `drained` */
    cci_futex_wait(&control->drained, seen, STEP_MS);
    atomic_fetch_sub_explicit(&control->waiting, 1, memory_order_relaxed);
    return 0;
}

static cci_chunk_header_t *take_shared(cci_pool_t *pool)
{
    uint64_t until = 0;

    for (;;) {
        uint32_t drained      = atomic_load_explicit(&pool->control->drained, memory_order_seq_cst);
        uint32_t extents      = atomic_load_explicit(&pool->extents, memory_order_relaxed);
        cci_chunk_header_t *c = take_free(pool);
        if (c) {
            if (atomic_load_explicit(&pool->late, memory_order_relaxed))
                atomic_store_explicit(&pool->late, 0, memory_order_relaxed);
            return c;
        }
        if (may_grow(pool) && grow(pool, extents) == 0)
            continue;
        int r = wait_for_collector(pool, drained, &until);
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

    while (i >= (extents = atomic_load_explicit(&pool->extents, memory_order_acquire)) *
                    CCI_POOL_EXTENT_CHUNKS) {
        int r = grow(pool, extents);
        if (r) {
            errno = r;
            return NULL;
        }
    }
    cci_chunk_header_t *c = cci_pool_chunk(pool, i);
    atomic_store_explicit(&c->state, CCI_CHUNK_OWNED, memory_order_relaxed);
    return c;
}

cci_chunk_header_t *cci_pool_take(cci_pool_t *pool)
{
    return pool->control ? take_shared(pool) : take_plain(pool);
}

void cci_pool_give(cci_pool_t *pool, cci_chunk_header_t *chunk)
{
    atomic_store_explicit(&chunk->state, CCI_CHUNK_FULL,
                          memory_order_release); /* pairs: collector's acquire */
    if (pool->control)
        cci_futex_post(&pool->control->doorbell);
    else
        munmap(chunk, CCI_CHUNK_BYTES);
}

/* ---- who reads ---- */

void cci_pool_free(cci_chunk_header_t *chunk)
{
    atomic_store_explicit(&chunk->used, 0, memory_order_relaxed);
    atomic_store_explicit(&chunk->state, CCI_CHUNK_FREE,
                          memory_order_release); /* pairs: take_free */
}

void cci_pool_drained(cci_control_t *control)
{
    atomic_fetch_add_explicit(&control->drained, 1, memory_order_seq_cst);
    if (atomic_load_explicit(&control->waiting,
                             memory_order_seq_cst)) /* pairs: wait_for_collector */
        cci_futex_wake_all(&control->drained);
}
