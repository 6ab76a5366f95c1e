/* SPDX-License-Identifier: MIT */
/* A tree of composed allocators hides nothing from AddressSanitizer: a byte written past a block, or
 * after its free, is reported, whichever leaf it came from. The program runs itself again to be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ccmem/compose.h>
#include "support/again.h"
#include "support/failing.h"

/* track over fallback over limit and leaf: the first block is of one leaf, the second of the other. */
static void be_wrong(const char *task)
{
    static cc_limit_t    limit;
    static cc_fallback_t fallback;
    static cc_track_t    track;
    failing_t            first = { .fail_at = FAILING_NEVER }, second = first;
    unsigned char       *p[2];

    cc_limit_init(&limit, failing_allocator(&first), 100);
    cc_fallback_init(&fallback, cc_limit_allocator(&limit), failing_allocator(&second),
                     failing_allocator(&second));
    cc_track_init(&track, cc_fallback_allocator(&fallback));
    for (int i = 0; i < 2; i++)
        p[i] = cc_allocator_alloc(cc_track_allocator(&track), 100, 4);
    unsigned char *volatile wrong = p[task[0] - '0'];
    if (strcmp(task + 1, "past") == 0)
        wrong[100] = 1;
    for (int i = 0; i < 2; i++)
        cc_allocator_free(cc_track_allocator(&track), p[i], 100, 4);
    if (strcmp(task + 1, "after") == 0)
        wrong[0] = 1;
}

static void assert_reported(const char *task, const char *report)
{
    static const char *const none[] = { NULL };
    static again_t           a;

    again_run(&a, task, none);
    assert_int_not_equal(a.status, 0);
    assert_non_null(strstr(a.err, report));
}

static void wrong_writes_are_reported(void **state)
{
    (void)state;
#ifndef __SANITIZE_ADDRESS__
    skip();
#endif
    assert_reported("0past", "heap-buffer-overflow");
    assert_reported("1past", "heap-buffer-overflow");
    assert_reported("0after", "heap-use-after-free");
    assert_reported("1after", "heap-use-after-free");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(wrong_writes_are_reported) };

    if (argc > 1) {
        be_wrong(argv[1]);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
