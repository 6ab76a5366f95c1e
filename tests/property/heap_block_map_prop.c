/* SPDX-License-Identifier: MIT */
/* Property: the map from blocks to numbers is one, whatever is set and removed in it, and however
 * much its blocks collide; when there is no memory to grow, it is as before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "heap/block_map.h"
#include "support/failing_pages.h"

enum { SEEDS = 40, STEPS = 4000, KEYS = 3000 };

/* The model. */
static struct {
    bool   in;
    size_t number;
} key[KEYS];
static size_t          in_count;
static cci_block_map_t map;
static uint64_t        rng;
static unsigned        seed;

#define CHECK(e)                               \
    do {                                       \
        if (!(e))                              \
            fail_msg("seed %u: %s", seed, #e); \
    } while (0)

static size_t below(size_t n)
{
    return (size_t)(cci_random_next(&rng) >> 33) % n;
}

/* Neighbours, as blocks are, or a page apart. */
static const void *block(size_t i)
{
    return (const void *)(uintptr_t)(0x7f0000000000 + (i + 1) * (seed % 2 ? 16 : 4096));
}

static void check_one(size_t i)
{
    const size_t *found = cci_block_map_find(&map, block(i));

    CHECK((found != NULL) == key[i].in);
    CHECK(!found || *found == key[i].number);
}

static void set_one(size_t i, bool may_fail)
{
    size_t number = (size_t)cci_random_next(&rng);

    failing_pages = may_fail;
    bool done     = cci_block_map_set(&map, block(i), number);
    failing_pages = false;
    CHECK(done || may_fail);
    if (done) {
        in_count += !key[i].in;
        key[i].in     = true;
        key[i].number = number;
    }
    check_one(i);
}

static void remove_one(size_t i)
{
    cci_block_map_remove(&map, block(i));
    in_count -= key[i].in;
    key[i].in = false;
    check_one(i);
}

static void check_all(void)
{
    CHECK(map.count == in_count);
    for (size_t i = 0; i < KEYS; i++)
        check_one(i);
}

static void run(void)
{
    size_t keys = seed % 4 == 0 ? KEYS : 150; /* few: it stays small and full of holes */

    rng = cci_random_seed(seed);
    for (int step = 0; step < STEPS; step++) {
        size_t i = below(keys), what = below(10);
        if (what < 4)
            set_one(i, false);
        else if (what < 5)
            set_one(i, true);
        else
            remove_one(i);
        if (step % 250 == 0)
            check_all();
    }
    check_all();
    for (size_t i = 0; i < KEYS; i++)
        remove_one(i);
    CHECK(map.count == 0);
}

/* One map for all: it keeps the size that it had. */
static void test_is_a_map(void **state)
{
    (void)state;
    for (seed = 1; seed <= SEEDS; seed++)
        run();
}

static void test_empty(void **state)
{
    cci_block_map_t none = { 0 };

    (void)state;
    assert_null(cci_block_map_find(&none, &none));
    cci_block_map_remove(&none, &none);
    assert_int_equal(none.count, 0);
    failing_pages = true;
    assert_false(cci_block_map_set(&none, &none, 1));
    failing_pages = false;
    assert_null(cci_block_map_find(&none, &none));
    assert_true(cci_block_map_set(&none, &none, 0));
    assert_int_equal(*cci_block_map_find(&none, &none), 0);
}

/* Grown by a refusal or not, all that was in is in. */
static void test_no_memory_to_grow(void **state)
{
    size_t refused = 0;

    (void)state;
    seed = 1;
    rng  = cci_random_seed(seed);
    map  = (cci_block_map_t){ 0 };
    for (size_t i = 0; i < KEYS; i++) {
        set_one(i, true);
        refused += !key[i].in;
        set_one(i, false);
    }
    CHECK(refused > 0);
    check_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_a_map),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_no_memory_to_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
