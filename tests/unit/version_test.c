/* SPDX-License-Identifier: MIT */
/* The three numbers, the macro and the function say the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <ccmem/version.h>

static void text_follows_the_numbers(void **state)
{
    char text[64];

    (void)state;
    snprintf(text, sizeof text, "%d.%d.%d", CC_VERSION_MAJOR, CC_VERSION_MINOR, CC_VERSION_PATCH);
    assert_string_equal(CC_VERSION, text);
}

static void library_and_headers_agree(void **state)
{
    (void)state;
    assert_string_equal(cc_version(), CC_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_follows_the_numbers),
        cmocka_unit_test(library_and_headers_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
