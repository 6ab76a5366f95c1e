/* SPDX-License-Identifier: MIT */
/* The table of live blocks against a plain array, through growth, clusters and removals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "profile/live.h"

enum { ADDRESSES = 3000, STEPS = 60000 };

static uint64_t random_state = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t draw(uint64_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % below;
}

/* Address i: dense ones, sparse ones and the largest. */
static uint64_t address(size_t i)
{
    return i % 3 == 0 ? 16 + 16 * i : i % 3 == 1 ? UINT64_MAX - i : (uint64_t)i << 40;
}

static void put(cci_live_t *live, uint64_t ptr, uint64_t size)
{
    assert_true(cci_live_reserve(live));
    cci_block_t *slot = cci_live_slot(live, ptr);
    assert_int_equal(slot->ptr, 0);
    cci_live_put(live, slot, (cci_block_t){ .ptr = ptr, .size = size });
}

static void check_all(const cci_live_t *live, const uint64_t *sizes)
{
    size_t expected = 0, met = 0;

    for (size_t i = 0; i < ADDRESSES; i++) {
        const cci_block_t *b = cci_live_find(live, address(i));
        assert_int_equal(b ? b->size : 0, sizes[i]);
        expected += sizes[i] != 0;
    }
    for (const cci_block_t *b = cci_live_next(live, NULL); b; b = cci_live_next(live, b))
        met++;
    assert_int_equal(met, expected);
    assert_int_equal(live->count, expected);
}

static void test_against_an_array(void **state)
{
    (void)state;
    static uint64_t sizes[ADDRESSES];
    cci_live_t      live = { 0 };

    assert_null(cci_live_find(&live, 16));
    assert_null(cci_live_next(&live, NULL));
    for (uint64_t step = 1; step <= STEPS; step++) {
        size_t i = draw(ADDRESSES);
        if (sizes[i] == 0) {
            sizes[i] = step;
            put(&live, address(i), step);
        } else {
            cci_live_remove(&live, cci_live_find(&live, address(i)));
            sizes[i] = 0;
        }
        if (step % 5000 == 0)
            check_all(&live, sizes);
    }
    cci_live_fini(&live);
    assert_null(cci_live_next(&live, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_against_an_array) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
