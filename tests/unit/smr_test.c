/* SPDX-License-Identifier: MIT */
/* Domains, sections, callbacks, figures: the edges of the contract. Of several threads: smr_others_test.c,
 * and at the same time: tests/stress/smr_stress.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/smr_fixture.h"

/* ---- domains ---- */

static void test_options_that_cannot_be(void **state)
{
    const cc_smr_options_t bad[] = {
        { .scheme = CC_SMR_IBR, .era_step = 0, .scan_step = 1 },
        { .scheme = CC_SMR_IBR, .era_step = 1, .scan_step = 0 },
        { .scheme = (cc_smr_scheme_t)2, .era_step = 1, .scan_step = 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_null(cc_smr_create(&bad[i]));
}

static void test_a_new_domain(void **state)
{
    cc_smr_t      *domain = cc_smr_create(NULL);
    cc_smr_stats_t s      = cc_smr_stats(domain);

    (void)state;
    assert_int_equal(s.era, 1);
    assert_int_equal(s.oldest_era, 1);
    assert_int_equal(s.retired_count + s.freed_count + s.pending_count + s.lost_count, 0);
    assert_int_equal(s.reader_count + s.thread_count, 0);
    cc_smr_barrier(domain);
    assert_int_equal(cc_smr_poll(domain), 0);
    cc_smr_destroy(domain);
    cc_smr_destroy(NULL);
}

static void test_destroy_frees_all(void **state)
{
    (void)state;
    const uint64_t before = cc_alloc_stats_snapshot().current_allocated;
    cc_smr_t      *domain = cc_smr_create(NULL);
    callbacks             = 0;
    for (int i = 0; i < MANY; i++)
        retire_one(domain);
    cc_smr_destroy(domain);
    assert_int_equal(callbacks, MANY);
    assert_int_equal(cc_alloc_stats_snapshot().current_allocated, before);
}

/* More than there are seats for, all of them at once and one after the other. */
static void test_many_domains_in_a_thread(void **state)
{
    enum { DOMAINS = 3 * CC_SMR_SEATS_ + 1 };
    cc_smr_t       *domain[DOMAINS];
    cc_smr_guard_t *guard[DOMAINS];

    (void)state;
    for (size_t i = 0; i < DOMAINS; i++)
        domain[i] = eager(CC_SMR_IBR);
    for (size_t i = 0; i < DOMAINS; i++)
        guard[i] = enter(domain[i]);
    for (size_t i = 0; i < DOMAINS; i++) {
        assert_int_equal(cc_smr_stats(domain[i]).reader_count, 1);
        assert_ptr_equal(enter(domain[i]), guard[i]); /* nested, through another seat's place */
        cc_smr_retire(guard[i], make(guard[i]), sizeof(node_t), count);
        cc_smr_leave(guard[i]);
    }
    assert_int_equal(callbacks, 0);
    for (size_t i = 0; i < DOMAINS; i++)
        cc_smr_leave(guard[i]);
    assert_int_equal(callbacks, DOMAINS);
    for (size_t i = 0; i < DOMAINS; i++) {
        assert_int_equal(cc_smr_stats(domain[i]).thread_count, 1);
        cc_smr_destroy(domain[i]);
    }
}

/* What a seat says of a domain that is gone is not believed. */
static void test_a_domain_in_the_place_of_another(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        cc_smr_t *domain = eager(CC_SMR_IBR);
        assert_int_equal(cc_smr_stats(domain).thread_count, 0);
        retire_one(domain);
        assert_int_equal(cc_smr_stats(domain).thread_count, 1);
        cc_smr_destroy(domain);
    }
}

/* ---- sections ---- */

static void test_nested_sections(void **state)
{
    cc_smr_t       *domain = eager(CC_SMR_IBR);
    cc_smr_guard_t *g      = enter(domain);

    (void)state;
    for (int i = 0; i < 10; i++)
        assert_ptr_equal(enter(domain), g);
    cc_smr_retire(g, make(g), sizeof(node_t), count);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(cc_smr_stats(domain).reader_count, 1);
        cc_smr_leave(g);
        assert_int_equal(callbacks, 0);
    }
    cc_smr_leave(g);
    assert_int_equal(callbacks, 1);
    assert_int_equal(cc_smr_stats(domain).reader_count, 0);
    cc_smr_destroy(domain);
}

static void test_protect_gives_what_is_there(void **state)
{
    cc_smr_t       *domain = eager(CC_SMR_IBR);
    cc_smr_guard_t *g      = enter(domain);
    node_t         *n      = make(g);
    void           *slot   = NULL;

    (void)state;
    assert_null(cc_smr_protect(g, &slot));
    slot = n;
    assert_ptr_equal(cc_smr_protect(g, &slot), n);
    slot = (char *)n + 1; /* a mark */
    assert_ptr_equal(cc_smr_protect(g, &slot), (char *)n + 1);
    cc_smr_free(n, sizeof *n);
    cc_smr_leave(g);
    cc_smr_destroy(domain);
}

static void test_nodes_share_no_line(void **state)
{
    cc_smr_t       *domain = eager(CC_SMR_IBR);
    cc_smr_guard_t *g      = enter(domain);

    (void)state;
    for (size_t size = sizeof(cc_smr_node_t); size < 400; size += 24) {
        void *p = cc_smr_alloc(g, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % CC_CACHE_LINE_SIZE, 0);
        cc_smr_free(p, size);
    }
    cc_smr_free(NULL, 0);
    cc_smr_leave(g);
    cc_smr_destroy(domain);
}

/* A node with no callback is freed by itself. */
static void test_the_usual_callback(void **state)
{
    cc_smr_t *domain = eager(CC_SMR_EBR);

    (void)state;
    cc_smr_guard_t *g = enter(domain);
    cc_smr_retire(g, make(g), sizeof(node_t), NULL);
    cc_smr_leave(g);
    assert_int_equal(cc_smr_stats(domain).freed_count, 1);
    cc_smr_destroy(domain);
}

/* ---- callbacks ---- */

static cc_smr_t *of_callbacks;
static size_t    chain;

/* Frees a node and retires the next one. */
static void retire_next(void *node, size_t size)
{
    callbacks++;
    assert_int_equal(cc_smr_stats(of_callbacks).reader_count, 0);
    if (callbacks < chain) {
        cc_smr_guard_t *g = enter(of_callbacks);
        cc_smr_retire(g, make(g), sizeof(node_t), retire_next);
        cc_smr_leave(g);
    }
    assert_int_equal(cc_smr_poll(of_callbacks), 0);
    cc_smr_free(node, size);
}

static void test_callbacks_retire(void **state)
{
    (void)state;
    chain             = 300;
    of_callbacks      = eager(CC_SMR_IBR);
    cc_smr_guard_t *g = enter(of_callbacks);
    cc_smr_retire(g, make(g), sizeof(node_t), retire_next);
    cc_smr_leave(g);
    for (size_t n = 1; n < chain; n++) {
        assert_int_equal(callbacks, n);
        assert_int_equal(cc_smr_poll(of_callbacks), 1);
    }
    assert_int_equal(pending(of_callbacks), 0);
    cc_smr_destroy(of_callbacks);
}

static void retire_while_destroyed(void *node, size_t size)
{
    cc_smr_free(node, size);
    if (++callbacks < chain) {
        cc_smr_guard_t *g = enter(of_callbacks);
        cc_smr_retire(g, make(g), sizeof(node_t), retire_while_destroyed);
        cc_smr_leave(g);
    }
}

static void test_destroy_with_callbacks_that_retire(void **state)
{
    (void)state;
    const uint64_t before = cc_alloc_stats_snapshot().current_allocated;
    chain                 = 50;
    of_callbacks          = lazy();
    cc_smr_guard_t *g     = enter(of_callbacks);
    cc_smr_retire(g, make(g), sizeof(node_t), retire_while_destroyed);
    cc_smr_leave(g);
    cc_smr_destroy(of_callbacks);
    assert_int_equal(callbacks, chain);
    assert_int_equal(cc_alloc_stats_snapshot().current_allocated, before);
}

static cc_smr_t *elsewhere;

static void retire_another_elsewhere(void *node, size_t size)
{
    cc_smr_guard_t *g = enter(elsewhere);

    cc_smr_retire(g, make(g), sizeof(node_t), count);
    cc_smr_leave(g);
    cc_smr_free(node, size);
}

/* It runs outside the sections of its own domain, and within those of another. */
static void test_callbacks_of_two_domains(void **state)
{
    cc_smr_t *one = eager(CC_SMR_IBR), *other = eager(CC_SMR_IBR);

    (void)state;
    elsewhere               = other;
    cc_smr_guard_t *outside = enter(other), *g = enter(one);
    cc_smr_retire(g, make(g), sizeof(node_t), retire_another_elsewhere);
    cc_smr_leave(g);
    assert_int_equal(pending(one), 0);
    assert_int_equal(pending(other), 1);
    cc_smr_leave(outside);
    assert_int_equal(callbacks, 1);
    cc_smr_destroy(one);
    cc_smr_destroy(other);
}

/* ---- figures ---- */

static void test_stats_add_up(void **state)
{
    cc_smr_t       *domain = lazy();
    cc_smr_guard_t *g      = enter(domain);
    cc_smr_stats_t  s;

    (void)state;
    for (int i = 0; i < MANY; i++)
        cc_smr_retire(g, make(g), sizeof(node_t), count);
    s = cc_smr_stats(domain);
    assert_int_equal(s.retired_count, MANY);
    assert_int_equal(s.pending_count, MANY);
    assert_int_equal(s.freed_count, 0);
    assert_int_equal(s.reader_count, 1);
    assert_int_equal(s.oldest_era, 1);
    cc_smr_leave(g);
    assert_int_equal(cc_smr_poll(domain), MANY);
    s = cc_smr_stats(domain);
    assert_int_equal(s.freed_count, MANY);
    assert_int_equal(s.pending_count, 0);
    assert_int_equal(s.reader_count, 0);
    assert_true(s.era > 1);
    assert_int_equal(s.oldest_era, s.era);
    cc_smr_destroy(domain);
}

static void test_eras_end_by_allocations(void **state)
{
    const cc_smr_options_t options = { .era_step = 100, .scan_step = UINT32_MAX };
    cc_smr_t              *domain  = cc_smr_create(&options);
    cc_smr_guard_t        *g       = enter(domain);
    uint64_t               births[1000];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        node_t *n = make(g);
        births[i] = n->smr.era_;
        cc_smr_free(n, sizeof *n);
        assert_true(i < 100 || births[i] > births[i - 100]);
    }
    assert_true(cc_smr_stats(domain).era <= 1 + 1000 / 50); /* nor many more */
    cc_smr_leave(g);
    cc_smr_destroy(domain);
}

/* Whoever polls all the time ends no era for it, which would slow down readers. */
static void test_polls_for_nothing_end_no_era(void **state)
{
    cc_smr_t *domain = lazy();

    (void)state;
    retire_one(domain);
    assert_int_equal(cc_smr_poll(domain), 1);
    const uint64_t era = cc_smr_stats(domain).era;
    for (int i = 0; i < MANY; i++)
        assert_int_equal(cc_smr_poll(domain), 0);
    assert_int_equal(cc_smr_stats(domain).era, era);
    cc_smr_destroy(domain);
}

static void test_ages(void **state)
{
    const cc_smr_options_t options = { .era_step = 1, .scan_step = 1, .check = true };
    cc_smr_t              *domain  = cc_smr_create(&options);
    cc_smr_guard_t        *g       = enter(domain);
    void                  *slot    = make(g);

    (void)state;
    cc_smr_protect(g, &slot);
    assert_int_equal(cc_smr_stats(domain).ages[0], 1);
    const uint64_t born = cc_smr_stats(domain).era;
    while (cc_smr_stats(domain).era < born + 5)
        cc_smr_free(make(g), sizeof(node_t));
    cc_smr_protect(g, &slot);
    assert_int_equal(cc_smr_stats(domain).ages[3], 1); /* 4 to 7 */
    cc_smr_retire(g, slot, sizeof(node_t), NULL);
    cc_smr_leave(g);
    cc_smr_destroy(domain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_that_cannot_be),
        cmocka_unit_test(test_a_new_domain),
        cmocka_unit_test(test_destroy_frees_all),
        cmocka_unit_test(test_many_domains_in_a_thread),
        cmocka_unit_test(test_a_domain_in_the_place_of_another),
        cmocka_unit_test(test_nested_sections),
        cmocka_unit_test(test_protect_gives_what_is_there),
        cmocka_unit_test(test_nodes_share_no_line),
        cmocka_unit_test(test_the_usual_callback),
        cmocka_unit_test(test_callbacks_retire),
        cmocka_unit_test(test_destroy_with_callbacks_that_retire),
        cmocka_unit_test(test_callbacks_of_two_domains),
        cmocka_unit_test(test_stats_add_up),
        cmocka_unit_test(test_eras_end_by_allocations),
        cmocka_unit_test(test_polls_for_nothing_end_no_era),
        cmocka_unit_test(test_ages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
