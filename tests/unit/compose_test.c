/* SPDX-License-Identifier: MIT */
/* What ccmem/compose.h says of each allocator alone. How they behave on top of each other is in
 * property/compose_prop.c, what ends the program in misuse/compose_*.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ccmem/compose.h>
#include "support/failing.h"

enum { MANY = 1000 };

static failing_t below, beside, books;

static int forget(void **state)
{
    (void)state;
    below = beside = books = (failing_t){ .fail_at = FAILING_NEVER };
    return 0;
}

static int nothing_is_left(void **state)
{
    (void)state;
    assert_int_equal(below.live_blocks, 0);
    assert_int_equal(beside.live_blocks, 0);
    assert_int_equal(books.live_blocks, 0);
    return 0;
}

/* ---- fallback ---- */

static cc_limit_t    room; /* of the first */
static cc_fallback_t fallback;

static cc_allocator_t fallback_with_room(size_t bytes)
{
    cc_limit_init(&room, failing_allocator(&below), bytes);
    cc_fallback_init(&fallback, cc_limit_allocator(&room), failing_allocator(&beside),
                     failing_allocator(&books));
    return cc_fallback_allocator(&fallback);
}

static void fallback_serves_from_the_first_while_it_can(void **state)
{
    cc_allocator_t a = fallback_with_room(100);
    void          *p = cc_allocator_alloc(a, 60, 8), *q = cc_allocator_alloc(a, 60, 8);

    (void)state;
    assert_non_null(p);
    assert_non_null(q);
    assert_int_equal(below.live_bytes, 60);
    assert_int_equal(beside.live_bytes, 60);
    cc_allocator_free(a, p, 60, 8);
    assert_int_equal(below.live_bytes, 0);
    assert_int_equal(beside.live_bytes, 60);
    p = cc_allocator_alloc(a, 60, 8);
    assert_int_equal(below.live_bytes, 60);
    cc_allocator_free(a, q, 60, 8);
    cc_allocator_free(a, p, 60, 8);
    cc_fallback_fini(&fallback);
}

/* Blocks in and out in an order that makes the set grow and its followers move up. */
static void fallback_frees_each_block_where_it_came_from(void **state)
{
    static void   *p[MANY];
    cc_allocator_t a = fallback_with_room(MANY / 2 * 10);

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        assert_non_null(p[i] = cc_allocator_alloc(a, 10, 2));
    assert_int_equal(below.live_blocks, MANY / 2);
    assert_int_equal(beside.live_blocks, MANY / 2);
    for (size_t i = 0; i < MANY; i++)
        cc_allocator_free(a, p[i * 7 % MANY], 10, 2);
    assert_int_equal(below.live_blocks, 0);
    assert_int_equal(beside.live_blocks, 0);
    assert_int_equal(books.live_blocks, 0); /* without a fini */
}

static void fallback_takes_books_for_many_blocks_only(void **state)
{
    cc_allocator_t a = fallback_with_room(0);
    void          *p[9];

    (void)state;
    for (int i = 0; i < 8; i++)
        p[i] = cc_allocator_alloc(a, 1, 1);
    assert_int_equal(books.requests, 0);
    p[8] = cc_allocator_alloc(a, 1, 1);
    assert_int_equal(books.requests, 1);
    for (int i = 0; i < 9; i++)
        cc_allocator_free(a, p[i], 1, 1);
    cc_fallback_fini(&fallback);
}

static void fallback_fails_whole_when_books_are_out_of_memory(void **state)
{
    cc_allocator_t a = fallback_with_room(0);
    void          *p[9];

    (void)state;
    for (int i = 0; i < 8; i++)
        assert_non_null(p[i] = cc_allocator_alloc(a, 1, 1));
    books.fail_at = 0;
    assert_null(cc_allocator_alloc(a, 1, 1));
    assert_int_equal(beside.live_blocks, 8);
    assert_non_null(p[8] = cc_allocator_alloc(a, 1, 1));
    for (int i = 0; i < 9; i++)
        cc_allocator_free(a, p[i], 1, 1);
    cc_fallback_fini(&fallback);
}

static void fallback_is_null_when_both_are(void **state)
{
    cc_allocator_t  a    = fallback_with_room(0);
    volatile size_t huge = SIZE_MAX;

    (void)state;
    beside.fail_at = 0;
    assert_null(cc_allocator_alloc(a, 16, 16));
    assert_null(cc_allocator_alloc(a, huge, 16));
    assert_null(cc_allocator_alloc(a, 0, 16));
    assert_int_equal(beside.requests, 2);
    for (int i = 0; i < 20; i++) /* nothing is remembered of a failure */
        assert_null(cc_allocator_alloc(a, huge, 16));
    assert_int_equal(books.requests, 0);
    cc_allocator_free(a, NULL, 16, 16);
    cc_fallback_fini(&fallback);
}

static void fallback_fini_gives_the_books_back(void **state)
{
    cc_allocator_t a = fallback_with_room(0);
    void          *p[9];

    (void)state;
    for (int i = 0; i < 9; i++)
        p[i] = cc_allocator_alloc(a, 1, 1);
    assert_int_equal(books.live_blocks, 1);
    cc_fallback_fini(&fallback);
    assert_int_equal(books.live_blocks, 0);
    for (int i = 0; i < 9; i++)
        cc_allocator_free(failing_allocator(&beside), p[i], 1, 1);
}

/* ---- segregate ---- */

static void segregate_finds_the_part_of_every_size(void **state)
{
    enum { PARTS = 5 };
    static const size_t max[PARTS] = { 1, 2, 16, 100, 4096 };
    failing_t           under[PARTS];
    cc_segregate_part_t parts[PARTS];
    cc_segregate_t      s;

    (void)state;
    for (size_t count = 1; count <= PARTS; count++) {
        for (size_t i = 0; i < count; i++) {
            under[i] = (failing_t){ .fail_at = FAILING_NEVER };
            parts[i] = (cc_segregate_part_t){ max[i], failing_allocator(&under[i]) };
        }
        assert_int_equal(cc_segregate_init(&s, parts, count), CC_RESULT_OK);
        cc_allocator_t a    = cc_segregate_allocator(&s);
        size_t         part = 0;
        for (size_t size = 1; size <= max[count - 1]; size++) {
            part += size > max[part];
            void *p = cc_allocator_alloc(a, size, 4);
            assert_non_null(p);
            assert_int_equal(under[part].live_bytes, size);
            cc_allocator_free(a, p, size, 4);
        }
        assert_null(cc_allocator_alloc(a, max[count - 1] + 1, 4));
        assert_int_equal(under[count - 1].live_blocks, 0);
    }
}

static void segregate_last_part_may_take_all(void **state)
{
    const cc_segregate_part_t parts[] = { { 64, failing_allocator(&below) },
                                          { SIZE_MAX, failing_allocator(&beside) } };
    volatile size_t           huge    = SIZE_MAX;
    cc_segregate_t            s;

    (void)state;
    assert_int_equal(cc_segregate_init(&s, parts, 2), CC_RESULT_OK);
    void *p = cc_allocator_alloc(cc_segregate_allocator(&s), 1 << 20, 64);
    assert_int_equal(beside.live_bytes, 1 << 20);
    assert_null(cc_allocator_alloc(cc_segregate_allocator(&s), huge, 64));
    cc_allocator_free(cc_segregate_allocator(&s), p, 1 << 20, 64);
}

static void segregate_refuses_parts_that_do_not_ascend(void **state)
{
    const cc_allocator_t      a       = failing_allocator(&below);
    const cc_segregate_part_t zero[]  = { { 0, a }, { 8, a } };
    const cc_segregate_part_t equal[] = { { 8, a }, { 16, a }, { 16, a } };
    const cc_segregate_part_t down[]  = { { 8, a }, { 16, a }, { 4, a } };
    cc_segregate_t            s       = { NULL, 77 };

    (void)state;
    assert_int_equal(cc_segregate_init(&s, zero, 0), CC_RESULT_INVALID);
    assert_int_equal(cc_segregate_init(&s, zero, 2), CC_RESULT_INVALID);
    assert_int_equal(cc_segregate_init(&s, equal, 3), CC_RESULT_INVALID);
    assert_int_equal(cc_segregate_init(&s, down, 3), CC_RESULT_INVALID);
    assert_int_equal(s.count, 77); /* nothing was written */
}

/* ---- limit ---- */

static void limit_lets_exactly_its_bytes_out(void **state)
{
    cc_limit_t l;

    (void)state;
    cc_limit_init(&l, failing_allocator(&below), 100);
    cc_allocator_t a = cc_limit_allocator(&l);
    assert_null(cc_allocator_alloc(a, 101, 1));
    void *p = cc_allocator_alloc(a, 99, 1);
    assert_null(cc_allocator_alloc(a, 2, 1));
    void *q = cc_allocator_alloc(a, 1, 1);
    assert_non_null(q);
    cc_allocator_free(a, p, 99, 1);
    cc_allocator_free(a, cc_allocator_alloc(a, 50, 1), 50, 1);
    cc_limit_stats_t s = cc_limit_stats(&l);
    assert_int_equal(s.limit, 100);
    assert_int_equal(s.used, 1);
    assert_int_equal(s.peak, 100);
    assert_int_equal(s.refused_count, 2);
    cc_allocator_free(a, q, 1, 1);
}

static void limit_does_not_count_what_was_not_served(void **state)
{
    volatile size_t huge = SIZE_MAX;
    cc_limit_t      l;

    (void)state;
    cc_limit_init(&l, failing_allocator(&below), SIZE_MAX);
    void *p = cc_allocator_alloc(cc_limit_allocator(&l), 8, 8);
    assert_null(cc_allocator_alloc(cc_limit_allocator(&l), huge, 8)); /* 8 + SIZE_MAX wraps */
    assert_int_equal(cc_limit_stats(&l).refused_count, 1);
    assert_null(cc_allocator_alloc(cc_limit_allocator(&l), huge - 8, 8));
    assert_int_equal(cc_limit_stats(&l).refused_count, 1);
    assert_int_equal(cc_limit_stats(&l).used, 8);
    cc_allocator_free(cc_limit_allocator(&l), p, 8, 8);
}

static void limit_may_fall_below_what_is_used(void **state)
{
    cc_limit_t l;

    (void)state;
    cc_limit_init(&l, failing_allocator(&below), 100);
    cc_allocator_t a = cc_limit_allocator(&l);
    void          *p = cc_allocator_alloc(a, 40, 1), *q = cc_allocator_alloc(a, 40, 1);
    cc_limit_set(&l, 50);
    assert_null(cc_allocator_alloc(a, 1, 1));
    cc_allocator_free(a, p, 40, 1);
    assert_non_null(p = cc_allocator_alloc(a, 10, 1));
    cc_limit_set(&l, 0);
    assert_null(cc_allocator_alloc(a, 1, 1));
    cc_allocator_free(a, p, 10, 1);
    cc_allocator_free(a, q, 40, 1);
}

/* ---- track ---- */

static void track_counts_what_passes(void **state)
{
    cc_track_t t;

    (void)state;
    cc_track_init(&t, failing_allocator(&below));
    cc_allocator_t a = cc_track_allocator(&t);
    void          *p = cc_allocator_alloc(a, 100, 16), *q = cc_allocator_alloc(a, 28, 16);
    cc_allocator_free(a, p, 100, 16);
    assert_non_null(p = cc_allocator_alloc(a, 2, 2)); /* up again, not to the peak */
    cc_allocator_free(a, p, 2, 2);
    below.fail_at = 3;
    assert_null(cc_allocator_alloc(a, 1, 1));
    cc_track_stats_t s = cc_track_stats(&t);
    assert_int_equal(s.alloc_count, 3);
    assert_int_equal(s.alloc_bytes, 130);
    assert_int_equal(s.free_count, 2);
    assert_int_equal(s.free_bytes, 102);
    assert_int_equal(s.refused_count, 1);
    assert_int_equal(s.live_count, 1);
    assert_int_equal(s.live_bytes, 28);
    assert_int_equal(s.peak_count, 2);
    assert_int_equal(s.peak_bytes, 128);
    cc_allocator_free(a, q, 28, 16);
}

static void track_reset_keeps_what_is_live(void **state)
{
    cc_track_t t;

    (void)state;
    cc_track_init(&t, failing_allocator(&below));
    cc_allocator_t a = cc_track_allocator(&t);
    void          *p = cc_allocator_alloc(a, 5, 1), *q = cc_allocator_alloc(a, 9, 1);
    cc_allocator_free(a, q, 9, 1);
    cc_track_reset(&t);
    cc_track_stats_t s        = cc_track_stats(&t);
    cc_track_stats_t expected = {
        .live_count = 1, .live_bytes = 5, .peak_count = 1, .peak_bytes = 5
    };
    assert_memory_equal(&s, &expected, sizeof s);
    cc_allocator_free(a, p, 5, 1);
    assert_int_equal(cc_track_stats(&t).live_bytes, 0);
    assert_int_equal(cc_track_stats(&t).peak_bytes, 5);
}

/* Gives out an address and no memory, for sizes that no machine has. */
static void *pretend_alloc(void *self, size_t size, size_t align)
{
    (void)size, (void)align;
    return self;
}

static void pretend_free(void *self, void *ptr, size_t size, size_t align)
{
    (void)size, (void)align;
    assert_ptr_equal(self, ptr);
}

static void track_puts_every_size_into_its_bucket(void **state)
{
    static const cc_allocator_ops_t pretending = { pretend_alloc, pretend_free };
    char                            nothing;
    cc_track_t                      t;

    (void)state;
    cc_track_init(&t, (cc_allocator_t){ &pretending, &nothing });
    cc_allocator_t a = cc_track_allocator(&t);
    for (unsigned i = 0; i < CC_TRACK_SIZES; i++) {
        const size_t least = i == 0 ? 1 : ((size_t)1 << (i - 1)) + 1;
        const size_t most  = i == CC_TRACK_SIZES - 1 ? SIZE_MAX : (size_t)1 << i;
        cc_allocator_free(a, cc_allocator_alloc(a, most, 1), most, 1);
        if (least < most)
            cc_allocator_free(a, cc_allocator_alloc(a, least, 1), least, 1);
        assert_int_equal(cc_track_stats(&t).size_counts[i], 1 + (least < most));
    }
}

/* ---- locked ---- */

static void locked_serves_and_may_be_held(void **state)
{
    cc_locked_t l;

    (void)state;
    assert_int_equal(cc_locked_init(&l, failing_allocator(&below)), CC_RESULT_OK);
    cc_allocator_t a = cc_locked_allocator(&l);
    void          *p = cc_allocator_alloc(a, 33, 32);
    assert_non_null(p);
    cc_locked_hold(&l);
    assert_int_equal(below.live_bytes, 33);
    cc_locked_release(&l);
    below.fail_at = 1;
    assert_null(cc_allocator_alloc(a, 1, 1));
    cc_allocator_free(a, p, 33, 32); /* the lock is free also after a failure */
    cc_locked_fini(&l);
}

/* ---- failing ---- */

/* A bit for each of the next requests that fails, the first lowest. */
static unsigned failures_of(cc_failing_t *f, unsigned requests)
{
    cc_allocator_t a    = cc_failing_allocator(f);
    unsigned       bits = 0;

    for (unsigned i = 0; i < requests; i++) {
        void *p = cc_allocator_alloc(a, 8, 8);
        bits |= (unsigned)!p << i;
        cc_allocator_free(a, p, 8, 8);
    }
    return bits;
}

static void failing_fails_the_requests_it_is_told_to(void **state)
{
    cc_failing_t f;

    (void)state;
    cc_failing_init(&f, failing_allocator(&below));
    assert_int_equal(failures_of(&f, 20), 0);
    cc_failing_at(&f, 3);
    assert_int_equal(failures_of(&f, 20), 1 << 2);
    cc_failing_at(&f, 1);
    cc_failing_at(&f, 0);
    assert_int_equal(failures_of(&f, 20), 0);
    cc_failing_every(&f, 4);
    assert_int_equal(failures_of(&f, 10), 1 << 3 | 1 << 7);
    cc_failing_every(&f, 4); /* begins anew, after two of four */
    assert_int_equal(failures_of(&f, 10), 1 << 3 | 1 << 7);
    cc_failing_every(&f, 1);
    assert_int_equal(failures_of(&f, 5), 31);
    cc_failing_every(&f, 0);
    assert_int_equal(failures_of(&f, 20), 0);
    assert_int_equal(cc_failing_stats(&f).request_count, 20 * 4 + 10 + 10 + 5);
    assert_int_equal(cc_failing_stats(&f).failed_count, 1 + 2 + 2 + 5);
    assert_int_equal(below.requests, 20 * 4 + 10 + 10 + 5 - (1 + 2 + 2 + 5));
}

static void failing_rules_do_not_disturb_each_other(void **state)
{
    cc_failing_t f;

    (void)state;
    cc_failing_init(&f, failing_allocator(&below));
    cc_failing_at(&f, 4);
    cc_failing_every(&f, 2);
    assert_int_equal(failures_of(&f, 8), 1 << 1 | 1 << 3 | 1 << 5 | 1 << 7);
    cc_failing_at(&f, 3);
    assert_int_equal(failures_of(&f, 4), 1 << 1 | 1 << 2 | 1 << 3);
}

/* Half of 10,000 within 5 standard deviations. */
static void failing_by_chance_is_fair_and_repeatable(void **state)
{
    cc_failing_t f, same, other;

    (void)state;
    cc_failing_init(&f, failing_allocator(&below));
    same = other = f;
    cc_failing_randomly(&f, 0.5, 1);
    cc_failing_randomly(&same, 0.5, 1);
    cc_failing_randomly(&other, 0.5, 2);
    bool differs = false;
    for (int i = 0; i < 500; i++) {
        unsigned bits = failures_of(&f, 20);
        assert_int_equal(failures_of(&same, 20), bits);
        differs |= failures_of(&other, 20) != bits;
    }
    assert_true(differs);
    assert_in_range(cc_failing_stats(&f).failed_count, 4750, 5250);
}

static void failing_never_and_always_are_exact(void **state)
{
    cc_failing_t f;

    (void)state;
    cc_failing_init(&f, failing_allocator(&below));
    cc_failing_randomly(&f, 1, 0);
    for (int i = 0; i < 500; i++)
        assert_int_equal(failures_of(&f, 20), (1 << 20) - 1);
    cc_failing_randomly(&f, 0, 0);
    for (int i = 0; i < 500; i++)
        assert_int_equal(failures_of(&f, 20), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, forget, nothing_is_left)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fallback_serves_from_the_first_while_it_can),
        TEST(fallback_frees_each_block_where_it_came_from),
        TEST(fallback_takes_books_for_many_blocks_only),
        TEST(fallback_fails_whole_when_books_are_out_of_memory),
        TEST(fallback_is_null_when_both_are),
        TEST(fallback_fini_gives_the_books_back),
        TEST(segregate_finds_the_part_of_every_size),
        TEST(segregate_last_part_may_take_all),
        TEST(segregate_refuses_parts_that_do_not_ascend),
        TEST(limit_lets_exactly_its_bytes_out),
        TEST(limit_does_not_count_what_was_not_served),
        TEST(limit_may_fall_below_what_is_used),
        TEST(track_counts_what_passes),
        TEST(track_reset_keeps_what_is_live),
        TEST(track_puts_every_size_into_its_bucket),
        TEST(locked_serves_and_may_be_held),
        TEST(failing_fails_the_requests_it_is_told_to),
        TEST(failing_rules_do_not_disturb_each_other),
        TEST(failing_by_chance_is_fair_and_repeatable),
        TEST(failing_never_and_always_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
