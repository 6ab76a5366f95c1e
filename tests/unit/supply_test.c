/* SPDX-License-Identifier: MIT */
/* Chunks of a parent, or of storage: no block is handed out twice, no more is taken than the limit, all
 * of it goes back, and wherever memory runs out nothing has changed. No block is touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "prim/poison.h"
#include "region/supply.h"
#include "support/failing.h"
#include "support/scarce_cells.h"

enum {
    UNIT       = 16384,
    CHUNK      = CCI_SUPPLY_UNITS * UNIT,
    SPAN_MOST  = 8, /* units */
    BLOCKS_MAX = 16 * 1024
};

static failing_t    parent;
static cci_supply_t supply;
static void        *block[BLOCKS_MAX];

static void begin(size_t limit)
{
    parent = (failing_t){ .fail_at = FAILING_NEVER };
    cci_supply_init(&supply, failing_allocator(&parent), limit);
}

static void end(void)
{
    cci_supply_fini(&supply);
    assert_int_equal(parent.live_blocks, 0);
    assert_int_equal(parent.live_bytes, 0);
}

static size_t bin_of(size_t size)
{
    return cci_bin_for(size, 16);
}

static size_t cut(size_t bin, size_t n)
{
    return cci_supply_cut(&supply, bin, block, n);
}

/* ---- cutting ---- */

static int by_address(const void *a, const void *b)
{
    uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;

    return (x > y) - (x < y);
}

static void assert_apart(size_t n, size_t size)
{
    qsort(block, n, sizeof *block, by_address);
    for (size_t i = 1; i < n; i++)
        assert_true((uintptr_t)block[i] - (uintptr_t)block[i - 1] >= size);
}

static void assert_place(const void *p, size_t bin, bool is_block)
{
    cci_supply_place_t place = cci_supply_find(&supply, p);

    assert_int_equal(place.bin, bin);
    assert_int_equal(place.is_block, is_block);
}

/* Storage of just so many units. */
static char *begin_in(size_t units)
{
    char *storage = aligned_alloc(UNIT, units * UNIT);

    cci_supply_init_in(&supply, (uintptr_t)storage, (uintptr_t)storage + units * UNIT);
    return storage;
}

/* Of every bin as many as eight units have: inside, apart, aligned (some bins of nodes are never used, for
 * their size is no multiple of a line), known; little is left over. */
static void blocks_of_every_bin(void **state)
{
    (void)state;
    for (size_t bin = 0; bin < CC_HEAP_BINS_; bin++) {
        char  *storage = begin_in(SPAN_MOST);
        size_t size = cci_bin_size(bin), n = cut(bin, BLOCKS_MAX);

        assert_true(n * size >= SPAN_MOST * UNIT / 8 * 7);
        assert_int_equal(cut(bin, 1), 0);
        assert_int_equal(supply.reserved, SPAN_MOST * UNIT);
        for (size_t i = 0; i < n; i++) {
            char *p = block[i];
            assert_true(p >= storage && p + size <= storage + SPAN_MOST * UNIT);
            assert_true((uintptr_t)p % cci_bin_align(bin) == 0 || size % cci_bin_align(bin));
            assert_place(p, bin, true);
            assert_place(p + size / 2, bin, false);
            assert_place(p + size - 1, bin, false);
        }
        assert_apart(n, size);
        cci_supply_fini(&supply);
        free(storage);
    }
}

/* In the order of their addresses, whatever the portions. */
static void cut_in_portions(void **state)
{
    size_t n = 0, bin = bin_of(64);

    (void)state;
    begin(CHUNK);
    for (size_t portion = 1; n < 3 * UNIT / 64; n += portion++) {
        assert_int_equal(cci_supply_cut(&supply, bin, block + n, portion), portion);
        for (size_t i = 0; i < portion; i++)
            assert_true(n + i == 0 || block[n + i] > block[n + i - 1]);
    }
    assert_apart(n, 64);
    end();
}

/* What was not cut off yet is no block; nor is what is beside the chunk. */
static void places_that_are_none(void **state)
{
    size_t bin = bin_of(1024);

    (void)state;
    begin(CHUNK);
    assert_place(&supply, CC_HEAP_BINS_, false);
    assert_place(NULL, CC_HEAP_BINS_, false);
    assert_int_equal(cut(bin, 3), 3);
    char *first = block[0];
    assert_place(first + 2048, bin, true);
    assert_place(first + 3072, bin, false);
    assert_place(first + UNIT, CC_HEAP_BINS_, false); /* a free unit */
    assert_place(first - 1, CC_HEAP_BINS_, false);
    assert_place(first + supply.reserved, CC_HEAP_BINS_, false);
    assert_place(NULL, CC_HEAP_BINS_, false);
    end();
}

/* What a span has left over at its end is no block, not even when all blocks are cut. */
static void the_rest_of_a_span_is_no_block(void **state)
{
    size_t bin = bin_of(20480), span = 4 * UNIT, blocks = span / 20480;

    (void)state;
    begin(CHUNK);
    assert_int_equal(cut(bin, blocks), blocks);
    char *first = block[0];
    assert_place(first + (blocks - 1) * 20480, bin, true);
    assert_place(first + blocks * 20480, bin, false);
    assert_int_equal(cut(bin, 1), 1); /* of another span */
    assert_true((char *)block[0] < first || (char *)block[0] >= first + span);
    end();
}

/* ---- chunks ---- */

/* 4, 8, 16, 32 units, then 64 each time; never beyond the limit. */
static void chunks_double(void **state)
{
    static const size_t expected[] = { 4, 8, 16, 32, 64, 64, 24 };
    size_t              bin = bin_of(16384), reserved = 0;
    const size_t        limit = (188 + 24) * UNIT + UNIT / 2;

    (void)state;
    begin(limit);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        for (size_t k = 0; k < expected[i]; k++) {
            assert_int_equal(cut(bin, 1), 1);
            assert_int_equal(parent.live_blocks, i + 1);
        }
        reserved += expected[i] * UNIT;
        assert_int_equal(supply.reserved, reserved);
        assert_int_equal(parent.live_bytes, reserved);
    }
    assert_int_equal(cut(bin, 1), 0);
    assert_int_equal(supply.peak, reserved);
    end();
}

/* A unit less than a span needs is not asked for. */
static void too_little_for_a_span(void **state)
{
    (void)state;
    begin(3 * UNIT);
    assert_int_equal(cut(bin_of(20480), 1), 0); /* in spans of four units */
    assert_int_equal(parent.requests, 0);
    assert_int_equal(cut(bin_of(16), 1), 1);
    end();
}

static void storage_is_used_up(void **state)
{
    char *storage = begin_in(130);

    (void)state;
    assert_int_equal(cut(bin_of(16384), 200), 130);
    assert_int_equal(supply.reserved, 130 * UNIT);
    assert_apart(130, UNIT);
    assert_true((char *)block[0] == storage && (char *)block[129] == storage + 129 * UNIT);
    assert_int_equal(cut(bin_of(16), 1), 0);
    assert_null(cci_supply_alloc_large(&supply, 1, 16));
    cci_supply_fini(&supply);
    memset(storage, 0, 130 * UNIT); /* a tool does not mind any more */
    free(storage);
}

static void large_ones_count(void **state)
{
    (void)state;
    begin(CHUNK);
    char *a = cci_supply_alloc_large(&supply, CHUNK - 4 * UNIT, 64);
    assert_non_null(a);
    assert_int_equal(supply.reserved, CHUNK - 4 * UNIT);
    assert_null(cci_supply_alloc_large(&supply, 4 * UNIT + 1, 64));
    assert_null(cci_supply_alloc_large(&supply, SIZE_MAX, 64));
    assert_int_equal(cut(bin_of(16384), 5), 4);
    assert_null(cci_supply_alloc_large(&supply, 1, 64));
    assert_int_equal(parent.live_bytes, CHUNK);
    cci_supply_free_large(&supply, a, CHUNK - 4 * UNIT, 64);
    assert_int_equal(supply.reserved, 4 * UNIT);
    assert_int_equal(supply.peak, CHUNK);
    end();
}

/* ---- reclaiming ---- */

/* Says yes for the spans that are to go; notes what it was asked. */
typedef struct taker {
    bool   yes[CCI_SUPPLY_UNITS]; /* by the unit that a span begins with, from base on */
    char  *base;
    size_t asked, blocks, units;
} taker_t;

static bool take_marked(void *context, size_t bin, uintptr_t from, uintptr_t to, size_t n)
{
    taker_t *t = context;

    assert_int_equal(from % UNIT, 0);
    assert_true(n >= 1 && n <= (to - from) / cci_bin_size(bin));
    assert_place((void *)from, bin, true);
    t->asked++;
    t->blocks += n;
    t->units += (to - from) / UNIT;
    size_t unit = (from - (uintptr_t)t->base) / UNIT;
    return unit < CCI_SUPPLY_UNITS && t->yes[unit];
}

static bool take_all(void *context, size_t bin, uintptr_t from, uintptr_t to, size_t n)
{
    (void)context, (void)bin, (void)from, (void)to, (void)n;
    return true;
}

/* Each span is asked for once, with all that was cut off it. */
static void reclaim_asks_for_each(void **state)
{
    taker_t t       = { 0 };
    char   *storage = begin_in(64);

    (void)state;
    t.base = storage;
    assert_int_equal(cut(bin_of(16384), 10), 10);
    assert_int_equal(cut(bin_of(20480), 7), 7);    /* three spans of four */
    assert_int_equal(cut(bin_of(24576), 1), 1);    /* one of eight */
    assert_int_equal(cut(bin_of(16), 1025), 1025); /* two */
    assert_false(cci_supply_reclaim(&supply, take_marked, &t));
    assert_int_equal(t.asked, 10 + 3 + 1 + 2);
    assert_int_equal(t.units, 10 + 12 + 8 + 2);
    assert_int_equal(t.blocks, 10 + 7 + 1 + 1025);
    assert_int_equal(supply.free_units, 64 - t.units);
    cci_supply_fini(&supply);
    free(storage);
}

/* Of 64 spans of one unit some go; then longer ones are put exactly where there is a run of free
 * units, from the lowest on. */
static void runs_are_found(void **state)
{
    static const struct {
        uint64_t free;
        size_t   size, expected[9]; /* the units where spans begin, then 64 */
    } cases[] = {
        { UINT64_C(0x00000000000000ff), 24576, { 0, 64 } },
        { UINT64_C(0xff00000000000000), 24576, { 56, 64 } },
        { UINT64_C(0x000000000000007f), 24576, { 64 } },
        { UINT64_C(0xfe00000000000000), 24576, { 64 } },
        { UINT64_C(0x0000001fe00ff000), 24576, { 12, 29, 64 } },
        { UINT64_C(0x00000000ff7f0000), 24576, { 24, 64 } },
        { UINT64_C(0xffffffffffffffff), 24576, { 0, 8, 16, 24, 32, 40, 48, 56, 64 } },
        { UINT64_C(0x8e1e0f0070000001), 20480, { 32 + 8, 32 + 17, 64 } },
        { UINT64_C(0x8000000000000006), 32768, { 1, 64 } },
        { UINT64_C(0xaaaaaaaaaaaaaaaa), 32768, { 64 } },
    };

    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        char   *storage = begin_in(64);
        taker_t t       = { .base = storage };
        assert_int_equal(cut(bin_of(16384), 64), 64);
        for (size_t i = 0; i < 64; i++)
            t.yes[i] = cases[c].free >> i & 1;
        assert_true(cci_supply_reclaim(&supply, take_marked, &t));
        assert_int_equal(supply.first->free, cases[c].free);
        size_t bin = bin_of(cases[c].size), size = cases[c].size;
        size_t per_span = (size == 24576 ? 8 : size == 20480 ? 4 : 2) * UNIT / size;
        for (size_t i = 0; cases[c].expected[i] < 64; i++) {
            assert_int_equal(cut(bin, per_span), per_span);
            assert_ptr_equal(block[0], storage + cases[c].expected[i] * UNIT);
            for (size_t k = 1; k < per_span; k++)
                assert_true((char *)block[k] == (char *)block[0] + k * size);
        }
        assert_int_equal(cut(bin, 1), 0);
        cci_supply_fini(&supply);
        free(storage);
    }
}

/* Only whole chunks go back, and the map forgets them. */
static void whole_chunks_go_back(void **state)
{
    taker_t t = { 0 };

    (void)state;
    begin(12 * UNIT);
    assert_int_equal(cut(bin_of(16384), 12), 12); /* of a chunk of four, then eight units */
    assert_int_equal(parent.live_blocks, 2);
    char *young = (char *)supply.first->base, *old = (char *)supply.first->next->base;
    assert_int_equal(supply.first->count, 8);

    t.base   = old;
    t.yes[0] = t.yes[1] = t.yes[3] = true;
    assert_true(cci_supply_reclaim(&supply, take_marked, &t));
    assert_int_equal(parent.live_blocks, 2);
    assert_int_equal(supply.free_units, 3);
    t.yes[2] = true;
    assert_true(cci_supply_reclaim(&supply, take_marked, &t));
    assert_int_equal(parent.live_bytes, 8 * UNIT);
    assert_int_equal(supply.reserved, 8 * UNIT);
    assert_int_equal(supply.free_units, 0);
    assert_int_equal(supply.units.count, 8);
    assert_place(old, CC_HEAP_BINS_, false);
    assert_place(young, bin_of(16384), true);

    assert_true(cci_supply_reclaim(&supply, take_all, NULL));
    assert_int_equal(parent.live_blocks, 0);
    assert_int_equal(supply.units.count, 0);
    assert_int_equal(supply.reserved, 0);
    assert_int_equal(supply.peak, 12 * UNIT);
    assert_false(cci_supply_reclaim(&supply, take_all, NULL));
    assert_int_equal(cut(bin_of(16384), 20), 12); /* it goes on */
    end();
}

/* The span that is being cut goes like any other: the next block comes from a new one. */
static void an_open_span_goes(void **state)
{
    size_t bin = bin_of(1024);

    (void)state;
    begin(CHUNK);
    assert_int_equal(cut(bin, 3), 3);
    assert_true(cci_supply_reclaim(&supply, take_all, NULL));
    assert_int_equal(parent.live_blocks, 0);
    assert_int_equal(cut(bin, 1), 1);
    assert_place(block[0], bin, true);
    assert_place((char *)block[0] + 1024, bin, false);
    end();
}

/* ---- what can go wrong ---- */

/* A step of a use of everything; each leaves things valid, whatever failed. */
static void use_all(void)
{
    cut(bin_of(16384), 30);
    void *large = cci_supply_alloc_large(&supply, 100000, 64);
    cut(bin_of(24576), 30);
    if (large)
        cci_supply_free_large(&supply, large, 100000, 64);
    cci_supply_reclaim(&supply, take_all, NULL);
    cut(bin_of(100), 1000);
}

static size_t counted_units(void)
{
    size_t n = 0;

    for (const cci_supply_chunk_t *c = supply.first; c; c = c->next)
        n += c->count;
    return n;
}

static void assert_books_are_right(void)
{
    assert_int_equal(supply.reserved, parent.live_bytes);
    assert_int_equal(supply.units.count, counted_units());
}

static void each_request_of_the_parent_fails(void **state)
{
    bool failed = true;

    (void)state;
    for (size_t at = 0; failed; at++) {
        begin(SIZE_MAX);
        parent.fail_at = at;
        use_all();
        assert_books_are_right();
        failed = parent.requests > at;
        assert_int_equal(cut(bin_of(32768), 100), 100);
        end();
    }
}

/* The chunk that was had goes back when it cannot be described. */
static void no_memory_for_the_map(void **state)
{
    size_t bin = bin_of(16384);

    (void)state;
    begin(SIZE_MAX);
    failing_pages = true;
    assert_int_equal(cut(bin, 1), 0);
    failing_pages = false;
    assert_books_are_right();
    assert_int_equal(parent.live_blocks, 0);
    assert_null(supply.first);

    assert_int_equal(cut(bin, 124), 124); /* 4 + 8 + 16 + 32 + 64: half of what the map has */
    failing_pages = true;                 /* it holds four more units, not the 64 of a chunk */
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(cut(bin, 1), 1);
    failing_pages = false;
    assert_books_are_right();
    assert_int_equal(cut(bin, 300), 300);
    assert_books_are_right();
    end();
}

static void no_cells(void **state)
{
    char *storage = begin_in(64);

    (void)state;
    scarce_cells_begin(0);
    assert_int_equal(cut(bin_of(64), 1), 0);
    scarce_cells_end();
    assert_int_equal(supply.reserved, 0);
    assert_int_equal(cut(bin_of(16384), 65), 64);
    cci_supply_fini(&supply);
    free(storage);

    begin(SIZE_MAX);
    scarce_cells_begin(0);
    assert_int_equal(cut(bin_of(64), 1), 0);
    scarce_cells_end();
    assert_books_are_right();
    assert_int_equal(parent.live_blocks, 0);
    end();
}

/* Cells of chunks come back with them. */
static void cells_come_back(void **state)
{
    (void)state;
    begin(SIZE_MAX);
    assert_int_equal(cut(bin_of(16384), 1), 1); /* of four units; the map has its memory */
    assert_true(cci_supply_reclaim(&supply, take_all, NULL));
    scarce_cells_begin(2);
    assert_int_equal(cut(bin_of(16384), 100), 8 + 16); /* two chunks */
    assert_true(cci_supply_reclaim(&supply, take_all, NULL));
    assert_int_equal(cut(bin_of(16384), 100), 32 + 64);
    scarce_cells_end();
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_of_every_bin),
        cmocka_unit_test(cut_in_portions),
        cmocka_unit_test(places_that_are_none),
        cmocka_unit_test(the_rest_of_a_span_is_no_block),
        cmocka_unit_test(chunks_double),
        cmocka_unit_test(too_little_for_a_span),
        cmocka_unit_test(storage_is_used_up),
        cmocka_unit_test(large_ones_count),
        cmocka_unit_test(reclaim_asks_for_each),
        cmocka_unit_test(runs_are_found),
        cmocka_unit_test(whole_chunks_go_back),
        cmocka_unit_test(an_open_span_goes),
        cmocka_unit_test(each_request_of_the_parent_fails),
        cmocka_unit_test(no_memory_for_the_map),
        cmocka_unit_test(no_cells),
        cmocka_unit_test(cells_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
