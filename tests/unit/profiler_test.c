/* SPDX-License-Identifier: MIT */
/* ccmem/profiler.h on blocks whose number, sizes, places and threads are known. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <ccmem/alloc.h>
#include <ccmem/profiler.h>
#include "heap/mode.h"
#include "heap/observer.h"

/* All switches off, but for those given; every block. */
#define OPTIONS(...) \
    (&(cc_profiler_options_t){ .sample_rate = 1, .latency_buckets = 1000, __VA_ARGS__ })
#define SAMPLED(rate, ...) \
    (&(cc_profiler_options_t){ .sample_rate = (rate), .latency_buckets = 1000, __VA_ARGS__ })

static cc_profiler_t *create(const cc_profiler_options_t *options)
{
    cc_profiler_t *p;
    assert_int_equal(cc_profiler_create(&p, options), CC_RESULT_OK);
    return p;
}

static cc_profiler_t *begin(const cc_profiler_options_t *options)
{
    cc_profiler_t *p = create(options);
    assert_int_equal(cc_profiler_start(p), CC_RESULT_OK);
    return p;
}

static const cc_profiler_report_t *look(cc_profiler_t *p)
{
    const cc_profiler_report_t *r;
    assert_int_equal(cc_profiler_snapshot(p, &r), CC_RESULT_OK);
    return r;
}

static const cc_profiler_report_t *end(cc_profiler_t *p)
{
    const cc_profiler_report_t *r;

    cc_profiler_stop(p);
    assert_int_equal(cc_profiler_report(p, &r), CC_RESULT_OK);
    cc_profiler_destroy(p);
    return r;
}

/* n blocks that are freed again. */
static __attribute__((noinline)) void churn(size_t n, size_t size)
{
    for (size_t i = 0; i < n; i++)
        cc_free(cc_alloc(size), size);
}

/* ---- figures ---- */

static void every_function_is_counted_as_asked_for(void **state)
{
    (void)state;
    cc_profiler_t *p = begin(NULL);
    void          *a = cc_alloc(10), *b = cc_calloc(3, 7), *c = cc_alloc_aligned(100, 256),
         *d = cc_alloc_node(30), *e = cc_alloc(100000);
    assert_true(a && b && c && d && e);
    a = cc_realloc(a, 10, 5000);
    assert_non_null(a);
    const cc_profiler_report_t *r = look(p);
    assert_int_equal(r->scope, CC_PROFILER_SCOPE_HEAP);
    assert_int_equal(r->alloc_count, 6);
    assert_int_equal(r->free_count, 1);
    assert_int_equal(r->alloc_bytes, 10 + 21 + 100 + 30 + 100000 + 5000);
    assert_int_equal(r->free_bytes, 10);
    assert_int_equal(r->current_allocated, r->alloc_bytes - r->free_bytes);
    assert_int_equal(r->peak_allocated, r->current_allocated);
    assert_false(r->estimated);
    assert_int_equal(r->lost_events, 0);
    cc_profiler_report_destroy(r);
    cc_free(a, 5000);
    cc_free_unsized(b);
    cc_free_aligned(c, 100, 256);
    cc_free_node(d, 30);
    cc_free(e, 100000);
    cc_free(NULL, 8);
    r = end(p);
    assert_int_equal(r->free_count, 6);
    assert_int_equal(r->free_bytes, r->alloc_bytes);
    assert_int_equal(r->current_allocated, 0);
    assert_int_equal(r->peak_allocated, 21 + 100 + 30 + 100000 + 5000);
    cc_profiler_report_destroy(r);
}

static void sizes_are_told_apart(void **state)
{
    cc_profiler_bucket_t hot[3];

    (void)state;
    cc_profiler_t *p = begin(NULL);
    churn(300, 40);
    churn(200, 41);
    churn(100, 9000);
    const cc_profiler_report_t *r = end(p);
    assert_int_equal(r->size_histogram.total_count, 600);
    assert_int_equal(r->size_histogram.total_bytes, 300 * 40 + 200 * 41 + 100 * 9000);
    assert_int_equal(r->size_histogram.bucket_count, 2);
    assert_int_equal(r->size_histogram.buckets[0].min, 33);
    assert_int_equal(r->size_histogram.buckets[0].max, 64);
    assert_int_equal(r->size_histogram.buckets[0].count, 500);
    assert_int_equal(r->size_histogram.buckets[1].count, 100);
    assert_int_equal(cc_profiler_hot_sizes(r, hot, 3), 3);
    assert_true(hot[0].min == 40 && hot[0].max == 40 && hot[0].count == 300);
    assert_true(hot[1].min == 41 && hot[1].count == 200);
    assert_true(hot[2].min <= 9000 && hot[2].max >= 9000 && hot[2].count == 100);
    assert_int_equal(cc_profiler_hot_sizes(r, hot, 1), 1);
    cc_profiler_report_destroy(r);
}

static void rates_are_counts_over_the_duration(void **state)
{
    (void)state;
    cc_profiler_t *p = begin(NULL);
    churn(1000, 32);
    const cc_profiler_report_t *r = end(p);
    assert_true(r->duration_seconds > 0);
    assert_true(fabs(r->alloc_rate * r->duration_seconds - 1000) < 1e-6);
    assert_true(fabs(r->free_rate * r->duration_seconds - 1000) < 1e-6);
    assert_true(fabs(r->bytes_rate * r->duration_seconds - 32000) < 1e-3);
    assert_true(r->end_time > r->start_time);
    cc_profiler_report_destroy(r);
}

static void latencies_are_measured_or_not_known(void **state)
{
    (void)state;
    cc_profiler_t *p = begin(NULL);
    churn(100000, 32);
    const cc_profiler_report_t *r = end(p);
    assert_in_range(r->alloc_latency_samples, 100000 / 64 / 2, 100000 / 64 * 2);
    assert_in_range(r->free_latency_samples, 100000 / 64 / 2, 100000 / 64 * 2);
    assert_true(r->alloc_latency_p50 <= r->alloc_latency_p95);
    assert_true(r->alloc_latency_p95 <= r->alloc_latency_p99);
    assert_true(r->alloc_latency_p99 <= r->alloc_latency_p999);
    assert_true(r->free_latency_p50 <= r->free_latency_p999);
    cc_profiler_report_destroy(r);

    p = begin(OPTIONS(.track_sizes = true));
    churn(10000, 32);
    r = end(p);
    assert_int_equal(r->alloc_latency_samples, 0);
    assert_true(isnan(r->alloc_latency_p50) && isnan(r->free_latency_p999));
    assert_int_equal(r->alloc_count, 10000);
    cc_profiler_report_destroy(r);
}

/* Fewer buckets tell a duration as no less than it was. */
static void coarse_latencies_are_upper_bounds(void **state)
{
    (void)state;
    cc_profiler_t *fine   = begin(OPTIONS(.track_latency = true));
    cc_profiler_t *coarse = begin(
        &(cc_profiler_options_t){ .track_latency = true, .sample_rate = 1, .latency_buckets = 20 });
    churn(50000, 32);
    const cc_profiler_report_t *c = end(coarse), *f = end(fine);
    assert_true(c->alloc_latency_samples > 0);
    assert_true(c->alloc_latency_p50 >= f->alloc_latency_p50);
    cc_profiler_report_destroy(f);
    cc_profiler_report_destroy(c);
}

/* All blocks waste the same, so the mean of those that were asked is that of all. */
static void waste_inside_blocks_is_known(void **state)
{
    (void)state;
    void        *block  = cc_alloc(33);
    const double usable = cci_heap_mode() == CCI_HEAP_CACHE ? (double)cc_good_size(33)
                                                            : (double)cc_usable_size(block);
    cc_free(block, 33);
    cc_profiler_t *p = begin(NULL);
    churn(100000, 33);
    const cc_profiler_report_t *r = end(p);
    assert_non_null(r->fragmentation.method_internal);
    assert_true(fabs(r->fragmentation.internal_fragmentation - (usable - 33) / usable) < 1e-9);
    assert_true(isnan(r->fragmentation.external_fragmentation)); /* nobody knows, here */
    assert_null(r->fragmentation.method_external);
    assert_true(r->fragmentation.largest_free_block == UINT64_MAX);
    cc_profiler_report_destroy(r);
}

/* ---- what leaks, and where ---- */

static void *kept[3], *keep_called_from;

static __attribute__((noinline)) void keep(size_t i, size_t size)
{
    keep_called_from = __builtin_return_address(0);
    kept[i]          = cc_alloc(size);
}

static void what_is_left_is_listed_with_its_stack(void **state)
{
    (void)state;
    void          *before = cc_alloc(77);
    cc_profiler_t *p      = begin(OPTIONS(.detect_leaks = true, .capture_stacks = true));
    keep(0, 1000);
    churn(10, 500);
    keep(1, 3000);
    keep(2, 2000);
    void *called_from = keep_called_from;
    cc_free(before, 77);
    const cc_profiler_report_t *r = end(p);
    assert_int_equal(r->leaked_count, 3);
    assert_int_equal(r->leaked_bytes, 6000);
    assert_int_equal(r->leaked_listed, 3);
    assert_ptr_equal(r->leaked_allocations[0].ptr, kept[1]);
    assert_int_equal(r->leaked_allocations[0].size, 3000);
    assert_int_equal(r->leaked_allocations[2].size, 1000);
    assert_true(r->leaked_allocations[2].timestamp > 0);
    assert_true(r->leaked_allocations[2].timestamp < r->leaked_allocations[0].timestamp);
    assert_true(r->leaked_allocations[0].timestamp <= r->duration_seconds);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(r->leaked_allocations[i].thread_id, (unsigned)gettid());
        assert_true(r->leaked_allocations[i].stack_depth > 3);
    }
    assert_ptr_equal(r->leaked_allocations[1].stack_trace[1], called_from);
    assert_ptr_equal(r->leaked_allocations[1].stack_trace[2],
                     r->leaked_allocations[0].stack_trace[2]);
    cc_profiler_report_destroy(r);
    for (size_t i = 0; i < 3; i++)
        cc_free(kept[i], (size_t[]){ 1000, 3000, 2000 }[i]);
}

static void leaks_and_stacks_are_there_when_asked_for(void **state)
{
    (void)state;
    cc_profiler_t *none = begin(NULL), *bare = begin(OPTIONS(.detect_leaks = true));
    keep(0, 64);
    const cc_profiler_report_t *n = end(none), *b = end(bare);
    assert_true(!n->leaked_allocations && n->leaked_count == 0);
    assert_int_equal(n->current_allocated, 64);
    assert_int_equal(b->leaked_listed, 1);
    assert_true(!b->leaked_allocations[0].stack_trace && b->leaked_allocations[0].stack_depth == 0);
    cc_profiler_report_destroy(n);
    cc_profiler_report_destroy(b);
    cc_free(kept[0], 64);
}

/* ---- threads ---- */

enum { THREADS = 16, UNIT = 10 };

static void             *box[THREADS][THREADS * UNIT];
static pthread_barrier_t barrier;

/* Thread i allocates for the next one and frees what the one before allocated: UNIT * (i + 1) blocks. */
static void *hand_on(void *number)
{
    const size_t i = (size_t)(uintptr_t)number, before = (i + THREADS - 1) % THREADS;

    for (size_t k = 0; k < UNIT * (i + 1); k++)
        box[i][k] = cc_alloc(48);
    pthread_barrier_wait(&barrier);
    for (size_t k = 0; k < UNIT * (before + 1); k++)
        cc_free(box[before][k], 48);
    return NULL;
}

static void run_threads(void)
{
    pthread_t thread[THREADS];

    pthread_barrier_init(&barrier, NULL, THREADS);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, hand_on, (void *)(uintptr_t)i), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    pthread_barrier_destroy(&barrier);
}

static const cc_profiler_thread_stats_t *thread_with(const cc_profiler_report_t *r, uint64_t allocs)
{
    for (size_t i = 0; i < r->thread_count; i++)
        if (r->thread_stats[i].alloc_count == allocs)
            return &r->thread_stats[i];
    fail_msg("no thread with %llu allocations", (unsigned long long)allocs);
    return NULL;
}

static void whose_blocks_who_frees(void **state)
{
    const uint64_t all = UNIT * THREADS * (THREADS + 1) / 2;

    (void)state;
    cc_profiler_t *p = begin(OPTIONS(.track_per_thread = true, .track_cross_thread = true));
    run_threads();
    const cc_profiler_report_t *r = end(p);
    assert_int_equal(r->alloc_count, all);
    assert_int_equal(r->cross_thread_free_count, all);
    assert_true(r->cross_thread_free_pct == 100);
    assert_int_equal(r->thread_count, THREADS);
    for (size_t i = 0; i < THREADS; i++) {
        const cc_profiler_thread_stats_t *t      = thread_with(r, UNIT * (i + 1));
        size_t                            before = (i + THREADS - 1) % THREADS;
        assert_int_equal(t->cross_thread_frees_sent, UNIT * (i + 1));
        assert_int_equal(t->cross_thread_frees_received, UNIT * (before + 1));
        assert_int_equal(t->free_count, UNIT * (before + 1));
        assert_int_equal(t->alloc_bytes, 48 * UNIT * (i + 1));
    }
    cc_profiler_report_destroy(r);
}

static pthread_barrier_t gate;

static void *work_when_told(void *unused)
{
    churn(5, 32); /* it has its cache before anybody looks */
    pthread_barrier_wait(&gate);
    pthread_barrier_wait(&gate);
    churn(1000, 32);
    return unused;
}

static void a_thread_from_before_is_seen(void **state)
{
    pthread_t thread;

    (void)state;
    pthread_barrier_init(&gate, NULL, 2);
    assert_int_equal(pthread_create(&thread, NULL, work_when_told, NULL), 0);
    pthread_barrier_wait(&gate);
    cc_profiler_t *p = begin(NULL);
    pthread_barrier_wait(&gate);
    pthread_join(thread, NULL);
    const cc_profiler_report_t *r = end(p);
    assert_int_equal(r->alloc_count, 1000);
    assert_int_equal(r->free_count, 1000);
    assert_int_equal(r->thread_count, 0); /* nobody asked for them */
    cc_profiler_report_destroy(r);
    pthread_barrier_destroy(&gate);
}

/* ---- several, and again ---- */

static void each_has_figures_of_its_own(void **state)
{
    (void)state;
    cc_profiler_t *whole = begin(NULL);
    churn(100000, 16);
    cc_profiler_t *part = begin(NULL), *less = begin(OPTIONS(.track_sizes = true));
    churn(5000, 24);
    const cc_profiler_report_t *p = end(part), *l = end(less);
    churn(7, 40);
    const cc_profiler_report_t *w = end(whole);
    assert_int_equal(p->alloc_count, 5000);
    assert_int_equal(p->alloc_bytes, 5000 * 24);
    assert_true(p->alloc_latency_samples < 200 && w->alloc_latency_samples > 500);
    assert_true(l->alloc_latency_samples == 0 && isnan(l->alloc_latency_p99));
    assert_int_equal(w->alloc_count, 105007);
    assert_int_equal(w->free_count, 105007);
    assert_true(w->start_time < p->start_time && p->end_time < w->end_time);
    cc_profiler_report_destroy(p);
    cc_profiler_report_destroy(l);
    cc_profiler_report_destroy(w);
}

static void one_after_another(void **state)
{
    (void)state;
    cc_profiler_t *p = create(NULL);
    for (size_t i = 1; i <= 30; i++) {
        const cc_profiler_report_t *r;
        assert_int_equal(cc_profiler_start(p), CC_RESULT_OK);
        churn(i, 16);
        cc_profiler_stop(p);
        assert_null(cci_heap_observer());
        churn(5, 16);
        assert_int_equal(cc_profiler_report(p, &r), CC_RESULT_OK);
        assert_int_equal(r->alloc_count, i);
        cc_profiler_report_destroy(r);
    }
    cc_profiler_destroy(p);
}

static void a_reset_begins_at_zero(void **state)
{
    (void)state;
    cc_profiler_t *p   = begin(OPTIONS(.detect_leaks = true));
    void          *old = cc_alloc(100);
    churn(10, 16);
    assert_int_equal(cc_profiler_reset(p), CC_RESULT_OK);
    void *new = cc_alloc(200);
    cc_free(old, 100);
    const cc_profiler_report_t *r = look(p);
    assert_int_equal(r->alloc_count, 1);
    assert_int_equal(r->free_count, 1);
    assert_int_equal(r->current_allocated, 200);
    assert_int_equal(r->leaked_count, 1);
    cc_profiler_report_destroy(r);
    cc_free(new, 200);
    cc_profiler_stop(p);
    assert_int_equal(cc_profiler_reset(p), CC_RESULT_OK);
    assert_int_equal(cc_profiler_report(p, &r), CC_RESULT_NOT_FOUND);
    assert_int_equal(cc_profiler_start(p), CC_RESULT_OK);
    churn(2, 16);
    r = end(p);
    assert_int_equal(r->alloc_count, 2);
    cc_profiler_report_destroy(r);
}

static void a_stopped_one_stands_still(void **state)
{
    (void)state;
    cc_profiler_t *other = begin(NULL), *p = begin(OPTIONS(.detect_leaks = true));
    keep(0, 32);
    cc_profiler_stop(p);
    cc_free(kept[0], 32);
    churn(10, 16);
    for (int i = 0; i < 2; i++) {
        const cc_profiler_report_t *r = look(p);
        assert_int_equal(r->alloc_count, 1);
        assert_int_equal(r->leaked_bytes, 32);
        cc_profiler_report_destroy(r);
    }
    cc_profiler_destroy(other);
    const cc_profiler_report_t *r = look(p);
    assert_int_equal(r->leaked_bytes, 32);
    cc_profiler_report_destroy(r);
    cc_profiler_destroy(p);
}

static void wrong_moments_are_refused(void **state)
{
    const cc_profiler_report_t *r;

    (void)state;
    cc_profiler_t *p = create(NULL);
    assert_int_equal(cc_profiler_report(p, &r), CC_RESULT_NOT_FOUND);
    assert_int_equal(cc_profiler_snapshot(p, &r), CC_RESULT_NOT_FOUND);
    cc_profiler_stop(p); /* is nothing */
    assert_int_equal(cc_profiler_start(p), CC_RESULT_OK);
    assert_int_equal(cc_profiler_start(p), CC_RESULT_BUSY);
    assert_int_equal(cc_profiler_report(p, &r), CC_RESULT_BUSY);
    cc_profiler_destroy(p); /* while it runs */
    assert_null(cci_heap_observer());
    cc_profiler_destroy(NULL);
    cc_profiler_report_destroy(NULL);
}

static void options_out_of_range_are_refused(void **state)
{
    cc_profiler_t *p;

    (void)state;
    assert_int_equal(cc_profiler_create(&p, SAMPLED(0, .track_sizes = true)), CC_RESULT_INVALID);
    assert_int_equal(cc_profiler_create(&p, SAMPLED(-1, .track_sizes = true)), CC_RESULT_INVALID);
    assert_int_equal(cc_profiler_create(&p, SAMPLED(1.1, .track_sizes = true)), CC_RESULT_INVALID);
    assert_int_equal(cc_profiler_create(&p, SAMPLED(NAN, .track_sizes = true)), CC_RESULT_INVALID);
    assert_int_equal(cc_profiler_create(&p, &(cc_profiler_options_t){ .sample_rate = 1 }),
                     CC_RESULT_INVALID);
}

/* ---- needs ---- */

static void who_needs_more_than_is_recorded_waits(void **state)
{
    (void)state;
    cc_profiler_t *first  = begin(SAMPLED(0.1, .track_sizes = true));
    cc_profiler_t *more[] = { create(SAMPLED(1, .track_sizes = true)),
                              create(SAMPLED(0.5, .track_sizes = true)),
                              create(SAMPLED(0.1, .capture_stacks = true)),
                              create(SAMPLED(0.1, .track_latency = true)) };
    cc_profiler_t *less   = create(SAMPLED(0.01, .track_sizes = true));

    for (size_t i = 0; i < 4; i++)
        assert_int_equal(cc_profiler_start(more[i]), CC_RESULT_BUSY);
    assert_int_equal(cc_profiler_start(less), CC_RESULT_OK);
    cc_profiler_destroy(first);
    cc_profiler_destroy(less);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(cc_profiler_start(more[i]), CC_RESULT_OK);
        cc_profiler_destroy(more[i]);
    }
}

/* Counts are exact; the rest is within a few standard deviations of what it is. */
static void a_sample_estimates(void **state)
{
    enum { BLOCKS = 20000, SIZE = 64 };
    static void *block[BLOCKS];

    (void)state;
    cc_profiler_t *p = begin(SAMPLED(0.1, .track_sizes = true));
    for (size_t i = 0; i < BLOCKS; i++)
        block[i] = cc_alloc(SIZE);
    const cc_profiler_report_t *r = look(p);
    assert_true(r->estimated);
    assert_int_equal(r->alloc_count, BLOCKS);
    assert_int_equal(r->alloc_bytes, BLOCKS * SIZE);
    assert_int_equal(r->size_histogram.total_count, BLOCKS);
    assert_in_range(r->peak_allocated, BLOCKS * SIZE * 3 / 4, BLOCKS * SIZE);
    cc_profiler_report_destroy(r);
    for (size_t i = 0; i < BLOCKS; i++)
        cc_free(block[i], SIZE);
    r = end(p);
    assert_int_equal(r->free_count, BLOCKS);
    assert_int_equal(r->current_allocated, 0);
    cc_profiler_report_destroy(r);
}

/* ---- fork ---- */

static int in_child(cc_profiler_t *p)
{
    const cc_profiler_report_t *r;

    churn(500, 16);
    if (cci_heap_observer() || cc_profiler_snapshot(p, &r) != CC_RESULT_OK || r->alloc_count != 20)
        return 1;
    cc_profiler_report_destroy(r);
    if (cc_profiler_report(p, &r) != CC_RESULT_OK || r->alloc_count != 20)
        return 2;
    cc_profiler_report_destroy(r);
    if (cc_profiler_start(p) != CC_RESULT_OK)
        return 3;
    churn(30, 16);
    cc_profiler_stop(p);
    if (cc_profiler_report(p, &r) != CC_RESULT_OK || r->alloc_count != 30)
        return 4;
    cc_profiler_report_destroy(r);
    cc_profiler_destroy(p);
    return 0;
}

static void a_child_stands_still_and_may_begin_anew(void **state)
{
    int status;

    (void)state;
    cc_profiler_t *p = begin(NULL);
    churn(20, 16);
    cc_profiler_report_destroy(look(p));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(in_child(p));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    churn(5, 16);
    const cc_profiler_report_t *r = end(p);
    assert_int_equal(r->alloc_count, 25);
    cc_profiler_report_destroy(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_function_is_counted_as_asked_for),
        cmocka_unit_test(sizes_are_told_apart),
        cmocka_unit_test(rates_are_counts_over_the_duration),
        cmocka_unit_test(latencies_are_measured_or_not_known),
        cmocka_unit_test(coarse_latencies_are_upper_bounds),
        cmocka_unit_test(waste_inside_blocks_is_known),
        cmocka_unit_test(what_is_left_is_listed_with_its_stack),
        cmocka_unit_test(leaks_and_stacks_are_there_when_asked_for),
        cmocka_unit_test(whose_blocks_who_frees),
        cmocka_unit_test(a_thread_from_before_is_seen),
        cmocka_unit_test(each_has_figures_of_its_own),
        cmocka_unit_test(one_after_another),
        cmocka_unit_test(a_reset_begins_at_zero),
        cmocka_unit_test(a_stopped_one_stands_still),
        cmocka_unit_test(wrong_moments_are_refused),
        cmocka_unit_test(options_out_of_range_are_refused),
        cmocka_unit_test(who_needs_more_than_is_recorded_waits),
        cmocka_unit_test(a_sample_estimates),
        cmocka_unit_test(a_child_stands_still_and_may_begin_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
