/* SPDX-License-Identifier: MIT */
/* What is missing or damaged in a trace is told and passed over, and never becomes something else;
 * what is no trace is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/trace_reading.h"

static uint64_t offset_of_stack(const cci_trace_t *t, const cci_event_t *e)
{
    return cci_trace_node(t, e->stack)->offset;
}

static void stacks_of_a_lost_chunk_are_unknown_and_others_right(void **state)
{
    trace_builder_t *b = three_chunks(NULL);
    cci_event_t      e[EVENTS_MAX];
    size_t           n;
    uint8_t         *file = trace_builder_file(b, &n);

    (void)state;
    put32(CHUNK_FIELD(b, file, 1, kind), 99); /* a kind of a later version: passed over */
    cci_trace_t *t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 4);
    assert_true(warned(t, "1 chunks are missing before chunk 2"));
    assert_true(cci_trace_info(t)->incomplete);
    assert_true(warned(t, "some of its stacks are lost"));
    assert_true(offset_of_stack(t, &e[0]) == 0x100);
    assert_true(offset_of_stack(t, &e[1]) == 0x100); /* defined before the gap */
    assert_int_equal(e[2].stack, 0);                 /* in it   */
    assert_true(offset_of_stack(t, &e[3]) == 0x300); /* after it, without the outer end */
    assert_int_equal(cci_trace_node(t, e[3].stack)->parent, 0);
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void a_node_without_its_module_is_unknown(void **state)
{
    trace_builder_t *b = trace_builder_create(NULL);
    cci_event_t      e[EVENTS_MAX];
    size_t           n;

    (void)state;
    trace_builder_thread(b, 1, "");
    trace_builder_module(b, 0, "/lost", 0, 1);
    trace_builder_next_chunk(b, 0);
    trace_builder_node(b, 0, 0, 1, 0x100);
    trace_builder_malloc(b, 0, 10, 0x5000, 1, 1);
    uint8_t *file = trace_builder_file(b, &n);
    put32(CHUNK_FIELD(b, file, 0, kind), 99);
    cci_trace_t *t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 1);
    assert_int_equal(e[0].stack, 0);
    assert_int_equal(cci_trace_node_count(t), 1);
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void a_chunk_says_which_numbers_its_nodes_have(void **state)
{
    trace_builder_t *b = three_chunks(NULL);
    cci_event_t      e[EVENTS_MAX];
    size_t           n;
    uint8_t         *file = trace_builder_file(b, &n);

    (void)state;
    put64(CHUNK_FIELD(b, file, 2, first_node), 2); /* so its node is 2 again */
    cci_trace_t *t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 6);
    assert_true(offset_of_stack(t, &e[2]) == 0x200);
    assert_true(offset_of_stack(t, &e[4]) == 0x300); /* node 2 */
    assert_int_equal(e[5].stack, 0);                 /* node 3 */
    cci_trace_close(t);

    put64(CHUNK_FIELD(b, file, 2, first_node), 0); /* no number */
    t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 3);
    assert_true(warned(t, "senseless numbers"));
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void a_chunk_that_is_there_twice_counts_once(void **state)
{
    trace_builder_t *b = three_chunks(&layouts[IN_PLACE]);
    cci_event_t      e[EVENTS_MAX];
    size_t           n;
    uint8_t         *file = trace_builder_file(b, &n);

    (void)state;
    memcpy(file + trace_builder_chunk_offset(b, 2), file + trace_builder_chunk_offset(b, 1), 1024);
    cci_trace_t *t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 3);
    assert_true(warned(t, "chunk 1 is there twice"));
    assert_false(warned(t, "missing"));
    assert_false(cci_trace_info(t)->incomplete);
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void chunks_may_stand_in_any_order(void **state)
{
    trace_builder_t *b = three_chunks(&layouts[IN_PLACE]);
    cci_event_t      e[EVENTS_MAX];
    size_t           n;
    uint8_t         *file = trace_builder_file(b, &n), first[1024];
    uint8_t         *a    = file + trace_builder_chunk_offset(b, 0);
    uint8_t         *c    = file + trace_builder_chunk_offset(b, 2);

    (void)state;
    memcpy(first, a, sizeof first);
    memcpy(a, c, sizeof first);
    memcpy(c, first, sizeof first);
    cci_trace_t *t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 6);
    assert_int_equal(cci_trace_warning_count(t), 0);
    assert_true(offset_of_stack(t, &e[5]) == 0x300);
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void free_and_empty_chunks_hold_nothing(void **state)
{
    trace_builder_t *b = three_chunks(&layouts[IN_PLACE]);
    cci_event_t      e[EVENTS_MAX];
    size_t           n;
    uint8_t         *file = trace_builder_file(b, &n);

    (void)state;
    put64(CHUNK_FIELD(b, file, 2, used), 0); /* taken, and nothing written */
    cci_trace_t *t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 3);
    assert_int_equal(cci_trace_warning_count(t), 0);
    cci_trace_close(t);

    put32(CHUNK_FIELD(b, file, 2, state), CCI_CHUNK_FREE);
    t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 3);
    assert_int_equal(cci_trace_warning_count(t), 0);
    cci_trace_close(t);

    memset(file + trace_builder_chunk_offset(b, 2), 0, CCI_CHUNK_HEADER_BYTES); /* never used */
    for (uint32_t s = CCI_CHUNK_FREE; s <= CCI_CHUNK_OWNED; s++) {              /* or just taken */
        put32(CHUNK_FIELD(b, file, 2, state), s);
        t = open_bytes(file, n);
        assert_int_equal(read_all(t, e), 3);
        assert_int_equal(cci_trace_warning_count(t), 0);
        cci_trace_close(t);
    }
    put32(CHUNK_FIELD(b, file, 2, magic),
          CCI_CHUNK_MAGIC); /* killed while its header was written */
    put32(CHUNK_FIELD(b, file, 2, kind), CCI_CHUNK_THREAD);
    t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 3);
    assert_int_equal(cci_trace_warning_count(t), 0);
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void a_trace_of_nothing_is_a_trace(void **state)
{
    (void)state;
    for (int i = 0; i < LAYOUTS; i++) {
        trace_builder_t        *b = trace_builder_create(&layouts[i]);
        cci_trace_t            *t = open_built(b);
        const cci_rss_sample_t *rss;
        cci_event_t             e;

        assert_false(cci_trace_next(t, &e));
        assert_false(cci_trace_next(t, &e));
        assert_int_equal(cci_trace_thread_count(t), 0);
        assert_int_equal(cci_trace_node_count(t), 1);
        assert_int_equal(cci_trace_module_count(t), 1);
        assert_int_equal(cci_trace_rss(t, &rss), 0);
        assert_int_equal(cci_trace_info(t)->wait_status, -1);
        assert_true(warned(t, "the end of the process was not recorded"));
        assert_false(cci_trace_info(t)->incomplete);
        cci_trace_close(t);
        trace_builder_destroy(b);
    }
}

/* bytes in the middle of a first chunk; a second one follows. */
static cci_trace_t *open_with_bytes(const char *bytes, size_t n, uint8_t **file)
{
    trace_builder_t *b = trace_builder_create(NULL);
    size_t           size;

    trace_builder_thread(b, 1, "");
    trace_builder_malloc(b, 0, 10, 0x5000, 1, 0);
    trace_builder_bytes(b, 0, bytes, n);
    trace_builder_malloc(b, 0, 20, 0x6000, 2, 0);
    trace_builder_next_chunk(b, 0);
    trace_builder_malloc(b, 0, 30, 0x7000, 3, 0);
    const uint8_t *built = trace_builder_file(b, &size);
    *file                = malloc(size);
    assert_non_null(*file);
    memcpy(*file, built, size);
    trace_builder_destroy(b);
    return open_bytes(*file, size);
}

#define BYTES(text) text, sizeof(text) - 1

static void a_damaged_record_ends_its_chunk_only(void **state)
{
    static const struct {
        const char *bytes;
        size_t      n;
    } cases[] = {
        { BYTES("\x06") },                                         /* no operation */
        { BYTES("\x0f") },                                         /* nor this */
        { BYTES("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff") }, /* no number */
        { BYTES("\x08\xff\x7f") }, /* a node longer than the chunk */
        { BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01") }, /* far longer */
        { BYTES("\x08\x01\x01") },                                 /* a node that is too short */
        { BYTES("\x10\x01\x01") },                                 /* a module of that kind */
        { BYTES("\x18\x02\x7f\x01") },                             /* a key beyond its record */
    };
    cci_event_t e[EVENTS_MAX];
    uint8_t    *file;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cci_trace_t *t = open_with_bytes(cases[i].bytes, cases[i].n, &file);
        assert_int_equal(read_all(t, e), 2);
        assert_true(warned(t, "chunk 0 is damaged"));
        assert_true(cci_trace_info(t)->incomplete);
        assert_true(e[0].size == 1 && e[1].size == 3);
        cci_trace_close(t);
        free(file);
    }
}

static void records_of_a_later_version_are_passed_over(void **state)
{
    static const struct {
        const char *bytes;
        size_t      n;
    } cases[] = { { BYTES("\xf8\x00") },
                  { BYTES("\x00\x03\xff\xff\xff") },
                  { BYTES("\x08\x05\x00\x00\x07\xaa\xbb") } }; /* a node with one field more */
    cci_event_t e[EVENTS_MAX];
    uint8_t    *file;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cci_trace_t *t = open_with_bytes(cases[i].bytes, cases[i].n, &file);
        assert_int_equal(read_all(t, e), 3);
        assert_false(warned(t, "damaged"));
        assert_true(e[1].size == 2 && e[1].time_ns == 20);
        cci_trace_close(t);
        free(file);
    }
}

/* The middle one of three chunks does not unpack. */
static void check_left_out(const uint8_t *file, size_t n)
{
    cci_event_t  e[EVENTS_MAX];
    cci_trace_t *t = open_bytes(file, n);

    assert_false(cci_trace_info(t)->incomplete); /* who could know */
    assert_int_equal(read_all(t, e), 4);
    assert_true(warned(t, "chunk 1 is damaged"));
    assert_true(cci_trace_info(t)->incomplete);
    cci_trace_close(t);
}

static void check_damaged_body(const trace_builder_options_t *options)
{
    trace_builder_t *b = three_chunks(options);
    size_t           n;
    uint8_t         *file = trace_builder_file(b, &n);
    uint8_t         *body = file + trace_builder_chunk_offset(b, 1) + CCI_CHUNK_HEADER_BYTES;
    uint64_t         used;

    body[0] ^= 1; /* no frame of zstd any more */
    check_left_out(file, n);
    body[0] ^= 1;

    put32(CHUNK_FIELD(b, file, 1, codec), options->codec ^ CCI_CODEC_ZSTD ^ CCI_CODEC_COLUMNS);
    check_left_out(file, n); /* a good frame of something else */
    put32(CHUNK_FIELD(b, file, 1, codec), options->codec);

    memcpy(&used, CHUNK_FIELD(b, file, 1, used), sizeof used);
    for (int by = -1; by <= 1; by += 2) { /* unpacks to more or less than it says */
        put64(CHUNK_FIELD(b, file, 1, used), used + (uint64_t)by);
        check_left_out(file, n);
    }
    trace_builder_destroy(b);
}

static void a_packed_body_that_is_damaged_is_left_out(void **state)
{
    (void)state;
    check_damaged_body(&layouts[PACKED]);
    check_damaged_body(&layouts[COLUMNS]);
}

static void check_senseless_headers(const trace_builder_options_t *options)
{
    trace_builder_t *b = three_chunks(options);
    cci_event_t      e[EVENTS_MAX];
    size_t           n;

    static const uint64_t lengths[] = { UINT64_MAX, (64 << 20) + 1,
                                        4 << 20 }; /* the last: a bomb */
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint8_t *file = trace_builder_file(b, &n);
        put64(CHUNK_FIELD(b, file, 1, used), lengths[i]);
        cci_trace_t *t = open_bytes(file, n);
        assert_int_equal(read_all(t, e), 4);
        assert_true(warned(t, "senseless length"));
        cci_trace_close(t);
    }

    uint8_t *file = trace_builder_file(b, &n);
    put32(CHUNK_FIELD(b, file, 1, codec), 7);
    cci_trace_t *t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 4);
    assert_true(warned(t, "unknown packing"));
    cci_trace_close(t);

    file = trace_builder_file(b, &n);
    put64(CHUNK_FIELD(b, file, 1, used), 100); /* less than the counters, and not 0 */
    t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 4);
    assert_true(warned(t, "chunk 1 is damaged"));
    cci_trace_close(t);

    file = trace_builder_file(b, &n);
    put64(CHUNK_FIELD(b, file, 1, stored), UINT64_MAX - 127); /* back to itself */
    t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 1);
    assert_true(warned(t, "cut, or damaged"));
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void senseless_headers_of_chunks_are_left_out(void **state)
{
    (void)state;
    check_senseless_headers(&layouts[PACKED]);
    check_senseless_headers(&layouts[COLUMNS]);
}

static void a_chunk_without_its_magic_is_told(void **state)
{
    static const size_t events[LAYOUTS] = { 1, 1, 1,
                                            4 }; /* in place, the next one is where it is */
    cci_event_t         e[EVENTS_MAX];
    size_t              n;

    (void)state;
    for (int i = 0; i < LAYOUTS; i++) {
        trace_builder_t *b    = three_chunks(&layouts[i]);
        uint8_t         *file = trace_builder_file(b, &n);
        put32(CHUNK_FIELD(b, file, 1, magic), 0);
        cci_trace_t *t = open_bytes(file, n);
        assert_int_equal(read_all(t, e), events[i]);
        assert_true(warned(t, "no chunk at byte"));
        cci_trace_close(t);
        trace_builder_destroy(b);
    }
}

static void a_cut_header_of_a_chunk_is_told(void **state)
{
    cci_event_t e[EVENTS_MAX];
    size_t      n;

    (void)state;
    for (int i = 0; i < LAYOUTS; i++) {
        trace_builder_t *b    = three_chunks(&layouts[i]);
        const uint8_t   *file = trace_builder_file(b, &n);
        cci_trace_t     *t    = open_bytes(file, trace_builder_chunk_offset(b, 1) + 64);
        assert_int_equal(read_all(t, e), 1);
        assert_int_equal(cci_trace_warning_count(t), 2); /* that, and no end of the process */
        cci_trace_close(t);
        trace_builder_destroy(b);
    }
}

static void damage_in_the_process_chunk_keeps_what_stands_before(void **state)
{
    trace_builder_t        *b = trace_builder_create(NULL);
    const cci_rss_sample_t *rss;

    (void)state;
    trace_builder_rss(b, 10, 4096);
    trace_builder_bytes(b, TRACE_BUILDER_PROCESS, "\x01\x00", 2); /* an event of nobody */
    trace_builder_end(b, 100, 0);
    cci_trace_t *t = open_built(b);
    assert_int_equal(cci_trace_rss(t, &rss), 1);
    assert_int_equal(cci_trace_info(t)->wait_status, -1);
    assert_true(warned(t, "is damaged"));
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void many_warnings_end_in_their_number(void **state)
{
    trace_builder_t *b = trace_builder_create(NULL);
    cci_event_t      e[EVENTS_MAX];

    (void)state;
    for (uint32_t i = 0; i < 100; i++) {
        trace_builder_thread(b, i, "");
        trace_builder_bytes(b, i, "\x06", 1);
    }
    trace_builder_end(b, 100, 0);
    cci_trace_t *t = open_built(b);
    assert_int_equal(read_all(t, e), 0);
    assert_int_equal(cci_trace_warning_count(t), 32);
    assert_string_equal(cci_trace_warning(t, 31), "69 more warnings");
    cci_trace_close(t);
    trace_builder_destroy(b);
}

/* A trace cut anywhere is a shorter trace, or none; what remains is what was there. */
static void check_cuts(const trace_builder_options_t *options)
{
    trace_builder_t *b = trace_builder_create(options);
    cci_event_t      whole[EVENTS_MAX], cut[EVENTS_MAX];
    size_t           n, opened = 0;

    for (uint32_t thread = 0; thread < 2; thread++) {
        trace_builder_thread(b, thread, "thread");
        trace_builder_module(b, thread, "/bin/prog", 0x1000, 0x1000);
        trace_builder_node(b, thread, 0, 1, 0x10);
    }
    for (uint32_t i = 0; i < 60; i++) {
        trace_builder_malloc(b, i % 2, 10 * i, 0x5000 + 1000003 * i, i, 1);
        if (i % 20 == 19)
            trace_builder_next_chunk(b, i % 2);
    }
    trace_builder_meta(b, TRACE_BUILDER_PROCESS, "exe", "/bin/prog", 9);
    trace_builder_end(b, 1000, 0);
    const uint8_t *file = trace_builder_file(b, &n);
    cci_trace_t   *t    = open_bytes(file, n);
    assert_int_equal(read_all(t, whole), 60);
    cci_trace_close(t);

    for (size_t length = 0; length < n; length++) {
        uint8_t *copy = malloc(length ? length : 1); /* exactly so long, for a sanitizer */
        assert_non_null(copy);
        memcpy(copy, file, length);
        cc_result_t r = cci_trace_open_memory(&t, copy, length);
        if (r == CC_RESULT_OK) {
            size_t found = read_all(t, cut);
            assert_true(found <= 60);
            for (size_t i = 0, j = 0; i < found; i++, j++) { /* a part of the whole, in order */
                while (j < 60 && whole[j].ptr != cut[i].ptr)
                    j++;
                assert_true(j < 60 && whole[j].size == cut[i].size &&
                            whole[j].time_ns == cut[i].time_ns);
            }
            assert_true(found == 60 || cci_trace_warning_count(t) > 0);
            opened++;
            cci_trace_close(t);
        } else {
            assert_int_equal(r, CC_RESULT_DAMAGED);
        }
        free(copy);
    }
    assert_true(opened == n - CCI_TRACE_HEADER_BYTES);
    trace_builder_destroy(b);
}

static void cut_anywhere_it_is_shorter_or_refused(void **state)
{
    (void)state;
    for (int i = 0; i < LAYOUTS; i++)
        check_cuts(&layouts[i]);
}

static void check_refused(const uint8_t *bytes, size_t n, cc_result_t why, const char *words)
{
    cci_trace_t *t = NULL;

    assert_int_equal(cci_trace_open_memory(&t, bytes, n), why);
    assert_null(t);
    assert_non_null(strstr(cci_trace_open_error(), words));
}

static void what_is_no_trace_is_refused(void **state)
{
    static const uint8_t text[4096] = "#!/bin/sh\n";
    trace_builder_t     *b          = three_chunks(&layouts[IN_PLACE]);
    size_t               n;
    uint8_t             *file = trace_builder_file(b, &n);

    (void)state;
    check_refused((const uint8_t *)"", 0, CC_RESULT_DAMAGED, "not a ccmem trace");
    check_refused(text, sizeof text, CC_RESULT_DAMAGED, "not a ccmem trace");
    check_refused(file, 50, CC_RESULT_DAMAGED, "not a ccmem trace");
    check_refused(file, 4095, CC_RESULT_DAMAGED, "cut in its header");

    static const struct {
        size_t      offset;
        uint32_t    value;
        cc_result_t result;
        const char *words;
    } cases[] = {
        { offsetof(cci_trace_header_t, version), 2, CC_RESULT_UNSUPPORTED, "another version" },
        { offsetof(cci_trace_header_t, endian), 0x04030201, CC_RESULT_UNSUPPORTED, "machine" },
        { offsetof(cci_trace_header_t, layout), 3, CC_RESULT_DAMAGED, "layout" },
        { offsetof(cci_trace_header_t, header_bytes), 80, CC_RESULT_DAMAGED, "length" },
        { offsetof(cci_trace_header_t, header_bytes), 4097, CC_RESULT_DAMAGED, "length" },
        { offsetof(cci_trace_header_t, chunk_bytes), 0, CC_RESULT_DAMAGED, "chunks" },
        { offsetof(cci_trace_header_t, chunk_bytes), 632, CC_RESULT_DAMAGED, "chunks" },
        { offsetof(cci_trace_header_t, chunk_bytes), UINT32_MAX - 7, CC_RESULT_DAMAGED, "chunks" },
        { offsetof(cci_trace_header_t, mode), 0, CC_RESULT_DAMAGED, "mode" },
        { offsetof(cci_trace_header_t, clock_kind), 4, CC_RESULT_DAMAGED, "clock" },
        { offsetof(cci_trace_header_t, tick_shift), 64, CC_RESULT_DAMAGED, "clock" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t *field = file + cases[i].offset;
        uint32_t was   = get32(field);
        put32(field, cases[i].value);
        check_refused(file, n, cases[i].result, cases[i].words);
        put32(field, was);
    }
    cci_trace_close(open_bytes(file, n));
    trace_builder_destroy(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stacks_of_a_lost_chunk_are_unknown_and_others_right),
        cmocka_unit_test(a_node_without_its_module_is_unknown),
        cmocka_unit_test(a_chunk_says_which_numbers_its_nodes_have),
        cmocka_unit_test(a_chunk_that_is_there_twice_counts_once),
        cmocka_unit_test(chunks_may_stand_in_any_order),
        cmocka_unit_test(free_and_empty_chunks_hold_nothing),
        cmocka_unit_test(a_trace_of_nothing_is_a_trace),
        cmocka_unit_test(a_damaged_record_ends_its_chunk_only),
        cmocka_unit_test(records_of_a_later_version_are_passed_over),
        cmocka_unit_test(a_packed_body_that_is_damaged_is_left_out),
        cmocka_unit_test(senseless_headers_of_chunks_are_left_out),
        cmocka_unit_test(a_chunk_without_its_magic_is_told),
        cmocka_unit_test(a_cut_header_of_a_chunk_is_told),
        cmocka_unit_test(damage_in_the_process_chunk_keeps_what_stands_before),
        cmocka_unit_test(many_warnings_end_in_their_number),
        cmocka_unit_test(cut_anywhere_it_is_shorter_or_refused),
        cmocka_unit_test(what_is_no_trace_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
