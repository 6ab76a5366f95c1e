/* SPDX-License-Identifier: MIT */
/* Each kind of record comes back from its bytes, keeps the size promised for it, and is refused
 * when it is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "trace/decode.h"

static void sizes_fall_into_buckets_that_double(void **state)
{
    static const struct {
        uint64_t size;
        unsigned bucket;
    } cases[] = { { 0, 0 },
                  { 1, 1 },
                  { 8, 1 },
                  { 9, 2 },
                  { 16, 2 },
                  { 17, 3 },
                  { 32, 3 },
                  { 33, 4 },
                  { 1 << 20, 18 },
                  { (1 << 20) + 1, 19 },
                  { UINT64_MAX, CCI_SIZE_BUCKETS - 1 } };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(cci_size_bucket(cases[i].size), cases[i].bucket);
}

static void addresses_come_back_whatever_they_are_relative_to(void **state)
{
    static const uint64_t addresses[] = { 0,          1,          15,         16,
                                          0x5550,     0x7fff1230, UINT64_MAX, UINT64_C(1) << 63,
                                          0x12345678, INT64_MAX };
    const size_t          n           = sizeof addresses / sizeof addresses[0];

    (void)state;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            uint64_t code = cci_ptr_code(addresses[i], addresses[j]);
            assert_true(cci_ptr_decode(code, addresses[j]) == addresses[i]);
        }
}

static void neighbours_take_one_byte(void **state)
{
    uint8_t       bytes[CCI_RECORD_MAX] = { 0 };
    cci_encoder_t e;

    (void)state;
    cci_encoder_reset(&e, 100);
    cci_put_free(&e, bytes, 100, 0x5000);
    assert_ptr_equal(cci_put_free(&e, bytes, 130, 0x5000 + 63 * 16), bytes + 2);
    assert_ptr_equal(cci_put_free(&e, bytes, 130, 0x5000), bytes + 2);
}

/* Encode an event and a second one behind it, decode both. */
static cci_event_t through_bytes(cci_event_t in, uint64_t time, size_t *length)
{
    uint8_t        bytes[3 * CCI_RECORD_MAX] = { 0 }, *end;
    const uint8_t *p                         = bytes;
    cci_encoder_t  e;
    cci_decoder_t  d;
    cci_event_t    out = { 0 }, next = { 0 };

    cci_encoder_reset(&e, 1000);
    cci_decoder_reset(&d, 1000);
    switch (in.op) {
    case CCI_OP_FREE:
        end = cci_put_free(&e, bytes, time, in.ptr);
        break;
    case CCI_OP_REALLOC:
        end = cci_put_realloc(&e, bytes, time, in.ptr, in.old_ptr, in.size, in.stack);
        break;
    case CCI_OP_ALIGNED:
        end = cci_put_aligned(&e, bytes, time, in.ptr, in.size, in.stack, in.align_log2);
        break;
    default:
        end = cci_put_alloc(&e, bytes, in.op, time, in.ptr, in.size, in.stack);
    }
    *length = (size_t)(end - bytes);
    cci_put_free(&e, end, time + 7, in.ptr ^ 0x40);

    assert_true(cci_take_event(&d, &p, &out));
    assert_ptr_equal(p, end);
    assert_true(d.time == (time > 1000 ? time : 1000));
    assert_true(cci_take_event(&d, &p, &next));
    assert_true(next.ptr == (in.ptr ^ 0x40));
    assert_true(d.time == (time + 7 > 1000 ? time + 7 : 1000));
    return out;
}

static void check_event(cci_event_t in, uint64_t time)
{
    size_t      length;
    cci_event_t out = through_bytes(in, time, &length);

    assert_true(length <= CCI_RECORD_MAX);
    assert_int_equal(out.op, in.op);
    assert_true(out.ptr == in.ptr && out.old_ptr == in.old_ptr && out.size == in.size);
    assert_true(out.stack == in.stack && out.align_log2 == in.align_log2);
}

static void events_come_back(void **state)
{
    static const uint64_t times[] = {
        900, 1000, 1001, 1030, 1031, 1032, 1000000, UINT64_C(1) << 62
    };
    const cci_event_t events[] = {
        { .op = CCI_OP_MALLOC, .ptr = 0x5000, .size = 24, .stack = 3 },
        { .op = CCI_OP_MALLOC, .ptr = UINT64_MAX, .size = UINT64_MAX, .stack = UINT32_MAX - 1 },
        { .op = CCI_OP_CALLOC, .ptr = 0x7fffffffe010, .size = 0, .stack = 0 },
        { .op = CCI_OP_FREE, .ptr = 0x5550 },
        { .op = CCI_OP_REALLOC, .ptr = 0x6000, .old_ptr = 0x5000, .size = 1 << 20, .stack = 128 },
        { .op = CCI_OP_REALLOC, .ptr = 0x7fffffffe010, .old_ptr = 0, .size = 5, .stack = 1 },
        { .op = CCI_OP_REALLOC, .ptr = 3, .old_ptr = UINT64_MAX, .size = UINT64_MAX, .stack = 9 },
        { .op = CCI_OP_ALIGNED, .ptr = 0x40000000, .size = 4096, .stack = 16384, .align_log2 = 30 },
        { .op = CCI_OP_ALIGNED, .ptr = 1, .size = UINT64_MAX, .stack = 7, .align_log2 = 63 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        for (size_t j = 0; j < sizeof times / sizeof times[0]; j++)
            check_event(events[i], times[j]);
}

static void time_stops_at_its_end(void **state)
{
    uint8_t        bytes[2 * CCI_RECORD_MAX] = { 0 };
    const uint8_t *p                         = bytes;
    cci_decoder_t  d;
    cci_event_t    e;

    (void)state;
    bytes[0]                                   = CCI_OP_FREE | CCI_TIME_ESCAPE << 3;
    *cci_put_varint(bytes + 1, UINT64_MAX - 3) = 0;
    cci_decoder_reset(&d, 0);
    assert_true(cci_take_event(&d, &p, &e));
    assert_true(d.time == UINT64_MAX);
    p = bytes;
    cci_decoder_reset(&d, UINT64_MAX - 1);
    assert_true(cci_take_event(&d, &p, &e));
    assert_true(d.time == UINT64_MAX);
}

static bool is_event(const uint8_t *bytes)
{
    cci_decoder_t d;
    cci_event_t   e;

    cci_decoder_reset(&d, 0);
    return cci_take_event(&d, &bytes, &e);
}

static void what_is_no_event_is_refused(void **state)
{
    uint8_t       bytes[2 * CCI_RECORD_MAX];
    cci_encoder_t e;

    (void)state;
    memset(bytes, 0xff, sizeof bytes);
    for (unsigned op = 0; op < 8; op++) { /* numbers that never end, operations that are none */
        bytes[0] = (uint8_t)(0xf8 | op);
        assert_false(is_event(bytes));
        bytes[0] = (uint8_t)op;
        assert_false(is_event(bytes));
    }
    memset(bytes, 0, sizeof bytes);
    bytes[0] = 6;
    assert_false(is_event(bytes));
    bytes[0] = CCI_OP_EXTENDED;
    assert_false(is_event(bytes));

    cci_encoder_reset(&e, 0);
    cci_put_aligned(&e, bytes, 0, 16, 16, 1, 64); /* no address has such an alignment */
    assert_false(is_event(bytes));
    bytes[0] = CCI_OP_MALLOC;
    cci_put_varint(bytes + 3, UINT64_C(1) << 32); /* behind size and address: the stack */
    assert_false(is_event(bytes));
}

/* Take the extended record in bytes; every shorter piece of it must be refused. */
static cci_extended_record_t take(const uint8_t *bytes, const uint8_t *end)
{
    cci_extended_record_t record;
    const uint8_t        *p = bytes;

    for (const uint8_t *cut = bytes + 1; cut < end; cut++) {
        p = bytes;
        assert_false(cci_take_extended(&p, cut, &record));
    }
    p = bytes;
    assert_true(cci_take_extended(&p, end, &record));
    assert_ptr_equal(p, end);
    assert_ptr_equal(record.end, end);
    return record;
}

static void nodes_come_back(void **state)
{
    uint8_t               bytes[CCI_RECORD_MAX] = { 0 };
    uint64_t              parent, module, offset;
    const uint8_t        *end    = cci_put_node(bytes, UINT32_MAX, UINT32_MAX, UINT64_MAX);
    cci_extended_record_t record = take(bytes, end), copy = record;

    (void)state;
    assert_int_equal(record.kind, CCI_EXT_NODE);
    assert_true(cci_take_node(&record, &parent, &module, &offset));
    assert_true(parent == UINT32_MAX && module == UINT32_MAX && offset == UINT64_MAX);
    copy.end--;
    assert_false(cci_take_node(&copy, &parent, &module, &offset));
}

static void modules_come_back(void **state)
{
    static const char    path[]                              = "/usr/lib/libexample.so";
    static const uint8_t id[20]                              = { 0xab, 0, 1 };
    uint8_t              bytes[64 + sizeof id + sizeof path] = { 0 };
    cci_trace_module_t   m;
    size_t               path_len;
    const uint8_t       *end = cci_put_module(bytes, 0x7f0000001000, 0x7f0000009000, UINT64_MAX, id,
                                              sizeof id, path, strlen(path));
    cci_extended_record_t record = take(bytes, end), copy = record;

    (void)state;
    assert_true((size_t)(end - bytes) <= sizeof bytes);
    assert_true(cci_take_module(&record, &m, &path_len));
    assert_true(m.start == 0x7f0000001000 && m.end == 0x7f0000009000 && m.bias == UINT64_MAX);
    assert_int_equal(m.build_id_len, sizeof id);
    assert_memory_equal(m.build_id, id, sizeof id);
    assert_int_equal(path_len, strlen(path));
    assert_memory_equal(m.path, path, path_len);
    copy.end--;
    assert_false(cci_take_module(&copy, &m, &path_len));
}

static void a_module_beyond_the_last_address_is_refused(void **state)
{
    uint8_t               bytes[CCI_RECORD_MAX] = { 0 }, *p = bytes + 2;
    cci_extended_record_t record;
    cci_trace_module_t    m;
    size_t                path_len;

    (void)state;
    p = cci_put_varint(p, UINT64_MAX - 5); /* start */
    p = cci_put_varint(p, 6);              /* bytes */
    p = cci_put_varint(p, 0);
    p = cci_put_bytes(p, "", 0);
    p = cci_put_bytes(p, "x", 1);
    cci_put_extended(bytes, CCI_EXT_MODULE, (uint64_t)(p - bytes - 2));
    record = take(bytes, p);
    assert_false(cci_take_module(&record, &m, &path_len));
}

static void texts_come_back(void **state)
{
    static const char     argv[]                      = "prog\0-x";
    uint8_t               bytes[32 + 4 + sizeof argv] = { 0 };
    const uint8_t        *key, *value, *end = cci_put_meta(bytes, "argv", argv, sizeof argv);
    size_t                key_len, value_len;
    cci_extended_record_t record = take(bytes, end);

    (void)state;
    assert_true(cci_take_meta(&record, &key, &key_len, &value, &value_len));
    assert_int_equal(key_len, 4);
    assert_memory_equal(key, "argv", 4);
    assert_int_equal(value_len, sizeof argv);
    assert_memory_equal(value, argv, sizeof argv);
}

static void numbers_of_the_process_come_back(void **state)
{
    uint8_t               bytes[CCI_RECORD_MAX] = { 0 };
    cci_clock_pair_t      at = { 0 }, in = { 123456789, UINT64_MAX };
    uint64_t              time, rss, shared;
    int                   status;
    cci_extended_record_t record = take(bytes, cci_put_rss(bytes, 77, 1 << 30, 4096));

    (void)state;
    assert_true(cci_take_rss(&record, &time, &rss, &shared));
    assert_true(time == 77 && rss == 1 << 30 && shared == 4096);

    static const int statuses[] = { -1, 0, 256, 11, INT32_MAX - 1 };
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        record = take(bytes, cci_put_end(bytes, in, statuses[i]));
        assert_true(cci_take_end(&record, &at, &status));
        assert_true(at.ticks == in.ticks && at.mono_ns == in.mono_ns);
        assert_int_equal(status, statuses[i]);
    }
}

/* A later version may add fields to a record. */
static void fields_behind_the_known_ones_are_left_alone(void **state)
{
    uint8_t  bytes[CCI_RECORD_MAX] = { 0 }, *p = cci_put_extended(bytes, CCI_EXT_RSS, 5);
    uint64_t time, rss, shared;
    cci_extended_record_t record;

    (void)state;
    memcpy(p, "\x01\x02\x03\xff\xff", 5);
    record = take(bytes, p + 5);
    assert_true(cci_take_rss(&record, &time, &rss, &shared));
    assert_true(time == 1 && rss == 2 && shared == 3);
}

/* An earlier one wrote fewer. */
static void a_field_that_came_later_may_be_missing(void **state)
{
    uint8_t  bytes[CCI_RECORD_MAX] = { 0 }, *p = cci_put_extended(bytes, CCI_EXT_RSS, 2);
    uint64_t time, rss, shared;
    cci_extended_record_t record;

    (void)state;
    memcpy(p, "\x01\x02", 2);
    record = take(bytes, p + 2);
    assert_true(cci_take_rss(&record, &time, &rss, &shared));
    assert_true(time == 1 && rss == 2 && shared == UINT64_MAX);
}

/* The payload is counted in where it stands, so it is aligned wherever the record begins. */
static void measures_come_back(void **state)
{
    _Alignas(16) static uint8_t bytes[sizeof(cci_trace_measured_t) + 64];

    (void)state;
    for (size_t at = 0; at < 16; at++) {
        cci_trace_measured_t *m, back;
        uint8_t              *end = cci_put_measured(bytes + at, &m);
        assert_int_equal((uintptr_t)m % _Alignof(cci_trace_measured_t), 0);
        assert_in_range(end - (bytes + at), 1, sizeof *m + 16);
        assert_int_equal(m->calls[CCI_MEASURED_FREE][CCI_HISTOGRAM_BUCKETS - 1], 0);
        m->every                                               = 64;
        m->calls[CCI_MEASURED_FREE][CCI_HISTOGRAM_BUCKETS - 1] = 65535;

        cci_extended_record_t record = take(bytes + at, end), shorter = record;
        assert_int_equal(record.kind, CCI_EXT_MEASURED);
        assert_true(cci_take_measured(&record, &back));
        assert_memory_equal(&back, m, sizeof back);
        shorter.end--;
        assert_false(cci_take_measured(&shorter, &back));
    }
}

static void books_come_back(void **state)
{
    const cci_books_t in[] = { { CCI_BOOKS_GLIBC, 1 << 20, 1 << 19, 4096, 0, 3 },
                               { CCI_BOOKS_MIMALLOC, UINT64_MAX - 1, CCI_BOOKS_UNKNOWN,
                                 CCI_BOOKS_UNKNOWN, CCI_BOOKS_UNKNOWN, CCI_BOOKS_UNKNOWN } };
    uint8_t           bytes[CCI_BOOKS_RECORD_MAX] = { 0 };
    cci_books_t       out;
    uint64_t          time;

    (void)state;
    for (size_t i = 0; i < sizeof in / sizeof in[0]; i++) {
        cci_extended_record_t record = take(bytes, cci_put_books(bytes, UINT64_MAX, &in[i]));
        assert_true(cci_take_books(&record, &time, &out));
        assert_true(time == UINT64_MAX);
        assert_memory_equal(&out, &in[i], sizeof out);
        record = take(bytes, cci_put_books(bytes, 5, &in[i]));
        record.end--;
        assert_false(cci_take_books(&record, &time, &out));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_fall_into_buckets_that_double),
        cmocka_unit_test(addresses_come_back_whatever_they_are_relative_to),
        cmocka_unit_test(neighbours_take_one_byte),
        cmocka_unit_test(events_come_back),
        cmocka_unit_test(time_stops_at_its_end),
        cmocka_unit_test(what_is_no_event_is_refused),
        cmocka_unit_test(nodes_come_back),
        cmocka_unit_test(modules_come_back),
        cmocka_unit_test(a_module_beyond_the_last_address_is_refused),
        cmocka_unit_test(texts_come_back),
        cmocka_unit_test(numbers_of_the_process_come_back),
        cmocka_unit_test(fields_behind_the_known_ones_are_left_alone),
        cmocka_unit_test(a_field_that_came_later_may_be_missing),
        cmocka_unit_test(measures_come_back),
        cmocka_unit_test(books_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
