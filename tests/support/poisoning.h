/* SPDX-License-Identifier: MIT */
/* poisoning.h - a program of wrong uses, each of which AddressSanitizer has to report, and of right
 * ones, which it must not. Without arguments it is the test, which needs AddressSanitizer; with the name
 * of a task it does that, for any tool to watch.
 *
 * For tests: the headers of cmocka come before this one.
 */
#ifndef TEST_POISONING_H
#define TEST_POISONING_H
#include <string.h>

#include "support/again.h"

/* bug returns a byte that nobody may use now; a task NULL ends the list. */
typedef struct poisoning_bug {
    const char *task;
    unsigned char *(*bug)(void);
} poisoning_bug_t;

static const poisoning_bug_t *poisoning_bugs;

static void wrong_uses_are_reported_and_right_ones_are_not(void **state)
{
    static const char *const none[] = { NULL };
    static again_t           a;

    (void)state;
#ifndef __SANITIZE_ADDRESS__
    skip();
#endif
    for (const poisoning_bug_t *b = poisoning_bugs; b->task; b++) {
        again_run(&a, b->task, none);
        assert_int_not_equal(a.status, 0);
        assert_non_null(strstr(a.err, "use-after-poison"));
    }
    again_run(&a, "right", none);
    assert_string_equal(a.err, "");
    assert_int_equal(a.status, 0);
}

/* The main function of such a program; right is the task "right". */
static int poisoning_main(int argc, char **argv, const poisoning_bug_t *bugs, void (*right)(void))
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_uses_are_reported_and_right_ones_are_not),
    };

    poisoning_bugs = bugs;
    if (argc == 1)
        return cmocka_run_group_tests(tests, NULL, NULL);
    if (strcmp(argv[1], "right") == 0)
        right();
    for (const poisoning_bug_t *b = bugs; b->task; b++)
        if (strcmp(argv[1], b->task) == 0)
            *(volatile unsigned char *)b->bug() = 1;
    return 0;
}

#endif
