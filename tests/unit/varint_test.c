/* SPDX-License-Identifier: MIT */
/* Varints of every length come back, by each way of writing and of reading; bytes that are none
 * are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/varint.h"

/* The values around every change of length, and some between. */
static size_t interesting(uint64_t *out)
{
    size_t n = 0;

    out[n++] = 0;
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t v = UINT64_C(1) << bit;
        out[n++]   = v - 1;
        out[n++]   = v;
        out[n++]   = v | v >> 1 | v >> 5;
    }
    out[n++] = UINT64_MAX;
    return n;
}

enum { INTERESTING_MAX = 3 * 64 + 2 };

static size_t length_of(uint64_t v)
{
    size_t n = 1;
    for (; v >= 0x80; v >>= 7)
        n++;
    return n;
}

static void check_value(uint64_t v)
{
    uint8_t        bytes[2 * CCI_VARINT_MAX] = { 0 }, even[2 * CCI_VARINT_MAX] = { 0 };
    const size_t   n = length_of(v);
    const uint8_t *p = bytes;
    uint64_t       back;

    assert_ptr_equal(cci_put_varint(bytes, v), bytes + n);
    assert_ptr_equal(cci_put_varint_even(even, v), even + n);
    assert_memory_equal(bytes, even, n);

    assert_true(cci_get_varint(&p, bytes + n, &back));
    assert_true(p == bytes + n && back == v);
    p = bytes;
    assert_true(cci_take_varint(&p, &back));
    assert_true(p == bytes + n && back == v);
    p = bytes;
    assert_true(cci_take_varint_even(&p, &back));
    assert_true(p == bytes + n && back == v);

    for (size_t short_by = 1; short_by <= n; short_by++) {
        p = bytes;
        assert_false(cci_get_varint(&p, bytes + n - short_by, &back));
        assert_ptr_equal(p, bytes);
    }
}

static void values_come_back(void **state)
{
    uint64_t values[INTERESTING_MAX];
    size_t   n = interesting(values);

    (void)state;
    for (size_t i = 0; i < n; i++)
        check_value(values[i]);
}

/* What follows a value does not matter to the readers that look ahead. */
static void bytes_behind_are_not_read_as_part(void **state)
{
    uint8_t        bytes[CCI_VARINT_MAX + 8];
    const uint8_t *p = bytes;
    uint64_t       back;

    (void)state;
    memset(bytes, 0xff, sizeof bytes);
    cci_put_varint(bytes, 300);
    assert_true(cci_take_varint(&p, &back));
    assert_int_equal(back, 300);
    assert_ptr_equal(p, bytes + 2);
}

static void more_than_64_bits_are_refused(void **state)
{
    uint8_t        bytes[16];
    const uint8_t *p = bytes;
    uint64_t       back;

    (void)state;
    memset(bytes, 0xff, sizeof bytes); /* never ends */
    assert_false(cci_get_varint(&p, bytes + sizeof bytes, &back));
    assert_false(cci_take_varint(&p, &back));
    assert_false(cci_take_varint_even(&p, &back));

    bytes[9] = 0x02; /* ends, with bit 64 set */
    assert_false(cci_get_varint(&p, bytes + sizeof bytes, &back));
    assert_false(cci_take_varint(&p, &back));

    bytes[9] = 0x01; /* the largest value */
    assert_true(cci_take_varint(&p, &back));
    assert_true(back == UINT64_MAX);
}

/* Not the shortest spelling, but the same value: readers accept it. */
static void leading_zeros_are_harmless(void **state)
{
    const uint8_t  bytes[16] = { 0x85, 0x80, 0x80, 0x00 };
    const uint8_t *p         = bytes;
    uint64_t       back;

    (void)state;
    assert_true(cci_get_varint(&p, bytes + 4, &back));
    assert_int_equal(back, 5);
    p = bytes;
    assert_true(cci_take_varint(&p, &back));
    assert_int_equal(back, 5);
    assert_ptr_equal(p, bytes + 4);
}

static void zigzag_keeps_small_magnitudes_small(void **state)
{
    const int64_t values[] = { 0, -1, 1, -2, 2, INT64_MAX, INT64_MIN };

    (void)state;
    for (uint64_t i = 0; i < 5; i++)
        assert_true(cci_zigzag(values[i]) == i);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        assert_true(cci_unzigzag(cci_zigzag(values[i])) == values[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back),
        cmocka_unit_test(bytes_behind_are_not_read_as_part),
        cmocka_unit_test(more_than_64_bits_are_refused),
        cmocka_unit_test(leading_zeros_are_harmless),
        cmocka_unit_test(zigzag_keeps_small_magnitudes_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
