/* SPDX-License-Identifier: MIT */
/* Every result has its own name and text; a value that is none has a harmless one. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ccmem/result.h>

#define COUNT_ONE(name, text) +1
enum { RESULTS = 0 CC_RESULT_LIST(COUNT_ONE) };

static void names_are_spelled_like_the_constants(void **state)
{
    (void)state;
    assert_string_equal(cc_result_name(CC_RESULT_OK), "CC_RESULT_OK");
    assert_string_equal(cc_result_name(CC_RESULT_NO_MEMORY), "CC_RESULT_NO_MEMORY");
    assert_string_equal(cc_result_name(CC_RESULT_FULL), "CC_RESULT_FULL");
}

static void ok_is_zero_and_the_order_is_stable(void **state)
{
    (void)state;
    assert_int_equal(CC_RESULT_OK, 0);
    assert_int_equal(CC_RESULT_DAMAGED, 7);
    assert_int_equal(CC_RESULT_FULL, 10);
    assert_int_equal(CC_RESULT_EXHAUSTED, 11);
    assert_int_equal(CC_RESULT_DOUBLE_FREE, 15);
    assert_int_equal(CC_RESULT_STALE, 16);
}

static void all_differ_and_none_is_empty(void **state)
{
    (void)state;
    for (int i = 0; i < RESULTS; i++) {
        assert_true(cc_result_text((cc_result_t)i)[0] != '\0');
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(cc_result_name((cc_result_t)i), cc_result_name((cc_result_t)j));
            assert_string_not_equal(cc_result_text((cc_result_t)i), cc_result_text((cc_result_t)j));
        }
    }
}

static void other_values_are_harmless(void **state)
{
    const int others[] = { RESULTS, RESULTS + 1, INT_MAX, -1, INT_MIN };

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_string_equal(cc_result_name((cc_result_t)others[i]), "CC_RESULT_?");
        assert_string_equal(cc_result_text((cc_result_t)others[i]), "unknown result");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_spelled_like_the_constants),
        cmocka_unit_test(ok_is_zero_and_the_order_is_stable),
        cmocka_unit_test(all_differ_and_none_is_empty),
        cmocka_unit_test(other_values_are_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
