/* SPDX-License-Identifier: MIT */
/* Records become columns and come back byte for byte; what are no records have no columns, and
 * what are no columns become no records. Blocks are as large as the contract says and no larger,
 * for a sanitizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "trace/columns.h"
#include "trace/encode.h"

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static uint8_t *room(size_t n)
{
    uint8_t *p = malloc(n);
    assert_non_null(p);
    return p;
}

/* The same bytes where CCI_RECORD_MAX more may be read. What those are must not matter. */
static uint8_t *with_slack(const uint8_t *bytes, size_t n, int fill)
{
    uint8_t *p = memset(room(n + CCI_RECORD_MAX), fill, n + CCI_RECORD_MAX);
    return memcpy(p, bytes, n);
}

/* out: CCI_COLUMNS_BYTES_MAX(n). */
static size_t split_before(const uint8_t *bytes, size_t n, int slack, uint8_t *out)
{
    uint8_t *records = with_slack(bytes, n, slack), *scratch = room(CCI_COLUMNS_SCRATCH_BYTES(n));
    size_t   size = cci_columns_split(records, n, scratch, out);

    free(scratch);
    free(records);
    return size;
}

static size_t split(const uint8_t *bytes, size_t n, uint8_t *out)
{
    return split_before(bytes, n, 0xff, out);
}

/* out: n + CCI_RECORD_MAX. */
static bool join(const uint8_t *bytes, size_t size, uint8_t *out, size_t n)
{
    uint8_t *columns = with_slack(bytes, size, 0);
    bool     joined  = cci_columns_join(columns, size, out, n);

    free(columns);
    return joined;
}

static void check_comes_back(const uint8_t *bytes, size_t n)
{
    uint8_t *columns = room(CCI_COLUMNS_BYTES_MAX(n)), *back = room(n + CCI_RECORD_MAX);
    size_t   size = split(bytes, n, columns);

    assert_in_range(size, n + CCI_COLUMNS, CCI_COLUMNS_BYTES_MAX(n));
    assert_true(join(columns, size, back, n));
    assert_memory_equal(back, bytes, n);
    free(back);
    free(columns);
}

static bool is_refused(const uint8_t *bytes, size_t n)
{
    uint8_t *columns = room(CCI_COLUMNS_BYTES_MAX(n));
    size_t   size    = split_before(bytes, n, 0, columns);

    assert_int_equal(split_before(bytes, n, CCI_OP_FREE, columns), size); /* looks like more */
    assert_int_equal(split_before(bytes, n, 0xff, columns), size);
    free(columns);
    return size == 0;
}

/* One record of any kind, its fields of one byte to ten. Returns where the next one begins. */
enum { KINDS = 10 };

static uint8_t *put_record(uint8_t *p, cci_encoder_t *e, int kind, uint64_t number)
{
    const uint64_t time  = e->last_time + (number >> 1);
    const uint32_t stack = (uint32_t)number;

    switch (kind) {
    case 0:
        return cci_put_alloc(e, p, CCI_OP_MALLOC, time, number, number, stack);
    case 1:
        return cci_put_alloc(e, p, CCI_OP_CALLOC, time, number, number, stack);
    case 2:
        return cci_put_realloc(e, p, time, number, ~number, number, stack);
    case 3:
        return cci_put_aligned(e, p, time, number, number, stack, number & 63);
    case 4:
        return cci_put_free(e, p, time, number);
    case 5:
        return cci_put_node(p, stack, stack, number);
    case 6:
        return cci_put_module(p, number, number, number, "id", 2, "/lib/libc.so.6", 14);
    case 7:
        return cci_put_meta(p, "key", "value", 5);
    case 8:
        return cci_put_rss(p, number, number, number);
    default:
        return cci_put_end(p, (cci_clock_pair_t){ number, number }, 1);
    }
}

enum { RECORD_ROOM = 128 }; /* for any that put_record makes */

static const uint64_t numbers[] = {
    0, 1, 0x7f, 0x80, 1 << 14, 1u << 31, UINT64_C(1) << 55, UINT64_C(1) << 56, INT64_MAX, UINT64_MAX
};

enum { NUMBERS = sizeof numbers / sizeof *numbers };

static void every_kind_comes_back(void **state)
{
    uint8_t       bytes[KINDS * NUMBERS * RECORD_ROOM], *end = bytes;
    cci_encoder_t e = { 0 };

    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        for (int i = 0; i < NUMBERS; i++) {
            uint8_t *record = end;
            end             = put_record(record, &e, kind, numbers[i]);
            check_comes_back(record, (size_t)(end - record));
        }
    check_comes_back(bytes, (size_t)(end - bytes));
}

static void a_full_chunk_comes_back(void **state)
{
    enum { N = CCI_CHUNK_BYTES };
    uint8_t      *bytes = room(N), *p = bytes;
    cci_encoder_t e      = { 0 };
    uint64_t      random = 1;

    (void)state;
    while (p <= bytes + N - RECORD_ROOM) {
        uint64_t r = cci_random_next(&random);
        p          = put_record(p, &e, (int)(r % KINDS), r >> (r >> 8 & 63));
    }
    check_comes_back(bytes, (size_t)(p - bytes));
    free(bytes);
}

/* The example of docs/formats/trace.md. */
static void the_example_of_the_specification_is_what_it_says(void **state)
{
    static const uint8_t records[] = {
        0x08, 0x04, 0x01, 0x01, 0x80, 0x23,                         /* node    */
        0xf1, 0x18, 0xd4, 0xe4, 0xaa, 0xd5, 0xaa, 0xd5, 0x02, 0x02, /* malloc  */
        0xfc, 0x1d, 0x80, 0x20, 0x04, 0x03, 0x02,                   /* realloc */
        0xfa, 0xc1, 0xd4, 0x03, 0x00,                               /* free    */
    };
    static const uint8_t wanted[] = {
        0x08, 0x03, 0x0a, 0x07,                                     /* lengths   */
        0x08, 0xf1, 0xfc, 0x1d, 0xfa, 0xc1, 0xd4, 0x03,             /* times     */
        0x18, 0x80, 0x20,                                           /* sizes     */
        0xd4, 0xe4, 0xaa, 0xd5, 0xaa, 0xd5, 0x02, 0x04, 0x03, 0x00, /* addresses */
        0x04, 0x01, 0x01, 0x80, 0x23, 0x02, 0x02,                   /* stacks    */
    };
    uint8_t columns[CCI_COLUMNS_BYTES_MAX(sizeof records)];

    (void)state;
    assert_int_equal(split(records, sizeof records, columns), sizeof wanted);
    assert_memory_equal(columns, wanted, sizeof wanted);
}

static void fields_go_where_they_belong(void **state)
{
    static const uint8_t records[] = {
        0x01, 0x18, 0x40, 0x02,             /* malloc: size, address, stack           */
        0xfc, 0x1d, 0x20, 0x04, 0x03, 0x05, /* realloc: time, size, two addresses ... */
        0x0a, 0x81, 0x01,                   /* free                                   */
        0x05, 0x30, 0x06, 0x07, 0x0c,       /* aligned: ... the alignment at its end  */
        0x08, 0x03, 0x01, 0x02, 0x03,       /* a node                                 */
    };
    static const uint8_t wanted[] = {
        6,    4,    6,    7,                      /* lengths   */
        0x01, 0xfc, 0x1d, 0x0a, 0x05, 0x08,       /* times     */
        0x18, 0x20, 0x30, 0x0c,                   /* sizes     */
        0x40, 0x04, 0x03, 0x81, 0x01, 0x06,       /* addresses */
        0x02, 0x05, 0x07, 0x03, 0x01, 0x02, 0x03, /* stacks    */
    };
    uint8_t columns[CCI_COLUMNS_BYTES_MAX(sizeof records)];

    (void)state;
    assert_int_equal(split(records, sizeof records, columns), sizeof wanted);
    assert_memory_equal(columns, wanted, sizeof wanted);
    check_comes_back(records, sizeof records);
}

static void unusual_spellings_come_back(void **state)
{
    (void)state;
    check_comes_back(BYTES("\x02\x80\x00"));                                 /* leading zeros */
    check_comes_back(BYTES("\x02\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00")); /* 10 bytes */
    check_comes_back(BYTES("\xf8\x00"));                                     /* an unknown kind */
    check_comes_back(BYTES("\x00\x83\x00\xff\xff\xff")); /* one more, its length spelled long */
    check_comes_back(BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f")); /* over 64 bits */
    check_comes_back(BYTES(""));
}

/* Records cut anywhere but between two of them are none. */
static void cut_records_are_refused(void **state)
{
    uint8_t       bytes[KINDS * NUMBERS * RECORD_ROOM], *end = bytes, *begin = bytes;
    cci_encoder_t e = { 0 };

    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        for (int i = 0; i < NUMBERS; i += 3, begin = end) {
            end = put_record(begin, &e, kind, numbers[i]);
            for (const uint8_t *cut = begin + 1; cut < end; cut++) {
                assert_true(is_refused(begin, (size_t)(cut - begin)));
                assert_true(is_refused(bytes, (size_t)(cut - bytes)));
            }
        }
}

static void what_is_no_record_is_refused(void **state)
{
    (void)state;
    assert_true(is_refused(BYTES("\x06\x00\x00\x00")));
    assert_true(is_refused(BYTES("\xff\x00\x00\x00")));
    assert_true(is_refused(BYTES("\x02\x00\x07\x00")));
    assert_true(is_refused(BYTES("\x02\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00")));
    assert_true(is_refused(BYTES("\x02\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00\x00")));
    assert_true(is_refused(BYTES("\x02\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00")));
    assert_true(is_refused(BYTES("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00")));
    assert_true(is_refused(BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")));
}

static const uint8_t three[] = { 0x01, 0x18, 0x40, 0x02, 0x0a, 0x41, 0x08, 0x01, 0x00 };
enum { THREE = sizeof three, THREE_COLUMNS = THREE + CCI_COLUMNS };

static void another_length_is_refused(void **state)
{
    uint8_t columns[CCI_COLUMNS_BYTES_MAX(THREE)], back[2 * THREE + CCI_RECORD_MAX];

    (void)state;
    assert_int_equal(split(three, THREE, columns), THREE_COLUMNS);
    for (size_t n = 0; n < 2 * THREE; n++)
        assert_true(join(columns, THREE_COLUMNS, back, n) == (n == THREE));
    for (size_t size = 0; size < THREE_COLUMNS; size++) {
        assert_false(join(columns, size, back, THREE));
        assert_false(join(columns, size, back, size < CCI_COLUMNS ? 0 : size - CCI_COLUMNS));
    }
}

/* The lengths of columns moved about: bytes that belong to one are in another. */
static void misplaced_columns_are_refused(void **state)
{
    uint8_t columns[CCI_COLUMNS_BYTES_MAX(THREE)], back[THREE + CCI_RECORD_MAX];

    (void)state;
    split(three, THREE, columns);
    for (int from = 0; from < CCI_COLUMNS; from++)
        for (int to = 0; to < CCI_COLUMNS; to++) {
            if (from == to || columns[from] == 0)
                continue;
            columns[from]--;
            columns[to]++;
            assert_false(join(columns, THREE_COLUMNS, back, THREE));
            columns[from]++;
            columns[to]--;
        }
    assert_true(join(columns, THREE_COLUMNS, back, THREE));
}

static void senseless_lengths_are_refused(void **state)
{
    uint8_t back[16 + CCI_RECORD_MAX];

    (void)state;
    assert_false(join(BYTES("\x80\x80\x80"), back, 0));                 /* no number */
    assert_false(join(BYTES("\x01\x01\x00\x00\x02\x00"), back, 2));     /* a free without address */
    assert_false(join(BYTES("\x01\x00\x02\x00\x02\x00\x00"), back, 3)); /* an address too many */
    assert_false(
        join(BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x03\x00\x00\x02\x00"), back, 2));
    assert_false(join(BYTES("\x01\x00\x00\x01\x06\x00"), back, 2));    /* no operation */
    assert_true(join(BYTES("\x81\x00\x00\x01\x00\x02\x00"), back, 2)); /* spelled long */
    assert_memory_equal(back, "\x02\x00", 2);
}

enum { EVENTS = 200, FIELDS_MAX = 2 };

/* EVENTS events of so many fields of one byte in each column, one of which is empty. */
static void check_empty(cci_op_t op, const uint64_t fields[CCI_COLUMNS], cci_column_t empty)
{
    uint8_t  bytes[CCI_COLUMNS * (CCI_VARINT_MAX + FIELDS_MAX * EVENTS)] = { 0 }, *p = bytes;
    uint8_t *back = room(CCI_COLUMNS * FIELDS_MAX * EVENTS + CCI_RECORD_MAX);
    uint64_t n    = 0;

    for (unsigned i = 0; i < CCI_COLUMNS; i++) {
        uint64_t length = i == empty ? 0 : EVENTS * fields[i];
        p               = cci_put_varint(p, length);
        n += length;
    }
    memset(p, op, EVENTS);
    assert_false(join(bytes, (size_t)(p - bytes) + n, back, n));
    free(back);
}

static void an_empty_column_is_refused(void **state)
{
    static const uint64_t aligned[] = { 1, 2, 1, 1 }, reallocs[] = { 1, 1, 2, 1 };

    (void)state;
    for (cci_column_t i = CCI_COLUMN_SIZES; i < CCI_COLUMNS; i++) {
        check_empty(CCI_OP_ALIGNED, aligned, i);
        check_empty(CCI_OP_REALLOC, reallocs, i);
    }
}

/* The rest of the last time is taken from the column behind, which looks like frees. */
static void a_time_without_its_rest_is_refused(void **state)
{
    uint8_t bytes[5 + 1 + EVENTS], back[1 + EVENTS + CCI_RECORD_MAX];

    (void)state;
    memset(bytes, CCI_OP_FREE, sizeof bytes);
    memcpy(bytes, "\x01\x00\xc8\x01\x00\xfa", 6);
    assert_false(join(bytes, sizeof bytes, back, 1 + EVENTS));
}

/* Every tag, with columns of every length: right or wrong, it stays inside. */
static void any_tags_stay_inside(void **state)
{
    uint8_t columns[CCI_COLUMNS + 64], back[64 + CCI_RECORD_MAX];

    (void)state;
    for (unsigned tag = 0; tag < 256; tag++)
        for (unsigned tags = 1; tags <= 64; tags += 7) {
            const uint8_t rest = (uint8_t)((64 - tags) / 3);
            memset(columns, 0xff, sizeof columns);
            memset(columns + CCI_COLUMNS, (int)tag, tags);
            columns[0] = (uint8_t)tags;
            columns[1] = columns[2] = rest;
            columns[3]              = (uint8_t)(64 - tags - 2 * rest);
            assert_false(join(columns, sizeof columns, back, 64));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_comes_back),
        cmocka_unit_test(a_full_chunk_comes_back),
        cmocka_unit_test(the_example_of_the_specification_is_what_it_says),
        cmocka_unit_test(fields_go_where_they_belong),
        cmocka_unit_test(unusual_spellings_come_back),
        cmocka_unit_test(cut_records_are_refused),
        cmocka_unit_test(what_is_no_record_is_refused),
        cmocka_unit_test(another_length_is_refused),
        cmocka_unit_test(misplaced_columns_are_refused),
        cmocka_unit_test(senseless_lengths_are_refused),
        cmocka_unit_test(an_empty_column_is_refused),
        cmocka_unit_test(a_time_without_its_rest_is_refused),
        cmocka_unit_test(any_tags_stay_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
