/* SPDX-License-Identifier: MIT */
/* Slices by hand: how wide they are, where blocks go, and what very many sites do to them. That their
 * sums are right is the property test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "profile/slices.h"
#include "support/profile_fixture.h"

static const cci_slices_t *slices_of(fixture_t *f, uint64_t from_ns)
{
    const cci_profile_options_t options = { .slices = true, .from_ns = from_ns };

    return finish_with(f, &options)->slices;
}

static void assert_row(const cci_slice_row_t *r, int born, int died, uint64_t count, uint64_t bytes)
{
    assert_int_equal(r->born, born);
    assert_int_equal(r->died, died);
    assert_int_equal(r->count, count);
    assert_int_equal(r->bytes, bytes);
}

static void test_none_unless_asked_for(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    alloc(&f, 0, 100, A, 100, 0);
    assert_null(finish(&f)->slices);
    stop(&f);

    const trace_builder_options_t count = { .mode = CCI_MODE_COUNT };
    start(&f, &count);
    assert_null(slices_of(&f, 0));
    stop(&f);
}

static void test_an_empty_run_is_one_slice(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    const cci_slices_t *s = slices_of(&f, 0);
    assert_int_equal(s->count, 1);
    assert_int_equal(s->rows.count, 0);
    stop(&f);
}

static void test_blocks_by_birth_and_death(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    alloc(&f, 0, 100, A, 10, 0); /* slices of 1024 ns */
    alloc(&f, 0, 200, B, 20, 0);
    release(&f, 1, 300, A);
    alloc(&f, 0, 1100, C, 30, 0);
    release(&f, 0, 2100, B);
    trace_builder_end(f.b, 5000, 0);
    const cci_slices_t *s = slices_of(&f, 0);
    assert_int_equal(s->step_log2, 10);
    assert_int_equal(s->count, 5);
    assert_int_equal(s->rows.count, 3);
    assert_row(&s->rows.item[0], 0, 0, 1, 10);
    assert_row(&s->rows.item[1], 0, 2, 1, 20);
    assert_row(&s->rows.item[2], 1, 5, 1, 30); /* lives */
    assert_int_equal(s->thread[1].free_count[0], 1);
    assert_int_equal(s->thread[0].alloc_count[0], 2);
    assert_int_equal(s->thread[0].alloc_bytes[1], 30);
    assert_int_equal(s->sizes[0][cci_size_bucket(10)], 1);
    stop(&f);
}

static void test_a_longer_run_has_wider_slices(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    alloc(&f, 0, 100, A, 10, 0);
    release(&f, 0, 63 * 1024, A);
    alloc(&f, 0, 64 * 1024, B, 20, 0);
    const cci_slices_t *s = slices_of(&f, 0);
    assert_int_equal(s->step_log2, 11);
    assert_int_equal(s->count, 33);
    assert_row(&s->rows.item[0], 0, 31, 1, 10);
    assert_row(&s->rows.item[1], 32, 33, 1, 20);
    stop(&f);
}

static void test_what_was_there_before(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    alloc(&f, 0, 100, A, 10, 0);
    alloc(&f, 0, 200, B, 20, 0);
    release(&f, 0, 5000, A);
    alloc(&f, 0, 90000, C, 30, 0); /* slices twice as wide */
    const cci_slices_t *s = slices_of(&f, 1000);
    assert_int_equal(s->start_ns, 1000);
    assert_row(&s->rows.item[0], CCI_SLICE_BEFORE, 1, 1, 10);
    assert_row(&s->rows.item[1], CCI_SLICE_BEFORE, (int)s->count, 1, 20);
    assert_row(&s->rows.item[2], (int)s->count - 1, (int)s->count, 1, 30);
    stop(&f);
}

static void test_a_resize_is_another_block(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    alloc(&f, 0, 100, A, 10, 0);
    resize(&f, 0, 1100, A, A, 15, 0);
    release(&f, 0, 1200, D); /* is not known */
    const cci_slices_t *s = slices_of(&f, 0);
    assert_int_equal(s->rows.count, 2);
    assert_row(&s->rows.item[0], 0, 1, 1, 10);
    assert_row(&s->rows.item[1], 1, 2, 1, 15);
    assert_int_equal(s->thread[0].free_count[1], 2);
    stop(&f);
}

/* The free of the first block is not in the trace; that of the second one may still come. */
static void test_a_block_whose_free_is_missing_goes(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    alloc(&f, 0, 100, A, 10, 0);
    alloc(&f, 0, 1100, A, 20, 0);
    alloc(&f, 0, 2100, A, 30, 0);
    trace_builder_end(f.b, 4000, 0);
    const cci_slices_t *s = slices_of(&f, 0);
    assert_int_equal(s->rows.count, 3);
    assert_row(&s->rows.item[0], 0, 2, 1, 10);
    assert_row(&s->rows.item[1], 1, 3, 1, 20);
    assert_row(&s->rows.item[2], 2, 4, 1, 30);
    assert_int_equal(s->thread[0].free_count[2], 0);
    stop(&f);
}

/* ---- many sites ---- */

static void free_at(cci_slices_t *s, uint64_t now_ns, uint32_t site, uint64_t born_ns)
{
    const cci_block_t b = { .ptr = A, .size = 8, .site = site, .time_ns = born_ns };

    assert_true(cci_slices_gone(s, now_ns, &b, (cci_weight_t){ 1, 1, 8 }));
}

static void test_many_rows_make_fewer_slices(void **state)
{
    (void)state;
    enum { SITES = CCI_SLICE_ROWS / 8 };
    cci_slices_t *s = cci_slices_create(0, 1);
    uint64_t      n = 0, bytes = 0;

    for (uint64_t slice = 0; slice < 63; slice++)
        for (uint32_t site = 0; site < SITES; site++, n++)
            free_at(s, slice << 10, site, slice << 10);
    assert_true(s->rows.count <= CCI_SLICE_ROWS);
    assert_true(s->count > CCI_SLICES_MIN / 2 && s->step_log2 > 10);
    assert_int_equal(s->end_ns, (uint64_t)s->count << s->step_log2);
    assert_true(s->end_ns > 62 << 10);
    for (size_t i = 0; i < s->rows.count; i++) {
        assert_in_range(s->rows.item[i].died, 0, s->count - 1);
        bytes += s->rows.item[i].bytes;
    }
    assert_int_equal(bytes, 8 * n);
    cci_slices_destroy(s);
}

/* More sites than rows: slices stay as they are. */
static void test_slices_are_never_too_few(void **state)
{
    (void)state;
    cci_slices_t *s = cci_slices_create(0, 1);

    for (uint64_t slice = 0; slice < CCI_SLICES_MIN; slice++)
        for (uint32_t site = 0; site < CCI_SLICE_ROWS / 4; site++)
            free_at(s, slice << 10, site, 0);
    assert_int_equal(s->count, CCI_SLICES_MIN);
    assert_int_equal(s->step_log2, 10);
    assert_int_equal(s->rows.count, CCI_SLICES_MIN * (CCI_SLICE_ROWS / 4));
    cci_slices_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none_unless_asked_for),
        cmocka_unit_test(test_an_empty_run_is_one_slice),
        cmocka_unit_test(test_blocks_by_birth_and_death),
        cmocka_unit_test(test_a_longer_run_has_wider_slices),
        cmocka_unit_test(test_what_was_there_before),
        cmocka_unit_test(test_a_resize_is_another_block),
        cmocka_unit_test(test_a_block_whose_free_is_missing_goes),
        cmocka_unit_test(test_many_rows_make_fewer_slices),
        cmocka_unit_test(test_slices_are_never_too_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
