/* SPDX-License-Identifier: MIT */
/* An index finds each of its items, also those whose hashes are equal, and no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/index.h"

enum { ITEMS = 5000 };

static uint64_t items[ITEMS];

static bool same(const void *array, uint32_t item, const void *key)
{
    return ((const uint64_t *)array)[item] == *(const uint64_t *)key;
}

static void check_all(const cci_index_t *x, uint64_t (*hash)(uint64_t), uint32_t count)
{
    uint32_t found;

    for (uint32_t i = 0; i < ITEMS; i++) {
        bool is_in = cci_index_find(x, hash(items[i]), same, items, &items[i], &found);
        assert_int_equal(is_in, i < count);
        assert_true(!is_in || found == i);
    }
}

static void check_index(uint64_t (*hash)(uint64_t), uint32_t count)
{
    cci_index_t x = { 0 };

    for (uint32_t i = 0; i < ITEMS; i++)
        items[i] = (uint64_t)i * i;
    check_all(&x, hash, 0);
    for (uint32_t i = 0; i < count; i++)
        assert_true(cci_index_add(&x, hash(items[i]), i));
    check_all(&x, hash, count);
    cci_index_fini(&x);
    check_all(&x, hash, 0);
}

static uint64_t good(uint64_t v)
{
    return cci_hash_mix(1, v);
}

static uint64_t poor(uint64_t v)
{
    return v % 7;
}

static uint64_t high_bits_only(uint64_t v)
{
    return v << 40;
}

static void items_are_found_whatever_the_hash(void **state)
{
    (void)state;
    check_index(good, ITEMS / 2);
    check_index(high_bits_only, ITEMS / 2);
    check_index(poor, ITEMS / 20);
}

static void hashes_of_bytes_see_every_byte_and_the_length(void **state)
{
    uint8_t  bytes[24] = { 0 };
    uint64_t seen[2 * sizeof bytes];
    size_t   n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) {
        seen[n++] = cci_hash_bytes(1, bytes, i);
        bytes[i]  = 1;
        seen[n++] = cci_hash_bytes(1, bytes, sizeof bytes);
        bytes[i]  = 0;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            assert_true(seen[i] != seen[j]);
    assert_true(cci_hash_bytes(1, "abc", 3) != cci_hash_bytes(2, "abc", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_found_whatever_the_hash),
        cmocka_unit_test(hashes_of_bytes_see_every_byte_and_the_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
