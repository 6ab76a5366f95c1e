/* SPDX-License-Identifier: MIT */
/* The collector's side of one process: which chunks it stores and frees, when, and what it makes of
 * a pool that says nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record/environment.h"
#include "support/scratch.h"
#include "support/spool.h"
#include "trace/encode.h"
#include "trace/reader.h"

static cci_trace_header_t header = { .magic        = CCI_TRACE_MAGIC,
                                     .version      = CCI_TRACE_VERSION,
                                     .endian       = CCI_TRACE_ENDIAN,
                                     .header_bytes = CCI_TRACE_HEADER_BYTES,
                                     .layout       = CCI_LAYOUT_IN_PLACE,
                                     .chunk_bytes  = CCI_CHUNK_BYTES,
                                     .mode         = CCI_MODE_FULL,
                                     .clock_kind   = CCI_CLOCK_MONOTONIC };

static cci_pool_t          pool;
static spool_t             spool;
static cci_packer_t        packer;
static cci_process_pool_t *process;

static cci_process_pool_t *open_pool(void)
{
    return cci_process_pool_open(spool.path, getpid(), 0);
}

static int begin(void **state)
{
    (void)state;
    memset(&pool, 0, sizeof pool);
    spool = spool_make("spool");
    assert_int_equal(cci_packer_init(&packer), 0);
    assert_int_equal(cci_pool_join(&pool, spool.path), 0);
    assert_int_equal(cci_spool_path(pool.path, spool.path, getpid(), 0), 0);
    assert_int_equal(cci_pool_create(&pool, &header), 0);
    process = open_pool();
    assert_non_null(process);
    assert_int_equal(cci_trace_file_create(&process->file, "a.ccm", 1), 0);
    assert_int_equal(cci_trace_file_begin(&process->file, process->header), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < pool.extents; i++)
        munmap(pool.extent[i], (size_t)CCI_POOL_EXTENT_CHUNKS * CCI_CHUNK_BYTES);
    munmap(pool.control, sizeof *pool.control);
    cci_packer_fini(&packer);
    spool_remove(&spool);
    return 0;
}

/* One with an allocation of this address, as thread 0's next one. */
static cci_chunk_header_t *take_and_fill(uintptr_t ptr)
{
    static uint64_t     seq;
    cci_chunk_header_t *c = cci_pool_take(&pool);
    cci_encoder_t       e;

    assert_non_null(c);
    seq           = ptr == 16 ? 0 : seq;
    c->magic      = CCI_CHUNK_MAGIC;
    c->kind       = CCI_CHUNK_THREAD;
    c->codec      = CCI_CODEC_RAW;
    c->stored     = CCI_CHUNK_BYTES - CCI_CHUNK_HEADER_BYTES;
    c->seq        = seq++;
    c->first_node = c->first_module = 1;
    cci_encoder_reset(&e, 0);
    uint8_t *body = cci_chunk_body(c), *p = body + sizeof(cci_trace_counters_t);
    memset(body, 0, sizeof(cci_trace_counters_t));
    p       = cci_put_alloc(&e, p, CCI_OP_MALLOC, 1, ptr, 8, 0);
    c->used = (uint64_t)(p - body);
    return c;
}

static uint32_t drain(void)
{
    uint32_t n = 0;
    assert_int_equal(cci_process_pool_drain(process, &packer, false, &n), 0);
    return n;
}

static void check_trace(unsigned events)
{
    cci_trace_t *t;
    cci_event_t  e;

    assert_int_equal(cci_process_pool_finish(process, &packer, 7), 0);
    assert_int_equal(access(pool.path, F_OK), -1);
    assert_int_equal(cci_trace_open(&t, "a.ccm"), CC_RESULT_OK);
    for (uintptr_t i = 1; i <= events; i++) {
        assert_true(cci_trace_next(t, &e));
        assert_int_equal(e.ptr, 16 * i);
    }
    assert_false(cci_trace_next(t, &e));
    assert_int_equal(cci_trace_info(t)->wait_status, 7);
    cci_trace_close(t);
}

/* What a thread still has is left alone until the process has ended; it is not lost then. */
static void test_life_of_chunks(void **state)
{
    (void)state;
    cci_chunk_header_t *a = take_and_fill(16), *b = take_and_fill(32);

    assert_int_equal(drain(), 0);
    cci_pool_give(&pool, a);
    assert_int_equal(drain(), 1);
    assert_int_equal(a->state, CCI_CHUNK_FREE);
    assert_int_equal(a->used, 0);
    assert_int_equal(b->state, CCI_CHUNK_OWNED);
    assert_int_equal(drain(), 0);
    assert_ptr_equal(cci_pool_take(&pool), a); /* nothing was written to it */
    check_trace(2);
}

/* The numbers of the chunks in the file, in its order; how many. */
static size_t read_order(uint64_t *seq, size_t room)
{
    cci_chunk_header_t h;
    size_t             n  = 0;
    off_t              at = CCI_TRACE_HEADER_BYTES;
    int                fd = open("a.ccm", O_RDONLY);

    assert_true(fd >= 0);
    for (; pread(fd, &h, sizeof h, at) == (ssize_t)sizeof h; n++) {
        assert_true(n < room);
        seq[n] = h.seq;
        at += (off_t)sizeof h + (off_t)((h.stored + 7) & ~UINT64_C(7));
    }
    close(fd);
    return n;
}

/* Wherever the chunks lie. */
static void test_the_order_of_opening(void **state)
{
    enum { CHUNKS = 6 };
    cci_chunk_header_t *c[CHUNKS];
    uint64_t            seq[CHUNKS + 1];
    const uint64_t      expected[CHUNKS] = { 4, 5, 2, 3, 0, 1 };

    (void)state;
    for (size_t i = 0; i < CHUNKS; i++) {
        c[i]               = take_and_fill(16 * (i + 1));
        c[i]->opened.ticks = i / 2 + 1;
    }
    for (size_t i = 0; i < CHUNKS; i++)
        c[i]->seq = CHUNKS - 1 - i; /* 5 4 3 2 1 0, of which two each at once */
    for (size_t i = 0; i < CHUNKS; i++)
        cci_pool_give(&pool, c[i]);
    assert_int_equal(drain(), CHUNKS);
    assert_int_equal(read_order(seq, CHUNKS + 1), CHUNKS);
    assert_memory_equal(seq, expected, sizeof expected);
    assert_int_equal(cci_process_pool_finish(process, &packer, 7), 0);
}

/* Of its thread another one may have been passed over. */
static void test_what_is_opened_meanwhile_waits(void **state)
{
    (void)state;
    cci_chunk_header_t *a = take_and_fill(16), *b = take_and_fill(32);

    b->opened.ticks = UINT64_MAX;
    cci_pool_give(&pool, a);
    cci_pool_give(&pool, b);
    assert_int_equal(drain(), 1);
    assert_int_equal(a->state, CCI_CHUNK_FREE);
    assert_int_equal(b->state, CCI_CHUNK_FULL);
    check_trace(2);
}

/* More chunks than one extent holds: the collector maps what is new. */
static void test_growth(void **state)
{
    (void)state;
    for (uintptr_t i = 1; i <= CCI_POOL_SPARE_CHUNKS; i++)
        cci_pool_give(&pool, take_and_fill(16 * i));
    assert_int_equal(drain(), CCI_POOL_SPARE_CHUNKS);
    assert_int_equal(process->extents, CCI_POOL_SPARE_CHUNKS / CCI_POOL_EXTENT_CHUNKS);
    check_trace(CCI_POOL_SPARE_CHUNKS);
}

/* The program can write to its chunks what it likes: no byte behind a chunk is stored, and the
 * others are as they were. */
static void test_nonsense_in_chunks(void **state)
{
    static const uint64_t used[] = { CCI_CHUNK_BYTES - CCI_CHUNK_HEADER_BYTES + 1, CCI_CHUNK_BYTES,
                                     UINT64_MAX, 0 };

    (void)state;
    cci_pool_give(&pool, take_and_fill(16));
    for (size_t i = 0; i < sizeof used / sizeof *used; i++) {
        cci_chunk_header_t *c = cci_pool_take(&pool);
        c->magic              = CCI_CHUNK_MAGIC;
        c->used               = used[i];
        cci_pool_give(&pool, c);
    }
    cci_chunk_header_t *c = cci_pool_take(&pool);
    c->magic              = 0;
    c->used               = 100;
    cci_pool_give(&pool, c);
    cci_pool_give(&pool, take_and_fill(32));
    assert_int_equal(drain(), 7);
    check_trace(2);
}

static void overwrite(size_t at, const void *bytes, size_t n)
{
    int fd = open(pool.path, O_RDWR);
    assert_true(fd >= 0 && pwrite(fd, bytes, n, (off_t)at) == (ssize_t)n);
    close(fd);
}

static void test_nonsense_in_header(void **state)
{
    const uint32_t shift = 64, version = CCI_TRACE_VERSION + 1;

    (void)state;
    check_trace(0);
    assert_int_equal(cci_pool_create(&pool, &header), 0);
    overwrite(offsetof(cci_trace_header_t, tick_shift), &shift, sizeof shift);
    assert_null(open_pool());
    overwrite(0, &header, sizeof header);
    overwrite(offsetof(cci_trace_header_t, version), &version, sizeof version);
    assert_null(open_pool());
    overwrite(0, &header, sizeof header);
    overwrite(0, "\0", 1); /* half made */
    assert_null(open_pool());
    assert_int_equal(truncate(pool.path, 100), 0);
    assert_null(open_pool());
    assert_int_equal(errno, EINVAL);
    unlink(pool.path);
    assert_null(open_pool());
    assert_int_equal(errno, ENOENT);
    assert_int_equal(symlink("/dev/zero", pool.path), 0);
    assert_null(open_pool());
    assert_int_equal(errno, ELOOP);
}

static void test_in_use(void **state)
{
    (void)state;
    assert_true(cci_process_pool_in_use(process)); /* this process has mapped it */
    cci_process_pool_t other = *process;
    other.pid                = getppid();
    assert_false(cci_process_pool_in_use(&other));
    other.pid = INT32_MAX;
    assert_false(cci_process_pool_in_use(&other));
    check_trace(0);
}

/* Any number of samples is kept in a bounded log, over the whole time. */
static void test_samples(void **state)
{
    const cci_rss_sample_t *rss;
    cci_trace_t            *t;

    (void)state;
    for (int i = 0; i < 3000; i++)
        cci_process_pool_sample(process);
    check_trace(0);
    assert_int_equal(cci_trace_open(&t, "a.ccm"), CC_RESULT_OK);
    size_t n = cci_trace_rss(t, &rss);
    assert_in_range(n, 500, 1024);
    for (size_t i = 1; i < n; i++)
        assert_true(rss[i].time_ns >= rss[i - 1].time_ns && rss[i].bytes > 0);
    cci_trace_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_life_of_chunks, begin, end),
        cmocka_unit_test_setup_teardown(test_the_order_of_opening, begin, end),
        cmocka_unit_test_setup_teardown(test_what_is_opened_meanwhile_waits, begin, end),
        cmocka_unit_test_setup_teardown(test_growth, begin, end),
        cmocka_unit_test_setup_teardown(test_nonsense_in_chunks, begin, end),
        cmocka_unit_test_setup_teardown(test_nonsense_in_header, begin, end),
        cmocka_unit_test_setup_teardown(test_in_use, begin, end),
        cmocka_unit_test_setup_teardown(test_samples, begin, end),
    };
    scratch_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
