/* SPDX-License-Identifier: MIT */
/* The contract of ccmem/lfqueue.h in one thread: what comes out, what is refused, what stays unchanged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ccmem/lfqueue.h>

#include "lockfree/lfqueue_segment.h"

enum { SLOTS = CCI_SEGMENT_SLOTS, CAPACITY = 8, MANY = 3 * SLOTS + 5 };

static uint64_t live_bytes(void)
{
    return cc_alloc_stats_snapshot().current_allocated;
}

/* The words from first on. */
static void name(uintptr_t *words, size_t n, uintptr_t first)
{
    for (size_t i = 0; i < n; i++)
        words[i] = first + i;
}

static void expect_words(const uintptr_t *words, size_t n, uintptr_t first)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(words[i], first + i);
}

/* ---- one slot: what two threads do there, in every order of the four steps ---- */

static void test_every_slot_is_another(void **state)
{
    static cci_segment_t s;

    (void)state;
    for (uintptr_t i = 0; i < SLOTS; i++)
        assert_true(cci_slot_put(cci_slot_at(&s, i), i));
    for (uintptr_t i = 0; i < SLOTS; i++) {
        uintptr_t word = ~i;
        assert_true(cci_slot_take(cci_slot_at(&s, i), &word));
        assert_int_equal(word, i);
        assert_in_range((uintptr_t)cci_slot_at(&s, i).word, (uintptr_t)s.lines,
                        (uintptr_t)(&s + 1) - sizeof(uintptr_t));
    }
}

static void test_slot_that_is_given_up(void **state)
{
    static cci_segment_t s;
    const cci_slot_t     late = cci_slot_at(&s, 0), in_time = cci_slot_at(&s, 1);
    uintptr_t            word = 7;

    (void)state;
    assert_false(cci_slot_take(late, &word));
    assert_int_equal(word, 7);
    assert_false(cci_slot_put(late, 1));
    assert_true(cci_slot_put(in_time, 2));
    assert_true(cci_slot_abandon(in_time)); /* it was full after all */
    assert_int_equal(*in_time.word, 2);
}

/* ---- unbounded ---- */

static cc_lfqueue_t *new_queue(void)
{
    cc_lfqueue_t *q = cc_lfqueue_create(NULL);

    assert_non_null(q);
    return q;
}

static void push(cc_lfqueue_t *q, uintptr_t word)
{
    assert_int_equal(cc_lfqueue_push(q, word), CC_RESULT_OK);
}

static void expect(cc_lfqueue_t *q, uintptr_t word)
{
    uintptr_t got = ~word;

    assert_true(cc_lfqueue_try_pop(q, &got));
    assert_int_equal(got, word);
}

static void expect_nothing(cc_lfqueue_t *q)
{
    uintptr_t got = 7;

    assert_false(cc_lfqueue_try_pop(q, &got));
    assert_int_equal(cc_lfqueue_pop_many(q, &got, 1), 0);
    assert_int_equal(cc_lfqueue_pop(q, 0, &got),
                     cc_lfqueue_is_closed(q) ? CC_RESULT_STALE : CC_RESULT_NOT_FOUND);
    assert_int_equal(got, 7);
    assert_int_equal(cc_lfqueue_len(q), 0);
}

static void test_first_in_first_out(void **state)
{
    cc_lfqueue_t *q = new_queue();

    (void)state;
    expect_nothing(q);
    for (uintptr_t i = 0; i < MANY; i++) {
        push(q, i);
        assert_int_equal(cc_lfqueue_len(q), i + 1);
    }
    for (uintptr_t i = 0; i < MANY; i++) {
        assert_int_equal(cc_lfqueue_len(q), MANY - i);
        expect(q, i);
    }
    expect_nothing(q);
    cc_lfqueue_destroy(q);
}

static void test_any_word(void **state)
{
    static const uintptr_t words[] = { 0, 1, 2, 255, UINTPTR_MAX, UINTPTR_MAX - 1, INTPTR_MAX };
    cc_lfqueue_t          *q       = new_queue();

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        push(q, words[i]);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        expect(q, words[i]);
    expect_nothing(q);
    cc_lfqueue_destroy(q);
}

/* Pushed and popped by turns, so that the ends meet in every slot, also in the last and the first one. */
static void test_ends_that_meet(void **state)
{
    cc_lfqueue_t *q = new_queue();

    (void)state;
    for (uintptr_t i = 0; i < MANY; i++) {
        push(q, i);
        expect(q, i);
        expect_nothing(q);
    }
    cc_lfqueue_destroy(q);
}

static void test_batches(void **state)
{
    static const size_t sizes[] = { 0, 1, 2, SLOTS - 1, SLOTS, SLOTS + 1, 2 * SLOTS + 3, MANY };
    static uintptr_t    words[MANY], got[MANY];
    cc_lfqueue_t       *q = new_queue();

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const size_t n = sizes[i];
        name(words, n, i * 10000);
        assert_int_equal(cc_lfqueue_push_many(q, words, n), n);
        assert_int_equal(cc_lfqueue_len(q), n);
        size_t done = 0, more;
        while ((more = cc_lfqueue_pop_many(q, got + done, n - done)) > 0)
            done += more;
        assert_int_equal(done, n);
        expect_words(got, n, i * 10000);
        expect_nothing(q);
    }
    cc_lfqueue_destroy(q);
}

static void test_no_more_than_asked_for(void **state)
{
    uintptr_t     got[4] = { 0 };
    cc_lfqueue_t *q      = new_queue();

    (void)state;
    for (uintptr_t i = 0; i < 4; i++)
        push(q, i);
    assert_int_equal(cc_lfqueue_pop_many(q, got, 0), 0);
    assert_int_equal(cc_lfqueue_pop_many(q, got, 3), 3);
    expect_words(got, 3, 0);
    assert_int_equal(got[3], 0);
    expect(q, 3);
    cc_lfqueue_destroy(q);
}

/* Where in a segment it is closed makes a difference inside. */
static void test_closed(void **state)
{
    static const size_t filled[] = { 0, 1, SLOTS - 1, SLOTS, SLOTS + 1, 2 * SLOTS };

    (void)state;
    for (size_t i = 0; i < sizeof filled / sizeof *filled; i++) {
        uintptr_t     word = 1;
        cc_lfqueue_t *q    = new_queue();
        for (uintptr_t w = 0; w < filled[i]; w++)
            push(q, w);
        assert_false(cc_lfqueue_is_closed(q));
        assert_int_equal(cc_lfqueue_close(q), CC_RESULT_OK);
        assert_true(cc_lfqueue_is_closed(q));
        assert_int_equal(cc_lfqueue_close(q), CC_RESULT_OK);
        for (int again = 0; again < 3; again++) {
            assert_int_equal(cc_lfqueue_push(q, 5), CC_RESULT_STALE);
            assert_int_equal(cc_lfqueue_push_many(q, &word, 1), 0);
        }
        assert_int_equal(cc_lfqueue_len(q), filled[i]);
        for (uintptr_t w = 0; w < filled[i]; w++)
            expect(q, w);
        expect_nothing(q);
        assert_int_equal(cc_lfqueue_pop(q, CC_LFQUEUE_FOREVER, &word), CC_RESULT_STALE);
        cc_lfqueue_destroy(q);
    }
}

static void test_destroyed_with_words(void **state)
{
    const uint64_t before = live_bytes();

    (void)state;
    cc_lfqueue_destroy(NULL);
    for (int closed = 0; closed < 2; closed++) {
        cc_lfqueue_t *q = new_queue();
        for (uintptr_t i = 0; i < 2 * SLOTS; i++)
            push(q, i);
        for (uintptr_t i = 0; i < SLOTS + 3; i++)
            expect(q, i);
        if (closed)
            assert_int_equal(cc_lfqueue_close(q), CC_RESULT_OK);
        cc_lfqueue_destroy(q);
        assert_int_equal(live_bytes(), before);
    }
}

/* Segments go when they are used up, and not only at the end. */
static void test_memory_of_a_long_run(void **state)
{
    cc_lfqueue_t  *q      = new_queue();
    const uint64_t before = live_bytes();
    uint64_t       most   = 0;

    (void)state;
    for (uintptr_t i = 0; i < 500 * SLOTS; i++) {
        push(q, i);
        expect(q, i);
        if (i % SLOTS == 0 && live_bytes() - before > most)
            most = live_bytes() - before;
    }
    assert_in_range(most, 0, 100 * sizeof(cci_segment_t));
    cc_lfqueue_destroy(q);
}

static void test_shared_domain(void **state)
{
    cc_smr_t            *smr     = cc_smr_create(NULL);
    cc_lfqueue_options_t options = CC_LFQUEUE_OPTIONS_DEFAULT;
    cc_lfqueue_t        *a, *b;

    (void)state;
    options.smr = smr;
    a           = cc_lfqueue_create(&options);
    b           = cc_lfqueue_create(&options);
    assert_non_null(a);
    assert_non_null(b);
    for (uintptr_t i = 0; i < MANY; i++) {
        push(a, i);
        expect(a, i);
        push(b, i);
    }
    assert_in_range(cc_smr_stats(smr).retired_count, 3, 4);
    cc_lfqueue_destroy(a);
    expect(b, 0);
    cc_lfqueue_destroy(b);
    cc_smr_destroy(smr);
}

/* ---- bounded ---- */

static cc_lfqueue_bounded_t *new_bounded(size_t capacity)
{
    cc_lfqueue_bounded_t *q = cc_lfqueue_bounded_create(capacity);

    assert_non_null(q);
    return q;
}

static void expect_nothing_bounded(cc_lfqueue_bounded_t *q)
{
    uintptr_t got = 7;

    assert_false(cc_lfqueue_bounded_try_pop(q, &got));
    assert_int_equal(cc_lfqueue_bounded_pop_many(q, &got, 1), 0);
    assert_int_equal(cc_lfqueue_bounded_pop(q, 0, &got),
                     cc_lfqueue_bounded_is_closed(q) ? CC_RESULT_STALE : CC_RESULT_NOT_FOUND);
    assert_int_equal(got, 7);
    assert_int_equal(cc_lfqueue_bounded_len(q), 0);
}

static void fill(cc_lfqueue_bounded_t *q, uintptr_t first)
{
    for (size_t i = 0; i < cc_lfqueue_bounded_capacity(q); i++) {
        assert_int_equal(cc_lfqueue_bounded_len(q), i);
        assert_true(cc_lfqueue_bounded_try_push(q, first + i));
    }
}

static void expect_full(cc_lfqueue_bounded_t *q)
{
    const uintptr_t word = 3;

    assert_false(cc_lfqueue_bounded_try_push(q, word));
    assert_int_equal(cc_lfqueue_bounded_push_many(q, &word, 1), 0);
    assert_int_equal(cc_lfqueue_bounded_push(q, 0, word), CC_RESULT_FULL);
    assert_int_equal(cc_lfqueue_bounded_len(q), cc_lfqueue_bounded_capacity(q));
}

static void test_capacities(void **state)
{
    static const size_t asked[] = { 1, 2, 3, 4, 5, 1000, 1024 };
    static const size_t given[] = { 2, 2, 4, 4, 8, 1024, 1024 };
    uintptr_t           got;

    (void)state;
    assert_null(cc_lfqueue_bounded_create(0));
    assert_null(cc_lfqueue_bounded_create(SIZE_MAX));
    assert_null(cc_lfqueue_bounded_create(PTRDIFF_MAX / 16));
    assert_null(cc_lfqueue_bounded_create(PTRDIFF_MAX / 32));
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        cc_lfqueue_bounded_t *q = new_bounded(asked[i]);
        assert_int_equal(cc_lfqueue_bounded_capacity(q), given[i]);
        for (uintptr_t around = 0; around < 3; around++) {
            fill(q, around * 100);
            expect_full(q);
            for (size_t n = 0; n < given[i]; n++) {
                assert_true(cc_lfqueue_bounded_try_pop(q, &got));
                assert_int_equal(got, around * 100 + n);
            }
            expect_nothing_bounded(q);
        }
        cc_lfqueue_bounded_destroy(q);
    }
}

static void test_bounded_batches(void **state)
{
    uintptr_t             words[CAPACITY + 1], got[CAPACITY + 1];
    cc_lfqueue_bounded_t *q = new_bounded(CAPACITY);

    (void)state;
    for (size_t n = 0; n <= CAPACITY + 1; n++) {
        const size_t fits = n < CAPACITY ? n : CAPACITY;
        name(words, n, n * 100);
        assert_int_equal(cc_lfqueue_bounded_push_many(q, words, n), fits);
        assert_int_equal(cc_lfqueue_bounded_pop_many(q, got, CAPACITY + 1), fits);
        expect_words(got, fits, n * 100);
        expect_nothing_bounded(q);
    }
    cc_lfqueue_bounded_destroy(q);
}

static void test_bounded_closed(void **state)
{
    uintptr_t             word = 1;
    cc_lfqueue_bounded_t *q    = new_bounded(CAPACITY);

    (void)state;
    assert_true(cc_lfqueue_bounded_try_push(q, 9));
    assert_false(cc_lfqueue_bounded_is_closed(q));
    cc_lfqueue_bounded_close(q);
    cc_lfqueue_bounded_close(q);
    assert_true(cc_lfqueue_bounded_is_closed(q));
    assert_false(cc_lfqueue_bounded_try_push(q, 1));
    assert_int_equal(cc_lfqueue_bounded_push(q, CC_LFQUEUE_FOREVER, 1), CC_RESULT_STALE);
    assert_int_equal(cc_lfqueue_bounded_push_many(q, &word, 1), 0);
    assert_int_equal(cc_lfqueue_bounded_len(q), 1);
    assert_int_equal(cc_lfqueue_bounded_pop(q, CC_LFQUEUE_FOREVER, &word), CC_RESULT_OK);
    assert_int_equal(word, 9);
    assert_int_equal(cc_lfqueue_bounded_pop(q, CC_LFQUEUE_FOREVER, &word), CC_RESULT_STALE);
    expect_nothing_bounded(q);
    cc_lfqueue_bounded_destroy(q);
}

static void test_bounded_memory(void **state)
{
    const uint64_t before = live_bytes();

    (void)state;
    cc_lfqueue_bounded_destroy(NULL);
    cc_lfqueue_bounded_t *q = new_bounded(CAPACITY);
    fill(q, 0);
    cc_lfqueue_bounded_destroy(q);
    assert_int_equal(live_bytes(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_slot_is_another),  cmocka_unit_test(test_slot_that_is_given_up),
        cmocka_unit_test(test_first_in_first_out),     cmocka_unit_test(test_any_word),
        cmocka_unit_test(test_ends_that_meet),         cmocka_unit_test(test_batches),
        cmocka_unit_test(test_no_more_than_asked_for), cmocka_unit_test(test_closed),
        cmocka_unit_test(test_destroyed_with_words),   cmocka_unit_test(test_memory_of_a_long_run),
        cmocka_unit_test(test_shared_domain),          cmocka_unit_test(test_capacities),
        cmocka_unit_test(test_bounded_batches),        cmocka_unit_test(test_bounded_closed),
        cmocka_unit_test(test_bounded_memory),
    };
    cc_alloc_stats_enable(true);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
