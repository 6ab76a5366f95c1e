/* SPDX-License-Identifier: MIT */
/* Slices by hand: how wide they are, where blocks go, and what too many rows do to them. That their
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

/* ---- too many rows ---- */

enum { SITES = 100, ROWS = 512 };

/* Sites of which the first has done most, and the last least. */
typedef struct crowd {
    cci_site_t    site[SITES];
    cci_profile_t profile;
    cci_slices_t *slices;
    uint64_t      count;
} crowd_t;

static void begin_crowd(crowd_t *c)
{
    *c = (crowd_t){ .profile.site_count = SITES, .slices = cci_slices_create(0, 1, ROWS) };
    assert_non_null(c->slices);
    c->profile.sites = c->site;
    for (uint32_t i = 0; i < SITES; i++)
        c->site[i].tally = (cci_tally_t){ .alloc_count = SITES - i, .alloc_bytes = SITES - i };
}

/* A block of each of the first sites comes and goes in this slice of 1024 ns. */
static void in_slice(crowd_t *c, uint64_t slice, uint32_t sites)
{
    for (uint32_t i = 0; i < sites; i++, c->count++) {
        const cci_block_t b = { .ptr = A, .size = 8, .site = i, .time_ns = slice << 10 };
        assert_true(cci_slices_make_room(c->slices, &c->profile));
        assert_true(cci_slices_gone(c->slices, slice << 10, &b, (cci_weight_t){ 1, 1, 8 }));
        assert_true(c->slices->rows.count <= ROWS);
    }
}

static uint64_t blocks_of(const crowd_t *c, uint32_t site)
{
    uint64_t n = 0;

    for (size_t i = 0; i < c->slices->rows.count; i++)
        if (c->slices->rows.item[i].site == site)
            n += c->slices->rows.item[i].count;
    return n;
}

static uint64_t blocks_of_all(const crowd_t *c)
{
    uint64_t n = blocks_of(c, CCI_SLICE_OTHERS);

    for (uint32_t i = 0; i < SITES; i++)
        n += blocks_of(c, i);
    return n;
}

static void test_many_slices_are_merged_first(void **state)
{
    (void)state;
    crowd_t c;
    begin_crowd(&c);
    for (uint64_t slice = 0; slice < 60; slice++)
        in_slice(&c, slice, ROWS / 40);
    assert_true(c.slices->count > CCI_SLICES_MIN / 2 && c.slices->step_log2 == 11);
    assert_int_equal(c.slices->end_ns, (uint64_t)c.slices->count << 11);
    assert_null(c.slices->is_other);
    assert_int_equal(blocks_of_all(&c), c.count);
    cci_slices_destroy(c.slices);
}

static void test_then_sites_that_did_least_are_one(void **state)
{
    (void)state;
    crowd_t c;
    begin_crowd(&c);
    for (uint64_t slice = 0; slice < 30; slice++)
        in_slice(&c, slice, SITES);
    assert_int_equal(c.slices->count, 30);
    assert_int_equal(c.slices->step_log2, 10);
    assert_int_equal(blocks_of(&c, 0), 30); /* all of it */
    assert_int_equal(blocks_of(&c, 1), 30);
    assert_int_equal(blocks_of(&c, SITES - 1), 0);
    assert_true(c.slices->is_other[SITES - 1] && !c.slices->is_other[0]);
    assert_int_equal(blocks_of_all(&c), c.count);
    cci_slices_destroy(c.slices);
}

/* What it did before is not known any more, so what it does from now on is not shown alone. */
static void test_one_of_others_stays_so(void **state)
{
    (void)state;
    crowd_t c;
    begin_crowd(&c);
    for (uint64_t slice = 0; slice < 30; slice++)
        in_slice(&c, slice, SITES);
    const cci_block_t last = { .ptr = A, .size = 8, .site = SITES - 1, .time_ns = 30 << 10 };
    c.site[SITES - 1].tally.alloc_bytes = 1 << 20;
    assert_true(cci_slices_gone(c.slices, 30 << 10, &last, (cci_weight_t){ 1, 1, 8 }));
    assert_int_equal(blocks_of(&c, SITES - 1), 0);
    cci_slices_t *copy = cci_slices_copy(c.slices, 40 << 10);
    assert_non_null(copy);
    assert_true(copy->is_other[SITES - 1]);
    cci_slices_destroy(copy);
    cci_slices_restart(c.slices, 50 << 10);
    assert_true(cci_slices_gone(c.slices, 50 << 10, &last, (cci_weight_t){ 1, 1, 8 }));
    assert_int_equal(blocks_of(&c, SITES - 1), 1);
    cci_slices_destroy(c.slices);
}

/* It comes when the number of slices stays as it is. */
static void test_what_lives_is_bounded_too(void **state)
{
    (void)state;
    const cci_profile_options_t options = { .slices = true, .slice_rows = ROWS / 4 };
    fixture_t                   f;
    uint64_t                    bytes = 0;
    start(&f, NULL);
    for (uint64_t i = 0; i < 4 * SITES; i++) {
        uint32_t node = trace_builder_node(f.b, f.thread[0], 0, 0, 0x1000 + (uint32_t)i);
        trace_builder_malloc(f.b, f.thread[0], i << 7, A + 16 * i, 1 + i, node);
    }
    const cci_slices_t *s = finish_with(&f, &options)->slices;
    assert_true(s->count > CCI_SLICES_MIN && s->rows.count < ROWS / 4 + CCI_SLICES_MAX);
    for (size_t i = 0; i < s->rows.count; i++) {
        assert_int_equal(s->rows.item[i].died, s->count);
        bytes += s->rows.item[i].bytes;
    }
    assert_int_equal(bytes, f.p->current_bytes);
    assert_int_equal(s->rows.item[s->rows.count - 1].site, CCI_SLICE_OTHERS);
    stop(&f);
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
        cmocka_unit_test(test_many_slices_are_merged_first),
        cmocka_unit_test(test_then_sites_that_did_least_are_one),
        cmocka_unit_test(test_one_of_others_stays_so),
        cmocka_unit_test(test_what_lives_is_bounded_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
