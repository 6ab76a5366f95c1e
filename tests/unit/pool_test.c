/* SPDX-License-Identifier: MIT */
/* The chunks of a process: made, taken, given away, freed by a collector, and every way of having
 * none: no space, no collector, one that died, one that does not keep up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "prim/clock.h"
#include "record/environment.h"
#include "support/scratch.h"
#include "support/spool.h"

static const cci_trace_header_t header = { .magic        = CCI_TRACE_MAGIC,
                                           .version      = CCI_TRACE_VERSION,
                                           .endian       = CCI_TRACE_ENDIAN,
                                           .header_bytes = CCI_TRACE_HEADER_BYTES,
                                           .layout       = CCI_LAYOUT_IN_PLACE,
                                           .chunk_bytes  = CCI_CHUNK_BYTES,
                                           .mode         = CCI_MODE_FULL,
                                           .clock_kind   = CCI_CLOCK_MONOTONIC };

static cci_pool_t pool;
static spool_t    spool;

static off_t file_size(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

static void unmap(cci_pool_t *p)
{
    for (uint32_t i = 0; i < p->extents; i++)
        munmap(p->extent[i], (size_t)CCI_POOL_EXTENT_CHUNKS * CCI_CHUNK_BYTES);
}

/* ---- without a collector ---- */

static int plain(void **state)
{
    (void)state;
    memset(&pool, 0, sizeof pool);
    strcpy(pool.path, "plain.ccm");
    return cci_pool_create(&pool, &header);
}

static int remove_plain(void **state)
{
    (void)state;
    return unlink("plain.ccm");
}

static void test_create(void **state)
{
    cci_trace_header_t h;
    FILE              *f = fopen("plain.ccm", "rb");
    struct stat        st;

    (void)state;
    assert_non_null(f);
    assert_int_equal(fread(&h, sizeof h, 1, f), 1);
    fclose(f);
    assert_memory_equal(&h, &header, sizeof h);
    assert_int_equal(stat("plain.ccm", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);

    static cci_pool_t again;
    strcpy(again.path, "plain.ccm");
    assert_int_equal(cci_pool_create(&again, &header), EEXIST);
    assert_int_equal(symlink("elsewhere", "link.ccm"), 0);
    strcpy(again.path, "link.ccm");
    assert_int_equal(cci_pool_create(&again, &header), EEXIST);
    assert_int_equal(access("elsewhere", F_OK), -1);
    unlink("link.ccm");
    strcpy(again.path, "no/such/folder.ccm");
    assert_int_equal(cci_pool_create(&again, &header), ENOENT);
}

/* Every chunk of the file is taken once, in order, and stays as it was given. */
static void test_plain_never_reuses(void **state)
{
    enum { N = 3 * CCI_POOL_EXTENT_CHUNKS + 1 };

    (void)state;
    for (uint64_t i = 0; i < N; i++) {
        cci_chunk_header_t *c = cci_pool_take(&pool);
        assert_non_null(c);
        assert_int_equal(c->state, CCI_CHUNK_OWNED);
        assert_int_equal(c->used, 0);
        c->seq = i;
        cci_pool_give(&pool, c);
    }
    int fd = open("plain.ccm", O_RDONLY);
    for (uint64_t i = 0; i < N; i++) {
        cci_chunk_header_t c;
        off_t              at = CCI_TRACE_HEADER_BYTES + (off_t)i * CCI_CHUNK_BYTES;
        assert_int_equal(pread(fd, &c, sizeof c, at), sizeof c);
        assert_true(c.seq == i && c.state == CCI_CHUNK_FULL);
    }
    close(fd);
    assert_int_equal(file_size("plain.ccm"),
                     CCI_TRACE_HEADER_BYTES + 4 * CCI_POOL_EXTENT_CHUNKS * CCI_CHUNK_BYTES);
}

/* In a child: the chunks that can be had from a new file of at most `limit` bytes; 255 when the end
 * was another than EFBIG, -1 when the child was killed. */
static int chunks_below(off_t limit)
{
    static cci_pool_t small;
    struct rlimit     r = { (rlim_t)limit, (rlim_t)limit };
    int               status, n = 0;
    pid_t             child = fork();

    if (child == 0) {
        strcpy(small.path, "small.ccm");
        setrlimit(RLIMIT_FSIZE, &r);
        int error = cci_pool_create(&small, &header);
        for (; !error && cci_pool_take(&small); n++) {
        }
        _exit((error ? error : errno) == EFBIG ? n : 255);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* At the limit the system would end the program by SIGXFSZ, if it were asked for more. */
static void test_file_size_limit(void **state)
{
    const off_t extent = (off_t)CCI_POOL_EXTENT_CHUNKS * CCI_CHUNK_BYTES;

    (void)state;
    assert_int_equal(chunks_below(0), 0);
    assert_int_equal(chunks_below(2 * CCI_TRACE_HEADER_BYTES), 0);
    assert_int_equal(access("small.ccm", F_OK), -1); /* nothing half made stays */
    assert_int_equal(chunks_below(CCI_TRACE_HEADER_BYTES + 2 * extent + extent / 2),
                     2 * CCI_POOL_EXTENT_CHUNKS);
    assert_int_equal(file_size("small.ccm"), CCI_TRACE_HEADER_BYTES + 2 * extent);
    unlink("small.ccm");
}

/* The file may be gone, or have been replaced by a link to something dear. */
static void test_grow_follows_no_link(void **state)
{
    (void)state;
    for (int i = 0; i < CCI_POOL_EXTENT_CHUNKS; i++)
        assert_non_null(cci_pool_take(&pool));
    assert_int_equal(rename("plain.ccm", "dear"), 0);
    assert_null(cci_pool_take(&pool));
    assert_int_equal(errno, ENOENT);
    assert_int_equal(symlink("dear", "plain.ccm"), 0);
    assert_null(cci_pool_take(&pool));
    assert_int_equal(errno, ELOOP);
    assert_int_equal(file_size("dear"),
                     CCI_TRACE_HEADER_BYTES + CCI_POOL_EXTENT_CHUNKS * CCI_CHUNK_BYTES);
    unlink("dear");
}

enum { THREADS = 8, EACH = 40 };

static void *take_many(void *out)
{
    cci_chunk_header_t **taken = out;
    for (int i = 0; i < EACH; i++)
        taken[i] = cci_pool_take(&pool);
    return NULL;
}

/* No chunk has two owners, also while the file grows. */
static void test_threads_take(void **state)
{
    static cci_chunk_header_t *taken[THREADS][EACH];
    pthread_t                  thread[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, take_many, taken[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < THREADS * EACH; i++) {
        cci_chunk_header_t *c = taken[i / EACH][i % EACH];
        assert_non_null(c);
        assert_int_equal(c->seq, 0);
        c->seq = 1;
    }
}

/* ---- with a collector ---- */

static int shared(void **state)
{
    (void)state;
    memset(&pool, 0, sizeof pool);
    spool = spool_make("spool");
    assert_int_equal(cci_pool_join(&pool, spool.path), 0);
    assert_int_equal(cci_spool_path(pool.path, spool.path, getpid(), 0), 0);
    return cci_pool_create(&pool, &header);
}

static int remove_spool(void **state)
{
    (void)state;
    unmap(&pool);
    munmap(pool.control, sizeof *pool.control);
    spool_remove(&spool);
    return 0;
}

/* What there is without waiting. */
static unsigned take_all(void)
{
    unsigned n = 0;

    spool.control->stop = 1;
    while (cci_pool_take(&pool))
        n++;
    spool.control->stop = 0;
    return n;
}

static void test_join(void **state)
{
    static cci_pool_t other;
    char              long_name[PATH_MAX];

    (void)state;
    assert_int_equal(cci_pool_join(&other, "nowhere"), ENOENT);
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_int_equal(cci_pool_join(&other, long_name), ENAMETOOLONG);

    assert_int_equal(ftruncate(spool.fd, 4), 0);
    assert_int_equal(cci_pool_join(&other, spool.path), EINVAL);
    assert_int_equal(ftruncate(spool.fd, sizeof(cci_control_t)), 0);
    spool.control->magic = 0;
    assert_int_equal(cci_pool_join(&other, spool.path), EINVAL);
    assert_null(other.control);
    spool.control->magic = CCI_CONTROL_MAGIC;
    assert_int_equal(cci_pool_join(&other, spool.path), 0);
    assert_int_equal(cci_pool_join(&other, spool.path), 0);
    munmap(other.control, sizeof *other.control);
    other.control = NULL;
    spool_die(&spool);
    assert_int_equal(cci_pool_join(&other, spool.path), EPIPE);
    munmap(other.control, sizeof *other.control);
}

/* Who is late finds memory that nobody reads, and an end to all waiting. */
static void test_leave(void **state)
{
    cci_chunk_header_t *c     = cci_pool_take(&pool);
    char               *bytes = (char *)c;
    char                first;

    (void)state;
    assert_non_null(c);
    bytes[CCI_CHUNK_BYTES - 1] = 1;
    cci_pool_leave(&pool);
    bytes[0] = bytes[CCI_CHUNK_BYTES - 1] = 2;
    cci_pool_give(&pool, c);
    unlink(pool.path);
    assert_null(cci_pool_take(&pool));
    assert_int_equal(errno, EPIPE);
    assert_int_equal(spool.control->stop, 0);
    assert_int_equal(spool.control->doorbell, 1); /* of the pool that was made */

    /* The next one uses the same addresses, and nothing of what was written there. */
    assert_int_equal(cci_pool_join(&pool, spool.path), 0);
    assert_int_equal(cci_spool_path(pool.path, spool.path, getpid(), 1), 0);
    assert_int_equal(cci_pool_create(&pool, &header), 0);
    assert_ptr_equal(cci_pool_take(&pool), c);
    assert_int_equal(bytes[CCI_CHUNK_BYTES - 1], 0);
    assert_int_equal(spool.control->doorbell, 2);
    int fd = open(pool.path, O_RDONLY);
    assert_int_equal(pread(fd, &first, 1, CCI_TRACE_HEADER_BYTES + CCI_CHUNK_BYTES - 1), 1);
    assert_int_equal(first, 0);
    close(fd);
}

/* In a fork the addresses are not the pool's: something else may be there. */
static void test_forget(void **state)
{
    int   status;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        size_t n     = (size_t)CCI_POOL_EXTENT_CHUNKS * CCI_CHUNK_BYTES;
        void  *there = mmap(pool.extent[0], n, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        memset(there, 7, n);
        cci_pool_forget(&pool);
        cci_spool_path(pool.path, spool.path, getpid(), 0);
        bool fine = cci_pool_join(&pool, spool.path) == 0 && cci_pool_create(&pool, &header) == 0 &&
                    cci_pool_take(&pool) && *(char *)there == 7;
        _exit(fine ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_made_pool_is_told(void **state)
{
    (void)state;
    assert_int_equal(spool.control->pools, 1);
    assert_int_equal(spool.control->doorbell, 1);
    cci_chunk_header_t *c = cci_pool_take(&pool);
    cci_pool_give(&pool, c);
    assert_int_equal(spool.control->doorbell, 2);
    assert_int_equal(c->state, CCI_CHUNK_FULL);
}

/* A process has its share, which grows with its threads. */
static void test_share(void **state)
{
    (void)state;
    assert_int_equal(take_all(), CCI_POOL_SPARE_CHUNKS);
    pool.threads = 4;
    assert_int_equal(take_all(), 4 * CCI_POOL_THREAD_CHUNKS);
}

static void test_waits_and_gives_up(void **state)
{
    (void)state;
    take_all();
    uint64_t start = cci_clock_ns(CLOCK_MONOTONIC);
    assert_null(cci_pool_take(&pool));
    assert_int_equal(errno, ETIMEDOUT);
    uint64_t waited = cci_clock_ns(CLOCK_MONOTONIC) - start;
    assert_true(waited >= CCI_POOL_WAIT_MS * UINT64_C(1000000));
    assert_true(pool.late);
    assert_int_equal(spool.control->waiting, 0);

    cci_chunk_header_t *c = (cci_chunk_header_t *)pool.extent[1];
    atomic_store(&c->state, CCI_CHUNK_FREE);
    assert_ptr_equal(cci_pool_take(&pool), c);
    assert_false(pool.late);
}

static void *drain_later(void *arg)
{
    cci_chunk_header_t *c = arg;

    while (atomic_load(&spool.control->waiting) == 0) {
    }
    atomic_store_explicit(&c->state, CCI_CHUNK_FREE, memory_order_release);
    spool_say_drained(&spool);
    return NULL;
}

static void test_is_woken(void **state)
{
    pthread_t thread;

    (void)state;
    take_all();
    for (int i = 0; i < 20; i++) {
        cci_chunk_header_t *c = (cci_chunk_header_t *)pool.extent[i % 2];
        assert_int_equal(pthread_create(&thread, NULL, drain_later, c), 0);
        assert_ptr_equal(cci_pool_take(&pool), c);
        pthread_join(thread, NULL);
    }
    assert_int_equal(spool.control->waiting, 0);
}

static void test_collector_died(void **state)
{
    (void)state;
    take_all();
    spool_die(&spool);
    assert_null(cci_pool_take(&pool));
    assert_int_equal(errno, EPIPE);
}

static void test_collector_said_stop(void **state)
{
    (void)state;
    take_all();
    spool.control->stop = 1;
    assert_null(cci_pool_take(&pool));
    assert_int_equal(errno, EPIPE);
}

/* No descriptor is left: whether the collector lives is asked in another way. */
static void test_no_descriptor(void **state)
{
    struct rlimit was, none;

    (void)state;
    take_all();
    getrlimit(RLIMIT_NOFILE, &was);
    none          = was;
    none.rlim_cur = 0;
    setrlimit(RLIMIT_NOFILE, &none);
    spool.control->collector = getpid();
    pthread_t thread;
    pthread_create(&thread, NULL, drain_later, pool.extent[0]);
    cci_chunk_header_t *freed = cci_pool_take(&pool);
    pthread_join(thread, NULL);
    spool.control->collector = INT32_MAX; /* no such process */
    bool      taken          = cci_pool_take(&pool) != NULL;
    const int error          = errno;
    setrlimit(RLIMIT_NOFILE, &was);
    assert_ptr_equal(freed, pool.extent[0]);
    assert_false(taken);
    assert_int_equal(error, EPIPE);
}

static void on_tick(int signal)
{
    (void)signal;
}

/* A wait that is interrupted all the time ends all the same. */
static void test_interrupted_wait_ends(void **state)
{
    struct sigaction tick  = { .sa_handler = on_tick }, was;
    struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { { 0, 0 }, { 0, 0 } };

    (void)state;
    take_all();
    sigaction(SIGALRM, &tick, &was);
    setitimer(ITIMER_REAL, &often, NULL);
    cci_chunk_header_t *c     = cci_pool_take(&pool);
    int                 error = errno;
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &was, NULL);
    assert_null(c);
    assert_int_equal(error, ETIMEDOUT);
}

int main(void)
{
#define PLAIN(test)  cmocka_unit_test_setup_teardown(test, plain, remove_plain)
#define SHARED(test) cmocka_unit_test_setup_teardown(test, shared, remove_spool)
    const struct CMUnitTest tests[] = {
        PLAIN(test_create),
        PLAIN(test_plain_never_reuses),
        PLAIN(test_file_size_limit),
        PLAIN(test_grow_follows_no_link),
        PLAIN(test_threads_take),
        SHARED(test_join),
        SHARED(test_leave),
        SHARED(test_forget),
        SHARED(test_made_pool_is_told),
        SHARED(test_share),
        SHARED(test_waits_and_gives_up),
        SHARED(test_is_woken),
        SHARED(test_collector_died),
        SHARED(test_collector_said_stop),
        SHARED(test_no_descriptor),
        SHARED(test_interrupted_wait_ends),
    };
    scratch_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
