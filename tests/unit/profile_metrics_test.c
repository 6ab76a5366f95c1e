/* SPDX-License-Identifier: MIT */
/* Latencies, lifetimes, flows, rates, fragmentation and findings, by hand: small traces whose figures
 * are obvious. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "profile/findings.h"
#include "profile/rates.h"
#include "support/profile_fixture.h"

static const uint64_t MS = 1000000, SECOND = 1000000000;

/* --- latencies --- */

/* Calls of so many ticks, which are nanoseconds here. */
static cci_trace_measured_t measured(uint64_t alloc_ticks, uint16_t allocs, uint64_t free_ticks,
                                     uint16_t frees)
{
    cci_trace_measured_t m = { .every = 64, .timer_ticks = 7 };

    m.calls[CCI_MEASURED_ALLOC][cci_histogram_bucket(alloc_ticks)] = allocs;
    m.calls[CCI_MEASURED_FREE][cci_histogram_bucket(free_ticks)]   = frees;
    m.ticks[CCI_MEASURED_ALLOC]                                    = alloc_ticks * allocs;
    m.ticks[CCI_MEASURED_FREE]                                     = free_ticks * frees;
    m.sized                                                        = allocs;
    m.requested                                                    = 60 * (uint64_t)allocs;
    m.usable                                                       = 80 * (uint64_t)allocs;
    return m;
}

static void put_measured(fixture_t *f, uint32_t thread, cci_trace_measured_t m)
{
    trace_builder_measured(f->b, f->thread[thread], &m);
}

static const cci_histogram_t *allocs_of(const cci_trace_measures_t *m)
{
    return &m->ticks[CCI_MEASURED_ALLOC];
}

static void test_latencies_add_up_over_records_and_threads(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    put_measured(&f, 0, measured(20, 90, 10, 5));
    put_measured(&f, 0, measured(50, 9, 10, 5));
    put_measured(&f, 1, measured(4000, 1, 30, 2));
    const cci_profile_t *p = finish(&f);
    assert_int_equal(p->measured_every, 64);
    assert_true(p->tick_ns == 1 && p->timer_ns == 7);
    assert_int_equal(allocs_of(&p->measures)->count, 100);
    assert_int_equal(allocs_of(&p->measures)->sum, 20 * 90 + 50 * 9 + 4000);
    assert_true(cci_profile_latency_ns(p, allocs_of(&p->measures), 0.5) == 20);
    assert_true(cci_profile_latency_ns(p, allocs_of(&p->measures), 0.95) == 50);
    assert_true(fabs(cci_profile_latency_ns(p, allocs_of(&p->measures), 1) - 4000) <= 4000.0 / 64);
    assert_int_equal(p->measures.ticks[CCI_MEASURED_FREE].count, 12);
    assert_int_equal(allocs_of(p->threads[0].measures)->count, 99);
    assert_int_equal(allocs_of(p->threads[1].measures)->count, 1);
    stop(&f);
}

static void test_without_measures_latencies_are_not_known(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    alloc(&f, 0, 10, A, 8, 0);
    const cci_profile_t *p = finish(&f);
    assert_int_equal(p->measured_every, 0);
    assert_null(p->threads[0].measures);
    assert_true(isnan(cci_profile_latency_ns(p, allocs_of(&p->measures), 0.5)));
    assert_true(isnan(p->fragmentation.internal) && !p->fragmentation.method_internal);
    stop(&f);
}

/* A tick is a third of a nanosecond. */
static void test_ticks_become_nanoseconds(void **state)
{
    (void)state;
    static const trace_builder_options_t FAST = { .clock        = CCI_CLOCK_TSC,
                                                  .ticks_per_ns = 3,
                                                  .tick_shift   = 5 };
    fixture_t                            f;
    start(&f, &FAST);
    put_measured(&f, 0, measured(60, 1, 30, 1));
    trace_builder_end(f.b, SECOND, 0);
    const cci_profile_t *p = finish(&f);
    assert_true(fabs(cci_profile_latency_ns(p, allocs_of(&p->measures), 0.5) - 20) < 0.01);
    assert_true(fabs(cci_profile_latency_limit_ns(p, cci_histogram_bucket(60)) - 20) < 0.01);
    assert_true(isinf(cci_profile_latency_limit_ns(p, CCI_HISTOGRAM_BUCKETS - 1)));
    stop(&f);
}

/* The events between keep the reader, which looks some ahead, from being at the second record. */
static void test_a_range_has_the_measures_that_begin_in_it(void **state)
{
    (void)state;
    static const cci_profile_options_t LATE  = { .from_ns = 5000 };
    static const cci_profile_options_t EARLY = { .to_ns = 5000 };
    for (int late = 0; late < 2; late++) {
        fixture_t f;
        start(&f, NULL);
        put_measured(&f, 0, measured(20, 3, 10, 5));
        for (uint64_t i = 0; i < 200; i++)
            alloc(&f, 0, 100 * i, A + 16 * i, 8, 0);
        put_measured(&f, 0, measured(50, 4, 10, 5));
        alloc(&f, 0, 30000, D, 8, 0);
        const cci_profile_t *p = finish_with(&f, late ? &LATE : &EARLY);
        assert_int_equal(allocs_of(&p->measures)->count, late ? 4 : 3);
        assert_true(cci_profile_latency_ns(p, allocs_of(&p->measures), 0.5) == (late ? 50 : 20));
        stop(&f);
    }
}

/* --- lifetimes --- */

static uint64_t in_bucket_of(const cci_lifetimes_t *l, uint64_t ns)
{
    unsigned b = 0;

    while (ns >= cci_lifetime_limit_ns(b))
        b++;
    return l->bucket[b];
}

static void test_lifetimes_fall_into_classes(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    alloc(&f, 0, 10, A, 1, 0);
    release(&f, 0, 500, A); /* temporary, although another class' bucket */
    alloc(&f, 0, 1000, B, 1, 0);
    alloc(&f, 0, 1001, C, 1, 1);
    alloc(&f, 0, 1002, D, 1, 0);
    release(&f, 0, 3000, B);             /* short: 2 us */
    release(&f, 1, 1001 + (1 << 20), C); /* longer, by one nanosecond */
    trace_builder_end(f.b, 10 * MS, 0);
    const cci_profile_t *p = finish(&f);
    assert_int_equal(p->total.temporary, 1);
    assert_int_equal(p->lifetimes.short_lived, 1);
    assert_int_equal(cci_lifetimes_long(&p->lifetimes, p->total.temporary), 1);
    assert_int_equal(p->lifetimes.immortal, 1);
    assert_int_equal(in_bucket_of(&p->lifetimes, 490), 1);
    assert_int_equal(in_bucket_of(&p->lifetimes, 2000), 1);
    assert_int_equal(in_bucket_of(&p->lifetimes, 1 << 20), 1);
    assert_int_equal(in_bucket_of(&p->lifetimes, (1 << 20) - 1), 0);
    assert_int_equal(site_at(&f, 1)->lifetimes.short_lived, 0);
    assert_int_equal(site_at(&f, 0)->lifetimes.immortal, 1);
    stop(&f);
}

/* A sampled block of 1 byte at an interval of 2 stands for 1 / (1 - exp(-1/2)) = 2.54. */
static void test_lifetimes_of_a_sample_are_weighted(void **state)
{
    (void)state;
    static const trace_builder_options_t SAMPLED = { .mode            = CCI_MODE_SAMPLE,
                                                     .sample_interval = 2 };
    fixture_t                            f;
    start(&f, &SAMPLED);
    for (uint64_t i = 0; i < 100; i++)
        alloc(&f, 0, 10 * i, A + 16 * i, 1, 0);
    for (uint64_t i = 0; i < 100; i++)
        release(&f, 0, 6000 + 10 * i, A + 16 * ((i + 99) % 100)); /* the last at once, it seems */
    const cci_profile_t *p = finish(&f);
    assert_int_equal(p->total.temporary, 0);
    assert_int_equal(p->lifetimes.short_lived, 254);
    assert_int_equal(in_bucket_of(&p->lifetimes, 5000), 254);
    assert_int_equal(cci_lifetimes_long(&p->lifetimes, 0), 0);
    stop(&f);
}

/* --- flows --- */

static const cci_flow_t *flow_of(const cci_profile_t *p, uint32_t from, uint32_t to)
{
    for (size_t i = 0; i < p->flow_count; i++)
        if (p->flows[i].from == from && p->flows[i].to == to)
            return &p->flows[i];
    return NULL;
}

/* Every pair of 16 threads has a count of its own. */
static void test_a_matrix_of_flows(void **state)
{
    enum { THREADS = 16 };
    (void)state;
    fixture_t f   = { .b = trace_builder_create(NULL) };
    uint64_t  now = 0;
    for (uint32_t i = 0; i < THREADS; i++)
        trace_builder_thread(f.b, i, "t");
    for (uint32_t from = 0; from < THREADS; from++)
        for (uint32_t to = 0; to < THREADS; to++)
            for (uint32_t n = 0; n < from * THREADS + to; n++) {
                trace_builder_malloc(f.b, from, now += 10000, A, 8 + to, 0);
                trace_builder_free(f.b, to, now += 10000, A);
            }
    const cci_profile_t *p     = finish(&f);
    uint64_t             total = 0;
    for (uint32_t from = 0; from < THREADS; from++)
        for (uint32_t to = 0; to < THREADS; to++) {
            const cci_flow_t *flow = flow_of(p, from, to);
            uint64_t          n    = from == to ? 0 : from * THREADS + to;
            total += n;
            assert_int_equal(flow ? flow->count : 0, n);
            assert_int_equal(flow ? flow->bytes : 0, n * (8 + to));
        }
    assert_int_equal(p->total.cross_thread_frees, total);
    for (size_t i = 1; i < p->flow_count; i++)
        assert_true(p->flows[i - 1].count >= p->flows[i].count);
    assert_int_equal(p->flow_count, THREADS * (THREADS - 1));
    stop(&f);
}

static void test_pairs_of_one_thread_are_told_apart(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    trace_builder_thread(f.b, 102, "third");
    alloc(&f, 0, 10, A, 5, 0);
    alloc(&f, 1, 20, B, 7, 0);
    trace_builder_free(f.b, 2, 10000, A);
    trace_builder_free(f.b, 2, 20000, B);
    const cci_profile_t *p = finish(&f);
    assert_int_equal(p->flow_count, 2);
    assert_int_equal(flow_of(p, 0, 2)->bytes, 5);
    assert_int_equal(flow_of(p, 1, 2)->bytes, 7);
    stop(&f);
}

static void test_a_range_has_its_own_flows(void **state)
{
    (void)state;
    static const cci_profile_options_t LATE = { .from_ns = 1000000 };
    fixture_t                          f;
    start(&f, NULL);
    alloc(&f, 0, 10, A, 5, 0);
    alloc(&f, 1, 20, B, 7, 0);
    alloc(&f, 1, 30, C, 9, 0);
    release(&f, 1, 10000, A);
    release(&f, 0, 20000, B);
    release(&f, 0, 2000000, C);
    const cci_profile_t *p = finish_with(&f, &LATE);
    assert_int_equal(p->flow_count, 1);
    assert_true(p->flows[0].from == 1 && p->flows[0].to == 0);
    assert_true(p->flows[0].count == 1 && p->flows[0].bytes == 9);
    stop(&f);
}

/* --- rates --- */

/* One call a millisecond for a second, and in the middle two milliseconds with two thousand more,
 * which are in one window of 16 intervals of the timeline. */
static void test_a_burst_is_the_peak_of_the_rates(void **state)
{
    (void)state;
    fixture_t f;
    uint64_t  now = 0;
    start(&f, NULL);
    for (uint64_t i = 0; i < 1000; i++) {
        alloc(&f, 0, now = i * MS, A, 100, 0);
        release(&f, 0, now + 10, A);
        for (uint64_t k = 0; i >= 500 && i < 502 && k < 1000; k++) {
            alloc(&f, 0, now + 1000 * k + 20, A, 100, 0);
            release(&f, 0, now + 1000 * k + 30, A);
        }
    }
    trace_builder_end(f.b, SECOND, 0);
    const cci_profile_t *p      = finish(&f);
    const uint64_t       step   = UINT64_C(1) << p->timeline.step_log2;
    const double         window = (double)p->rates.window_ns / 1e9;
    assert_int_equal(p->rates.window_ns, CCI_RATE_WINDOW * step);
    assert_true(p->rates.window_ns >= 8 * MS && p->rates.window_ns <= 32 * MS);
    assert_true(fabs(p->rates.allocs.per_second * window - (2000 + window * 1000)) <= 2);
    assert_true(fabs(p->rates.bytes.per_second / p->rates.allocs.per_second - 100) < 1e-6);
    assert_true(p->rates.allocs.end_ns > 500 * MS && p->rates.allocs.end_ns < 530 * MS);
    cci_rates_t early = cci_rates_at(p, p->timeline.count / 4);
    assert_true(fabs(early.allocs - 1000) <= 200);
    stop(&f);
}

/* Windows are not longer than the run, whatever its length. */
static void test_rates_of_a_short_run(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    alloc(&f, 0, 10, A, 100, 0);
    release(&f, 0, 2000, A);
    trace_builder_end(f.b, 4000, 0);
    const cci_profile_t *p = finish(&f);
    assert_int_equal(p->rates.window_ns, 4000);
    assert_true(fabs(p->rates.allocs.per_second - 1 / 4e-6) < 1);
    assert_int_equal(p->rates.allocs.end_ns, 4000);
    stop(&f);
}

/* --- fragmentation --- */

static void test_waste_inside_blocks(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    put_measured(&f, 0, measured(20, 100, 10, 0));
    alloc(&f, 0, 10, A, 40, 0);
    alloc(&f, 0, 20, B, 80, 0);
    const cci_profile_t *p = finish(&f);
    assert_string_equal(p->fragmentation.method_internal, "malloc_usable_size");
    assert_true(fabs(p->fragmentation.block_waste - 20) < 1e-9);
    assert_true(fabs(p->fragmentation.internal - 0.25) < 1e-9); /* 40 of 160 */
    assert_true(p->current_count == 2 && p->peak_count == 2);
    assert_null(p->fragmentation.method_external);
    stop(&f);
}

static void test_a_few_measures_say_nothing_of_blocks(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    put_measured(&f, 0, measured(20, 7, 10, 0));
    alloc(&f, 0, 10, A, 40, 0);
    assert_null(finish(&f)->fragmentation.method_internal);
    stop(&f);
}

static void put_books(fixture_t *f, uint64_t ns, cci_books_t books)
{
    trace_builder_books(f->b, f->thread[0], ns, &books);
}

/* The reading of the fullest heap counts; what is free is told by the one that knows. */
static void test_books_of_the_fullest_heap(void **state)
{
    (void)state;
    const uint64_t unknown = CCI_BOOKS_UNKNOWN;
    fixture_t      f;
    start(&f, NULL);
    put_books(&f, 1000, (cci_books_t){ CCI_BOOKS_GLIBC, 1000, 300, 100, unknown, 7 });
    put_books(&f, 2000, (cci_books_t){ CCI_BOOKS_GLIBC, 1000, 600, 200, unknown, 8 });
    put_books(&f, 3000, (cci_books_t){ CCI_BOOKS_GLIBC, 1000, 10, 900, 55, 9 });
    put_books(&f, 3500, (cci_books_t){ 99, 10000, 9000, 0, unknown, unknown }); /* whose? */
    trace_builder_end(f.b, 4000, 0);
    const cci_fragmentation_t *x = &finish(&f)->fragmentation;
    assert_string_equal(x->method_external, "glibc mallinfo2");
    assert_int_equal(x->time_ns, 2000);
    assert_true(fabs(x->external - 200.0 / 800) < 1e-9); /* 1000 - 600 - 200 at the end */
    assert_true(fabs(x->utilization - 0.6) < 1e-9);
    assert_int_equal(x->largest_free_block, 55);
    assert_int_equal(x->free_block_count, 9);
    assert_int_equal(x->readings, 3);
    stop(&f);
}

static void test_books_outside_the_range_do_not_count(void **state)
{
    (void)state;
    static const cci_profile_options_t LATE = { .from_ns = 1500 };
    fixture_t                          f;
    start(&f, NULL);
    alloc(&f, 0, 10, A, 5, 0);
    put_books(&f, 1000, (cci_books_t){ CCI_BOOKS_TCMALLOC, 100, 90, 0, 0, 0 });
    put_books(&f, 2000, (cci_books_t){ CCI_BOOKS_TCMALLOC, 100, 50, 0, 0, 0 });
    alloc(&f, 0, 3000, B, 5, 0);
    const cci_profile_t *p = finish_with(&f, &LATE);
    assert_true(fabs(p->fragmentation.external - 0.5) < 1e-9);
    stop(&f);
}

/* mimalloc does not say what is used: that is what is live, and what usable size makes of it. */
static void test_books_that_do_not_know_what_is_used(void **state)
{
    (void)state;
    const uint64_t unknown = CCI_BOOKS_UNKNOWN;
    fixture_t      f;
    start(&f, NULL);
    alloc(&f, 0, 10, A, 60, 0);
    put_measured(&f, 0, measured(20, 100, 10, 0));
    put_books(&f, 100000,
              (cci_books_t){ CCI_BOOKS_MIMALLOC, 160, unknown, unknown, unknown, unknown });
    trace_builder_end(f.b, 200000, 0);
    const cci_fragmentation_t *x = &finish(&f)->fragmentation;
    assert_true(fabs(x->external - 0.5) < 1e-9); /* 60 take 80 of 160 */
    assert_true(x->largest_free_block == unknown && x->free_block_count == unknown);
    stop(&f);
}

static void test_resident_pages_where_there_are_no_books(void **state)
{
    (void)state;
    for (int large = 0; large < 2; large++) {
        const uint64_t live = (uint64_t)(large ? 8 : 2) << 20;
        fixture_t      f;
        start(&f, NULL);
        alloc(&f, 0, 10, A, live, 0);
        trace_builder_rss(f.b, 100000, 2 * live);
        trace_builder_end(f.b, 200000, 0);
        const cci_fragmentation_t *x = &finish(&f)->fragmentation;
        if (large) {
            assert_string_equal(x->method_external, "resident pages");
            assert_true(fabs(x->external - 0.5) < 1e-9 && !x->from_books);
        } else {
            assert_null(x->method_external); /* too little to tell from the rest */
            assert_true(isnan(x->external) && isnan(x->utilization));
        }
        stop(&f);
    }
}

/* --- findings --- */

/* Of one kind at a time: enough of it, and calls that take `ticks` each. */
static void fill_kind(fixture_t *f, cci_finding_kind_t kind, uint64_t n, uint64_t ticks)
{
    uint64_t now = 0;

    put_measured(f, 0, measured(ticks, 1000, ticks, 1000));
    for (uint64_t i = 0; i < n; i++) {
        const uint64_t ptr = A + 16 * i;
        switch (kind) {
        case CCI_FINDING_TEMPORARY:
            alloc(f, 0, now += 5000, A, 10 + i % 2, 0);
            release(f, 0, now += 5000, A);
            break;
        case CCI_FINDING_CROSS_THREAD:
            alloc(f, 0, now += 5000, A, 10 + i % 2, 0);
            release(f, 1, now += 5000, A);
            break;
        case CCI_FINDING_REALLOC:
            if (i == 0)
                alloc(f, 0, now += 5000, A, 8, 0);
            resize(f, 0, now += 10000, A, A, 9 + i, 0);
            break;
        case CCI_FINDING_UNIFORM:
            alloc(f, 0, now += 2500, A, 64, 0);
            alloc(f, 0, now += 2500, B, 64, 0);
            release(f, 0, now += 2500, A);
            release(f, 0, now += 2500, B);
            break;
        case CCI_FINDING_ALIGNMENT:
            trace_builder_aligned(f->b, f->thread[0], now += 10000, ptr, 64, f->node[0][0], 8);
            break;
        default: /* one block each 10 us: 1000 of them are no run of 10 s */
            alloc(f, 0, now += 10000, ptr, 2048, 0);
        }
    }
    trace_builder_end(f->b, now + 1, 0);
}

/* An event in 10 us of one thread or of two: at 1500 ns a call that is 7 % at least, and more than a
 * millisecond. */
static void test_findings_need_their_numbers_and_their_time(void **state)
{
    static const cci_finding_kind_t KINDS[] = { CCI_FINDING_TEMPORARY, CCI_FINDING_CROSS_THREAD,
                                                CCI_FINDING_REALLOC, CCI_FINDING_UNIFORM };
    static const struct {
        uint64_t n, ticks;
        bool     found;
    } CASES[] = { { CCI_FINDING_COUNT_MIN, 1500, true },
                  { CCI_FINDING_COUNT_MIN - 1, 1500, false },
                  { CCI_FINDING_COUNT_MIN, 20, false },
                  { CCI_FINDING_COUNT_MIN, 0, false } };
    (void)state;
    for (size_t k = 0; k < sizeof KINDS / sizeof KINDS[0]; k++)
        for (size_t c = 0; c < sizeof CASES / sizeof CASES[0]; c++) {
            fixture_t f;
            uint64_t  n = KINDS[k] == CCI_FINDING_UNIFORM ? CASES[c].n / 2 : CASES[c].n;
            start(&f, NULL);
            fill_kind(&f, KINDS[k], n, CASES[c].ticks);
            const cci_profile_t *p = finish(&f);
            assert_int_equal(p->finding_count, CASES[c].found);
            if (CASES[c].found) {
                assert_int_equal(p->findings[0].kind, KINDS[k]);
                assert_int_equal(p->findings[0].events, CCI_FINDING_COUNT_MIN);
                assert_true(p->findings[0].part_pct >= p->findings[0].least_pct);
                assert_true(p->findings[0].time_pct >= CCI_FINDING_TIME_PCT);
            }
            stop(&f);
        }
}

static void test_without_measures_nothing_is_said_of_time(void **state)
{
    (void)state;
    fixture_t f;
    start(&f, NULL);
    for (uint64_t i = 0; i < 2000; i++) {
        alloc(&f, 0, 20 * i, A, 10, 0);
        release(&f, 0, 20 * i + 10, A);
    }
    assert_int_equal(finish(&f)->finding_count, 0);
    stop(&f);
}

static void test_over_alignment(void **state)
{
    (void)state;
    for (uint64_t n = CCI_FINDING_COUNT_MIN - 1; n <= CCI_FINDING_COUNT_MIN; n++) {
        fixture_t f;
        start(&f, NULL);
        fill_kind(&f, CCI_FINDING_ALIGNMENT, n, 0);
        const cci_profile_t *p = finish(&f);
        assert_int_equal(p->finding_count, n == CCI_FINDING_COUNT_MIN);
        assert_int_equal(site_at(&f, 0)->over_aligned, n);
        stop(&f);
    }
    /* A cache line, and a page for a page, are not. */
    fixture_t f;
    start(&f, NULL);
    for (uint64_t i = 0; i < 2000; i++)
        trace_builder_aligned(f.b, f.thread[0], 10 * i, A + 64 * i, i % 2 ? 8 : 4096, f.node[0][0],
                              i % 2 ? 6 : 12);
    assert_int_equal(finish(&f)->finding_count, 0);
    stop(&f);
}

/* 4096 blocks of 512 bytes that stay, one each `step_ns` while `grows(i)`. */
static size_t growth_findings(uint64_t step_ns, bool (*grows)(uint64_t i))
{
    enum { BLOCKS = 4096 };
    fixture_t f;
    size_t    found = 0;

    start(&f, NULL);
    for (uint64_t i = 0; i < BLOCKS; i++)
        if (grows(i))
            alloc(&f, 0, step_ns * i, A + 512 * i, 512, 0);
    trace_builder_end(f.b, step_ns * BLOCKS, 0);
    const cci_profile_t *p = finish(&f);
    for (size_t i = 0; i < p->finding_count; i++)
        found += p->findings[i].kind == CCI_FINDING_LEAK;
    stop(&f);
    return found;
}

static bool always(uint64_t i)
{
    (void)i;
    return true;
}

static bool at_first(uint64_t i)
{
    return i < 3500;
}

static void test_growth_is_told_when_it_does_not_end(void **state)
{
    (void)state;
    assert_int_equal(growth_findings(3 * MS, always), 1);   /* 12 s */
    assert_int_equal(growth_findings(MS, always), 0);       /* too short to tell */
    assert_int_equal(growth_findings(3 * MS, at_first), 0); /* something was built */
}

static size_t external_findings(uint64_t peak, cci_books_t books)
{
    fixture_t f;
    size_t    found = 0;

    start(&f, NULL);
    alloc(&f, 0, 10, A, peak, 0);
    release(&f, 0, 20, A);
    put_books(&f, 100, books);
    trace_builder_end(f.b, 200, 0);
    const cci_profile_t *p = finish(&f);
    for (size_t i = 0; i < p->finding_count; i++) {
        found += p->findings[i].kind == CCI_FINDING_EXTERNAL;
        assert_int_equal(p->findings[i].site, CCI_NO_SITE);
    }
    stop(&f);
    return found;
}

static void test_fragmentation_is_told_of_a_full_heap(void **state)
{
    const uint64_t mib = 1 << 20;
    (void)state;
    assert_int_equal(
        external_findings(80 * mib, (cci_books_t){ CCI_BOOKS_GLIBC, 80 * mib, 40 * mib, 0, 0, 0 }),
        1);
    assert_int_equal(/* little of it */
                     external_findings(
                         80 * mib, (cci_books_t){ CCI_BOOKS_GLIBC, 80 * mib, 60 * mib, 0, 0, 0 }),
                     0);
    assert_int_equal(/* of a small heap */
                     external_findings(8 * mib,
                                       (cci_books_t){ CCI_BOOKS_GLIBC, 8 * mib, 4 * mib, 0, 0, 0 }),
                     0);
    assert_int_equal(/* what is left of a large one at the end */
                     external_findings(
                         80 * mib, (cci_books_t){ CCI_BOOKS_GLIBC, 80 * mib, 20 * mib, 0, 0, 0 }),
                     0);
}

static void test_names_are_all_there(void **state)
{
    (void)state;
    for (int kind = CCI_FINDING_TEMPORARY; kind <= CCI_FINDING_EXTERNAL; kind++) {
        assert_true(strlen(cci_finding_name((cci_finding_kind_t)kind)) > 5);
        assert_true(strlen(cci_finding_text((cci_finding_kind_t)kind)) > 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_latencies_add_up_over_records_and_threads),
        cmocka_unit_test(test_without_measures_latencies_are_not_known),
        cmocka_unit_test(test_ticks_become_nanoseconds),
        cmocka_unit_test(test_a_range_has_the_measures_that_begin_in_it),
        cmocka_unit_test(test_lifetimes_fall_into_classes),
        cmocka_unit_test(test_lifetimes_of_a_sample_are_weighted),
        cmocka_unit_test(test_a_matrix_of_flows),
        cmocka_unit_test(test_pairs_of_one_thread_are_told_apart),
        cmocka_unit_test(test_a_range_has_its_own_flows),
        cmocka_unit_test(test_a_burst_is_the_peak_of_the_rates),
        cmocka_unit_test(test_rates_of_a_short_run),
        cmocka_unit_test(test_waste_inside_blocks),
        cmocka_unit_test(test_a_few_measures_say_nothing_of_blocks),
        cmocka_unit_test(test_books_of_the_fullest_heap),
        cmocka_unit_test(test_books_outside_the_range_do_not_count),
        cmocka_unit_test(test_books_that_do_not_know_what_is_used),
        cmocka_unit_test(test_resident_pages_where_there_are_no_books),
        cmocka_unit_test(test_findings_need_their_numbers_and_their_time),
        cmocka_unit_test(test_without_measures_nothing_is_said_of_time),
        cmocka_unit_test(test_over_alignment),
        cmocka_unit_test(test_growth_is_told_when_it_does_not_end),
        cmocka_unit_test(test_fragmentation_is_told_of_a_full_heap),
        cmocka_unit_test(test_names_are_all_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
