/* SPDX-License-Identifier: MIT */
/* Property: the ordered set is a set of addresses, whatever is added and taken; it says which block
 * is in already; and wherever memory runs out, what was added until then is in and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "heap/ordered.h"
#include "support/scarce_cells.h"

enum {
    SEEDS       = 40,
    STEPS       = 300,
    BATCH       = 64,
    REGIONS     = 1300, /* more than the second array of regions holds */
    EACH        = 24,   /* addresses tried in a region */
    PLACES      = REGIONS * EACH,
    REGION_BITS = 22
};

/* The model: all addresses there are, ascending, and which of them are in. */
static uintptr_t     place[PLACES];
static bool          is_in[PLACES];
static size_t        in_count;
static cci_ordered_t set;
static uint64_t      rng;
static unsigned      seed;

static size_t below(size_t n)
{
    return (size_t)(cci_random_next(&rng) >> 33) % n;
}

#define CHECK(e)                               \
    do {                                       \
        if (!(e))                              \
            fail_msg("seed %u: %s", seed, #e); \
    } while (0)

static int by_value(const void *a, const void *b)
{
    uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;
    return (x > y) - (x < y);
}

/* Regions side by side, far apart, at both ends of what there is; in each the first and the last
 * grain, neighbours, and others. Some places come out twice, which harms nobody. */
static void choose_places(void)
{
    for (size_t r = 0; r < REGIONS; r++) {
        uintptr_t base = r % 3 == 0 ? r : r % 3 == 1 ? (uintptr_t)1 << 24 | r * 977 : r + 300000;
        for (size_t i = 0; i < EACH; i++) {
            uintptr_t offset    = i == 0   ? 0
                                  : i == 1 ? ((uintptr_t)1 << REGION_BITS) - 16
                                  : i < 14 ? 65536 * (r % 64) + 16 * i
                                           : below((size_t)1 << REGION_BITS) / 16 * 16;
            place[r * EACH + i] = (base << REGION_BITS) + offset;
        }
    }
    qsort(place, PLACES, sizeof *place, by_value);
}

static size_t index_of(const void *block)
{
    uintptr_t *found =
        bsearch(&(uintptr_t){ (uintptr_t)block }, place, PLACES, sizeof *place, by_value);

    CHECK(found);
    while (found > place && found[-1] == *found)
        found--;
    return (size_t)(found - place);
}

static void mark(const void *block, bool in)
{
    size_t i = index_of(block);

    CHECK(is_in[i] != in);
    is_in[i] = in;
    in_count += in ? 1 : (size_t)-1;
}

/* Up to n different blocks that are not in, out of a few regions or out of all. */
static size_t choose_blocks(void **out, size_t n)
{
    size_t from = below(2) ? below(PLACES) : 0, among = from ? 4 * EACH : PLACES, count = 0;

    for (size_t tries = 0; count < n && tries < 4 * n; tries++) {
        void *block = (void *)place[(from + below(among)) % PLACES];
        bool  known = is_in[index_of(block)];
        for (size_t i = 0; i < count; i++)
            known |= out[i] == block;
        if (!known)
            out[count++] = block;
    }
    return count;
}

static void add(size_t cells)
{
    void  *block[BATCH], *twice;
    size_t n = choose_blocks(block, 1 + below(BATCH));

    if (cells != SIZE_MAX)
        scarce_cells_begin(cells);
    size_t left = cci_ordered_add(&set, block, n, &twice);
    if (cells != SIZE_MAX)
        scarce_cells_end();
    CHECK(!twice && left <= n && (cells != SIZE_MAX || left == 0));
    for (size_t i = left; i < n; i++)
        mark(block[i], true);
}

/* One of the blocks is in: those behind it get in, those before it do not. */
static void add_twice(void)
{
    void  *block[BATCH], *twice;
    size_t n = choose_blocks(block, BATCH / 2), at = below(n + 1), in = 0;

    if (in_count == 0)
        return;
    for (in = below(PLACES); !is_in[in];)
        in = (in + 1) % PLACES;
    memmove(block + at + 1, block + at, (n - at) * sizeof *block);
    block[at] = (void *)place[in];
    CHECK(cci_ordered_add(&set, block, n + 1, &twice) == at + 1);
    CHECK(twice == block[at]);
    for (size_t i = at + 1; i <= n; i++)
        mark(block[i], true);
}

static void take(bool low)
{
    void  *block[BATCH];
    size_t n = 1 + below(BATCH);
    size_t taken =
        low ? cci_ordered_take_lowest(&set, block, n) : cci_ordered_take_highest(&set, block, n);
    size_t i = low ? 0 : PLACES - 1;

    CHECK(taken == (n < in_count ? n : in_count));
    for (size_t k = 0; k < taken; k++) {
        while (!is_in[i])
            i += low ? 1 : (size_t)-1;
        CHECK((uintptr_t)block[k] == place[i]);
        mark(block[k], false);
    }
}

/* From the word of a place on, some words long: with a number of blocks that is wrong nothing happens. */
static void take_range(void)
{
    uintptr_t from = place[below(PLACES)] / 1024 * 1024, to = from + (1 + below(40)) * 1024;
    size_t    first = 0, last, n = 0;

    while (first < PLACES && place[first] < from)
        first++;
    for (last = first; last < PLACES && place[last] < to; last++)
        n += is_in[last];
    CHECK(!cci_ordered_take_range(&set, from, to, n + 1));
    CHECK(n < 2 || !cci_ordered_take_range(&set, from, to, n - 1));
    CHECK(set.count == in_count);
    if (n == 0)
        return;
    CHECK(cci_ordered_take_range(&set, from, to, n));
    for (size_t i = first; i < last; i++)
        if (is_in[i])
            mark((void *)place[i], false);
}

static void take_all(void)
{
    while (in_count)
        take(below(2));
    void *none[1];
    CHECK(cci_ordered_take_lowest(&set, none, 1) == 0 &&
          cci_ordered_take_highest(&set, none, 1) == 0);
    CHECK(set.count == 0 && set.region_count == 0);
}

static void run(void)
{
    rng = cci_random_seed(seed);
    choose_places();
    for (size_t step = 0; step < STEPS; step++) {
        size_t what = below(100);
        /* Two of three runs grow, so that there are many regions. */
        if (what < (seed % 3 ? 70 : 40))
            add(SIZE_MAX);
        else if (what < 76)
            add(below(6));
        else if (what < 82)
            add_twice();
        else if (what < 88)
            take_range();
        else
            take(what < 94);
        CHECK(set.count == in_count);
        if (step % 16 == 0)
            CHECK(cci_ordered_is_valid(&set));
    }
    CHECK(cci_ordered_is_valid(&set));
    take_all();
}

static void test_is_a_set(void **state)
{
    (void)state;
    for (seed = 1; seed <= SEEDS; seed++)
        run();
}

/* Every region there is, in one set: the array of them grows twice. */
static void test_many_regions(void **state)
{
    void *twice;

    (void)state;
    seed = 0;
    rng  = cci_random_seed(0);
    choose_places();
    for (size_t k = 0; k < PLACES; k++) {
        size_t i = index_of((void *)place[k * 7919 % PLACES]);
        if (is_in[i])
            continue;
        CHECK(cci_ordered_add(&set, &(void *){ (void *)place[i] }, 1, &twice) == 0);
        mark((void *)place[i], true);
    }
    CHECK(set.region_count > 8 * (CCI_CELL_BYTES / sizeof(void *)));
    CHECK(cci_ordered_is_valid(&set));
    take_all();
}

/* The whole way from nothing to a block that is in, with each of its cells refused. */
static void test_each_cell_refused(void **state)
{
    void  *block = (void *)0x7f0000001230, *twice, *out;
    size_t left  = 1;

    (void)state;
    for (size_t cells = 0; left; cells++) {
        cci_ordered_t fresh = { 0 };
        scarce_cells_begin(cells);
        left = cci_ordered_add(&fresh, &block, 1, &twice);
        scarce_cells_end();
        assert_null(twice);
        assert_int_equal(fresh.count, !left);
        assert_true(cci_ordered_is_valid(&fresh));
        assert_int_equal(fresh.region_count, !left);
        assert_true(cells < 10);
        assert_int_equal(cci_ordered_take_lowest(&fresh, &out, 1), !left);
    }
}

/* One word, one window and one region after another lose their last block. */
static void test_ranges_at_every_level(void **state)
{
    static const uintptr_t ends[] = { 1024, 65536, (uintptr_t)1 << REGION_BITS };
    void                  *twice;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uintptr_t base = (uintptr_t)3 << 24, end = base + ends[i];
        void *in[5] = { (void *)base, (void *)(base + 512), (void *)(end - 16), (void *)(base - 16),
                        (void *)end };
        assert_int_equal(cci_ordered_add(&set, in, 5, &twice), 0);
        assert_false(cci_ordered_take_range(&set, base, end, 4));
        assert_true(cci_ordered_take_range(&set, base, end, 3));
        assert_false(cci_ordered_take_range(&set, base, end, 1));
        assert_true(cci_ordered_is_valid(&set));
        assert_int_equal(set.count, 2);
        assert_true(cci_ordered_take_range(&set, base - 1024, base, 1));
        assert_true(cci_ordered_take_range(&set, end, end + 1024, 1));
        assert_true(cci_ordered_is_valid(&set));
        assert_int_equal(set.region_count, 0);
    }
}

/* Cells that can be had without another page. */
static size_t spare_cells(void)
{
    size_t n = 0;

    scarce_cells_begin(0);
    for (struct scarce_cell *c = scarce_cells; c; c = c->next)
        n++;
    scarce_cells_end();
    return n;
}

/* Of every level; the array of regions is a cell, then pages. */
static void test_fini_gives_all_cells_back(void **state)
{
    static const size_t counts[] = { 0, 1, 100, PLACES };
    void               *twice;

    (void)state;
    for (size_t round = 0; round < 2; round++) /* the first makes cells */
        for (size_t c = 0; c < 4; c++) {
            cci_ordered_t fresh  = { 0 };
            size_t        before = spare_cells();
            for (size_t k = 0; k < counts[c]; k++)
                if (k == 0 || place[k] != place[k - 1])
                    assert_int_equal(
                        cci_ordered_add(&fresh, &(void *){ (void *)place[k] }, 1, &twice), 0);
            assert_true(round == 0 || counts[c] == 0 || spare_cells() < before);
            cci_ordered_fini(&fresh);
            assert_int_equal(fresh.count + fresh.region_count, 0);
            assert_true(round == 0 ? spare_cells() >= before : spare_cells() == before);
            assert_int_equal(cci_ordered_add(&fresh, &(void *){ (void *)place[0] }, 1, &twice), 0);
            cci_ordered_fini(&fresh);
            cci_ordered_fini(&fresh);
        }
}

/* A valid set is told from one that is not. */
static void test_validity_is_looked_at(void **state)
{
    void *block[2] = { (void *)0x10000, (void *)0x7f0000000000 }, *twice, *out[2];

    (void)state;
    assert_int_equal(cci_ordered_add(&set, block, 2, &twice), 0);
    set.count++;
    assert_false(cci_ordered_is_valid(&set));
    set.count--;
    struct cci_ordered_region *first = set.regions[0];
    set.regions[0]                   = set.regions[1];
    assert_false(cci_ordered_is_valid(&set));
    set.regions[0] = first;
    assert_true(cci_ordered_is_valid(&set));
    assert_int_equal(cci_ordered_take_highest(&set, out, 2), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_a_set),
        cmocka_unit_test(test_many_regions),
        cmocka_unit_test(test_each_cell_refused),
        cmocka_unit_test(test_ranges_at_every_level),
        cmocka_unit_test(test_fini_gives_all_cells_back),
        cmocka_unit_test(test_validity_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
