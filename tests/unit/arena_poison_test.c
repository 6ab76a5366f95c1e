/* SPDX-License-Identifier: MIT */
/* Wrong uses of an arena's memory are seen by AddressSanitizer and Valgrind, where one of them
 * watches, and right uses are not. Each is a run of this program with the name of the use; where
 * nothing watches all of them end well. tests/integration/arena_poison_test.py runs it under
 * Valgrind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ccmem/scratch.h>
#include "prim/poison.h"
#include "support/again.h"

static cc_arena_t   arena;
static cc_scratch_t scratch;

static volatile unsigned char *block(size_t size)
{
    unsigned char *p = cc_arena_alloc(&arena, size, 1);

    if (!p)
        abort();
    return memset(p, 1, size);
}

static void use_after_reset(void)
{
    volatile unsigned char *p = block(40);
    cc_arena_reset(&arena, CC_ARENA_KEEP_ALL);
    p[0] = 2;
}

static void use_after_rewind(void)
{
    cc_arena_mark_t         m = cc_arena_mark(&arena);
    volatile unsigned char *p = block(20000);
    cc_arena_rewind(&arena, m);
    p[19999] = 2;
}

static void use_after_rewind_of_chunks(void)
{
    cc_arena_mark_t m = cc_arena_mark(&arena);
    for (int i = 0; i < 50; i++)
        block(1000);
    volatile unsigned char *p = block(1000);
    cc_arena_rewind(&arena, m);
    p[0] = 2;
}

static void use_after_rewind_of_large(void)
{
    cc_arena_mark_t         m = cc_arena_mark(&arena);
    volatile unsigned char *p = block(100000);
    cc_arena_rewind(&arena, m);
    p[50000] = 2;
}

static void use_after_free(void)
{
    volatile unsigned char *p = block(40);
    cc_arena_free(&arena, (void *)p, 40);
    p[39] = 2;
}

static void use_after_resize(void)
{
    volatile unsigned char *p = block(40), *q = cc_arena_resize(&arena, (void *)p, 40, 80, 1);
    q[79] = 1;
    p[0]  = 2;
}

static void use_past_end(void)
{
    block(24)[24] = 2;
}

static void use_past_end_after_shrink(void)
{
    volatile unsigned char *p = block(40);
    p                         = cc_arena_resize(&arena, (void *)p, 40, 16, 1);
    p[16]                     = 2;
}

static void use_past_end_of_large(void)
{
    block(100000)[100000] = 2;
}

static void use_after_scope(void)
{
    cc_scratch_scope_t      scope = cc_scratch_begin(&scratch);
    volatile unsigned char *p     = cc_scratch_alloc(&scratch, 40, 1);
    p[39]                         = 1;
    cc_scratch_end(scope);
    p[39] = 2;
}

static void use_rightly(void)
{
    for (int i = 0; i < 100; i++) {
        volatile unsigned char *p = block(37), *q = block(20000);
        p       = cc_arena_resize(&arena, (void *)p, 37, 5000, 1);
        p[4999] = q[19999] = 1;
        cc_arena_mark_t m  = cc_arena_mark(&arena);
        block(100)[99]     = 1;
        cc_arena_rewind(&arena, m);
        p[0] = q[0] = 1;
        if (i % 10 == 0)
            cc_arena_reset(&arena, i % 20 ? CC_ARENA_KEEP_NONE : CC_ARENA_KEEP_ALL);
    }
}

static const struct {
    const char *name;
    void (*use)(void);
} uses[] = {
    { "rightly", use_rightly }, /* the first one */
    { "after-reset", use_after_reset },
    { "after-rewind", use_after_rewind },
    { "after-rewind-of-chunks", use_after_rewind_of_chunks },
    { "after-rewind-of-large", use_after_rewind_of_large },
    { "after-free", use_after_free },
    { "after-resize", use_after_resize },
    { "past-end", use_past_end },
    { "past-end-after-shrink", use_past_end_after_shrink },
    { "past-end-of-large", use_past_end_of_large },
    { "after-scope", use_after_scope },
};

enum { USES = sizeof uses / sizeof uses[0] };

static int run(const char *name)
{
    cc_arena_init(&arena, cc_allocator_system(), NULL);
    cc_scratch_init(&scratch, cc_allocator_system(), 0);
    for (size_t i = 0; i < USES; i++)
        if (strcmp(uses[i].name, name) == 0)
            uses[i].use();
    cc_scratch_fini(&scratch);
    cc_arena_fini(&arena);
    return 0;
}

static void test_uses(void **state)
{
    static const char *const none[] = { NULL };
    static again_t           done;

    (void)state;
    for (size_t i = 0; i < USES; i++) {
        bool seen = i > 0 && cci_poison_active();
        again_run(&done, uses[i].name, none);
        if ((done.status != 0) != seen)
            print_error("%s: status %d\n%s", uses[i].name, done.status, done.err);
        assert_int_equal(done.status != 0, seen);
        assert_int_equal(strstr(done.err, "use-after-poison") != NULL, seen);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_uses) };

    if (argc > 1)
        return run(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
