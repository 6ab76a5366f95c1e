/* SPDX-License-Identifier: MIT */
/* A stack: what its functions promise at their edges; and a place where pushes and pops meet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ccmem/alloc.h>
#include <ccmem/lfstack.h>
#include "lockfree/lfstack_meeting.h"

#define OK(call) assert_int_equal(call, CC_RESULT_OK)

static void visit(uintptr_t word, void *context)
{
    uintptr_t *last = context;

    assert_int_equal(word, --*last);
}

static void test_words_come_out_the_other_way_round(void **state)
{
    (void)state;
    cc_alloc_stats_enable(true);
    const uint64_t  live    = cc_alloc_stats_snapshot().current_allocated;
    const uintptr_t words[] = { 2, 3, 4 };
    cc_lfstack_t   *stack   = cc_lfstack_create(NULL);
    uintptr_t       word = 77, last = 5;

    assert_false(cc_lfstack_try_pop(stack, &word));
    assert_false(cc_lfstack_try_peek(stack, &word));
    assert_int_equal(cc_lfstack_pop_all(stack, visit, NULL), 0);
    assert_true(cc_lfstack_is_empty(stack));
    OK(cc_lfstack_push_all(stack, NULL, 0));
    assert_int_equal(word, 77);
    OK(cc_lfstack_push(stack, UINTPTR_MAX));
    OK(cc_lfstack_push(stack, 0));
    assert_true(cc_lfstack_try_pop(stack, &word) && word == 0);
    assert_true(cc_lfstack_try_peek(stack, &word) && word == UINTPTR_MAX);
    assert_true(cc_lfstack_try_pop(stack, &word) && word == UINTPTR_MAX);
    OK(cc_lfstack_push_all(stack, words, 3));
    assert_int_equal(cc_lfstack_pop_all(stack, visit, &last), 3);
    OK(cc_lfstack_push_all(stack, words, 3));
    cc_lfstack_destroy(stack);
    assert_int_equal(cc_alloc_stats_snapshot().current_allocated, live);
}

static void test_an_offer_is_taken_back_when_nobody_comes(void **state)
{
    (void)state;
    cci_meeting_t m = { 0 };
    uint64_t      node;

    assert_null(cci_meeting_take(&m, 0));
    assert_false(cci_meeting_offer(&m, 0, &node));
    assert_int_equal(atomic_load(&m.place[0].has), CCI_MEETING_EMPTY);
    assert_null(cci_meeting_take(&m, 0));
}

/* A place that another one has is left alone; more are in use from then on, and fewer again. */
static void test_places_spread_and_come_together(void **state)
{
    (void)state;
    cci_meeting_t m = { 0 };
    uint64_t      mine, others;

    atomic_store(&m.place[0].has, (uintptr_t)&others);
    assert_false(cci_meeting_offer(&m, 0, &mine));
    assert_int_equal(cci_meeting_more(&m), 1);
    for (int i = 0; i < 2 * CCI_MEETING_PLACES; i++)
        assert_false(cci_meeting_offer(&m, 0, &mine));
    assert_int_equal(cci_meeting_more(&m), CCI_MEETING_PLACES - 1);
    assert_ptr_equal(cci_meeting_take(&m, 0), &others);
    assert_int_equal(atomic_load(&m.place[0].has), CCI_MEETING_TAKEN);
    assert_null(cci_meeting_take(&m, 0));
    atomic_store(&m.place[0].has, CCI_MEETING_EMPTY);
    for (int i = 0; i < CCI_MEETING_PLACES; i++)
        assert_false(cci_meeting_offer(&m, 0, &mine));
    assert_int_equal(cci_meeting_more(&m), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_come_out_the_other_way_round),
        cmocka_unit_test(test_an_offer_is_taken_back_when_nobody_comes),
        cmocka_unit_test(test_places_spread_and_come_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
