/* SPDX-License-Identifier: MIT */
/* The class of a block is told from the block, also of one that has more bytes than it was asked
 * for with; and where there is no memory to note such a one, it is not used and not lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ccmem/alloc.h>
#include "heap/identity.h"
#include "support/scarce_cells.h"
#include "support/test_backend.h"

enum { MANY = 600 };

static size_t class_of(const void *p)
{
    return cci_identity_of(p, cc_usable_size(p));
}

/* The first test: the map has no memory yet, and gets none. */
static void test_no_memory_to_note(void **state)
{
    void  *p[MANY];
    size_t odd = 0;

    (void)state;
    cc_alloc_stats_enable(true);
    cc_free(cc_alloc(4000), 4000); /* the thread has its arrays; 16 bytes more are no other class */
    size_t freed = test_backend.freed;
    scarce_cells_begin(20);
    for (int i = 0; i < MANY; i++) {
        assert_non_null(p[i] = cc_alloc(48));
        odd += cc_usable_size(p[i]) != 48;
    }
    scarce_cells_end();
    assert_int_equal(odd, 0);
    assert_true(test_backend.freed > freed); /* of three that it gave, one was odd */
    assert_int_equal(cc_alloc_stats_snapshot().alloc_count, MANY + 1);
    for (int i = 0; i < MANY; i++)
        cc_free(p[i], 48);
    cc_trim();
    assert_int_equal(test_backend.live, 0);
    cc_alloc_snapshot_t s = cc_alloc_stats_snapshot();
    assert_int_equal(s.current_allocated, 0);
    assert_int_equal(s.backend_alloc_count, s.backend_free_count);
    cc_alloc_stats_enable(false);
}

static void test_every_class(void **state)
{
    size_t odd = 0;

    (void)state;
    for (size_t size = 1; size <= CC_ALLOC_CACHED_MAX; size += 1 + size / 50)
        for (int i = 0; i < 7; i++) {
            void *p = cc_alloc(size), *node = cc_alloc_node(size);
            assert_int_equal(class_of(p), cci_bin_class(cc_heap_class_(size)));
            assert_int_equal(class_of(node), cci_bin_class(cc_heap_node_bin_(size)));
            odd += cc_usable_size(p) != cc_good_size(size);
            cc_free(p, size);
            cc_free_unsized(node);
            if (i % 3 == 0)
                cc_trim(); /* others next time */
        }
    assert_true(odd > 0);
}

static void test_large(void **state)
{
    (void)state;
    for (size_t size = CC_ALLOC_CACHED_MAX + 1; size < 300000; size += size / 7) {
        void *p = cc_alloc(size);
        assert_int_equal(class_of(p), CCI_CLASS_NONE);
        cc_free(p, size);
    }
}

/* What goes back is forgotten: at the same address another block is taken for what it is. */
static void test_forgotten(void **state)
{
    void *p[MANY];

    (void)state;
    for (size_t size = 16; size <= 112; size += 16) {
        for (int i = 0; i < MANY; i++)
            assert_non_null(p[i] = cc_alloc(size));
        for (int i = 0; i < MANY; i++)
            assert_int_equal(class_of(p[i]), size / 16 - 1);
        for (int i = 0; i < MANY; i++)
            cc_free(p[i], size);
        cc_trim();
    }
    assert_int_equal(test_backend.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_memory_to_note), /* the first */
        cmocka_unit_test(test_every_class),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_forgotten),
    };
    test_backend_use(true);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
