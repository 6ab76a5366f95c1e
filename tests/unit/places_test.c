/* SPDX-License-Identifier: MIT */
/* Which sites of two runs are one place: names meet whatever addresses, builds, copies and depths
 * are; what has no name meets by module, and by offset where that is sure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/two_runs.h"

/* --- functions to be found in stacks --- */

#define FRAME(name)                                  \
    __attribute__((noinline, used)) void name(void); \
    void                                 name(void)  \
    {                                                \
        __asm__ volatile("nop\n\tnop" ::: "memory"); \
    }

FRAME(reader)
FRAME(writer)
FRAME(caller)

/* As a compiler names the copies that it makes of a function. */
__attribute__((noinline, used)) void copied(void) __asm__("copied");
__attribute__((noinline, used)) void copy(void) __asm__("copied.constprop.0");
__attribute__((noinline, used)) void part(void) __asm__("copied.part.3");
FRAME(copied)
FRAME(copy)
FRAME(part)

/* Ten bytes at an address of their own. */
static void allocate(two_runs_t *t, cci_side_t side, uint32_t node)
{
    run_alloc(&t->run[side], 0x1000 + 0x100 * t->run[side].now_ns, 10, node);
}

static size_t sites_at(const two_runs_t *t, cci_side_t side, const char *key)
{
    uint32_t place = place_of(t, key);
    size_t   n     = 0;

    for (uint32_t s = 0; (s = cci_diff_next_site(t->diff, side, place, s)) != 0;)
        n++;
    return n;
}

static void expect_sites(const two_runs_t *t, const char *key, size_t old, size_t new)
{
    assert_int_equal(sites_at(t, CCI_OLD, key), old);
    assert_int_equal(sites_at(t, CCI_NEW, key), new);
}

/* --- by names --- */

/* The node numbers differ, the names do not. */
static void test_names_meet(void **state)
{
    (void)state;
    two_runs_t t;
    two_runs_start(&t, NULL, NULL);
    run_t *old = &t.run[CCI_OLD], *new = &t.run[CCI_NEW];
    allocate(&t, CCI_OLD, run_frame(old, run_frame(old, 0, caller), reader));
    allocate(&t, CCI_NEW, run_frame(new, 0, writer));
    allocate(&t, CCI_NEW, run_frame(new, run_frame(new, 0, caller), reader));
    two_runs_compare(&t);
    assert_int_equal(cci_places_count(t.places), 2);
    expect_sites(&t, "reader\ncaller\n", 1, 1);
    expect_sites(&t, "writer\n", 0, 1);
    assert_false(cci_places_is_coarse(t.places, 0));
    assert_null(cci_places_blurred(t.places, 0));
    assert_false(cci_places_is_nameless(t.places, CCI_OLD));
    two_runs_stop(&t);
}

/* Two calls in one function are on two lines, and one place. */
static void test_lines_are_left_out(void **state)
{
    (void)state;
    two_runs_t t;
    two_runs_start(&t, NULL, NULL);
    const uint64_t here = address_in(reader);
    allocate(&t, CCI_OLD, run_address(&t.run[CCI_OLD], 0, t.run[CCI_OLD].self, here));
    allocate(&t, CCI_NEW, run_address(&t.run[CCI_NEW], 0, t.run[CCI_NEW].self, here + 1));
    two_runs_compare(&t);
    expect_sites(&t, "reader\n", 1, 1);
    two_runs_stop(&t);
}

static void test_copies_of_a_function_are_the_function(void **state)
{
    (void)state;
    two_runs_t t;
    two_runs_start(&t, NULL, NULL);
    allocate(&t, CCI_OLD, run_frame(&t.run[CCI_OLD], 0, copied));
    allocate(&t, CCI_NEW, run_frame(&t.run[CCI_NEW], 0, copy));
    allocate(&t, CCI_NEW, run_frame(&t.run[CCI_NEW], 0, part));
    two_runs_compare(&t);
    expect_sites(&t, "copied\n", 1, 2);
    two_runs_stop(&t);
}

/* reader <- caller <- caller ... <- caller <- writer */
static uint32_t recursion(run_t *r, int depth)
{
    uint32_t node = run_frame(r, 0, writer);

    while (depth-- > 0)
        node = run_frame(r, node, caller);
    return run_frame(r, node, reader);
}

static void test_a_recursion_is_one_place_however_deep(void **state)
{
    (void)state;
    two_runs_t t;
    two_runs_start(&t, NULL, NULL);
    allocate(&t, CCI_OLD, recursion(&t.run[CCI_OLD], 1));
    allocate(&t, CCI_OLD, recursion(&t.run[CCI_OLD], 2));
    allocate(&t, CCI_NEW, recursion(&t.run[CCI_NEW], 7));
    two_runs_compare(&t);
    expect_sites(&t, "reader\ncaller\nwriter\n", 2, 1);
    two_runs_stop(&t);
}

static void test_a_stack_that_is_not_known(void **state)
{
    (void)state;
    two_runs_t t;
    two_runs_start(&t, NULL, NULL);
    allocate(&t, CCI_OLD, 0);
    allocate(&t, CCI_NEW, 0);
    allocate(&t, CCI_NEW, run_address(&t.run[CCI_NEW], 0, 0, 0x1234));
    two_runs_compare(&t);
    expect_sites(&t, "", 1, 1);
    expect_sites(&t, "[unknown]\n", 0, 1);
    assert_false(cci_places_is_coarse(t.places, place_of(&t, "")));
    assert_true(cci_places_is_coarse(t.places, place_of(&t, "[unknown]\n")));
    two_runs_stop(&t);
}

/* --- without names --- */

static void test_the_same_build_meets_by_offset(void **state)
{
    (void)state;
    two_runs_t t;
    two_runs_start(&t, NULL, NULL);
    uint32_t old = run_module(&t.run[CCI_OLD], "/old/libz.so.1.2", "one-id");
    uint32_t new = run_module(&t.run[CCI_NEW], "/new/libz.so.1.3", "one-id");
    allocate(&t, CCI_OLD, run_address(&t.run[CCI_OLD], 0, old, 0x10));
    allocate(&t, CCI_OLD, run_address(&t.run[CCI_OLD], 0, old, 0x20));
    allocate(&t, CCI_NEW, run_address(&t.run[CCI_NEW], 0, new, 0x20));
    two_runs_compare(&t);
    expect_sites(&t, "[libz.so+0x10]\n", 1, 0);
    expect_sites(&t, "[libz.so+0x20]\n", 1, 1);
    assert_null(cci_places_blurred(t.places, 0));
    assert_true(cci_places_is_nameless(t.places, CCI_OLD));
    two_runs_stop(&t);
}

static void expect_one_place(const char *old_id, const char *new_id)
{
    two_runs_t t;
    two_runs_start(&t, NULL, NULL);
    uint32_t old = run_module(&t.run[CCI_OLD], "/lib/libz.so.1", old_id);
    uint32_t new = run_module(&t.run[CCI_NEW], "/lib/libz.so.1", new_id);
    uint32_t out = run_address(&t.run[CCI_OLD], 0, old, 0x10);
    allocate(&t, CCI_OLD, run_address(&t.run[CCI_OLD], out, old, 0x20));
    allocate(&t, CCI_OLD, run_address(&t.run[CCI_OLD], 0, old, 0x30));
    allocate(&t, CCI_NEW, run_address(&t.run[CCI_NEW], 0, new, 0x40));
    two_runs_compare(&t);
    expect_sites(&t, "[libz.so]\n", 2, 1);
    assert_true(cci_places_is_coarse(t.places, 0));
    assert_string_equal(cci_places_blurred(t.places, 0), "libz.so");
    assert_null(cci_places_blurred(t.places, 1));
    two_runs_stop(&t);
}

static void test_other_builds_meet_by_module(void **state)
{
    (void)state;
    expect_one_place("one-id", "another-id");
    expect_one_place("one-id", "");
    expect_one_place("", "one-id");
    expect_one_place("", "");
}

/* The program of OLD is gone: its names in NEW would meet nothing. */
static void test_names_of_one_run_only_are_not_used(void **state)
{
    (void)state;
    two_runs_t t;
    two_runs_start(&t, NULL, NULL);
    run_t   *old  = &t.run[CCI_OLD];
    uint32_t gone = run_module(old, "/gone/app", "");
    trace_builder_meta(old->b, TRACE_BUILDER_PROCESS, "exe", "/gone/app", 9);
    allocate(&t, CCI_OLD, run_address(old, 0, gone, 0x10));
    allocate(&t, CCI_NEW, run_frame(&t.run[CCI_NEW], 0, reader));
    allocate(&t, CCI_NEW, run_frame(&t.run[CCI_NEW], 0, writer));
    two_runs_compare(&t);
    expect_sites(&t, "[program]\n", 1, 2);
    assert_string_equal(cci_places_blurred(t.places, 0), "program");
    assert_true(cci_places_is_nameless(t.places, CCI_OLD));
    assert_false(cci_places_is_nameless(t.places, CCI_NEW));
    two_runs_stop(&t);
}

/* --- patterns --- */

static void test_patterns(void **state)
{
    (void)state;
    two_runs_t t;
    two_runs_start(&t, NULL, NULL);
    run_t *new = &t.run[CCI_NEW];
    allocate(&t, CCI_NEW, run_frame(new, run_frame(new, 0, caller), reader));
    two_runs_compare(&t);
    static const char *const LIKE[]   = { "reader", "caller", "r*", "call?r", "*", "[rw]eader" };
    static const char *const UNLIKE[] = { "read", "eader", "writer", "reader\ncaller", "", "R*" };
    for (size_t i = 0; i < sizeof LIKE / sizeof LIKE[0]; i++)
        assert_true(cci_places_match(t.places, 0, LIKE[i]));
    for (size_t i = 0; i < sizeof UNLIKE / sizeof UNLIKE[0]; i++)
        assert_false(cci_places_match(t.places, 0, UNLIKE[i]));
    two_runs_stop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_meet),
        cmocka_unit_test(test_lines_are_left_out),
        cmocka_unit_test(test_copies_of_a_function_are_the_function),
        cmocka_unit_test(test_a_recursion_is_one_place_however_deep),
        cmocka_unit_test(test_a_stack_that_is_not_known),
        cmocka_unit_test(test_the_same_build_meets_by_offset),
        cmocka_unit_test(test_other_builds_meet_by_module),
        cmocka_unit_test(test_names_of_one_run_only_are_not_used),
        cmocka_unit_test(test_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
