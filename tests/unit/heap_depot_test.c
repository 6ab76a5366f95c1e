/* SPDX-License-Identifier: MIT */
/* A depot loses no block and gives none twice, whatever runs out; beyond a few magazines it serves
 * from the low end and gives away from the high end; in other hands it declines.
 *
 * The blocks are numbers that look like addresses: a depot does not touch them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "heap/depot.h"
#include "support/scarce_cells.h"

enum {
    BLOCKS    = 1 << 16,
    MAGAZINES = 100,
    STRIDE    = 16400 /* few share a node of the ordered set, so that it needs many */
};

/* Blocks are numbered; what became of each. */
static enum { OUTSIDE, INSIDE } where[BLOCKS];
static size_t bin, slots;

static cci_depots_t depots;

static void *block(size_t i)
{
    return (void *)(uintptr_t)(0x7f1200000000 + i * STRIDE);
}

static size_t number(const void *p)
{
    size_t i = ((uintptr_t)p - (uintptr_t)block(0)) / STRIDE;

    assert_true(i < BLOCKS && block(i) == p);
    return i;
}

static void came_out(const void *p)
{
    assert_int_equal(where[number(p)], INSIDE);
    where[number(p)] = OUTSIDE;
}

static void went_in(const void *p)
{
    assert_int_equal(where[number(p)], OUTSIDE);
    where[number(p)] = INSIDE;
}

static size_t inside(void)
{
    size_t n = 0;

    for (size_t i = 0; i < BLOCKS; i++)
        n += where[i];
    return n;
}

static void assert_counts(void)
{
    assert_int_equal(cci_depot_count(&depots, bin), inside());
    assert_int_equal(cci_depots_bytes(&depots), inside() * cci_bin_size(bin));
}

/* A full magazine with blocks i, i + step, i + 2 step, ... */
static cci_magazine_t *full(size_t i, size_t step)
{
    cci_magazine_t *m = cci_cell_take();

    assert_non_null(m);
    for (size_t k = 0; k < slots; k++)
        m->slot[k] = block((i + k * step) % BLOCKS);
    return m;
}

static void give_cell(void *cell)
{
    if (cell)
        cci_cell_give(cell);
}

/* Puts a magazine in; returns how many of all blocks are left outside again. */
static size_t put(cci_magazine_t *m)
{
    size_t left = SIZE_MAX;

    for (size_t k = 0; k < slots; k++)
        went_in(m->slot[k]);
    cci_magazine_t *back = cci_depot_put(&depots, bin, m, &left);
    assert_true(left <= slots && (back || left == 0));
    for (size_t k = 0; k < left; k++)
        came_out(back->slot[k]);
    give_cell(back);
    return left;
}

static void put_all(size_t magazines, size_t step)
{
    for (size_t i = 0; i < magazines; i++)
        assert_int_equal(put(full(i * slots * step + i % step, step)), 0);
}

/* Takes a magazine out; its blocks in the order in which they are served. */
static size_t get(void **out)
{
    cci_magazine_t *empty = cci_cell_take();
    size_t          count = 0;
    cci_magazine_t *m     = cci_depot_get(&depots, bin, empty, &count);

    assert_true(!m || (count >= 1 && count <= slots));
    for (size_t k = 0; m && k < count; k++)
        came_out(out[k] = m->slot[count - 1 - k]);
    give_cell(m ? m : empty);
    return m ? count : 0;
}

static size_t evict(void **out, size_t n)
{
    size_t taken = cci_depot_evict(&depots, bin, out, n);

    for (size_t k = 0; k < taken; k++)
        came_out(out[k]);
    return taken;
}

static int empty_depot(void **state)
{
    void *out[CCI_MAGAZINE_SLOTS];

    (void)state;
    while (evict(out, CCI_MAGAZINE_SLOTS))
        ;
    assert_int_equal(inside(), 0);
    assert_counts();
    get(out); /* no ceiling, nothing unused */
    cci_depot_unused(&depots, bin);
    return 0;
}

/* ---- serving ---- */

/* A few magazines change hands as they are, the last first. */
static void test_few_are_not_looked_at(void **state)
{
    void           *out[CCI_MAGAZINE_SLOTS];
    cci_magazine_t *one = full(500, 1), *two = full(3, 2);

    (void)state;
    put(one);
    put(two);
    assert_counts();
    assert_int_equal(get(out), slots);
    for (size_t k = 0; k < slots; k++)
        assert_ptr_equal(out[k], block(3 + 2 * (slots - 1 - k)));
    assert_int_equal(get(out), slots);
    assert_ptr_equal(out[0], block(500 + slots - 1));
    assert_int_equal(get(out), 0);
    assert_counts();
}

static void test_many_are_served_in_order(void **state)
{
    void  *out[CCI_MAGAZINE_SLOTS];
    size_t n, next = 0;

    (void)state;
    put_all(MAGAZINES, 1);
    while ((n = get(out)) != 0)
        for (size_t k = 0; k < n; k++)
            assert_int_equal(number(out[k]), next++);
    assert_int_equal(next, MAGAZINES * slots);
    assert_counts();
}

/* What comes while it serves sorted ones is sorted in. */
static void test_late_ones_are_sorted_in(void **state)
{
    void *out[CCI_MAGAZINE_SLOTS];

    (void)state;
    put_all(MAGAZINES, 2); /* the even ones, roughly */
    for (int round = 0; round < 20; round++) {
        assert_int_equal(get(out), slots);
        for (size_t k = 1; k < slots; k++)
            assert_true(out[k - 1] < out[k]);
        size_t lowest = number(out[0]);
        for (size_t i = 0; i < BLOCKS; i++)
            assert_true(where[i] == OUTSIDE || i > number(out[slots - 1]));
        cci_magazine_t *m = cci_cell_take();
        for (size_t k = 0; k < slots; k++)
            m->slot[k] = out[k];
        put(m);
        get(out);
        assert_int_equal(number(out[0]), lowest);
    }
}

static void test_blocks_one_by_one(void **state)
{
    void *in[3] = { block(70), block(7), block(700) }, *out[CCI_MAGAZINE_SLOTS];

    (void)state;
    for (int i = 0; i < 3; i++)
        went_in(in[i]);
    assert_int_equal(cci_depot_put_blocks(&depots, bin, in, 3), 0);
    assert_counts();
    put(full(1000, 1)); /* behind */
    assert_int_equal(get(out), slots);
    assert_ptr_equal(out[0], block(7));
    assert_ptr_equal(out[1], block(70));
    assert_ptr_equal(out[2], block(700));
    assert_int_equal(cci_depot_put_blocks(&depots, bin, in, 0), 0);
}

/* ---- giving away ---- */

static void test_evicts_the_highest(void **state)
{
    void  *out[CCI_MAGAZINE_SLOTS];
    size_t before = SIZE_MAX, n;

    (void)state;
    put_all(3, 5); /* so few that they are not sorted yet */
    while ((n = evict(out, 10)) != 0) {
        assert_true(n <= 10);
        for (size_t k = 0; k < n; k++) {
            assert_true(number(out[k]) < before);
            before = number(out[k]);
        }
        assert_counts();
    }
    assert_int_equal(inside(), 0);
}

/* ---- ranges ---- */

/* Where blocks i to i + n - 1 are, and no others; each is in a word of its own. */
static bool take_range(size_t i, size_t n, size_t expected)
{
    uintptr_t from  = (uintptr_t)block(i) / 1024 * 1024;
    uintptr_t to    = (uintptr_t)block(i + n - 1) / 1024 * 1024 + 1024;
    bool      taken = cci_depot_take_range(&depots, bin, from, to, expected);

    for (size_t k = 0; taken && k < n; k++)
        if (where[i + k] == INSIDE)
            came_out(block(i + k));
    assert_counts();
    return taken;
}

/* With n blocks more. Returns how many are left. */
static size_t sort_depot_with(size_t i, size_t n)
{
    void *blocks[CCI_MAGAZINE_SLOTS];

    for (size_t k = 0; k < n; k++)
        went_in(blocks[k] = block(i + k));
    size_t left = cci_depot_sort(&depots, bin, blocks, n);
    for (size_t k = 0; k < left; k++)
        came_out(blocks[k]);
    assert_counts();
    return left;
}

static size_t sort_depot(void)
{
    return sort_depot_with(0, 0);
}

static void test_ranges_are_of_what_is_sorted(void **state)
{
    (void)state;
    assert_int_equal(sort_depot(), 0);
    assert_false(take_range(0, 10, 10));
    put_all(2, 1);
    assert_false(take_range(10, 20, 20)); /* they lie in magazines */
    assert_int_equal(sort_depot(), 0);
    assert_false(take_range(10, 20, 19));
    assert_false(take_range(10, 20, 21));
    assert_false(take_range(10, 20, 3 * slots)); /* more than there are */
    assert_int_equal(inside(), 2 * slots);
    assert_true(take_range(10, 20, 20));
    assert_false(take_range(10, 20, 20));
    assert_true(take_range(8, 24, 4));
    assert_int_equal(inside(), 2 * slots - 24);
    assert_true(take_range(0, 8, 8));
    assert_true(take_range(32, 2 * slots - 32, 2 * slots - 32));
    assert_int_equal(inside(), 0);
}

/* What there is no memory for comes out; the rest is sorted, or still there to be. */
static void test_sorting_without_cells(void **state)
{
    (void)state;
    for (size_t cells = 0; cells < 12; cells++) {
        put_all(3, 5);
        size_t had = inside();
        scarce_cells_begin(cells);
        size_t n = sort_depot();
        scarce_cells_end();
        assert_true(n <= slots && inside() == had - n);
        assert_true(cells > 2 || n > 0);
        assert_int_equal(sort_depot(), 0);
        assert_int_equal(inside(), had - n);
        empty_depot(NULL);
    }
}

/* Where there are some that lie in magazines and where there are none. */
static void test_sorting_takes_blocks_along(void **state)
{
    (void)state;
    for (size_t magazines = 0; magazines < 3; magazines++) {
        put_all(magazines, 1);
        assert_int_equal(sort_depot_with(40000, 20), 0);
        assert_true(take_range(40000, 20, 20));
        assert_true(magazines == 0 || take_range(0, magazines * slots, magazines * slots));
        assert_int_equal(inside(), 0);
    }
}

/* They come first, and what there is no memory for is theirs as long as one is left. */
static void test_sorting_blocks_without_cells(void **state)
{
    (void)state;
    for (size_t cells = 0; cells < 16; cells++) {
        put_all(3, 5);
        size_t had = inside();
        scarce_cells_begin(cells);
        size_t left = sort_depot_with(40000, 20);
        scarce_cells_end();
        assert_true(left <= slots && inside() == had + 20 - left);
        assert_true(cells > 1 || left == 20);
        assert_int_equal(sort_depot(), 0);
        empty_depot(NULL);
    }
}

/* Each time that blocks come in, and not when they go. */
static void test_turns_count_what_comes(void **state)
{
    void    *in[1] = { block(9) }, *out[CCI_MAGAZINE_SLOTS];
    uint64_t turns = cci_depots_turns(&depots);

    (void)state;
    put(full(500, 1));
    assert_true(cci_depots_turns(&depots) > turns);
    turns = cci_depots_turns(&depots);
    went_in(in[0]);
    assert_int_equal(cci_depot_put_blocks(&depots, bin, in, 1), 0);
    assert_true(cci_depots_turns(&depots) > turns);
    turns = cci_depots_turns(&depots);
    evict(out, 1);
    assert_int_equal(cci_depots_turns(&depots), turns);
}

static void test_unused(void **state)
{
    void *out[CCI_MAGAZINE_SLOTS];

    (void)state;
    assert_int_equal(cci_depot_unused(&depots, bin), 0);
    put_all(10, 1);
    assert_int_equal(cci_depot_unused(&depots, bin), 0); /* they were not there all the time */
    assert_int_equal(cci_depot_unused(&depots, bin), 10 * slots);
    get(out);
    get(out);
    put(full(30000, 1));
    assert_int_equal(cci_depot_unused(&depots, bin), 8 * slots); /* the fewest that there were */
    assert_int_equal(cci_depot_unused(&depots, bin), 9 * slots);
}

/* Set by who evicts; gone as soon as somebody asks, even if there is nothing. */
static void test_ceiling(void **state)
{
    void *out[CCI_MAGAZINE_SLOTS];

    (void)state;
    assert_int_equal(cci_depot_ceiling(&depots, bin), UINTPTR_MAX);
    cci_depot_set_ceiling(&depots, bin, block(77));
    assert_int_equal(cci_depot_ceiling(&depots, bin), (uintptr_t)block(77));
    put_all(2, 1);
    assert_int_equal(cci_depot_ceiling(&depots, bin), (uintptr_t)block(77));
    get(out);
    assert_int_equal(cci_depot_ceiling(&depots, bin), UINTPTR_MAX);
    get(out);
    cci_depot_set_ceiling(&depots, bin, block(5));
    assert_int_equal(get(out), 0);
    assert_int_equal(cci_depot_ceiling(&depots, bin), UINTPTR_MAX);
}

/* Of those that hold much the one that was used longest ago, else the one that holds most. */
static void test_victim(void **state)
{
    const size_t old = 0, young = CC_HEAP_SIZES_ + 3;
    size_t       left, count;

    (void)state;
    bin   = young;
    slots = cci_depot_slots(&depots, bin);
    assert_int_equal(put(full(0, 1)), 0);
    assert_int_equal(cci_depots_victim(&depots), young); /* there is no other */
    bin              = old;
    slots            = cci_depot_slots(&depots, bin);
    size_t magazines = 64 * 1024 / cci_bin_size(old) / slots + 1;
    for (size_t i = 0; i < magazines; i++)
        assert_int_equal(put(full(20000 + i * slots, 1)), 0);
    bin   = young;
    slots = cci_depot_slots(&depots, bin);
    for (size_t i = 1; i < 10; i++)
        assert_int_equal(put(full(i * slots, 1)), 0);
    assert_int_equal(cci_depots_victim(&depots), old);
    cci_magazine_t *m = cci_depot_get(&depots, old, cci_cell_take(), &count);
    assert_int_equal(cci_depots_victim(&depots), young);
    give_cell(cci_depot_put(&depots, old, m, &left));
    while ((count = cci_depot_evict(&depots, old, (void *[CCI_MAGAZINE_SLOTS]){ 0 }, 1)) != 0)
        ;
    memset(where, 0, sizeof where);
    while (cci_depot_evict(&depots, young, (void *[CCI_MAGAZINE_SLOTS]){ 0 }, CCI_MAGAZINE_SLOTS))
        ;
    bin   = old;
    slots = cci_depot_slots(&depots, bin);
    assert_counts();
}

/* ---- what can go wrong ---- */

/* All of its locks are held, as by a thread that was stopped. */
static void test_in_other_hands(void **state)
{
    void           *out[CCI_MAGAZINE_SLOTS], *in[2] = { block(0), block(1) };
    cci_magazine_t *m = full(50000, 1), *empty = cci_cell_take();
    size_t          left, count;

    (void)state;
    put_all(2, 3);
    size_t had = inside();
    cci_depots_lock(&depots);
    cci_lock_wait(&cci_cell_lock);
    assert_ptr_equal(cci_depot_put(&depots, bin, m, &left), m);
    assert_int_equal(left, slots);
    assert_null(cci_depot_get(&depots, bin, empty, &count));
    assert_int_equal(cci_depot_put_blocks(&depots, bin, in, 2), 2);
    assert_int_equal(cci_depot_evict(&depots, bin, out, 10), 0);
    assert_int_equal(cci_depot_unused(&depots, bin), 0);
    assert_null(cci_cell_take());
    assert_int_equal(cci_depot_count(&depots, bin), had);
    cci_lock_release(&cci_cell_lock);
    cci_depots_unlock(&depots);
    assert_counts();
    give_cell(empty);
    assert_int_equal(put(m), 0);
}

/* ---- other depots ---- */

static cci_depots_t patient;

typedef struct waiting {
    cci_magazine_t *m;
    size_t          left, single_left, evicted;
    _Atomic bool    done;
} waiting_t;

static void *put_and_evict(void *arg)
{
    waiting_t *w = arg;
    void      *out[CCI_MAGAZINE_SLOTS], *in[1] = { block(50000) };

    give_cell(cci_depot_put(&patient, bin, w->m, &w->left));
    w->single_left = cci_depot_put_blocks(&patient, bin, in, 1);
    w->evicted     = cci_depot_evict(&patient, bin, out, 1);
    atomic_store(&w->done, true);
    return NULL;
}

/* A patient one waits where others decline. */
static void test_patient_depots_wait(void **state)
{
    waiting_t w = { .m = full(0, 1), .left = 1, .single_left = 1 };
    pthread_t thread;

    (void)state;
    cci_depots_lock(&patient);
    assert_int_equal(pthread_create(&thread, NULL, put_and_evict, &w), 0);
    for (int i = 0; i < 20000 && !atomic_load(&w.done); i++)
        sched_yield();
    assert_false(atomic_load(&w.done));
    cci_depots_unlock(&patient);
    pthread_join(thread, NULL);
    assert_int_equal(w.left + w.single_left, 0);
    assert_int_equal(w.evicted, 1);
    assert_int_equal(cci_depot_count(&patient, bin), slots);
    assert_int_equal(cci_depots_bytes(&patient), slots * cci_bin_size(bin));
    assert_int_equal(cci_depots_bytes(&depots), 0);
    cci_depots_fini(&patient);
}

static size_t spare_cells(void)
{
    size_t n = 0;

    scarce_cells_begin(0);
    for (struct scarce_cell *c = scarce_cells; c; c = c->next)
        n++;
    scarce_cells_end();
    return n;
}

/* Sorted or not, in magazines full or empty: all cells come back. */
static void test_fini_gives_all_cells_back(void **state)
{
    size_t left, count, cells = 0;

    (void)state;
    for (int round = 0; round < 3; round++) {
        cci_depots_init(&patient, "other", CCI_MAGAZINE_BYTES / 4, true);
        for (size_t b = 0; b < CC_HEAP_BINS_; b += 5)
            for (size_t i = 0; i < (b % 2 ? 3 : MAGAZINES); i++) {
                cci_magazine_t *m = full(i * slots, 1);
                give_cell(cci_depot_put(&patient, b, m, &left));
                assert_int_equal(left, 0);
            }
        for (int i = 0; i < 2; i++)
            give_cell(cci_depot_get(&patient, 5, cci_cell_take(), &count));
        assert_true(round == 0 || spare_cells() < cells);
        cci_depots_fini(&patient);
        assert_int_equal(cci_depot_count(&patient, 0), 0);
        if (round == 1) /* the first took what there was not yet */
            assert_int_equal(spare_cells(), cells);
        cells = spare_cells();
    }
}

/* With memory for so many cells more, everything is in or left, and nothing is in between. */
static void test_cells_run_out(void **state)
{
    void *out[CCI_MAGAZINE_SLOTS];

    (void)state;
    for (size_t cells = 0; cells < 24; cells++) {
        cci_magazine_t *m[MAGAZINES];
        size_t          left = 0;
        for (size_t i = 0; i < MAGAZINES; i++)
            m[i] = full(i * slots * 5 + i % 5, 5);
        scarce_cells_begin(cells);
        for (size_t i = 0; i < MAGAZINES; i++) {
            left += put(m[i]);
            assert_counts();
        }
        size_t n = evict(out, 7);
        assert_true(n > 0 || inside() == 0);
        assert_counts();
        scarce_cells_end();
        assert_true(cells > 2 || left > 0);
        while (get(out))
            assert_counts();
        assert_int_equal(inside(), 0);
    }
}

static void test_cells_run_out_for_single_blocks(void **state)
{
    void *in[3] = { block(0), block(20000), block(40000) }, *out[CCI_MAGAZINE_SLOTS];

    (void)state;
    for (size_t cells = 0; cells < 10; cells++) {
        scarce_cells_begin(cells);
        size_t left = cci_depot_put_blocks(&depots, bin, in, 3);
        scarce_cells_end();
        assert_true(left <= 3);
        for (size_t i = left; i < 3; i++)
            went_in(in[i]);
        assert_counts();
        while (evict(out, 64))
            ;
        assert_int_equal(inside(), 0);
    }
}

/* A full magazine of blocks that are outside, found from one on. */
static cci_magazine_t *full_of_outsiders(size_t from)
{
    cci_magazine_t *m = cci_cell_take();

    for (size_t k = 0; k < slots; from = (from + 1) % BLOCKS)
        if (where[from] == OUTSIDE)
            m->slot[k++] = block(from);
    return m;
}

/* Random, every way in and out, now and then with little memory. */
static void test_nothing_is_lost(void **state)
{
    uint64_t rng = cci_random_seed(7);
    void    *out[CCI_MAGAZINE_SLOTS];

    (void)state;
    for (size_t step = 0; step < 3000; step++) {
        size_t r = (size_t)(cci_random_next(&rng) >> 20), way = r % 5;
        if (way == 0) {
            evict(out, 1 + r / 64 % slots);
        } else if (way < 3 || inside() > BLOCKS / 2) {
            get(out);
        } else {
            cci_magazine_t *m = full_of_outsiders(r / 64 % BLOCKS);
            if (r / 8 % 4 == 0)
                scarce_cells_begin(r / 64 % 4);
            put(m);
            scarce_cells_end();
        }
        if (step % 50 == 0)
            assert_counts();
    }
}

int main(void)
{
#define DEPOT_TEST(test) cmocka_unit_test_teardown(test, empty_depot)
    const struct CMUnitTest tests[] = {
        DEPOT_TEST(test_few_are_not_looked_at),
        DEPOT_TEST(test_many_are_served_in_order),
        DEPOT_TEST(test_late_ones_are_sorted_in),
        DEPOT_TEST(test_blocks_one_by_one),
        DEPOT_TEST(test_evicts_the_highest),
        DEPOT_TEST(test_ranges_are_of_what_is_sorted),
        DEPOT_TEST(test_sorting_without_cells),
        DEPOT_TEST(test_sorting_takes_blocks_along),
        DEPOT_TEST(test_sorting_blocks_without_cells),
        DEPOT_TEST(test_turns_count_what_comes),
        DEPOT_TEST(test_unused),
        DEPOT_TEST(test_ceiling),
        DEPOT_TEST(test_victim),
        DEPOT_TEST(test_in_other_hands),
        DEPOT_TEST(test_cells_run_out),
        DEPOT_TEST(test_cells_run_out_for_single_blocks),
        DEPOT_TEST(test_nothing_is_lost),
        DEPOT_TEST(test_patient_depots_wait),
        DEPOT_TEST(test_fini_gives_all_cells_back),
    };
    cci_depots_init(&depots, "heap", CCI_MAGAZINE_BYTES, false);
    cci_depots_init(&patient, "other", CCI_MAGAZINE_BYTES, true);
    bin   = 2;
    slots = cci_depot_slots(&depots, bin);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
