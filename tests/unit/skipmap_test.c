/* SPDX-License-Identifier: MIT */
/* A map: what its functions promise to one thread, at their edges. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ccmem/alloc.h>
#include <ccmem/skipmap.h>
#include "lockfree/skipmap.h"

enum { MANY = 2000 };

#define OK(call)     assert_int_equal(call, CC_RESULT_OK)
#define NONE(call)   assert_int_equal(call, CC_RESULT_NOT_FOUND)
#define EXISTS(call) assert_int_equal(call, CC_RESULT_EXISTS)

static uint64_t live_before;

static cc_skipmap_t *begin(const cc_skipmap_options_t *options)
{
    cc_alloc_stats_enable(true);
    live_before       = cc_alloc_stats_snapshot().current_allocated;
    cc_skipmap_t *map = cc_skipmap_create(options);
    assert_non_null(map);
    return map;
}

static void end(cc_skipmap_t *map)
{
    assert_true(cci_skipmap_is_valid(map));
    cc_skipmap_destroy(map);
    assert_int_equal(cc_alloc_stats_snapshot().current_allocated, live_before);
}

static void expect_entry(cc_skipmap_entry_t e, uintptr_t key, uintptr_t value)
{
    assert_int_equal(e.key, key);
    assert_int_equal(e.value, value);
}

static uintptr_t value_of(cc_skipmap_t *map, uintptr_t key)
{
    uintptr_t value = 0;

    OK(cc_skipmap_get(map, key, &value));
    return value;
}

/* ---- one key ---- */

static void an_empty_map_has_nothing(void **state)
{
    (void)state;
    cc_skipmap_t      *map   = begin(NULL);
    cc_skipmap_entry_t e     = { 1, 2 };
    uintptr_t          value = 3;
    bool               is    = true;

    NONE(cc_skipmap_get(map, 0, &value));
    NONE(cc_skipmap_replace(map, 0, 1, &value));
    NONE(cc_skipmap_remove(map, 0, &value));
    NONE(cc_skipmap_first(map, &e));
    NONE(cc_skipmap_last(map, &e));
    NONE(cc_skipmap_floor(map, UINTPTR_MAX, &e));
    NONE(cc_skipmap_lower(map, UINTPTR_MAX, &e));
    NONE(cc_skipmap_ceiling(map, 0, &e));
    NONE(cc_skipmap_higher(map, 0, &e));
    NONE(cc_skipmap_pop_first(map, &e));
    expect_entry(e, 1, 2);
    assert_int_equal(value, 3);
    OK(cc_skipmap_contains(map, 0, &is));
    assert_false(is);
    assert_int_equal(cc_skipmap_len(map), 0);
    end(map);
}

static void put_get_and_remove(void **state)
{
    (void)state;
    cc_skipmap_t *map = begin(NULL);
    uintptr_t     old = 0;
    bool          is  = false;

    OK(cc_skipmap_put(map, 7, 70));
    assert_int_equal(value_of(map, 7), 70);
    OK(cc_skipmap_contains(map, 7, &is));
    assert_true(is);
    OK(cc_skipmap_put(map, 7, 71));
    assert_int_equal(value_of(map, 7), 71);
    assert_int_equal(cc_skipmap_len(map), 1);
    OK(cc_skipmap_remove(map, 7, &old));
    assert_int_equal(old, 71);
    NONE(cc_skipmap_get(map, 7, NULL));
    NONE(cc_skipmap_remove(map, 7, NULL));
    assert_int_equal(cc_skipmap_len(map), 0);
    end(map);
}

static void put_if_absent_leaves_what_is_there(void **state)
{
    (void)state;
    cc_skipmap_t *map = begin(NULL);

    OK(cc_skipmap_put_if_absent(map, 7, 70));
    EXISTS(cc_skipmap_put_if_absent(map, 7, 71));
    assert_int_equal(value_of(map, 7), 70);
    assert_int_equal(cc_skipmap_len(map), 1);
    end(map);
}

static void replace_needs_what_is_there(void **state)
{
    (void)state;
    cc_skipmap_t *map = begin(NULL);
    uintptr_t     old = 0;

    NONE(cc_skipmap_replace(map, 7, 70, &old));
    NONE(cc_skipmap_get(map, 7, NULL));
    OK(cc_skipmap_put(map, 7, 70));
    OK(cc_skipmap_replace(map, 7, 71, &old));
    assert_int_equal(old, 70);
    OK(cc_skipmap_replace(map, 7, 72, NULL));
    assert_int_equal(value_of(map, 7), 72);
    assert_int_equal(cc_skipmap_len(map), 1);
    end(map);
}

/* Any word is a key, and a value. */
static void the_ends_of_the_numbers_are_keys(void **state)
{
    (void)state;
    cc_skipmap_t      *map = begin(NULL);
    cc_skipmap_entry_t e;

    OK(cc_skipmap_put(map, UINTPTR_MAX, 0));
    OK(cc_skipmap_put(map, 0, UINTPTR_MAX));
    assert_int_equal(value_of(map, UINTPTR_MAX), 0);
    assert_int_equal(value_of(map, 0), UINTPTR_MAX);
    NONE(cc_skipmap_lower(map, 0, &e));
    NONE(cc_skipmap_higher(map, UINTPTR_MAX, &e));
    OK(cc_skipmap_floor(map, 0, &e));
    expect_entry(e, 0, UINTPTR_MAX);
    OK(cc_skipmap_ceiling(map, UINTPTR_MAX, &e));
    expect_entry(e, UINTPTR_MAX, 0);
    OK(cc_skipmap_lower(map, UINTPTR_MAX, &e));
    expect_entry(e, 0, UINTPTR_MAX);
    OK(cc_skipmap_higher(map, 0, &e));
    expect_entry(e, UINTPTR_MAX, 0);
    OK(cc_skipmap_last(map, &e));
    expect_entry(e, UINTPTR_MAX, 0);
    OK(cc_skipmap_first(map, &e));
    expect_entry(e, 0, UINTPTR_MAX);
    end(map);
}

/* ---- compute ---- */

typedef struct order {
    cc_skipmap_verdict_t verdict;
    uintptr_t            put;
    bool                 had;
    uintptr_t            value;
    unsigned             calls;
} order_t;

static cc_skipmap_verdict_t obey(uintptr_t key, const uintptr_t *value, uintptr_t *put,
                                 void *context)
{
    order_t *o = context;

    assert_int_equal(key, 7);
    o->calls++;
    o->had = value;
    if (value)
        o->value = *value;
    *put = o->put;
    return o->verdict;
}

static void compute_does_what_it_is_told(void **state)
{
    (void)state;
    cc_skipmap_t *map = begin(NULL);
    order_t       o   = { .verdict = CC_SKIPMAP_KEEP, .put = 1 };

    OK(cc_skipmap_compute(map, 7, obey, &o));
    assert_false(o.had);
    NONE(cc_skipmap_get(map, 7, NULL));
    o.verdict = CC_SKIPMAP_REMOVE;
    OK(cc_skipmap_compute(map, 7, obey, &o));
    assert_int_equal(cc_skipmap_len(map), 0);
    o.verdict = CC_SKIPMAP_PUT;
    OK(cc_skipmap_compute(map, 7, obey, &o));
    assert_false(o.had);
    assert_int_equal(value_of(map, 7), 1);
    o.put = 2;
    OK(cc_skipmap_compute(map, 7, obey, &o));
    assert_true(o.had && o.value == 1);
    assert_int_equal(value_of(map, 7), 2);
    o.verdict = CC_SKIPMAP_KEEP;
    OK(cc_skipmap_compute(map, 7, obey, &o));
    assert_int_equal(value_of(map, 7), 2);
    o.verdict = CC_SKIPMAP_REMOVE;
    OK(cc_skipmap_compute(map, 7, obey, &o));
    assert_true(o.had && o.value == 2);
    assert_int_equal(cc_skipmap_len(map), 0);
    assert_int_equal(o.calls, 6);
    end(map);
}

/* Whoever was faster is asked about: the callback itself is, once. */
typedef struct meddling {
    cc_skipmap_t *map;
    unsigned      calls;
} meddling_t;

static cc_skipmap_verdict_t meddle(uintptr_t key, const uintptr_t *value, uintptr_t *put,
                                   void *context)
{
    meddling_t *m = context;

    if (m->calls++ == 0)
        OK(cc_skipmap_put(m->map, key, 10));
    *put = value ? *value + 1 : 1;
    return CC_SKIPMAP_PUT;
}

static void compute_asks_again_when_others_were_faster(void **state)
{
    (void)state;
    cc_skipmap_t *map = begin(NULL);
    meddling_t    m   = { .map = map };

    OK(cc_skipmap_compute(map, 7, meddle, &m));
    assert_int_equal(m.calls, 2);
    assert_int_equal(value_of(map, 7), 11);
    m.calls = 0;
    OK(cc_skipmap_compute(map, 7, meddle, &m));
    assert_int_equal(m.calls, 2);
    assert_int_equal(value_of(map, 7), 11);
    assert_int_equal(cc_skipmap_len(map), 1);
    end(map);
}

/* ---- order ---- */

static void neighbours_are_found(void **state)
{
    (void)state;
    cc_skipmap_t      *map = begin(NULL);
    cc_skipmap_entry_t e;

    for (uintptr_t key = 10; key <= 1000; key += 10)
        OK(cc_skipmap_put(map, key, key * 2));
    for (uintptr_t key = 11; key < 1000; key++) {
        uintptr_t down = key / 10 * 10, up = (key + 9) / 10 * 10;
        OK(cc_skipmap_floor(map, key, &e));
        expect_entry(e, down, down * 2);
        OK(cc_skipmap_ceiling(map, key, &e));
        expect_entry(e, up, up * 2);
        OK(cc_skipmap_lower(map, key, &e));
        assert_int_equal(e.key, down == key ? key - 10 : down);
        OK(cc_skipmap_higher(map, key, &e));
        assert_int_equal(e.key, up == key ? key + 10 : up);
    }
    NONE(cc_skipmap_lower(map, 10, NULL));
    NONE(cc_skipmap_higher(map, 1000, NULL));
    NONE(cc_skipmap_floor(map, 9, NULL));
    NONE(cc_skipmap_ceiling(map, 1001, NULL));
    end(map);
}

static void pop_takes_them_in_order(void **state)
{
    (void)state;
    cc_skipmap_t      *map = begin(NULL);
    cc_skipmap_entry_t e;

    for (uintptr_t i = 0; i < MANY; i++)
        OK(cc_skipmap_put(map, i * 7919 % MANY, i));
    for (uintptr_t i = 0; i < MANY; i++) {
        OK(cc_skipmap_pop_first(map, i % 2 ? &e : NULL));
        assert_true(i % 2 == 0 || e.key == i);
    }
    NONE(cc_skipmap_pop_first(map, &e));
    end(map);
}

/* ---- keys that are compared, and owned ---- */

typedef struct owned {
    unsigned destroyed;
    int      sign; /* of the order */
} owned_t;

static int compare_texts(uintptr_t a, uintptr_t b, void *context)
{
    const owned_t *o = context;

    return o->sign * strcmp((const char *)a, (const char *)b);
}

static void destroy_texts(uintptr_t key, uintptr_t value, void *context)
{
    owned_t *o = context;

    o->destroyed++;
    free((void *)key);
    free((void *)value);
}

static uintptr_t text(const char *s)
{
    char *copy = malloc(strlen(s) + 1);

    assert_non_null(copy);
    return (uintptr_t)strcpy(copy, s);
}

static uintptr_t look_up(const char *s)
{
    return (uintptr_t)s;
}

static void entries_of_the_map_are_destroyed_once(void **state)
{
    (void)state;
    owned_t              o       = { .sign = 1 };
    cc_skipmap_options_t options = { compare_texts, destroy_texts, &o, NULL, CC_SMR_IBR };
    cc_skipmap_t        *map     = begin(&options);
    uintptr_t            key = text("b"), value = text("?");

    OK(cc_skipmap_put(map, text("b"), text("2")));
    OK(cc_skipmap_put(map, text("a"), text("1")));
    EXISTS(cc_skipmap_put_if_absent(map, key, value));
    free((void *)key);
    OK(cc_skipmap_put(map, text("b"), value));
    OK(cc_skipmap_put(map, text("c"), text("3")));
    OK(cc_skipmap_remove(map, look_up("a"), NULL));
    cc_smr_barrier(cc_skipmap_smr(map));
    assert_int_equal(o.destroyed, 2);
    assert_string_equal((const char *)value_of(map, look_up("b")), "?");
    end(map);
    assert_int_equal(o.destroyed, 4);
}

static void the_order_is_that_of_compare(void **state)
{
    (void)state;
    owned_t              o       = { .sign = -1 };
    cc_skipmap_options_t options = { .compare = compare_texts, .context = &o };
    cc_skipmap_t        *map     = begin(&options);
    cc_skipmap_entry_t   e;

    OK(cc_skipmap_put(map, look_up("m"), 1));
    OK(cc_skipmap_put(map, look_up("z"), 2));
    OK(cc_skipmap_put(map, look_up("a"), 3));
    OK(cc_skipmap_first(map, &e));
    assert_int_equal(e.value, 2);
    OK(cc_skipmap_last(map, &e));
    assert_int_equal(e.value, 3);
    OK(cc_skipmap_higher(map, look_up("m"), &e));
    assert_int_equal(e.value, 3);
    OK(cc_skipmap_lower(map, look_up("m"), &e));
    assert_int_equal(e.value, 2);
    OK(cc_skipmap_floor(map, look_up("b"), &e));
    assert_int_equal(e.value, 1);
    OK(cc_skipmap_ceiling(map, look_up("b"), &e));
    assert_int_equal(e.value, 3);
    end(map);
}

/* ---- what is read stays ---- */

static void a_section_keeps_what_was_removed(void **state)
{
    (void)state;
    owned_t              o       = { .sign = 1 };
    cc_skipmap_options_t options = { compare_texts, destroy_texts, &o, NULL, CC_SMR_IBR };
    cc_skipmap_t        *map     = begin(&options);

    OK(cc_skipmap_put(map, text("a"), text("1")));
    cc_smr_guard_t *g = cc_smr_enter(cc_skipmap_smr(map));
    assert_non_null(g);
    const char *value = (const char *)value_of(map, look_up("a"));
    OK(cc_skipmap_remove(map, look_up("a"), NULL));
    cc_smr_poll(cc_skipmap_smr(map));
    assert_string_equal(value, "1");
    assert_int_equal(o.destroyed, 0);
    cc_smr_leave(g);
    cc_smr_barrier(cc_skipmap_smr(map));
    assert_int_equal(o.destroyed, 1);
    end(map);
}

static void *put_five(void *map)
{
    for (uintptr_t key = 0; key < 5; key++)
        OK(cc_skipmap_put(map, key, key));
    return NULL;
}

static void *remove_five(void *map)
{
    for (uintptr_t key = 0; key < 5; key++)
        OK(cc_skipmap_remove(map, key, NULL));
    cc_smr_poll(cc_skipmap_smr(map));
    return NULL;
}

static void in_another_thread(void *(*body)(void *), cc_skipmap_t *map)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, body, map), 0);
    pthread_join(thread, NULL);
}

static void count_destroyed(uintptr_t key, uintptr_t value, void *context)
{
    unsigned *destroyed = context;

    assert_int_equal(key, value);
    *destroyed += 1;
}

/* What was made after the section began is protected by reading it, and not before. */
static void a_section_keeps_what_it_reads_later(void **state)
{
    (void)state;
    const cc_smr_options_t eager     = { CC_SMR_IBR, 1, 1, .check = false };
    cc_smr_t              *smr       = cc_smr_create(&eager);
    unsigned               destroyed = 0;
    cc_skipmap_options_t   options   = { NULL, count_destroyed, &destroyed, smr, CC_SMR_IBR };
    cc_skipmap_t          *map       = begin(&options);
    cc_smr_guard_t        *g         = cc_smr_enter(smr);

    assert_non_null(g);
    in_another_thread(put_five, map);
    assert_int_equal(value_of(map, 4), 4);
    in_another_thread(remove_five, map);
    assert_int_equal(destroyed, 0);
    in_another_thread(put_five, map);
    in_another_thread(remove_five, map);
    assert_in_range(destroyed, 1, 5);
    cc_smr_leave(g);
    cc_smr_barrier(smr);
    assert_int_equal(destroyed, 10);
    cc_skipmap_destroy(map);
    cc_smr_destroy(smr);
}

static void maps_of_one_domain_end_one_by_one(void **state)
{
    (void)state;
    uint64_t             live    = cc_alloc_stats_snapshot().current_allocated;
    cc_smr_t            *smr     = cc_smr_create(NULL);
    owned_t              o       = { .sign = 1 };
    cc_skipmap_options_t options = { compare_texts, destroy_texts, &o, smr, CC_SMR_IBR };
    cc_skipmap_t        *one = cc_skipmap_create(&options), *two = cc_skipmap_create(&options);

    assert_non_null(smr);
    assert_non_null(one);
    assert_non_null(two);
    assert_ptr_equal(cc_skipmap_smr(one), smr);
    OK(cc_skipmap_put(one, text("a"), text("1")));
    OK(cc_skipmap_put(two, text("a"), text("1")));
    OK(cc_skipmap_remove(one, look_up("a"), NULL));
    cc_skipmap_destroy(one);
    assert_int_equal(o.destroyed, 1);
    OK(cc_skipmap_put(two, text("b"), text("2")));
    cc_skipmap_destroy(two);
    assert_int_equal(o.destroyed, 3);
    cc_smr_destroy(smr);
    assert_int_equal(cc_alloc_stats_snapshot().current_allocated, live);
}

static void destroying_nothing_is_nothing(void **state)
{
    (void)state;
    cc_skipmap_destroy(NULL);
}

static void a_scheme_that_cannot_be_is_refused(void **state)
{
    (void)state;
    const cc_skipmap_options_t options = { .scheme = (cc_smr_scheme_t)7 };

    assert_null(cc_skipmap_create(&options));
}

/* ---- iteration ---- */

static size_t count_between(cc_skipmap_t *map, const uintptr_t *from, const uintptr_t *to)
{
    cc_skipmap_iter_t  it;
    cc_skipmap_entry_t e, last = { 0, 0 };
    size_t             n = 0;

    cc_skipmap_iter_init(&it, map, from, to);
    while (cc_skipmap_iter_next(&it, &e) == CC_RESULT_OK) {
        assert_true(n == 0 || e.key > last.key);
        assert_true((!from || e.key >= *from) && (!to || e.key < *to));
        last = e;
        n++;
    }
    NONE(cc_skipmap_iter_next(&it, &e));
    cc_skipmap_iter_fini(&it);
    return n;
}

static void a_range_has_its_begin_and_not_its_end(void **state)
{
    (void)state;
    cc_skipmap_t   *map  = begin(NULL);
    const uintptr_t zero = 0, most = UINTPTR_MAX, from = 100, to = 200;

    assert_int_equal(count_between(map, NULL, NULL), 0);
    for (uintptr_t key = 0; key < MANY; key++)
        OK(cc_skipmap_put(map, key, key));
    OK(cc_skipmap_put(map, most, 0));
    assert_int_equal(count_between(map, NULL, NULL), MANY + 1);
    assert_int_equal(count_between(map, &zero, NULL), MANY + 1);
    assert_int_equal(count_between(map, NULL, &most), MANY);
    assert_int_equal(count_between(map, NULL, &zero), 0);
    assert_int_equal(count_between(map, &most, NULL), 1);
    assert_int_equal(count_between(map, &from, &to), 100);
    assert_int_equal(count_between(map, &to, &from), 0);
    end(map);
}

/* The entry that was given out stays readable, and the iterator finds on from it. */
static void an_iterator_outlives_what_it_is_at(void **state)
{
    (void)state;
    owned_t              o       = { .sign = 1 };
    cc_skipmap_options_t options = { compare_texts, destroy_texts, &o, NULL, CC_SMR_IBR };
    cc_skipmap_t        *map     = begin(&options);
    cc_skipmap_iter_t    it;
    cc_skipmap_entry_t   e;

    OK(cc_skipmap_put(map, text("a"), text("1")));
    OK(cc_skipmap_put(map, text("b"), text("2")));
    OK(cc_skipmap_put(map, text("c"), text("3")));
    cc_skipmap_iter_init(&it, map, NULL, NULL);
    OK(cc_skipmap_iter_next(&it, &e));
    OK(cc_skipmap_remove(map, look_up("a"), NULL));
    OK(cc_skipmap_remove(map, look_up("b"), NULL));
    cc_smr_barrier(cc_skipmap_smr(map));
    assert_int_equal(o.destroyed, 1);
    assert_string_equal((const char *)e.key, "a");
    assert_string_equal((const char *)e.value, "1");
    OK(cc_skipmap_iter_next(&it, &e));
    assert_string_equal((const char *)e.key, "c");
    cc_smr_barrier(cc_skipmap_smr(map));
    assert_int_equal(o.destroyed, 2);
    OK(cc_skipmap_put(map, text("c"), text("4")));
    cc_smr_barrier(cc_skipmap_smr(map));
    assert_string_equal((const char *)e.value, "3");
    NONE(cc_skipmap_iter_next(&it, &e));
    cc_skipmap_iter_init(&it, map, NULL, NULL);
    OK(cc_skipmap_iter_next(&it, NULL));
    cc_skipmap_iter_fini(&it);
    cc_skipmap_iter_fini(&it);
    NONE(cc_skipmap_iter_next(&it, &e));
    end(map);
    assert_int_equal(o.destroyed, 4);
}

/* ---- between a mark and what follows ---- */

/* A remover that got no further than to the mark: for all others the key is not there, whatever the
 * height of its node, and who changes something there unlinks it. */
static void what_is_marked_is_not_there(void **state)
{
    (void)state;
    cc_skipmap_t      *map = begin(NULL);
    cc_skipmap_entry_t e;
    bool               is;

    for (uintptr_t key = 0; key < 64; key++)
        OK(cc_skipmap_put(map, key, key));
    for (uintptr_t key = 1; key < 63; key++) {
        cc_smr_guard_t *g = cc_smr_enter(map->smr);
        assert_non_null(g);
        cci_tower_t *t = cci_skipmap_find_key(map, g, key);
        cci_tower_mark_upper(t);
        assert_true(cci_tower_take(t));
        assert_false(cci_tower_take(t));
        NONE(cc_skipmap_get(map, key, NULL));
        OK(cc_skipmap_contains(map, key, &is));
        assert_false(is);
        OK(cc_skipmap_ceiling(map, key, &e));
        assert_int_equal(e.key, key + 1);
        OK(cc_skipmap_floor(map, key, &e));
        assert_int_equal(e.key, key - 1);
        NONE(cc_skipmap_remove(map, key, NULL));
        cci_tally_add(&map->tally, cci_stripe_of(g), -1);
        cci_skipmap_let_go(map, g, t);
        assert_true(cci_skipmap_is_valid(map));
        OK(cc_skipmap_put_if_absent(map, key, key));
        cc_smr_leave(g);
    }
    end(map);
}

/* ---- loading ---- */

static cc_skipmap_entry_t entries[MANY];

static void fill_entries(uintptr_t from)
{
    for (size_t i = 0; i < MANY; i++)
        entries[i] = (cc_skipmap_entry_t){ from + i, i };
}

static void a_loaded_map_is_a_map(void **state)
{
    (void)state;
    cc_skipmap_t *map = begin(NULL);

    OK(cc_skipmap_load(map, NULL, 0));
    assert_true(cci_skipmap_is_valid(map));
    fill_entries(0);
    OK(cc_skipmap_load(map, entries, MANY - 1));
    assert_true(cci_skipmap_is_valid(map));
    assert_int_equal(cc_skipmap_len(map), MANY - 1);
    assert_int_equal(map->levels, 11);
    fill_entries(MANY);
    OK(cc_skipmap_load(map, entries, MANY));
    assert_true(cci_skipmap_is_valid(map));
    OK(cc_skipmap_put(map, MANY - 1, 1));
    for (uintptr_t key = 0; key < 2 * MANY; key++)
        OK(cc_skipmap_remove(map, key, NULL));
    end(map);
}

static void what_does_not_ascend_is_not_loaded(void **state)
{
    (void)state;
    cc_skipmap_t *map = begin(NULL);

    fill_entries(0);
    entries[7].key = 6;
    assert_int_equal(cc_skipmap_load(map, entries, MANY), CC_RESULT_INVALID);
    assert_int_equal(cc_skipmap_len(map), 0);
    OK(cc_skipmap_load(map, entries, 7));
    assert_int_equal(cc_skipmap_load(map, &entries[6], 1), CC_RESULT_INVALID);
    assert_int_equal(cc_skipmap_len(map), 7);
    end(map);
}

/* ---- many ---- */

static void many_keys(void **state)
{
    cc_skipmap_t *map = begin(*state);

    for (int round = 0; round < 3; round++) {
        for (uintptr_t i = 0; i < MANY; i++)
            OK(cc_skipmap_put(map, i * 7919 % MANY, i));
        assert_true(cci_skipmap_is_valid(map));
        for (uintptr_t i = 0; i < MANY; i++)
            OK(cc_skipmap_put(map, i, i * 3));
        assert_true(cci_skipmap_is_valid(map));
        for (uintptr_t i = 0; i < MANY; i += 2)
            OK(cc_skipmap_remove(map, i, NULL));
        assert_true(cci_skipmap_is_valid(map));
        for (uintptr_t i = 1; i < MANY; i += 2)
            assert_int_equal(value_of(map, i), i * 3);
        assert_int_equal(cc_skipmap_len(map), MANY / 2);
    }
    end(map);
}

int main(void)
{
    cc_skipmap_options_t    ebr     = { .scheme = CC_SMR_EBR };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_map_has_nothing),
        cmocka_unit_test(put_get_and_remove),
        cmocka_unit_test(put_if_absent_leaves_what_is_there),
        cmocka_unit_test(replace_needs_what_is_there),
        cmocka_unit_test(the_ends_of_the_numbers_are_keys),
        cmocka_unit_test(compute_does_what_it_is_told),
        cmocka_unit_test(compute_asks_again_when_others_were_faster),
        cmocka_unit_test(neighbours_are_found),
        cmocka_unit_test(pop_takes_them_in_order),
        cmocka_unit_test(entries_of_the_map_are_destroyed_once),
        cmocka_unit_test(the_order_is_that_of_compare),
        cmocka_unit_test(a_section_keeps_what_was_removed),
        cmocka_unit_test(a_section_keeps_what_it_reads_later),
        cmocka_unit_test(maps_of_one_domain_end_one_by_one),
        cmocka_unit_test(destroying_nothing_is_nothing),
        cmocka_unit_test(a_scheme_that_cannot_be_is_refused),
        cmocka_unit_test(a_range_has_its_begin_and_not_its_end),
        cmocka_unit_test(an_iterator_outlives_what_it_is_at),
        cmocka_unit_test(what_is_marked_is_not_there),
        cmocka_unit_test(a_loaded_map_is_a_map),
        cmocka_unit_test(what_does_not_ascend_is_not_loaded),
        cmocka_unit_test(many_keys),
        cmocka_unit_test_prestate(many_keys, &ebr),
    };

    return cmocka_run_group_tests_name("skipmap", tests, NULL, NULL);
}
