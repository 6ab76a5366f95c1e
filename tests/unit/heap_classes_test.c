/* SPDX-License-Identifier: MIT */
/* The size classes: the table, the folded formula and the plain list of sizes say the same, for every
 * size there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "heap/size_class.h"

/* The list: 16 to 128 by 16, then four sizes to each doubling. */
static size_t listed_size(size_t c)
{
    if (c < 8)
        return 16 * (c + 1);
    size_t below = (size_t)128 << (c - 8) / 4;
    return below + below / 4 * ((c - 8) % 4 + 1);
}

static size_t smallest_class_of(size_t size)
{
    size_t c = 0;

    while (listed_size(c) < size)
        c++;
    return c;
}

static void test_sizes(void **state)
{
    (void)state;
    for (size_t c = 0; c < CC_HEAP_SIZES_; c++)
        assert_int_equal(cci_class_size[c], listed_size(c));
    assert_int_equal(listed_size(CC_HEAP_SIZES_ - 1), CC_HEAP_SMALL_MAX_);
}

static void test_table(void **state)
{
    (void)state;
    for (volatile size_t size = 1; size <= CC_HEAP_SMALL_MAX_; size++)
        assert_int_equal(cc_heap_class_(size), smallest_class_of(size));
}

/* Sizes that the compiler knows: all up to 1024, and around the end of each class above. Where it
 * does not optimise this is the table again. */
#define ONE(n)     assert_int_equal(cc_heap_class_(n), cc_heap_class_of_[((n) + 15) / 16]);
#define FOUR(n)    ONE(n) ONE((n) + 1) ONE((n) + 2) ONE((n) + 3)
#define SIXTEEN(n) FOUR(n) FOUR((n) + 4) FOUR((n) + 8) FOUR((n) + 12)
#define N64(n)     SIXTEEN(n) SIXTEEN((n) + 16) SIXTEEN((n) + 32) SIXTEEN((n) + 48)
#define N256(n)    N64(n) N64((n) + 64) N64((n) + 128) N64((n) + 192)
#define END(n)     ONE((n)-16) ONE((n)-15) ONE((n)-1) ONE(n)
#define DOUBLING(n) \
    ONE((n) + 1) END((n) + (n) / 4) END((n) + (n) / 2) END((n) + (n) / 4 * 3) END(2 * (n))

static void test_folded(void **state)
{
    (void)state;
    N256(1);
    N256(257);
    N256(513);
    N256(769);
    DOUBLING(1024);
    DOUBLING(2048);
    DOUBLING(4096);
    DOUBLING(8192);
    DOUBLING(16384);
}

static void test_node_bins(void **state)
{
    (void)state;
    for (size_t size = 1; size <= CC_HEAP_SMALL_MAX_; size++) {
        size_t bin = cc_heap_node_bin_(size);
        assert_in_range(bin, CC_HEAP_SIZES_, 2 * CC_HEAP_SIZES_ - 1);
        assert_int_equal(cci_bin_align(bin), CC_CACHE_LINE_SIZE);
        assert_int_equal(cci_bin_size(bin) % CC_CACHE_LINE_SIZE, 0);
        assert_true(cci_bin_size(bin) >= size);
        /* No smaller class would do. */
        size_t lines = (size + CC_CACHE_LINE_SIZE - 1) / CC_CACHE_LINE_SIZE * CC_CACHE_LINE_SIZE;
        assert_int_equal(cci_bin_class(bin), smallest_class_of(lines));
    }
}

/* The smallest power of two that holds both. */
static void test_aligned_bins(void **state)
{
    (void)state;
    for (size_t align = 2 * CC_CACHE_LINE_SIZE; align <= CC_HEAP_ALIGN_MAX_; align *= 2)
        for (size_t size = 1; size <= CC_HEAP_ALIGN_MAX_; size++) {
            assert_true(cc_heap_has_aligned_bin_(size, align));
            size_t bin = cc_heap_aligned_bin_(size, align), has = cci_bin_size(bin);
            assert_in_range(bin, 2 * CC_HEAP_SIZES_, CC_HEAP_BINS_ - 1);
            assert_int_equal(cci_bin_align(bin), has);
            assert_int_equal(has & (has - 1), 0);
            assert_true(has >= size && has >= align);
            assert_true(has == align || has / 2 < size);
            assert_int_equal(cci_class_size[cci_bin_class(bin)], has);
        }
    assert_false(cc_heap_has_aligned_bin_(0, 256));
    assert_false(cc_heap_has_aligned_bin_(CC_HEAP_ALIGN_MAX_ + 1, 256));
    assert_false(cc_heap_has_aligned_bin_(256, 2 * CC_HEAP_ALIGN_MAX_));
    assert_false(cc_heap_has_aligned_bin_(256, 384));
}

static void test_class_within(void **state)
{
    (void)state;
    for (size_t usable = 16; usable < CCI_LARGE_MIN; usable++) {
        size_t c = cci_class_within(usable);
        assert_true(listed_size(c) <= usable);
        assert_true(c == CC_HEAP_SIZES_ - 1 || listed_size(c + 1) > usable);
    }
}

static void test_slots(void **state)
{
    (void)state;
    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++) {
        size_t slots = cci_bin_slots(bin, CCI_MAGAZINE_BYTES), bytes = slots * cci_bin_size(bin);
        assert_true(slots >= CCI_MAGAZINE_LEAST && slots <= CCI_MAGAZINE_SLOTS);
        assert_true(bytes <= CCI_MAGAZINE_BYTES || slots == CCI_MAGAZINE_LEAST);
        assert_true(slots == CCI_MAGAZINE_SLOTS || bytes + cci_bin_size(bin) > CCI_MAGAZINE_BYTES);
    }
}

/* The bytes of a block tell large from small: no class reaches them, and every large request does. */
static void test_large_is_larger(void **state)
{
    (void)state;
    assert_true(CCI_LARGE_MIN > CC_HEAP_SMALL_MAX_ + 16); /* what a backend may add */
    assert_true(CCI_LARGE_MIN % 16 == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),        cmocka_unit_test(test_table),
        cmocka_unit_test(test_folded),       cmocka_unit_test(test_node_bins),
        cmocka_unit_test(test_aligned_bins), cmocka_unit_test(test_class_within),
        cmocka_unit_test(test_slots),        cmocka_unit_test(test_large_is_larger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
