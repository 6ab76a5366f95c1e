/* SPDX-License-Identifier: MIT */
/* A slab: what its functions promise, at their edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ccmem/slab.h>
#include "region/slab.h"
#include "support/failing.h"

enum { MANY = 3000 }; /* more than a page of 64 bytes has */

static failing_t     parent;
static cc_slab_t     slab;
static cc_slab_key_t keys[MANY];

static void begin(size_t slot_size, size_t align, unsigned flags)
{
    parent = (failing_t){ .fail_at = FAILING_NEVER };
    assert_int_equal(cc_slab_init(&slab, failing_allocator(&parent), slot_size, align, flags),
                     CC_RESULT_OK);
}

static void end(void)
{
    assert_true(cci_slab_is_valid(&slab));
    cc_slab_fini(&slab);
    assert_int_equal(parent.live_blocks, 0);
}

static cc_slab_key_t insert(void)
{
    cc_slab_key_t key = 0;

    assert_non_null(cc_slab_insert(&slab, &key));
    return key;
}

static void insert_many(size_t count)
{
    for (size_t i = 0; i < count; i++)
        keys[i] = insert();
}

static void assert_holds(const unsigned char *p, size_t size, unsigned char byte)
{
    for (size_t i = 0; i < size; i++)
        assert_int_equal(p[i], byte);
}

static void wrong_arguments_are_refused(void **state)
{
    cc_slab_t            s;
    const cc_allocator_t a = cc_allocator_system();

    (void)state;
    assert_int_equal(cc_slab_init(&s, a, 0, 0, 0), CC_RESULT_INVALID);
    assert_int_equal(cc_slab_init(&s, a, SIZE_MAX, 0, 0), CC_RESULT_INVALID);
    assert_int_equal(cc_slab_init(&s, a, PTRDIFF_MAX, 0, 0), CC_RESULT_INVALID);
    assert_int_equal(cc_slab_init(&s, a, 8, 3, 0), CC_RESULT_INVALID);
    assert_int_equal(cc_slab_init(&s, a, 8, 8192, 0), CC_RESULT_INVALID);
    assert_int_equal(cc_slab_init(&s, a, 8, 0, 2), CC_RESULT_INVALID);
}

static void a_slot_nobody_has_memory_for_is_null(void **state)
{
    cc_slab_key_t key = 7;

    (void)state;
    assert_int_equal(cc_slab_init(&slab, cc_allocator_system(), PTRDIFF_MAX / 2, 0, 0),
                     CC_RESULT_OK);
    assert_null(cc_slab_insert_zeroed(&slab, &key));
    assert_int_equal(key, 7);
    cc_slab_fini(&slab);
}

static void an_empty_slab_takes_no_memory_and_knows_no_key(void **state)
{
    (void)state;
    begin(64, 0, 0);
    assert_int_equal(parent.requests, 0);
    assert_null(cc_slab_get(&slab, 0));
    assert_false(cc_slab_contains(&slab, UINT64_MAX));
    assert_int_equal(cc_slab_remove(&slab, 0), CC_RESULT_OUT_OF_RANGE);
    assert_int_equal(cc_slab_iterate(&slab, 0), 0);
    cc_slab_clear(&slab);
    cc_slab_shrink(&slab);
    end();
}

static void slots_are_aligned_as_asked_for(void **state)
{
    static const size_t sizes[] = { 1, 2, 3, 4, 8, 12, 24, 48, 64, 100, 1024, 100000 };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t align = 1; align <= CC_SLAB_ALIGN_MAX; align *= 2) {
            begin(sizes[i], align, 0);
            for (int n = 0; n < 3; n++)
                assert_int_equal((uintptr_t)cc_slab_get(&slab, insert()) % align, 0);
            end();
        }
    begin(24, 0, 0);
    assert_int_equal((uintptr_t)cc_slab_get(&slab, insert()) % 8, 0);
    assert_int_equal((uintptr_t)cc_slab_get(&slab, insert()) % 8, 0);
    end();
}

static void assert_zeroed(size_t size, size_t align)
{
    begin(size, align, 0);
    insert_many(3);
    unsigned char *left = cc_slab_get(&slab, keys[0]), *right = cc_slab_get(&slab, keys[2]);
    memset(left, 0xAA, size);
    memset(right, 0xAA, size);
    memset(cc_slab_get(&slab, keys[1]), 0x55, size);
    assert_int_equal(cc_slab_remove(&slab, keys[1]), CC_RESULT_OK);
    const unsigned char *p = cc_slab_insert_zeroed(&slab, &keys[1]);
    assert_ptr_equal(p, cc_slab_get(&slab, keys[1]));
    assert_holds(p, size, 0);
    assert_holds(left, size, 0xAA);
    assert_holds(right, size, 0xAA);
    end();
}

static void zeroed_slots_are_zero_to_the_end(void **state)
{
    static const size_t sizes[] = { 1, 15, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1000, 1024 };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_zeroed(sizes[i], 0);
        assert_zeroed(sizes[i], 256);
    }
}

static void a_copy_is_followed_by_zeroes(void **state)
{
    static const size_t  sizes[] = { 1, 40, 64, 65, 200, 256, 1024 };
    static unsigned char what[1025];

    (void)state;
    memset(what, 0x77, sizeof what);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t n = 0; n <= sizes[i]; n += n < 4 || n + 70 > sizes[i] ? 1 : 37) {
            begin(sizes[i], 0, 0);
            memset(cc_slab_insert(&slab, &keys[0]), 0x55, sizes[i]);
            assert_int_equal(cc_slab_remove(&slab, keys[0]), CC_RESULT_OK);
            unsigned char *p = cc_slab_insert_from(&slab, n ? what : NULL, n, &keys[0]);
            assert_holds(p, n, 0x77);
            assert_holds(p + n, sizes[i] - n, 0);
            end();
        }
    volatile size_t huge = SIZE_MAX; /* which the compiler would refuse */
    begin(64, 0, 0);
    assert_null(cc_slab_insert_from(&slab, what, 65, &keys[0]));
    assert_null(cc_slab_insert_from(&slab, what, huge, &keys[0]));
    assert_int_equal(cc_slab_len(&slab), 0);
    end();
}

/* Of a size that the compiler knows; a slot of 64 bytes is filled in another way then. */
#define ASSERT_COPIED(align, size)                                                  \
    do {                                                                            \
        begin(64, align, 0);                                                        \
        insert_many(2);                                                             \
        memset(cc_slab_get(&slab, keys[0]), 0x55, 64);                              \
        assert_int_equal(cc_slab_remove(&slab, keys[0]), CC_RESULT_OK);             \
        const unsigned char *p_ = cc_slab_insert_from(&slab, what, size, &keys[0]); \
        assert_ptr_equal(p_, cc_slab_get(&slab, keys[0]));                          \
        assert_memory_equal(p_, what, size);                                        \
        assert_holds(p_ + (size), 64 - (size), 0);                                  \
        end();                                                                      \
    } while (0)

static void a_copy_of_a_constant_size_is_as_good(void **state)
{
    static unsigned char what[64];

    (void)state;
    for (size_t i = 0; i < sizeof what; i++)
        what[i] = (unsigned char)(i + 1);
    ASSERT_COPIED(0, 1);
    ASSERT_COPIED(0, 15);
    ASSERT_COPIED(0, 16);
    ASSERT_COPIED(0, 31);
    ASSERT_COPIED(0, 32);
    ASSERT_COPIED(0, 33);
    ASSERT_COPIED(0, 48);
    ASSERT_COPIED(0, 63);
    ASSERT_COPIED(0, 64);
    ASSERT_COPIED(128, 48);
}

static void a_slot_that_is_refused_has_no_key(void **state)
{
    static const unsigned char what[48];
    cc_slab_key_t              key = 7;

    (void)state;
    begin(64, 0, 0);
    parent.fail_at = parent.requests;
    assert_null(cc_slab_insert(&slab, &key));
    parent.fail_at = parent.requests;
    assert_null(cc_slab_insert_zeroed(&slab, &key));
    parent.fail_at = parent.requests;
    assert_null(cc_slab_insert_from(&slab, what, sizeof what, &key));
    assert_int_equal(key, 7);
    end();
}

static void a_key_is_never_valid_again(void **state)
{
    (void)state;
    begin(64, 0, 0);
    cc_slab_key_t first = insert();
    assert_int_equal(cc_slab_remove(&slab, first), CC_RESULT_OK);
    assert_int_equal(cc_slab_remove(&slab, first), CC_RESULT_STALE);
    cc_slab_key_t second = insert();
    assert_int_equal((uint32_t)second, (uint32_t)first); /* the same slot */
    assert_true(second != first);
    assert_null(cc_slab_get(&slab, first));
    assert_int_equal(cc_slab_remove(&slab, first), CC_RESULT_STALE);

    cc_slab_clear(&slab);
    assert_int_equal(cc_slab_len(&slab), 0);
    cc_slab_key_t third = insert();
    assert_false(cc_slab_contains(&slab, first) || cc_slab_contains(&slab, second));

    cc_slab_clear(&slab);
    cc_slab_shrink(&slab);
    assert_int_equal(parent.live_blocks, 0);
    insert_many(10);
    assert_false(cc_slab_contains(&slab, first) || cc_slab_contains(&slab, second) ||
                 cc_slab_contains(&slab, third));
    end();
}

static void made_up_keys_are_refused(void **state)
{
    (void)state;
    begin(64, 0, 0);
    insert_many(8);
    for (int i = 0; i < 8; i += 2)
        assert_int_equal(cc_slab_remove(&slab, keys[i]), CC_RESULT_OK);
    for (uint64_t generation = 0; generation < 4; generation++)
        for (uint32_t index = 0; index < 12; index++) {
            cc_slab_key_t key = generation << 32 | index;
            bool          own = index < 8 && index % 2 && key == keys[index];
            assert_int_equal(cc_slab_contains(&slab, key), own);
            if (!own)
                assert_int_equal(cc_slab_remove(&slab, key),
                                 index < 8 ? CC_RESULT_STALE : CC_RESULT_OUT_OF_RANGE);
        }
    assert_int_equal(cc_slab_remove(&slab, UINT64_MAX), CC_RESULT_OUT_OF_RANGE);
    assert_int_equal(cc_slab_remove(&slab, UINT32_MAX), CC_RESULT_OUT_OF_RANGE);
    assert_int_equal(cc_slab_iterate(&slab, UINT64_MAX), 0);
    assert_int_equal(cc_slab_len(&slab), 4);
    end();
}

static void addresses_stay_while_the_slab_grows(void **state)
{
    static void *at[MANY];

    (void)state;
    begin(64, 0, 0);
    for (size_t i = 0; i < MANY; i++)
        at[i] = cc_slab_insert(&slab, &keys[i]);
    for (size_t i = 0; i < MANY; i++) {
        assert_ptr_equal(cc_slab_get(&slab, keys[i]), at[i]);
        assert_int_equal(cc_slab_key_of(&slab, at[i]), keys[i]);
    }
    assert_true(cc_slab_capacity(&slab) >= MANY);
    end();
}

static void the_last_slot_vacated_is_the_next_or_the_last(void **state)
{
    (void)state;
    begin(64, 0, 0);
    insert_many(3);
    assert_int_equal(cc_slab_remove(&slab, keys[0]), CC_RESULT_OK);
    assert_int_equal(cc_slab_remove(&slab, keys[1]), CC_RESULT_OK);
    assert_int_equal((uint32_t)insert(), (uint32_t)keys[1]);
    assert_int_equal((uint32_t)insert(), (uint32_t)keys[0]);
    end();

    begin(64, 0, CC_SLAB_FIFO);
    keys[0]         = insert();
    size_t capacity = cc_slab_capacity(&slab);
    for (size_t round = 0; round < 2; round++)
        for (size_t i = 0; i < capacity; i++) { /* each slot in turn, though one object lives */
            assert_int_equal(cc_slab_remove(&slab, keys[0]), CC_RESULT_OK);
            keys[0] = insert();
            assert_int_equal((uint32_t)keys[0], (i + 1) % capacity);
        }
    assert_int_equal(keys[0] >> 32, 3);
    assert_int_equal(cc_slab_capacity(&slab), capacity);
    end();
}

static void iteration_meets_each_object_once(void **state)
{
    size_t met = 0;

    (void)state;
    begin(64, 0, 0);
    insert_many(100);
    for (int i = 0; i < 100; i += 3)
        assert_int_equal(cc_slab_remove(&slab, keys[i]), CC_RESULT_OK);
    for (cc_slab_key_t key = 0; (key = cc_slab_iterate(&slab, key)) != 0; met++) {
        assert_true(cc_slab_contains(&slab, key));
        assert_int_equal(cc_slab_remove(&slab, key), CC_RESULT_OK); /* the current one */
    }
    assert_int_equal(met, 66);
    assert_int_equal(cc_slab_len(&slab), 0);
    end();
}

/* Objects in the last of three pages only: the others go back, and come again. */
static void pages_without_an_object_go_back(void **state)
{
    (void)state;
    begin(64, 0, 0);
    insert_many(MANY);
    size_t pages = cc_slab_stats(&slab).page_bytes;
    for (int i = 0; i < MANY - 1; i++)
        assert_int_equal(cc_slab_remove(&slab, keys[i]), CC_RESULT_OK);
    unsigned char *last = cc_slab_get(&slab, keys[MANY - 1]);
    last[0]             = 42;
    cc_slab_shrink(&slab);
    assert_true(cci_slab_is_valid(&slab));
    assert_true(cc_slab_stats(&slab).page_bytes * 2 < pages);
    assert_ptr_equal(cc_slab_get(&slab, keys[MANY - 1]), last);
    for (int i = 0; i < MANY - 1; i++)
        assert_null(cc_slab_get(&slab, keys[i]));
    insert_many(MANY - 1);
    assert_true(cci_slab_is_valid(&slab));
    assert_int_equal(cc_slab_stats(&slab).page_bytes, pages);
    assert_int_equal(last[0], 42);
    end();
}

/* What is refilled may be more than ever lived at once: the peak is true all the same. */
static void the_peak_is_true_after_holes(void **state)
{
    (void)state;
    begin(64, 0, 0);
    insert_many(MANY);
    size_t page = cc_slab_capacity(&slab) / 3;
    for (size_t i = 0; i < page; i++)
        assert_int_equal(cc_slab_remove(&slab, keys[i]), CC_RESULT_OK);
    cc_slab_shrink(&slab);
    size_t room = cc_slab_capacity(&slab) - cc_slab_len(&slab);
    for (size_t i = 0; i < room + page - 1; i++) {
        insert();
        size_t live = cc_slab_len(&slab);
        assert_int_equal(cc_slab_stats(&slab).peak, live > MANY ? live : MANY);
        assert_true(cci_slab_is_valid(&slab));
    }
    end();
}

static void a_slot_whose_generations_are_used_up_is_left(void **state)
{
    (void)state;
    begin(64, 0, 0);
    slab.generation   = UINT32_MAX;
    cc_slab_key_t key = insert();
    assert_int_equal(key >> 32, UINT32_MAX);
    assert_int_equal(cc_slab_remove(&slab, key), CC_RESULT_OK);
    assert_int_equal(cc_slab_stats(&slab).worn, 1);
    assert_int_equal(cc_slab_remove(&slab, key), CC_RESULT_STALE);
    slab.generation = 5;
    assert_int_equal((uint32_t)insert(), 1);
    cc_slab_clear(&slab);
    cc_slab_shrink(&slab); /* the word stays, or the slot would begin anew */
    assert_int_equal(cc_slab_stats(&slab).worn, 1);
    assert_int_equal(cc_slab_stats(&slab).page_bytes, 0);
    key = insert();
    assert_int_equal((uint32_t)key, 1);
    assert_int_equal(key >> 32, 6);
    end();
}

/* One slot that was used very often leaves the others the generations they have. */
static void a_slot_half_worn_keeps_its_generation_to_itself(void **state)
{
    (void)state;
    begin(64, 0, 0);
    slab.generation = UINT32_C(0x80000005);
    assert_int_equal(cc_slab_remove(&slab, insert()), CC_RESULT_OK);
    slab.generation = 1;
    cc_slab_shrink(&slab);
    assert_int_equal(insert(), UINT64_C(0x8000000600000000));
    assert_int_equal(insert(), UINT64_C(0x0000000100000001));
    end();
}

static void low_slots_come_first_after_clear_and_shrink(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags <= CC_SLAB_FIFO; flags++) {
        begin(64, 0, flags);
        insert_many(10);
        cc_slab_clear(&slab);
        if (flags)
            insert_many(cc_slab_capacity(&slab) - 10); /* a FIFO takes those first */
        for (uint32_t i = 0; i < 10; i++)
            assert_int_equal((uint32_t)(keys[i] = insert()), i);
        for (uint32_t i = 0; i < 9; i++)
            assert_int_equal(cc_slab_remove(&slab, keys[(i * 4) % 9]), CC_RESULT_OK);
        cc_slab_shrink(&slab);
        for (uint32_t i = 0; i < 9; i++)
            assert_int_equal((uint32_t)insert(), i);
        end();
    }
}

/* The last page would have a slot whose index cannot be told from CC_SLAB_NONE_. */
static void no_slot_is_beyond_what_a_key_can_name(void **state)
{
    (void)state;
    begin(1, 1, 0);
    slab.page_count = (UINT32_C(1) << (32 - slab.page_shift)) - 1;
    assert_false(cci_slab_grow(&slab));
    assert_int_equal(parent.requests, 0);
    slab.page_count = 0;
    end();
}

/* A page all of whose slots are worn helps nobody. */
static void a_worn_page_is_passed_over(void **state)
{
    (void)state;
    begin(64, 0, 0);
    slab.generation = UINT32_MAX;
    keys[0]         = insert();
    size_t page     = cc_slab_capacity(&slab);
    for (size_t i = 1; i < page; i++)
        keys[i] = insert();
    cc_slab_clear(&slab);
    cc_slab_shrink(&slab);
    slab.generation = 1;
    assert_int_equal((uint32_t)insert(), page);
    assert_int_equal(cc_slab_stats(&slab).worn, page);
    end();
}

static void reserved_slots_need_nothing_of_the_parent(void **state)
{
    (void)state;
    begin(64, 0, 0);
    assert_int_equal(cc_slab_reserve(&slab, MANY), CC_RESULT_OK);
    size_t requests = parent.requests;
    insert_many(MANY);
    assert_int_equal(parent.requests, requests);
    parent.fail_at = requests;
    assert_int_equal(cc_slab_reserve(&slab, SIZE_MAX), CC_RESULT_NO_MEMORY);
    end();
}

static void statistics_are_true(void **state)
{
    (void)state;
    begin(64, 0, 0);
    insert_many(MANY);
    for (int i = 0; i < 500; i++)
        assert_int_equal(cc_slab_remove(&slab, keys[i]), CC_RESULT_OK);
    cc_slab_stats_t s = cc_slab_stats(&slab);
    assert_int_equal(s.live, MANY - 500);
    assert_int_equal(s.peak, MANY);
    assert_int_equal(s.capacity, cc_slab_capacity(&slab));
    assert_int_equal(s.worn, 0);
    assert_int_equal(s.used_bytes, (MANY - 500) * 64);
    assert_true(s.page_bytes >= s.capacity * 64);
    assert_int_equal(s.reserved_bytes, parent.live_bytes);
    end();
}

static void it_knows_its_slots(void **state)
{
    unsigned char other;

    (void)state;
    begin(64, 0, 0);
    cc_slab_key_t  key = insert();
    unsigned char *p   = cc_slab_get(&slab, key);
    assert_true(cc_slab_owns(&slab, p) && cc_slab_owns(&slab, p + 63));
    assert_false(cc_slab_owns(&slab, &other) || cc_slab_owns(&slab, NULL));
    assert_int_equal(cc_slab_key_of(&slab, p + 1), 0);
    assert_int_equal(cc_slab_key_of(&slab, &other), 0);
    assert_int_equal(cc_slab_remove(&slab, key), CC_RESULT_OK);
    assert_int_equal(cc_slab_key_of(&slab, p), 0);
    end();
}

static void it_stands_under_others(void **state)
{
    (void)state;
    begin(64, 32, 0);
    cc_allocator_t a = cc_slab_allocator(&slab);
    assert_null(cc_allocator_alloc(a, 57, 8)); /* the key needs 8 */
    assert_null(cc_allocator_alloc(a, SIZE_MAX, 8));
    assert_null(cc_allocator_alloc(a, 8, 64));
    unsigned char *p = cc_allocator_alloc(a, 56, 32);
    assert_non_null(p);
    memset(p, 0xFF, 56);
    assert_int_equal((uintptr_t)p % 32, 0);
    cc_allocator_free(a, p, 56, 32);
    assert_int_equal(cc_slab_len(&slab), 0);
    end();

    begin(4, 0, 0); /* no room for a key */
    assert_null(cc_allocator_alloc(cc_slab_allocator(&slab), 1, 1));
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(a_slot_nobody_has_memory_for_is_null),
        cmocka_unit_test(an_empty_slab_takes_no_memory_and_knows_no_key),
        cmocka_unit_test(slots_are_aligned_as_asked_for),
        cmocka_unit_test(zeroed_slots_are_zero_to_the_end),
        cmocka_unit_test(a_copy_is_followed_by_zeroes),
        cmocka_unit_test(a_copy_of_a_constant_size_is_as_good),
        cmocka_unit_test(a_slot_that_is_refused_has_no_key),
        cmocka_unit_test(a_key_is_never_valid_again),
        cmocka_unit_test(made_up_keys_are_refused),
        cmocka_unit_test(addresses_stay_while_the_slab_grows),
        cmocka_unit_test(the_last_slot_vacated_is_the_next_or_the_last),
        cmocka_unit_test(iteration_meets_each_object_once),
        cmocka_unit_test(pages_without_an_object_go_back),
        cmocka_unit_test(the_peak_is_true_after_holes),
        cmocka_unit_test(a_slot_whose_generations_are_used_up_is_left),
        cmocka_unit_test(a_slot_half_worn_keeps_its_generation_to_itself),
        cmocka_unit_test(low_slots_come_first_after_clear_and_shrink),
        cmocka_unit_test(no_slot_is_beyond_what_a_key_can_name),
        cmocka_unit_test(a_worn_page_is_passed_over),
        cmocka_unit_test(reserved_slots_need_nothing_of_the_parent),
        cmocka_unit_test(statistics_are_true),
        cmocka_unit_test(it_knows_its_slots),
        cmocka_unit_test(it_stands_under_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
