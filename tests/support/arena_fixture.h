/* SPDX-License-Identifier: MIT */
/* arena_fixture.h - an arena over an allocator that counts, for the tests of arenas. */
#ifndef TEST_ARENA_FIXTURE_H
#define TEST_ARENA_FIXTURE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ccmem/arena.h>
#include "prim/poison.h"
#include "support/failing.h"

/* A parent that gives nothing. */
static const cc_allocator_t nobody = { NULL, NULL };

typedef struct fixture {
    failing_t  f;
    cc_arena_t a;
} fixture_t;

static inline void begin(fixture_t *x, const cc_arena_options_t *options)
{
    x->f = (failing_t){ .fail_at = FAILING_NEVER };
    cc_arena_init(&x->a, failing_allocator(&x->f), options);
}

/* Nothing is left. */
static inline void end(fixture_t *x)
{
    cc_arena_fini(&x->a);
    assert_int_equal(x->f.live_blocks, 0);
    assert_int_equal(x->f.live_bytes, 0);
}

static inline size_t used(const cc_arena_t *a)
{
    return cc_arena_stats(a).used;
}

static inline size_t reserved(const cc_arena_t *a)
{
    return cc_arena_stats(a).reserved;
}

/* A tool that watches has blocks keep a distance: then figures are not the exact ones. */
static inline bool exact(void)
{
    return !cci_poison_active();
}

static inline void *filled(cc_arena_t *a, size_t size, int byte)
{
    void *p = cc_arena_alloc(a, size, 1);

    assert_non_null(p);
    return memset(p, byte, size);
}

static inline void assert_filled(const void *p, size_t size, int byte)
{
    for (size_t i = 0; i < size; i++)
        assert_int_equal(((const unsigned char *)p)[i], byte);
}

#endif
