/* SPDX-License-Identifier: MIT */
/* A stored trace is whole after every call: chunks that pack and chunks that do not, one that found
 * no space, files that are there already. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/random.h"
#include "record/collector_file.h"
#include "support/scratch.h"
#include "trace/encode.h"
#include "trace/reader.h"

enum { EVENTS = 1000 };

static const cci_trace_header_t header = { .magic        = CCI_TRACE_MAGIC,
                                           .version      = CCI_TRACE_VERSION,
                                           .endian       = CCI_TRACE_ENDIAN,
                                           .header_bytes = CCI_TRACE_HEADER_BYTES,
                                           .layout       = CCI_LAYOUT_IN_PLACE,
                                           .chunk_bytes  = CCI_CHUNK_BYTES,
                                           .mode         = CCI_MODE_FULL,
                                           .clock_kind   = CCI_CLOCK_MONOTONIC };

static cci_packer_t packer;
static uint8_t      body[CCI_CHUNK_BYTES];

/* EVENTS allocations, and nothing else or a text that is noise. */
static size_t fill_body(bool noise)
{
    static char   text[60000];
    cci_encoder_t e;
    uint64_t      random = 1;
    uint8_t      *p      = body + sizeof(cci_trace_counters_t);

    memset(body, 0, sizeof body);
    cci_encoder_reset(&e, 0);
    for (uint64_t i = 0; i < EVENTS; i++)
        p = cci_put_alloc(&e, p, CCI_OP_MALLOC, i, i << 4, 8, 0);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)cci_random_next(&random);
    if (noise)
        p = cci_put_meta(p, "noise", text, sizeof text);
    return (size_t)(p - body);
}

static int put(cci_trace_file_t *f, uint64_t seq, size_t used)
{
    cci_chunk_header_t h = { .magic        = CCI_CHUNK_MAGIC,
                             .kind         = CCI_CHUNK_THREAD,
                             .tid          = 1,
                             .seq          = seq,
                             .first_node   = 1,
                             .first_module = 1 };
    return cci_trace_file_put(f, &packer, &h, body, used);
}

static uint64_t events_in(const char *path, uint64_t *bytes)
{
    cci_trace_t *t;
    cci_event_t  e;
    uint64_t     n = 0;

    assert_int_equal(cci_trace_open(&t, path), CC_RESULT_OK);
    while (cci_trace_next(t, &e))
        n++;
    assert_int_equal(cci_trace_warning_count(t),
                     1); /* of the process' end, which was not written */
    *bytes = cci_trace_info(t)->file_bytes;
    cci_trace_close(t);
    return n;
}

static int start(void **state)
{
    (void)state;
    return cci_packer_init(&packer);
}

static int end(void **state)
{
    (void)state;
    cci_packer_fini(&packer);
    return 0;
}

static void check_chunks(bool noise, uint64_t chunks)
{
    cci_trace_file_t f;
    uint64_t         bytes;
    const size_t     used = fill_body(noise);

    assert_int_equal(cci_trace_file_create(&f, "a.ccm", 1), 0);
    assert_int_equal(cci_trace_file_begin(&f, &header), 0);
    for (uint64_t seq = 0; seq < chunks; seq++)
        assert_int_equal(put(&f, seq, used), 0);
    const uint64_t wanted = (uint64_t)f.end;
    assert_int_equal(cci_trace_file_close(&f), 0);
    assert_int_equal(events_in("a.ccm", &bytes), chunks * EVENTS);
    assert_true(bytes == wanted);
    if (noise)
        assert_true(bytes >= chunks * used);
    else
        assert_true(bytes < CCI_TRACE_HEADER_BYTES + chunks * used / 2);
}

/* Enough noise for the packer to stop trying, and then again. */
static void test_chunks(void **state)
{
    (void)state;
    check_chunks(false, 1);
    check_chunks(false, 50);
    check_chunks(true, 1);
    check_chunks(true, 300);
}

/* What could be packed again after noise is, sooner or later. */
static void test_packing_is_tried_again(void **state)
{
    cci_trace_file_t f;
    size_t           used = fill_body(true);
    uint64_t         seq  = 0;

    (void)state;
    assert_int_equal(cci_trace_file_create(&f, "a.ccm", 1), 0);
    assert_int_equal(cci_trace_file_begin(&f, &header), 0);
    while (seq < 200)
        assert_int_equal(put(&f, seq++, used), 0);
    used = fill_body(false);
    for (unsigned tries = 0;; tries++) {
        const off_t before = f.end;
        assert_int_equal(put(&f, seq++, used), 0);
        if ((size_t)(f.end - before) < used / 2)
            break;
        assert_true(tries < 100);
    }
    cci_trace_file_close(&f);
}

static void test_existing_file(void **state)
{
    cci_trace_file_t f;
    struct stat      st;

    (void)state;
    check_chunks(false, 2);
    assert_int_equal(cci_trace_file_create(&f, "a.ccm", 0), EEXIST);
    assert_int_equal(stat("a.ccm", &st), 0);
    assert_true(st.st_size > CCI_TRACE_HEADER_BYTES);
    assert_int_equal(cci_trace_file_create(&f, "a.ccm", 1), 0);
    assert_int_equal(cci_trace_file_close(&f), 0);
    assert_int_equal(stat("a.ccm", &st), 0);
    assert_int_equal(st.st_size, 0);
    assert_int_equal(cci_trace_file_create(&f, "no/such/folder.ccm", 1), ENOENT);
    assert_int_equal(cci_trace_file_close(&f), 0); /* nothing is open */
}

/* In a child that may write `limit` bytes: chunks until one does not fit. Returns their number. */
static int chunks_below(off_t limit, size_t used)
{
    int   status;
    pid_t child = fork();

    if (child == 0) {
        struct rlimit    r = { (rlim_t)limit, (rlim_t)limit };
        cci_trace_file_t f;
        uint64_t         seq = 0;
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &r);
        int error = cci_trace_file_create(&f, "small.ccm", 1);
        error     = error ? error : cci_trace_file_begin(&f, &header);
        while (!error && !(error = put(&f, seq, used)))
            seq++;
        struct stat st;
        bool        cut = fstat(f.fd, &st) == 0 && st.st_size == f.end;
        _exit(error == EFBIG && cut ? (int)seq : 255);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Every place in the last chunk where the space can end. */
static void test_no_space(void **state)
{
    const size_t used   = fill_body(true);
    const off_t  chunk  = (off_t)((CCI_CHUNK_HEADER_BYTES + used + 7) & ~(size_t)7);
    const off_t  ends[] = { 0, 1, 127, 128, 129, chunk / 2, chunk - 1 };
    uint64_t     bytes;

    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        assert_int_equal(chunks_below(CCI_TRACE_HEADER_BYTES + 3 * chunk + ends[i], used), 3);
        assert_int_equal(events_in("small.ccm", &bytes), 3 * EVENTS);
        assert_true(bytes == (uint64_t)(CCI_TRACE_HEADER_BYTES + 3 * chunk));
    }
    assert_int_equal(chunks_below(100, used), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_chunks, start, end),
        cmocka_unit_test_setup_teardown(test_packing_is_tried_again, start, end),
        cmocka_unit_test_setup_teardown(test_existing_file, start, end),
        cmocka_unit_test_setup_teardown(test_no_space, start, end),
    };
    scratch_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
