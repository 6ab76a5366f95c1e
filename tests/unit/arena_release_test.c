/* SPDX-License-Identifier: MIT */
/* What every caller of ccmem/arena.h relies on: the last block, marks, cleanups, children,
 * questions. */
#include "support/arena_fixture.h"

/* ---- the last block ---- */

static void test_resize_in_place(void **state)
{
    fixture_t x;

    (void)state;
    begin(&x, NULL);
    char  *p    = cc_arena_resize(&x.a, NULL, 0, 10, 8);
    size_t size = 10;
    memset(p, 5, size);
    for (; size < 5000; size += size / 2) {
        char *q = cc_arena_resize(&x.a, p, size, size + size / 2, 8);
        assert_true(q == p || !exact());
        assert_filled(q, size, 5);
        memset(q, 5, size + size / 2);
        p = q;
    }
    assert_true(!exact() || used(&x.a) == (size + 7) / 8 * 8);
    assert_ptr_equal(cc_arena_resize(&x.a, p, size, 100, 8), p);
    assert_true(!exact() || used(&x.a) == 104);
    assert_ptr_equal(cc_arena_resize(&x.a, p, 100, 0, 8), p);
    assert_true(!exact() || used(&x.a) == 0);
    end(&x);
}

static void test_resize_moves(void **state)
{
    fixture_t x;

    (void)state;
    begin(&x, NULL);
    char *p = filled(&x.a, 10, 1), *q = filled(&x.a, 10, 2);
    char *r = cc_arena_resize(&x.a, p, 10, 20, 8); /* not the last one */
    assert_true(r != p && r != q);
    assert_filled(r, 10, 1);
    assert_filled(q, 10, 2);
    assert_ptr_equal(cc_arena_resize(&x.a, q, 10, 5, 8), q);
    char *large = cc_arena_resize(&x.a, r, 20, 100000, 8); /* into a chunk of its own */
    assert_filled(large, 10, 1);
    char *s = filled(&x.a, 1, 3);
    assert_true(!exact() || s == r); /* its old place is free */
    x.f.fail_at = x.f.requests;
    assert_null(cc_arena_resize(&x.a, large, 100000, 200000, 8));
    assert_filled(large, 10, 1);
    end(&x);
}

/* What is older than a mark does not grow into what a rewind releases. */
static void test_resize_stops_at_mark(void **state)
{
    fixture_t x;

    (void)state;
    begin(&x, NULL);
    char           *p = filled(&x.a, 16, 1);
    cc_arena_mark_t m = cc_arena_mark(&x.a);
    char           *q = cc_arena_resize(&x.a, p, 16, 32, 8);
    assert_ptr_not_equal(p, q);
    cc_arena_rewind(&x.a, m);
    cc_arena_free(&x.a, p, 16);
    assert_true(cc_arena_owns(&x.a, p)); /* not the last one since the mark */
    end(&x);
}

/* The same when the record of the mark found room only in a chunk of its own. */
static void test_resize_stops_at_mark_elsewhere(void **state)
{
    fixture_t x;

    (void)state;
    begin(&x, &(cc_arena_options_t){ .chunk_size = 512 });
    for (int i = 0; i < 4; i++)
        filled(&x.a, (512 - 64 - 16 - 32) / 4, 1);
    char  *p          = filled(&x.a, 16, 1);
    size_t before     = used(&x.a);
    x.f.fail_at       = x.f.requests; /* no next chunk */
    cc_arena_mark_t m = cc_arena_mark(&x.a);
    assert_true(used(&x.a) >= before + 64);
    char *q = cc_arena_resize(&x.a, p, 16, 32, 8);
    assert_ptr_not_equal(p, q);
    cc_arena_rewind(&x.a, m);
    cc_arena_free(&x.a, p, 16);
    assert_true(cc_arena_owns(&x.a, p));
    end(&x);
}

static void test_free_last(void **state)
{
    fixture_t x;

    (void)state;
    begin(&x, NULL);
    cc_arena_free(&x.a, NULL, 0);
    cc_arena_free(&x.a, NULL, 10);
    char *p = filled(&x.a, 13, 1), *q = filled(&x.a, 13, 2);
    if (exact()) {
        cc_arena_free(&x.a, p, 13);
        assert_int_equal(used(&x.a), 32);
        cc_arena_free(&x.a, q, 13);
        assert_int_equal(used(&x.a), 16);
        assert_ptr_equal(filled(&x.a, 100, 3), q);
        assert_int_equal(cc_arena_stats(&x.a).peak, 16 + 104);
    }
    end(&x);
}

/* ---- marks ---- */

static void test_marks_nest(void **state)
{
    fixture_t x;

    (void)state;
    begin(&x, &(cc_arena_options_t){ .chunk_size = 1024 });
    cc_arena_mark_t bottom = cc_arena_mark(&x.a);
    size_t          none   = used(&x.a);
    char           *a      = filled(&x.a, 500, 1);
    cc_arena_mark_t outer  = cc_arena_mark(&x.a);
    size_t          some   = used(&x.a);
    for (int i = 0; i < 10; i++) {
        for (int k = 0; k < 10; k++)
            filled(&x.a, 300, 2);
        cc_arena_mark_t inner = cc_arena_mark(&x.a);
        size_t          more  = used(&x.a);
        filled(&x.a, 300, 3);
        filled(&x.a, 30000, 3);
        cc_arena_rewind(&x.a, inner);
        assert_int_equal(used(&x.a), more);
        filled(&x.a, 30, 3);
        cc_arena_rewind(&x.a, inner);
        assert_int_equal(used(&x.a), more);
        cc_arena_rewind(&x.a, outer);
        assert_int_equal(used(&x.a), some);
        assert_filled(a, 500, 1);
    }
    cc_arena_rewind(&x.a, bottom);
    assert_int_equal(used(&x.a), none);
    assert_true(cc_arena_stats(&x.a).peak > 33000);
    end(&x);
}

/* More than an arena takes numbers for at once, of two arenas in turn. */
static void test_marks_differ(void **state)
{
    enum { MARKS = 200000 };
    fixture_t x, y;
    uint64_t  last[2] = { 0, 0 };

    (void)state;
    begin(&x, NULL);
    begin(&y, NULL);
    for (size_t i = 0; i < MARKS; i++) {
        uint64_t of_x = cc_arena_mark(&x.a).serial, of_y = cc_arena_mark(&y.a).serial;
        assert_true(of_x > last[0] && of_y > last[1]);
        assert_true(of_x >> 16 != of_y >> 16);
        last[0] = of_x;
        last[1] = of_y;
        if (i % 100 == 0)
            cc_arena_reset(&x.a, CC_ARENA_KEEP_ALL);
    }
    end(&x);
    end(&y);
}

/* Without memory a mark cannot be recorded: a rewind to it is nothing, an older one releases. */
static void test_mark_without_memory(void **state)
{
    static unsigned char buffer[512];
    cc_arena_t           a;

    (void)state;
    cc_arena_init(&a, nobody,
                  &(cc_arena_options_t){ .buffer = buffer, .buffer_size = sizeof buffer });
    cc_arena_mark_t good = cc_arena_mark(&a);
    while (cc_arena_alloc(&a, 16, 1))
        continue;
    cc_arena_mark_t none = cc_arena_mark(&a);
    size_t          full = used(&a);
    cc_arena_rewind(&a, none);
    assert_int_equal(used(&a), full);
    cc_arena_rewind(&a, good);
    assert_true(used(&a) < full);
    assert_non_null(cc_arena_alloc(&a, 16, 1));
    cc_arena_fini(&a);
}

static void test_peak(void **state)
{
    fixture_t x;
    size_t    peak = 0;

    (void)state;
    begin(&x, &(cc_arena_options_t){ .chunk_size = 4096 });
    for (int i = 0; i < 300; i++) {
        for (int k = 0; k < i * 7 % 50; k++)
            filled(&x.a, 200, 1);
        peak = used(&x.a) > peak ? used(&x.a) : peak;
        assert_int_equal(cc_arena_stats(&x.a).peak, peak);
        cc_arena_reset(&x.a, CC_ARENA_KEEP_ALL);
        assert_int_equal(cc_arena_stats(&x.a).peak, peak);
        assert_int_equal(used(&x.a), 0);
    }
    end(&x);
}

/* ---- cleanups and children ---- */

typedef struct note {
    cc_arena_t *arena; /* to allocate from */
    char       *text;  /* of the arena, which must still be there */
    int         number;
} note_t;

static int noted[16], notes;

static void take_note(void *argument)
{
    note_t *n = argument;

    noted[notes++] = n->number;
    assert_true(!n->text || n->text[0] == (char)n->number);
    if (n->arena)
        assert_non_null(cc_arena_alloc(n->arena, 100, 8));
}

static void test_cleanups(void **state)
{
    static const int expected[] = { 4, 3, 2, 1, 0 };
    note_t           n[5];
    fixture_t        x;

    (void)state;
    begin(&x, &(cc_arena_options_t){ .chunk_size = 1024 });
    cc_arena_mark_t m[5];
    size_t          at_mark[5];
    notes = 0;
    for (int i = 0; i < 5; i++) {
        m[i]       = cc_arena_mark(&x.a);
        at_mark[i] = used(&x.a);
        n[i]       = (note_t){ i == 3 ? &x.a : NULL, filled(&x.a, i % 2 ? 500 : 5000, i), i };
        assert_true(cc_arena_add_cleanup(&x.a, take_note, &n[i]));
    }
    cc_arena_rewind(&x.a, m[4]);
    assert_int_equal(notes, 1);
    cc_arena_rewind(&x.a, m[3]);
    assert_int_equal(notes, 2);
    assert_int_equal(used(&x.a), at_mark[3]); /* what it allocated went as well */
    cc_arena_reset(&x.a, CC_ARENA_KEEP_ALL);
    assert_int_equal(notes, 5);
    assert_memory_equal(noted, expected, sizeof expected);
    cc_arena_reset(&x.a, CC_ARENA_KEEP_ALL);
    assert_int_equal(notes, 5);
    assert_int_equal(used(&x.a), 0);
    end(&x);
    assert_int_equal(notes, 5);
}

static void add_another(void *argument)
{
    note_t *n = argument;

    noted[notes++] = n->number;
    if (n->number-- > 0)
        assert_true(cc_arena_add_cleanup(n->arena, add_another, n));
}

static void test_cleanup_adds_cleanup(void **state)
{
    fixture_t x;
    note_t    n = { &x.a, NULL, 3 };

    (void)state;
    begin(&x, NULL);
    notes = 0;
    assert_true(cc_arena_add_cleanup(&x.a, add_another, &n));
    cc_arena_reset(&x.a, CC_ARENA_KEEP_ALL);
    assert_int_equal(notes, 4);
    assert_int_equal(used(&x.a), 0);
    end(&x);
}

static void test_children(void **state)
{
    note_t    n[] = { { .number = 0 }, { .number = 1 }, { .number = 2 } };
    fixture_t x;

    (void)state;
    begin(&x, &(cc_arena_options_t){ .chunk_size = 2048 });
    notes                  = 0;
    cc_arena_mark_t m      = cc_arena_mark(&x.a);
    cc_arena_t     *child  = cc_arena_create_child(&x.a);
    cc_arena_t     *second = cc_arena_create_child(&x.a);
    cc_arena_t     *inner  = cc_arena_create_child(child);
    assert_true(child && second && inner);
    assert_true(cc_arena_add_cleanup(&x.a, take_note, &n[0]));
    assert_true(cc_arena_add_cleanup(second, take_note, &n[1]));
    assert_true(cc_arena_add_cleanup(inner, take_note, &n[2]));
    size_t of_parent = used(&x.a);
    filled(child, 10000, 1);
    filled(inner, 10000, 1);
    filled(second, 100, 1);
    assert_int_equal(used(&x.a), of_parent);
    cc_arena_fini(second); /* earlier than its parent */
    assert_int_equal(notes, 1);
    cc_arena_rewind(&x.a, m);
    assert_int_equal(notes, 3);
    assert_true(noted[0] == 1 && noted[1] == 0 && noted[2] == 2);
    assert_int_equal(x.f.live_bytes, reserved(&x.a));
    end(&x);
}

/* ---- as an allocator, and questions ---- */

static void test_owns(void **state)
{
    fixture_t x;

    (void)state;
    begin(&x, &(cc_arena_options_t){ .chunk_size = 1024 });
    char *p[50];
    for (int i = 0; i < 50; i++) {
        p[i] = filled(&x.a, i % 9 ? 100 : 3000, i);
        for (int k = 0; k <= i; k++)
            assert_true(cc_arena_owns(&x.a, p[k]) && cc_arena_owns(&x.a, p[k] + 99));
    }
    cc_arena_reset(&x.a, CC_ARENA_KEEP_ALL);
    for (int k = 0; k < 50; k++)
        assert_false(cc_arena_owns(&x.a, p[k]));
    end(&x);
}

/* Marks and cleanups are no blocks. */
static void test_owns_no_other(void **state)
{
    note_t    n = { .number = 0 };
    fixture_t x;

    (void)state;
    begin(&x, NULL);
    void           *other = cc_allocator_alloc(failing_allocator(&x.f), 100, 8);
    char           *p     = filled(&x.a, 100, 1);
    cc_arena_mark_t m     = cc_arena_mark(&x.a);
    assert_true(cc_arena_add_cleanup(&x.a, take_note, &n));
    char *q = filled(&x.a, 100, 1);
    notes   = 0;
    assert_true(cc_arena_owns(&x.a, p) && cc_arena_owns(&x.a, q));
    assert_false(cc_arena_owns(&x.a, &x));
    assert_false(cc_arena_owns(&x.a, other));
    cc_arena_rewind(&x.a, m);
    assert_true(cc_arena_owns(&x.a, p) && !cc_arena_owns(&x.a, q));
    cc_allocator_free(failing_allocator(&x.f), other, 100, 8);
    end(&x);
}

static void test_allocator(void **state)
{
    fixture_t  x;
    cc_arena_t upper;

    (void)state;
    begin(&x, NULL);
    cc_allocator_t v = cc_arena_allocator(&x.a);
    for (size_t align = 1; align <= CC_ARENA_ALIGN_MAX; align *= 2)
        for (size_t size = 1; size < 3000; size = size * 2 + 1) {
            void *p = cc_allocator_alloc(v, size, align);
            assert_int_equal((uintptr_t)p % align, 0);
            memset(p, 1, size);
            size_t before = used(&x.a);
            cc_allocator_free(v, p, size, align);
            assert_true(!exact() || size > 1000 || used(&x.a) < before);
        }
    assert_null(cc_allocator_alloc(v, SIZE_MAX, 16));
    assert_null(cc_allocator_alloc(v, 10, 3));
    cc_arena_init(&upper, v, NULL);
    filled(&upper, 10000, 1);
    filled(&upper, 100000, 1);
    cc_arena_fini(&upper);
    end(&x);
}

/* With an alignment that the compiler knows the interface takes a block as the arena itself does. */
static void test_allocator_in_place(void **state)
{
    fixture_t x;

    (void)state;
    begin(&x, NULL);
    const cc_allocator_t v = cc_arena_allocator(&x.a);
    unsigned char       *p = cc_arena_alloc(&x.a, 24, 8);
    unsigned char       *q = cc_allocator_alloc(v, 10, 1);
    unsigned char       *r = cc_allocator_alloc(v, 7, 64);
    assert_true(q == p + 24 || !exact());
    assert_true(r == p + 64 || !exact());
    assert_true(used(&x.a) == 72 || !exact());
    assert_null(cc_allocator_alloc(v, 0, 8));
    assert_null(cc_allocator_alloc(v, SIZE_MAX, 8));
    assert_null(cc_allocator_alloc(v, SIZE_MAX - 7, 16));
    assert_null(cc_allocator_alloc(v, 10, 24));
    assert_null(cc_allocator_alloc(v, 10, 2 * CC_ARENA_ALIGN_MAX));
    assert_true(used(&x.a) == 72 || !exact());
    for (int i = 0; i < 10000; i++) {
        p = cc_allocator_alloc(v, 40, 8);
        assert_true(p && cc_arena_owns(&x.a, p) && cc_arena_owns(&x.a, p + 39));
        memset(p, i, 40);
    }
    assert_true(cc_arena_stats(&x.a).chunks > 1);
    x.f.fail_at = x.f.requests;
    assert_null(cc_allocator_alloc(v, CC_ARENA_CHUNK_MAX, 16));
    end(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resize_in_place),
        cmocka_unit_test(test_resize_moves),
        cmocka_unit_test(test_resize_stops_at_mark),
        cmocka_unit_test(test_resize_stops_at_mark_elsewhere),
        cmocka_unit_test(test_free_last),
        cmocka_unit_test(test_marks_nest),
        cmocka_unit_test(test_marks_differ),
        cmocka_unit_test(test_mark_without_memory),
        cmocka_unit_test(test_peak),
        cmocka_unit_test(test_cleanups),
        cmocka_unit_test(test_cleanup_adds_cleanup),
        cmocka_unit_test(test_children),
        cmocka_unit_test(test_owns),
        cmocka_unit_test(test_owns_no_other),
        cmocka_unit_test(test_allocator),
        cmocka_unit_test(test_allocator_in_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
