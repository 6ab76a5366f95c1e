/* SPDX-License-Identifier: MIT */
/* Slots and blocks hide nothing from AddressSanitizer: a use after the end of an object, or past
 * its bytes, is reported. The program runs itself again to be wrong; tests/integration runs it
 * under Valgrind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ccmem/pool.h>
#include <ccmem/slab.h>
#include "support/again.h"

/* ---- the bugs: each returns a place that must not be written to ---- */

static cc_slab_t     slab;
static cc_slab_key_t key;

static unsigned char *object(void)
{
    if (cc_slab_init(&slab, cc_allocator_system(), 64, 0, 0) != CC_RESULT_OK)
        exit(0);
    return cc_slab_insert_zeroed(&slab, &key);
}

static unsigned char *slab_past(void)
{
    return object() + 64;
}

static unsigned char *slab_after_remove(void)
{
    unsigned char *p = object();

    (void)cc_slab_remove(&slab, key);
    return p;
}

static unsigned char *slab_after_clear(void)
{
    unsigned char *p = object();

    cc_slab_clear(&slab);
    return p;
}

static unsigned char *slab_before_insert(void)
{
    return object() + 96; /* the next slot */
}

static cc_pool_t pool;

static unsigned char *block(void)
{
    if (cc_pool_init(&pool, cc_allocator_system(), 64, 0, 8) != CC_RESULT_OK)
        exit(0);
    return cc_pool_alloc(&pool);
}

static unsigned char *pool_past(void)
{
    return block() + 64;
}

static unsigned char *pool_after_free(void)
{
    unsigned char *p = block();

    (void)cc_pool_free(&pool, p);
    return p;
}

static unsigned char *pool_after_reset(void)
{
    unsigned char *p = block();

    cc_pool_reset(&pool);
    return p;
}

static const struct {
    const char *task;
    unsigned char *(*bug)(void);
} bugs[] = {
    { "slab_past", slab_past },
    { "slab_after_remove", slab_after_remove },
    { "slab_after_clear", slab_after_clear },
    { "slab_before_insert", slab_before_insert },
    { "pool_past", pool_past },
    { "pool_after_free", pool_after_free },
    { "pool_after_reset", pool_after_reset },
};

enum { BUGS = sizeof bugs / sizeof bugs[0] };

/* The first and the last byte of an object, and its neighbours, may be used: no report. */
static void be_right(void)
{
    unsigned char *p = object(), *q = block();

    p[0] = p[63] = q[0] = q[63] = 1;
    (void)cc_slab_remove(&slab, key);
    p    = cc_slab_insert(&slab, &key);
    p[0] = p[63] = 1;
    cc_slab_fini(&slab);
    cc_pool_fini(&pool);
}

/* ---- the test ---- */

static void wrong_uses_are_reported_and_right_ones_are_not(void **state)
{
    static const char *const none[] = { NULL };
    static again_t           a;

    (void)state;
#ifndef __SANITIZE_ADDRESS__
    skip();
#endif
    for (int i = 0; i < BUGS; i++) {
        again_run(&a, bugs[i].task, none);
        assert_int_not_equal(a.status, 0);
        assert_non_null(strstr(a.err, "use-after-poison"));
    }
    again_run(&a, "right", none);
    assert_string_equal(a.err, "");
    assert_int_equal(a.status, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_uses_are_reported_and_right_ones_are_not),
    };

    if (argc == 1)
        return cmocka_run_group_tests(tests, NULL, NULL);
    if (strcmp(argv[1], "right") == 0)
        be_right();
    for (int i = 0; i < BUGS; i++)
        if (strcmp(argv[1], bugs[i].task) == 0)
            *(volatile unsigned char *)bugs[i].bug() = 1;
    return 0;
}
