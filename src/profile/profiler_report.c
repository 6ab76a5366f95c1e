/* SPDX-License-Identifier: MIT */
/* profiler_report.c - see profile/profiler_report.h. */
#include "profile/profiler_report.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a report's pointers point to. */
typedef struct report {
    cc_profiler_report_t public; /* first: a report is one of these */
    cc_profiler_bucket_t        buckets[CCI_SIZE_BUCKETS];
    cc_profiler_bucket_t        hot[CCI_HOT_SIZES];
    size_t                      hot_count;
    cc_profiler_thread_stats_t *threads;
    cc_profiler_block_t        *leaks;
    void                      **addresses; /* of all stacks, one after the other */
} report_t;

_Static_assert((int)CC_PROFILER_LEAKS_MAX == (int)CCI_LEAK_LIST, "leaks listed");

/* ---- figures of the whole ---- */

static void fill_counts(cc_profiler_report_t *r, const cci_profile_t *p)
{
    r->alloc_count       = p->total.alloc_count;
    r->free_count        = p->total.free_count;
    r->alloc_bytes       = p->total.alloc_bytes;
    r->free_bytes        = p->total.free_bytes;
    r->current_allocated = p->current_bytes;
    r->peak_allocated    = p->peak_bytes;
}

static double rate(uint64_t n, double seconds)
{
    return seconds > 0 ? (double)n / seconds : 0;
}

static void fill_times(cc_profiler_report_t *r, const cci_profile_t *p, const cci_trace_t *t)
{
    const uint64_t start_ns = cci_trace_info(t)->start_real_ns;

    r->duration_seconds = cci_profile_seconds(p);
    r->start_time       = start_ns + p->from_ns;
    r->end_time         = start_ns + p->to_ns;
    r->alloc_rate       = rate(r->alloc_count, r->duration_seconds);
    r->free_rate        = rate(r->free_count, r->duration_seconds);
    r->bytes_rate       = rate(r->alloc_bytes, r->duration_seconds);
}

static void fill_cross_thread(cc_profiler_report_t *r, const cci_profile_t *p)
{
    r->cross_thread_free_count = p->total.cross_thread_frees;
    r->cross_thread_free_pct =
        r->free_count ? 100 * (double)r->cross_thread_free_count / (double)r->free_count : 0;
}

static void fill_fragmentation(cc_profiler_fragmentation_t *out, const cci_fragmentation_t *f)
{
    *out = (cc_profiler_fragmentation_t){ .internal_fragmentation = f->internal,
                                          .external_fragmentation = f->external,
                                          .largest_free_block     = f->largest_free_block,
                                          .free_block_count       = f->free_block_count,
                                          .utilization            = f->utilization,
                                          .method_internal        = f->method_internal,
                                          .method_external        = f->method_external };
}

/* ---- latencies ---- */

/* Counts of neighbours go to the last of them: what is told of a value is never below it. */
static void join_buckets(cci_histogram_t *h, unsigned most)
{
    unsigned group = 1;

    while (CCI_HISTOGRAM_BUCKETS / group > most && group < CCI_HISTOGRAM_BUCKETS)
        group *= 2;
    for (unsigned i = 0; i < CCI_HISTOGRAM_BUCKETS; i++) {
        unsigned last = i / group * group + group - 1;
        uint64_t n    = i == last ? 0 : h->bucket[i];
        h->bucket[i] -= n;
        h->bucket[last] += n;
    }
}

static void fill_percentiles(const cci_profile_t *p, int kind, unsigned buckets, double *out[4],
                             uint64_t *samples)
{
    static const double PARTS[] = { 0.50, 0.95, 0.99, 0.999 };
    cci_histogram_t     h       = p->measures.ticks[kind];

    join_buckets(&h, buckets);
    for (unsigned i = 0; i < 4; i++)
        *out[i] = cci_profile_latency_ns(p, &h, PARTS[i]);
    *samples = h.count;
}

static void fill_latency(cc_profiler_report_t *r, const cci_profile_t *p, unsigned buckets)
{
    double *of_alloc[] = { &r->alloc_latency_p50, &r->alloc_latency_p95, &r->alloc_latency_p99,
                           &r->alloc_latency_p999 };
    double *of_free[]  = { &r->free_latency_p50, &r->free_latency_p95, &r->free_latency_p99,
                           &r->free_latency_p999 };

    fill_percentiles(p, CCI_MEASURED_ALLOC, buckets, of_alloc, &r->alloc_latency_samples);
    fill_percentiles(p, CCI_MEASURED_FREE, buckets, of_free, &r->free_latency_samples);
}

static void clear_latency(cc_profiler_report_t *r)
{
    r->alloc_latency_p50 = r->alloc_latency_p95 = r->alloc_latency_p99 = r->alloc_latency_p999 =
        r->free_latency_p50 = r->free_latency_p95 = r->free_latency_p99 = r->free_latency_p999 =
            NAN;
}

/* ---- sizes ---- */

static void fill_sizes(report_t *r, const cci_profile_t *p)
{
    cc_profiler_size_histogram_t *h = &r->public.size_histogram;

    for (unsigned i = 0; i < CCI_SIZE_BUCKETS; i++)
        if (p->histogram[i])
            r->buckets[h->bucket_count++] =
                (cc_profiler_bucket_t){ cci_bucket_lo(i), cci_bucket_hi(i), p->histogram[i] };
    h->buckets     = r->buckets;
    h->total_count = p->total.alloc_count;
    h->total_bytes = p->total.alloc_bytes;
    for (; r->hot_count < p->hot_count; r->hot_count++) {
        const cci_hot_size_t *hot = &p->hot[r->hot_count];
        r->hot[r->hot_count]      = (cc_profiler_bucket_t){ hot->lo, hot->hi, hot->count };
    }
}

size_t cc_profiler_hot_sizes(const cc_profiler_report_t *report, cc_profiler_bucket_t *out,
                             size_t n)
{
    const report_t *r     = (const report_t *)report;
    const size_t    count = n < r->hot_count ? n : r->hot_count;

    memcpy(out, r->hot, count * sizeof *out);
    return count;
}

/* ---- threads ---- */

static cc_profiler_thread_stats_t thread_stats(const cci_thread_profile_t *p,
                                               const cci_trace_thread_t   *t)
{
    cc_profiler_thread_stats_t s = { .thread_id                   = t->tid,
                                     .alloc_count                 = p->tally.alloc_count,
                                     .free_count                  = p->tally.free_count,
                                     .alloc_bytes                 = p->tally.alloc_bytes,
                                     .free_bytes                  = p->tally.free_bytes,
                                     .cross_thread_frees_sent     = p->sent,
                                     .cross_thread_frees_received = p->tally.cross_thread_frees };
    memcpy(s.thread_name, t->name, sizeof s.thread_name);
    return s;
}

/* Those that did something. False: out of memory. */
static bool fill_threads(report_t *r, const cci_profile_t *p, const cci_trace_t *t)
{
    r->threads = calloc(p->thread_count + 1, sizeof *r->threads);
    if (!r->threads)
        return false;
    for (uint32_t i = 0; i < p->thread_count; i++) {
        const cci_thread_profile_t *thread = &p->threads[i];
        if (thread->tally.alloc_count || thread->tally.free_count || thread->sent)
            r->threads[r->public.thread_count++] = thread_stats(thread, cci_trace_thread(t, i));
    }
    r->public.thread_stats = r->threads;
    return true;
}

/* ---- leaks ---- */

static size_t depth_of(const cci_trace_t *t, uint32_t node)
{
    size_t depth = 0;

    for (; node; node = cci_trace_node(t, node)->parent)
        depth++;
    return depth;
}

/* One behind the last address. */
static void **put_stack(const cci_trace_t *t, uint32_t node, void **at)
{
    for (; node; node = cci_trace_node(t, node)->parent) {
        const cci_stack_node_t *n = cci_trace_node(t, node);
        *at++ = (void *)(uintptr_t)(n->offset + cci_trace_module(t, n->module)->bias);
    }
    return at;
}

static size_t depth_of_all(const cci_profile_t *p, const cci_trace_t *t)
{
    size_t depth = 0;

    for (size_t i = 0; i < p->leak_listed; i++)
        depth += depth_of(t, p->sites[p->leaks[i].site].stack);
    return depth;
}

static void fill_leak(cc_profiler_block_t *out, const cci_profile_t *p, const cci_trace_t *t,
                      const cci_block_t *b)
{
    *out = (cc_profiler_block_t){ .ptr       = (void *)(uintptr_t)b->ptr,
                                  .size      = b->size,
                                  .timestamp = (double)(b->time_ns - p->from_ns) / 1e9,
                                  .thread_id = cci_trace_thread(t, b->thread)->tid };
}

/* False: out of memory. */
static bool fill_leaks(report_t *r, const cci_profile_t *p, const cci_trace_t *t, bool stacks)
{
    r->leaks     = calloc(p->leak_listed + 1, sizeof *r->leaks);
    r->addresses = calloc(stacks ? depth_of_all(p, t) + 1 : 1, sizeof *r->addresses);
    if (!r->leaks || !r->addresses)
        return false;
    void **at = r->addresses;
    for (size_t i = 0; i < p->leak_listed; i++) {
        fill_leak(&r->leaks[i], p, t, &p->leaks[i]);
        void **stack = at;
        if (stacks)
            at = put_stack(t, p->sites[p->leaks[i].site].stack, at);
        r->leaks[i].stack_depth = (size_t)(at - stack);
        r->leaks[i].stack_trace = at == stack ? NULL : stack;
    }
    r->public.leaked_allocations = r->leaks;
    r->public.leaked_listed      = p->leak_listed;
    r->public.leaked_count       = p->leaked_count;
    r->public.leaked_bytes       = p->leaked_bytes;
    return true;
}

/* ---- all ---- */

static bool fill(report_t *r, const cc_profiler_options_t *options, const cci_part_view_t *view)
{
    const cci_profile_t *p = view->profile;

    r->public = (cc_profiler_report_t){
        .scope       = view->everything ? CC_PROFILER_SCOPE_ALL : CC_PROFILER_SCOPE_HEAP,
        .estimated   = p->estimated,
        .lost_events = view->lost,
    };
    fill_counts(&r->public, p);
    fill_times(&r->public, p, view->trace);
    fill_fragmentation(&r->public.fragmentation, &p->fragmentation);
    clear_latency(&r->public);
    if (options->track_latency)
        fill_latency(&r->public, p, options->latency_buckets);
    if (options->track_cross_thread)
        fill_cross_thread(&r->public, p);
    if (options->track_sizes)
        fill_sizes(r, p);
    if (options->track_per_thread && !fill_threads(r, p, view->trace))
        return false;
    return !options->detect_leaks || fill_leaks(r, p, view->trace, options->capture_stacks);
}

cc_result_t cci_profiler_report_create(const cc_profiler_report_t **out,
                                       const cc_profiler_options_t *options,
                                       const cci_part_view_t       *view)
{
    report_t *r      = calloc(1, sizeof *r);
    bool      filled = r && fill(r, options, view);

    cci_profile_destroy(view->profile);
    if (filled)
        *out = &r->public;
    else if (r)
        cc_profiler_report_destroy(&r->public);
    return filled ? CC_RESULT_OK : CC_RESULT_NO_MEMORY;
}

void cc_profiler_report_destroy(const cc_profiler_report_t *report)
{
    report_t *r = (report_t *)(uintptr_t)report;

    if (!r)
        return;
    void *suspended = cci_part_suspend();
    free(r->threads);
    free(r->leaks);
    free(r->addresses);
    free(r);
    cci_part_resume(suspended);
}
