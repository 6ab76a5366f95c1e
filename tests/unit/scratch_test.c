/* SPDX-License-Identifier: MIT */
/* What every caller of ccmem/scratch.h relies on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <string.h>

#include <cmocka.h>

#include <ccmem/alloc.h>
#include <ccmem/scratch.h>
#include "support/failing.h"

typedef struct fixture {
    failing_t    f;
    cc_scratch_t s;
} fixture_t;

static void begin(fixture_t *x, size_t chunk_size)
{
    x->f = (failing_t){ .fail_at = FAILING_NEVER };
    cc_scratch_init(&x->s, failing_allocator(&x->f), chunk_size);
}

static void end(fixture_t *x)
{
    cc_scratch_fini(&x->s);
    assert_int_equal(x->f.live_blocks, 0);
}

static void *filled(cc_scratch_t *s, size_t size, int byte)
{
    void *p = cc_scratch_alloc(s, size, 8);

    assert_non_null(p);
    return memset(p, byte, size);
}

static size_t used(const cc_scratch_t *s)
{
    return cc_scratch_stats(s).used;
}

/* Frames of 16 KiB in small and in large blocks: the first one takes all that any of them needs. */
static void test_frames(void **state)
{
    static const size_t sizes[]       = { 16, 256, 1000, 4000, 16384 };
    static const size_t chunk_sizes[] = { 0, 512, 4096, 65536 };
    fixture_t           x;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t c = 0; c < sizeof chunk_sizes / sizeof *chunk_sizes; c++) {
            size_t requests = 0;
            begin(&x, chunk_sizes[c]);
            for (int frame = 0; frame < (CCMEM_INSTRUMENTED ? 100 : 10000); frame++) {
                for (size_t bytes = 0; bytes < 16384; bytes += sizes[i])
                    assert_non_null(cc_scratch_alloc(&x.s, sizes[i], 8));
                if (frame == 0)
                    requests = x.f.requests;
                cc_scratch_reset(&x.s);
                assert_int_equal(used(&x.s), 0);
            }
            assert_int_equal(x.f.requests, requests);
            assert_int_equal(cc_scratch_stats(&x.s).parent_allocs, requests);
            assert_true(cc_scratch_stats(&x.s).peak >= 16384);
            end(&x);
        }
}

static void test_chunk_size(void **state)
{
    fixture_t x;

    (void)state;
    begin(&x, 0);
    for (int i = 0; i < 100; i++)
        filled(&x.s, 500, i);
    assert_int_equal(cc_scratch_stats(&x.s).reserved,
                     cc_scratch_stats(&x.s).chunks * CC_SCRATCH_CHUNK_DEFAULT);
    cc_scratch_trim(&x.s, 0);
    assert_true(x.f.live_blocks > 10);
    cc_scratch_reset(&x.s);
    cc_scratch_trim(&x.s, 10000);
    assert_int_equal(cc_scratch_stats(&x.s).reserved, 8192);
    assert_int_equal(x.f.live_bytes, 8192);
    end(&x);
}

static void test_blocks(void **state)
{
    fixture_t x;

    (void)state;
    begin(&x, 0);
    char *p = filled(&x.s, 100, 1);
    char *q = cc_scratch_resize(&x.s, p, 100, 200, 8);
    assert_int_equal(q[99], 1);
    assert_memory_equal(cc_scratch_copy(&x.s, q, 100, 1), q, 100);
    assert_int_equal(((char *)cc_scratch_alloc_zero(&x.s, 300, 8))[299], 0);
    assert_true(cc_scratch_owns(&x.s, q));
    assert_false(cc_scratch_owns(&x.s, &x));
    void *r = cc_allocator_alloc(cc_scratch_allocator(&x.s), 10, 64);
    assert_true(cc_scratch_owns(&x.s, r) && (uintptr_t)r % 64 == 0);
    assert_null(cc_scratch_alloc(&x.s, 10, 3));
    end(&x);
}

/* The outermost of some scopes; what the others left is gone with it, and it leaves nothing. */
static void nest(cc_scratch_t *s, int depth)
{
    size_t             before = used(s);
    cc_scratch_scope_t scope  = cc_scratch_begin(s);
    char              *p      = filled(s, 10 + 997 * (size_t)depth % 3000, depth);

    if (depth > 0) {
        nest(s, depth - 1);
        nest(s, depth - 1);
        cc_scratch_scope_t forgotten = cc_scratch_begin(s);
        (void)forgotten;
    }
    assert_int_equal(p[9], depth);
    cc_scratch_end(scope);
    assert_int_equal(used(s), before);
}

static void test_scopes(void **state)
{
    fixture_t x;

    (void)state;
    begin(&x, 0);
    for (int round = 0; round < 5; round++) {
        if (round % 2)
            filled(&x.s, 50, 1);
        nest(&x.s, 7);
        if (round == 3)
            cc_scratch_reset(&x.s);
    }
    assert_true(cc_scratch_stats(&x.s).peak > 7000);
    end(&x);
}

static void test_scope_without_memory(void **state)
{
    cc_scratch_t s;

    (void)state;
    cc_scratch_init(&s, (cc_allocator_t){ NULL, NULL }, 0);
    cc_scratch_scope_t scope = cc_scratch_begin(&s);
    assert_null(cc_scratch_alloc(&s, 1, 1));
    cc_scratch_end(scope);
    cc_scratch_fini(&s);
}

/* ---- those of a thread ---- */

static void test_thread_scratches(void **state)
{
    cc_scratch_t *s[5];

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        s[i] = cc_scratch_thread(s, i);
        assert_non_null(s[i]);
        for (size_t k = 0; k < i; k++)
            assert_ptr_not_equal(s[i], s[k]);
    }
    assert_ptr_equal(cc_scratch_thread(NULL, 0), s[0]);
    assert_ptr_equal(cc_scratch_thread(s, 2), s[2]);
    assert_ptr_equal(cc_scratch_thread(&s[1], 1), s[0]);
    assert_ptr_equal(cc_scratch_thread(s, 1), s[1]);
}

/* A string that its caller keeps, made with memory that nobody keeps. */
static char *join(cc_scratch_t *out, int n)
{
    cc_scratch_t      *mine  = cc_scratch_thread(&out, 1);
    cc_scratch_scope_t scope = cc_scratch_begin(mine);
    char              *text  = cc_scratch_copy(mine, "", 1, 1);

    for (int i = 0; i < n; i++) {
        char *longer = cc_scratch_alloc(mine, strlen(text) + 2, 1);
        strcpy(longer, text);
        text = strcat(longer, (char[]){ (char)('a' + i), '\0' });
    }
    char *result = cc_scratch_copy(out, text, strlen(text) + 1, 1);
    cc_scratch_end(scope);
    return result;
}

static void test_no_conflict(void **state)
{
    cc_scratch_t      *s     = cc_scratch_thread(NULL, 0);
    cc_scratch_scope_t scope = cc_scratch_begin(s);
    const char        *abc = join(s, 3), *abcde = join(s, 5);

    (void)state;
    assert_string_equal(abc, "abc");
    assert_string_equal(abcde, "abcde");
    cc_scratch_end(scope);
}

static void *use_two(void *main_scratch)
{
    cc_scratch_t *a = cc_scratch_thread(NULL, 0), *b = cc_scratch_thread(&a, 1);

    assert_true(a && b && a != b && a != main_scratch);
    filled(a, 100000, 1);
    filled(b, 100, 1);
    return NULL;
}

static uint64_t live_bytes(void)
{
    return cc_alloc_stats_snapshot().current_allocated;
}

/* A thread that ends leaves nothing. */
static void test_thread_ends(void **state)
{
    cc_scratch_t *mine = cc_scratch_thread(NULL, 0);

    (void)state;
    cc_alloc_stats_enable(true);
    uint64_t before = live_bytes();
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, use_two, mine), 0);
        pthread_join(thread, NULL);
        assert_int_equal(live_bytes(), before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_chunk_size),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_scope_without_memory),
        cmocka_unit_test(test_thread_scratches),
        cmocka_unit_test(test_no_conflict),
        cmocka_unit_test(test_thread_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
