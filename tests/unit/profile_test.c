/* SPDX-License-Identifier: MIT */
/* Figures by hand: small traces whose sums are obvious, one metric a test, and a slow and simple
 * model beside the fast one for what is not obvious. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "profile/blocks.h"
#include "profile/profile.h"
#include "support/profile_fixture.h"

/* --- sums and peaks --- */

static void test_an_empty_trace_has_zeros(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    const cci_profile_t *p = finish(&f);
    assert_totals(p, 0, 0, 0, 0);
    assert_int_equal(p->peak_bytes, 0);
    assert_int_equal(p->site_count, 0);
    assert_int_equal(p->hot_count, 0);
    assert_int_equal(p->thread_count, 2);
    stop(&f);
}

static void test_totals_peak_and_leaks(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    alloc(&f, 0, 100, A, 100, 0);
    alloc(&f, 0, 200, B, 50, 1); /* 150: the peak */
    release(&f, 0, 300, A);
    alloc(&f, 0, 400, C, 60, 0); /* 110 */
    trace_builder_end(f.b, 1000, 0);

    const cci_profile_t *p = finish(&f);
    assert_totals(p, 3, 1, 210, 100);
    assert_int_equal(p->peak_bytes, 150);
    assert_int_equal(p->peak_ns, 200);
    assert_int_equal(p->to_ns, 1000);
    assert_site(&f, 0, 60, 100, 100);
    assert_site(&f, 1, 50, 50, 50);
    assert_true(site_at(&f, 0)->lifetime_ns == 200);
    assert_int_equal(p->leaked_count, 2);
    assert_int_equal(p->leaked_bytes, 110);
    assert_int_equal(p->leak_listed, 2);
    assert_int_equal(p->leaks[0].ptr, C);
    assert_int_equal(p->leaks[1].ptr, B);
    assert_int_equal(site_at(&f, 0)->leaked_bytes, 60);
    assert_int_equal(site_at(&f, 1)->leaked_count, 1);
    stop(&f);
}

static void test_a_peak_that_is_reached_again_is_not_another(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    alloc(&f, 0, 100, A, 100, 0);
    release(&f, 0, 200, A);
    alloc(&f, 0, 300, B, 100, 1);
    const cci_profile_t *p = finish(&f);
    assert_int_equal(p->peak_ns, 100);
    assert_site(&f, 0, 0, 100, 100);
    assert_site(&f, 1, 100, 100, 0);
    stop(&f);
}

static void test_realloc_is_one_step(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    alloc(&f, 0, 100, A, 100, 0);
    resize(&f, 0, 200, A, A, 150, 0); /* in place */
    resize(&f, 0, 300, B, A, 120, 1); /* moved, and to another site */
    const cci_profile_t *p = finish(&f);
    assert_totals(p, 3, 2, 370, 250);
    assert_int_equal(p->peak_bytes, 150); /* not 250, not 270 */
    assert_int_equal(p->realloc_count, 2);
    assert_int_equal(p->realloc_moved, 1);
    assert_int_equal(site_at(&f, 0)->realloc_count, 1);
    assert_int_equal(site_at(&f, 0)->realloc_moved, 0);
    assert_int_equal(site_at(&f, 1)->realloc_moved, 1);
    assert_site(&f, 0, 0, 150, 150);
    assert_site(&f, 1, 120, 120, 0);
    assert_int_equal(p->unmatched_frees, 0);
    stop(&f);
}

static void test_realloc_of_nothing_and_to_nothing(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    resize(&f, 0, 100, A, 0, 10, 0); /* realloc(NULL, 10) */
    resize(&f, 0, 200, 0, A, 0, 0);  /* realloc(p, 0)     */
    alloc(&f, 0, 300, B, 20, 0);
    resize(&f, 0, 400, 0, B, 999, 0); /* failed            */
    resize(&f, 0, 500, C, D, 30, 0);  /* D is not known    */
    const cci_profile_t *p = finish(&f);
    assert_totals(p, 3, 2, 60, 10);
    assert_int_equal(p->unmatched_frees, 1);
    assert_int_equal(p->realloc_count, 1);
    stop(&f);
}

static void test_kinds_are_counted(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    trace_builder_calloc(f.b, f.thread[0], 100, A, 10, f.node[0][0]);
    trace_builder_aligned(f.b, f.thread[0], 200, B, 10, f.node[0][0], 12);
    alloc(&f, 0, 300, C, 10, 0);
    alloc(&f, 0, 400, 0, 10, 0); /* it failed */
    release(&f, 0, 500, 0);      /* free(NULL) */
    const cci_profile_t *p = finish(&f);
    assert_totals(p, 3, 0, 30, 0);
    assert_int_equal(p->calloc_count, 1);
    assert_int_equal(p->aligned_count, 1);
    assert_int_equal(p->unmatched_frees, 0);
    stop(&f);
}

static void test_temporary_is_freed_by_the_next_event_of_its_thread(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    alloc(&f, 0, 100, A, 10, 0);
    release(&f, 0, 200, A); /* temporary */
    alloc(&f, 0, 300, B, 10, 0);
    alloc(&f, 1, 350, C, 10, 1); /* another thread's events do not count */
    release(&f, 0, 400, B);      /* temporary */
    alloc(&f, 0, 500, D, 10, 0);
    release(&f, 0, 600, 0x9999); /* between */
    release(&f, 0, 700, D);      /* not temporary */
    release(&f, 0, 800, C);      /* not temporary: not its own */
    const cci_profile_t *p = finish(&f);
    assert_int_equal(p->total.temporary, 2);
    assert_int_equal(site_at(&f, 0)->tally.temporary, 2);
    assert_int_equal(site_at(&f, 1)->tally.temporary, 0);
    assert_int_equal(p->unmatched_frees, 1);
    stop(&f);
}

static void test_temporary_by_and_after_a_realloc(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    alloc(&f, 1, 100, A, 10, 0);
    resize(&f, 1, 200, B, A, 20, 1); /* A was temporary */
    release(&f, 1, 300, B);          /* and so was B    */
    const cci_profile_t *p = finish(&f);
    assert_int_equal(p->total.temporary, 2);
    assert_int_equal(p->threads[1].tally.temporary, 2);
    stop(&f);
}

static void test_cross_thread_frees(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    alloc(&f, 0, 100, A, 10, 0);
    alloc(&f, 0, 200, B, 10, 0);
    alloc(&f, 1, 300, C, 10, 1);
    release(&f, 1, 5000, A);
    release(&f, 0, 6000, B);
    release(&f, 0, 7000, C);
    const cci_profile_t *p = finish(&f);
    assert_int_equal(p->total.cross_thread_frees, 2);
    assert_int_equal(p->threads[0].sent, 1);
    assert_int_equal(p->threads[0].tally.cross_thread_frees, 1);
    assert_int_equal(p->threads[1].sent, 1);
    assert_int_equal(p->threads[1].tally.cross_thread_frees, 1);
    assert_int_equal(site_at(&f, 0)->tally.cross_thread_frees, 1);
    assert_int_equal(site_at(&f, 1)->tally.cross_thread_frees, 1);
    assert_int_equal(p->threads[0].tally.alloc_count, 2);
    assert_int_equal(p->threads[0].tally.free_count, 2);
    assert_int_equal(p->threads[1].tally.free_bytes, 10);
    stop(&f);
}

static void test_sizes_of_a_site(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    for (uint64_t i = 0; i < 40; i++) {
        alloc(&f, 0, 100 + i, A + 16 * i, 8 + i % 4, 0);
        alloc(&f, 0, 100 + i, B + 16 * i, 100 + i % CCI_SITE_SIZES, 1);
        alloc(&f, 0, 100 + i, C + 16 * i, 1000 - i, 2);
    }
    finish(&f);
    assert_int_equal(site_at(&f, 0)->distinct, 4);
    assert_int_equal(site_at(&f, 0)->min_size, 8);
    assert_int_equal(site_at(&f, 0)->max_size, 11);
    assert_int_equal(site_at(&f, 1)->distinct, CCI_SITE_SIZES);
    assert_int_equal(site_at(&f, 2)->distinct, CCI_SITE_SIZES + 1);
    assert_int_equal(site_at(&f, 2)->min_size, 961);
    stop(&f);
}

static void test_the_leak_list_holds_the_largest(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    for (uint64_t i = 0; i < CCI_LEAK_LIST + 500; i++)
        alloc(&f, 0, 100 + i, A + 16 * i, 1 + i * 7919 % 2003, 0);
    const cci_profile_t *p = finish(&f);
    assert_int_equal(p->leaked_count, CCI_LEAK_LIST + 500);
    assert_int_equal(p->leak_listed, CCI_LEAK_LIST);
    uint64_t larger = 0;
    for (uint64_t i = 0; i < CCI_LEAK_LIST + 500; i++)
        larger += 1 + i * 7919 % 2003 > p->leaks[CCI_LEAK_LIST - 1].size;
    assert_true(larger < CCI_LEAK_LIST);
    for (size_t i = 1; i < p->leak_listed; i++)
        assert_true(p->leaks[i - 1].size >= p->leaks[i].size);
    stop(&f);
}

/* --- clocks that differ --- */

static void test_a_free_before_its_allocation(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    release(&f, 1, 1000, A); /* thread 1's clock is behind */
    alloc(&f, 0, 1500, A, 64, 0);
    alloc(&f, 0, 1600, A, 64, 0); /* the address is free again */
    const cci_profile_t *p = finish(&f);
    assert_totals(p, 2, 1, 128, 64);
    assert_int_equal(p->peak_bytes, 64);
    assert_int_equal(p->unmatched_frees, 0);
    assert_int_equal(p->implied_frees, 0);
    assert_int_equal(p->total.cross_thread_frees, 1);
    assert_int_equal(p->threads[1].tally.free_count, 1);
    assert_int_equal(p->threads[1].tally.free_bytes, 64);
    stop(&f);
}

static void test_a_free_is_not_early_for_its_own_thread_or_after_long(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    release(&f, 0, 1000, A);
    alloc(&f, 0, 1100, A, 64, 0); /* a thread knows its own order */
    release(&f, 1, 2000, B);
    alloc(&f, 0, 2001 + CCI_EARLY_NS, B, 64, 0);
    const cci_profile_t *p = finish(&f);
    assert_totals(p, 2, 2, 128, 0);
    assert_int_equal(p->unmatched_frees, 2);
    assert_int_equal(p->leaked_count, 2);
    stop(&f);
}

static void test_an_address_given_out_before_its_free(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    alloc(&f, 0, 1000, A, 100, 0);
    alloc(&f, 1, 2000, A, 10, 1);
    release(&f, 0, 2300, A); /* frees the older */
    const cci_profile_t *p = finish(&f);
    assert_totals(p, 2, 1, 110, 100);
    assert_int_equal(p->total.cross_thread_frees, 0);
    assert_int_equal(p->implied_frees, 0);
    assert_site(&f, 0, 0, 100, 100);
    assert_site(&f, 1, 10, 10, 10);
    stop(&f);
}

static void test_the_wait_begins_with_the_second_allocation(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    alloc(&f, 0, 1000, A, 100, 0);
    alloc(&f, 1, 5000000000, A, 10, 1);
    release(&f, 1, 5000000100, A); /* the older, of the other thread, and so not temporary */
    const cci_profile_t *p = finish(&f);
    assert_int_equal(p->implied_frees, 0);
    assert_int_equal(p->total.cross_thread_frees, 1);
    assert_int_equal(p->total.temporary, 0);
    assert_site(&f, 1, 10, 10, 10);
    stop(&f);
}

static void test_a_moved_block_whose_realloc_comes_late(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    alloc(&f, 0, 1000, A, 100, 0);
    alloc(&f, 1, 2000, A, 10, 1);          /* A was free already */
    resize(&f, 0, 50000000, B, A, 200, 0); /* it waited 48 ms for a processor */
    release(&f, 1, 50001000, A);
    const cci_profile_t *p = finish(&f);
    assert_totals(p, 3, 2, 310, 110);
    assert_int_equal(p->unmatched_frees, 0);
    assert_int_equal(p->leaked_bytes, 200);
    stop(&f);
}

static void test_a_free_that_never_came_is_implied(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    alloc(&f, 0, 1000, A, 100, 0);
    alloc(&f, 0, 2000, A, 10, 1);
    alloc(&f, 0, 3000, A, 20, 2);  /* the third: the first was freed */
    release(&f, 0, 3000000000, A); /* long after: it is the newest's */
    const cci_profile_t *p = finish(&f);
    assert_int_equal(p->implied_frees, 2);
    assert_totals(p, 3, 1, 130, 130);
    assert_int_equal(p->leaked_count, 0);
    stop(&f);
}

static void test_what_waits_at_the_end_is_no_leak(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    alloc(&f, 0, 1000, A, 100, 0);
    alloc(&f, 1, 1001, A, 10, 1);
    const cci_profile_t *p = finish(&f);
    assert_int_equal(p->implied_frees, 1);
    assert_int_equal(p->leaked_bytes, 10);
    assert_int_equal(p->current_bytes, 10);
    stop(&f);
}

static void test_where_events_were_lost_nobody_waits_long(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    trace_builder_lost(f.b, f.thread[0], 1);
    trace_builder_next_chunk(f.b, f.thread[0]);
    alloc(&f, 0, 1000, A, 100, 0); /* its free was lost */
    alloc(&f, 0, 2000, A, 10, 1);
    release(&f, 0, 2001 + CCI_EARLY_NS, A);
    const cci_profile_t *p = finish(&f);
    assert_true(p->lossy);
    assert_int_equal(p->implied_frees, 1);
    assert_int_equal(p->current_bytes, 0);
    assert_true(site_at(&f, 1)->lifetime_ns == 1 + CCI_EARLY_NS);
    stop(&f);
}

/* --- against a simple model --- */

typedef struct random {
    uint64_t x;
} random_t;

static uint64_t draw(random_t *r, uint64_t below)
{
    r->x ^= r->x << 13;
    r->x ^= r->x >> 7;
    r->x ^= r->x << 17;
    return r->x % below;
}

enum { MODEL_SLOTS = 200, MODEL_STEPS = 4000 };

/* The whole heap, copied at every new peak. */
typedef struct model {
    uint64_t size[MODEL_SLOTS];
    uint32_t site[MODEL_SLOTS];
    uint64_t live[3], peak[3], at_peak[3], allocs[3];
    uint64_t current, highest;
} model_t;

static void model_set(model_t *m, size_t slot, uint64_t size, uint32_t site)
{
    m->live[m->site[slot]] -= m->size[slot];
    m->current += size - m->size[slot];
    m->live[site] += size;
    m->size[slot] = size;
    m->site[slot] = site;
    if (m->live[site] > m->peak[site])
        m->peak[site] = m->live[site];
}

static void model_step(model_t *m, fixture_t *f, random_t *r, uint64_t now)
{
    size_t   slot   = draw(r, MODEL_SLOTS);
    uint32_t thread = (uint32_t)draw(r, 2), site = (uint32_t)draw(r, 3);
    uint64_t ptr = 0x10000 + 16 * slot, size = 1 + draw(r, 500);

    if (m->size[slot] == 0) {
        alloc(f, thread, now, ptr, size, site);
        m->allocs[site]++;
    } else if (draw(r, 3) == 0) {
        resize(f, thread, now, ptr, ptr, size, site);
        m->allocs[site]++;
    } else {
        release(f, thread, now, ptr);
        size = 0;
        site = m->site[slot];
    }
    model_set(m, slot, size, site);
    if (m->current > m->highest) {
        m->highest = m->current;
        memcpy(m->at_peak, m->live, sizeof m->live);
    }
}

static void test_sites_agree_with_a_simple_model(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        fixture_t f;
        model_t   m = { 0 };
        random_t  r = { seed * UINT64_C(0x9e3779b97f4a7c15) };
        start(&f, NULL);
        for (uint64_t i = 0; i < MODEL_STEPS; i++)
            model_step(&m, &f, &r, 10 + i * 10000);
        const cci_profile_t *p = finish(&f);
        assert_int_equal(p->current_bytes, m.current);
        assert_int_equal(p->peak_bytes, m.highest);
        assert_int_equal(p->unmatched_frees + p->implied_frees, 0);
        for (uint32_t s = 0; s < 3; s++) {
            assert_site(&f, s, m.live[s], m.peak[s], m.at_peak[s]);
            assert_int_equal(site_at(&f, s)->tally.alloc_count, m.allocs[s]);
        }
        stop(&f);
    }
}

/* Blocks that pass between threads at once, with one clock behind: whatever the order in which
 * their events come, in the end every block was freed once. */
static void test_counts_are_right_whatever_the_skew(void **state)
{
    (void)state;
    for (uint64_t skew = 0; skew <= 900; skew += 300) {
        fixture_t f;
        random_t  r   = { 7 + skew };
        uint64_t  now = 10000, bytes = 0;
        enum { ROUNDS = 3000 };
        start(&f, NULL);
        for (int i = 0; i < ROUNDS; i++, now += 5000) {
            uint64_t ptr = 0x10000 + 64 * draw(&r, 4), size = 1 + draw(&r, 100);
            alloc(&f, 0, now, ptr, size, 0);
            release(&f, 1, now + 100 - (skew < now ? skew : 0), ptr);
            bytes += size;
        }
        const cci_profile_t *p = finish(&f);
        assert_totals(p, ROUNDS, ROUNDS, bytes, bytes);
        assert_int_equal(p->total.cross_thread_frees, ROUNDS);
        assert_int_equal(p->unmatched_frees + p->implied_frees, 0);
        stop(&f);
    }
}

/* --- ranges --- */

static void test_a_range(void **state)
{
    (void)state;
    static const cci_profile_options_t RANGE = { .from_ns = 1000, .to_ns = 2000 };
    fixture_t                          f;
    start(&f, NULL);
    alloc(&f, 0, 100, A, 500, 0);
    alloc(&f, 0, 200, B, 100, 0);
    release(&f, 0, 300, A);
    alloc(&f, 0, 1000, C, 30, 1); /* the first in the range */
    release(&f, 0, 1500, B);      /* from before it         */
    alloc(&f, 0, 1600, A, 7, 0);
    release(&f, 0, 1700, C);
    release(&f, 0, 2000, A); /* after it               */
    trace_builder_end(f.b, 3000, 0);

    const cci_profile_t *p = finish_with(&f, &RANGE);
    assert_int_equal(p->total.alloc_count, 2);
    assert_int_equal(p->total.alloc_bytes, 37);
    assert_int_equal(p->total.free_count, 2);
    assert_int_equal(p->total.free_bytes, 130);
    assert_int_equal(p->events, 4);
    assert_int_equal(p->current_bytes, 7);
    assert_int_equal(p->peak_bytes, 130); /* B was live when it began */
    assert_int_equal(p->peak_ns, 1000);
    assert_site(&f, 0, 7, 100, 100);
    assert_site(&f, 1, 0, 30, 30);
    assert_int_equal(p->leaked_count, 1);
    assert_int_equal(p->leaked_bytes, 7);
    assert_int_equal(p->to_ns - p->from_ns, 1000);
    stop(&f);
}

static void test_a_range_behind_the_end_is_empty(void **state)
{
    (void)state;
    static const cci_profile_options_t RANGE = { .from_ns = 5000 };
    fixture_t                          f;
    start(&f, NULL);
    alloc(&f, 0, 100, A, 500, 0);
    const cci_profile_t *p = finish_with(&f, &RANGE);
    assert_int_equal(p->total.alloc_count, 0);
    assert_int_equal(p->current_bytes, 500);
    assert_int_equal(p->leaked_count, 0);
    assert_int_equal(p->to_ns, p->from_ns);
    stop(&f);
}

static void test_a_free_before_the_range_meets_nothing_in_it(void **state)
{
    (void)state;
    static const cci_profile_options_t RANGE = { .from_ns = 1000 };
    fixture_t                          f;
    start(&f, NULL);
    release(&f, 1, 900, A);
    alloc(&f, 0, 1100, A, 64, 0);
    const cci_profile_t *p = finish_with(&f, &RANGE);
    assert_totals(p, 1, 0, 64, 0);
    assert_int_equal(p->unmatched_frees, 0);
    stop(&f);
}

/* --- modes --- */

static void test_count_mode_has_what_the_threads_counted(void **state)
{
    (void)state;
    trace_builder_options_t options = { .mode = CCI_MODE_COUNT };
    cci_trace_counters_t    counted = { .alloc_count  = 5,
                                        .free_count   = 3,
                                        .alloc_bytes  = 100,
                                        .usable_alloc = 160,
                                        .usable_freed = 90 };
    fixture_t               f;
    counted.sizes[2] = 4;
    counted.sizes[3] = 1;
    start(&f, &options);
    trace_builder_counters(f.b, f.thread[0], &counted);
    trace_builder_counters(f.b, f.thread[1], &counted);
    const cci_profile_t *p = finish(&f);
    assert_false(p->has_blocks);
    assert_int_equal(p->total.alloc_count, 10);
    assert_int_equal(p->total.free_count, 6);
    assert_int_equal(p->total.alloc_bytes, 200);
    assert_int_equal(p->usable_alloc, 320);
    assert_int_equal(p->histogram[2], 8);
    assert_int_equal(p->hot[0].lo, 9);
    assert_int_equal(p->hot[0].hi, 16);
    assert_int_equal(p->hot[0].count, 8);
    assert_int_equal(p->threads[1].tally.alloc_count, 5);
    stop(&f);
}

static void test_samples_stand_for_the_unseen(void **state)
{
    (void)state;
    trace_builder_options_t options = { .mode = CCI_MODE_SAMPLE, .sample_interval = 1000 };
    cci_trace_counters_t    counted = { .alloc_count = 1000,
                                        .free_count  = 900,
                                        .alloc_bytes = 100000 };
    fixture_t               f;
    double                  w = cci_sample_weight(100, 1000);
    start(&f, &options);
    alloc(&f, 0, 100, A, 100, 0);
    alloc(&f, 0, 200, B, 100, 0);
    alloc(&f, 0, 300, C, 1000000, 1); /* certain to be seen */
    release(&f, 0, 400, A);
    release(&f, 1, 5000, C);
    counted.alloc_bytes += 1000000;
    trace_builder_counters(f.b, f.thread[0], &counted);

    const cci_profile_t *p = finish(&f);
    assert_true(p->estimated);
    assert_int_equal(p->total.alloc_count, 1000); /* exact */
    assert_int_equal(p->total.free_count, 900);
    assert_int_equal(p->total.alloc_bytes, 1100000);
    assert_int_equal(site_at(&f, 0)->tally.alloc_count, (uint64_t)(2 * w + 0.5));
    assert_int_equal(site_at(&f, 0)->tally.free_count, (uint64_t)(w + 0.5));
    assert_int_equal(site_at(&f, 0)->live_bytes, (uint64_t)(100 * w + 0.5));
    assert_int_equal(site_at(&f, 1)->tally.alloc_count, 1);
    assert_int_equal(site_at(&f, 1)->peak_bytes, 1000000);
    assert_int_equal(p->current_bytes, (uint64_t)(100 * w + 0.5));
    assert_int_equal(p->total.free_bytes, 1100000 - p->current_bytes);
    assert_true(p->ci.current_bytes.lo < (double)p->current_bytes);
    assert_true(p->ci.current_bytes.hi > (double)p->current_bytes);
    assert_int_equal(p->total.cross_thread_frees, 1);
    size_t one = (size_t)(site_at(&f, 1) - p->sites);
    assert_true(p->site_ci[one].alloc_bytes.lo == 1000000 &&
                p->site_ci[one].alloc_bytes.hi == 1000000);
    stop(&f);
}

/* The threads' counters are of the whole run, so a part of it is estimated altogether. */
static void test_a_range_of_samples_is_estimated(void **state)
{
    (void)state;
    static const cci_profile_options_t RANGE = { .from_ns = 150 };
    trace_builder_options_t options          = { .mode = CCI_MODE_SAMPLE, .sample_interval = 1000 };
    cci_trace_counters_t    counted          = { .alloc_count = 1000, .alloc_bytes = 100000 };
    fixture_t               f;
    double                  w = cci_sample_weight(100, 1000);
    start(&f, &options);
    alloc(&f, 0, 100, A, 100, 0);
    alloc(&f, 0, 200, B, 100, 0);
    alloc(&f, 0, 300, C, 100, 0);
    release(&f, 0, 400, A);
    trace_builder_counters(f.b, f.thread[0], &counted);

    const cci_profile_t *p = finish_with(&f, &RANGE);
    assert_int_equal(p->total.alloc_count, (uint64_t)(2 * w + 0.5));
    assert_int_equal(p->total.free_count, (uint64_t)(w + 0.5));
    assert_int_equal(p->histogram[cci_size_bucket(100)], p->total.alloc_count);
    assert_int_equal(p->hot[0].lo, 100);
    assert_int_equal(p->hot[0].count, p->total.alloc_count);
    assert_true(p->ci.alloc_count.lo < 2 * w && 2 * w < p->ci.alloc_count.hi);
    assert_int_equal(p->leaked_count, p->total.alloc_count);
    stop(&f);
}

/* --- time --- */

static void test_the_timeline_keeps_sums_and_maxima(void **state)
{
    (void)state;
    enum { EVENTS = 20000 };
    fixture_t f;
    random_t  r   = { 99 };
    uint64_t  now = 0;
    start(&f, NULL);
    for (uint64_t i = 0; i < EVENTS; i += 2) {
        now += draw(&r, i % 1000 == 0 ? 5000000 : 5000);
        alloc(&f, 0, now, A, 1 + draw(&r, 10000), 0);
        release(&f, 0, now, A);
    }
    trace_builder_end(f.b, now + 1000000000, 0);
    const cci_profile_t  *p      = finish(&f);
    const cci_timeline_t *t      = &p->timeline;
    uint64_t              allocs = 0, frees = 0, highest = 0;
    for (size_t i = 0; i < t->count; i++) {
        allocs += t->point[i].allocs;
        frees += t->point[i].frees;
        highest = t->point[i].max_bytes > highest ? t->point[i].max_bytes : highest;
    }
    assert_in_range(t->count, CCI_TIMELINE_MAX / 2, CCI_TIMELINE_MAX);
    assert_int_equal(allocs, EVENTS / 2);
    assert_int_equal(frees, EVENTS / 2);
    assert_int_equal(highest, p->peak_bytes);
    assert_int_equal(t->point[t->count - 1].end_bytes, 0);
    assert_true(t->end_ns >= p->to_ns && t->end_ns - p->to_ns <= UINT64_C(1) << t->step_log2);
    stop(&f);
}

/* --- want of memory --- */

#if !CCMEM_INSTRUMENTED && defined(__GLIBC__)
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t align, size_t size);

static bool   armed;
static size_t calls, fail_at;

static bool refuse(void)
{
    return armed && calls++ == fail_at;
}

void *malloc(size_t size)
{
    return refuse() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return refuse() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return refuse() ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t align, size_t size)
{
    return refuse() ? NULL : __libc_memalign(align, size);
}

static void fill(fixture_t *f, const trace_builder_options_t *options)
{
    start(f, options);
    for (uint64_t i = 0; i < 3000; i++)
        alloc(f, (uint32_t)(i % 2), 10 + i, A + 16 * (i / 2), 8 + i % 100, (uint32_t)(i % 3));
    for (uint64_t i = 0; i < 100; i++)
        release(f, (uint32_t)(i % 2), 5000 + i, A + 16 * i);
    static const cci_trace_measured_t MEASURED = { .every = 64, .requested = 1, .usable = 2 };
    trace_builder_measured(f->b, f->thread[0], &MEASURED);
    trace_builder_books(f->b, f->thread[1], 6000, &(cci_books_t){ CCI_BOOKS_GLIBC, 9, 8, 0, 0, 0 });
}

/* Every allocation fails once; then there is no profile and nothing is left behind. */
static void test_failing_allocations(void **state)
{
    (void)state;
    static const trace_builder_options_t MODES[] = {
        { .mode = CCI_MODE_FULL }, { .mode = CCI_MODE_SAMPLE, .sample_interval = 64 }
    };
    for (size_t m = 0; m < sizeof MODES / sizeof MODES[0]; m++) {
        fixture_t f;
        size_t    refused = 0;
        fill(&f, &MODES[m]);
        size_t   n;
        uint8_t *bytes = trace_builder_file(f.b, &n);
        for (fail_at = 0;; fail_at++, refused++) {
            calls              = 0;
            armed              = true;
            cc_result_t result = cci_trace_open_memory(&f.trace, bytes, n);
            if (result == CC_RESULT_OK)
                result = cci_profile_create(&f.p, f.trace, NULL);
            armed = false;
            if (result == CC_RESULT_OK)
                break;
            assert_int_equal(result, CC_RESULT_NO_MEMORY);
            cci_trace_close(f.trace);
            f.trace = NULL;
        }
        assert_true(refused > 10);
        assert_int_equal(f.p->site_count, 3);
        stop(&f);
    }
}
#else
static void test_failing_allocations(void **state)
{
    (void)state;
    skip();
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_trace_has_zeros),
        cmocka_unit_test(test_totals_peak_and_leaks),
        cmocka_unit_test(test_a_peak_that_is_reached_again_is_not_another),
        cmocka_unit_test(test_realloc_is_one_step),
        cmocka_unit_test(test_realloc_of_nothing_and_to_nothing),
        cmocka_unit_test(test_kinds_are_counted),
        cmocka_unit_test(test_temporary_is_freed_by_the_next_event_of_its_thread),
        cmocka_unit_test(test_temporary_by_and_after_a_realloc),
        cmocka_unit_test(test_cross_thread_frees),
        cmocka_unit_test(test_sizes_of_a_site),
        cmocka_unit_test(test_the_leak_list_holds_the_largest),
        cmocka_unit_test(test_a_free_before_its_allocation),
        cmocka_unit_test(test_a_free_is_not_early_for_its_own_thread_or_after_long),
        cmocka_unit_test(test_an_address_given_out_before_its_free),
        cmocka_unit_test(test_the_wait_begins_with_the_second_allocation),
        cmocka_unit_test(test_a_moved_block_whose_realloc_comes_late),
        cmocka_unit_test(test_a_free_that_never_came_is_implied),
        cmocka_unit_test(test_what_waits_at_the_end_is_no_leak),
        cmocka_unit_test(test_where_events_were_lost_nobody_waits_long),
        cmocka_unit_test(test_sites_agree_with_a_simple_model),
        cmocka_unit_test(test_counts_are_right_whatever_the_skew),
        cmocka_unit_test(test_a_range),
        cmocka_unit_test(test_a_range_behind_the_end_is_empty),
        cmocka_unit_test(test_a_free_before_the_range_meets_nothing_in_it),
        cmocka_unit_test(test_count_mode_has_what_the_threads_counted),
        cmocka_unit_test(test_samples_stand_for_the_unseen),
        cmocka_unit_test(test_a_range_of_samples_is_estimated),
        cmocka_unit_test(test_the_timeline_keeps_sums_and_maxima),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
