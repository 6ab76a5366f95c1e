/* SPDX-License-Identifier: MIT */
/* json_metrics.c - see report/json_parts.h. */
#include <math.h>
#include "profile/rates.h"
#include "report/json_parts.h"

/* ---- how long calls take ---- */

static const char *const KINDS[CCI_MEASURED_KINDS] = {
    [CCI_MEASURED_ALLOC] = "alloc", [CCI_MEASURED_FREE] = "free"
};

static void put_quantile(cci_json_t *w, const cci_profile_t *p, const cci_histogram_t *ticks,
                         const char *kind, const char *suffix, double q)
{
    char name[64];

    snprintf(name, sizeof name, "%s_latency_%s", kind, suffix);
    cci_json_double(w, name, cci_profile_latency_ns(p, ticks, q));
}

static void put_quantiles(cci_json_t *w, const cci_profile_t *p, const cci_trace_measures_t *m)
{
    for (unsigned kind = 0; kind < CCI_MEASURED_KINDS; kind++) {
        const cci_histogram_t *ticks = &m->ticks[kind];
        put_quantile(w, p, ticks, KINDS[kind], "p50", 0.5);
        put_quantile(w, p, ticks, KINDS[kind], "p95", 0.95);
        put_quantile(w, p, ticks, KINDS[kind], "p99", 0.99);
        put_quantile(w, p, ticks, KINDS[kind], "p999", 0.999);
    }
}

static void put_mean(cci_json_t *w, const cci_profile_t *p, const char *name,
                     const cci_histogram_t *ticks)
{
    cci_json_double(w, name,
                    ticks->count ? (double)ticks->sum / (double)ticks->count * p->tick_ns : NAN);
}

/* [where it ends, how many] of the buckets that are not empty. */
static void put_buckets(cci_json_t *w, const cci_profile_t *p, const char *name,
                        const cci_histogram_t *ticks)
{
    cci_json_begin_array(w, name);
    for (unsigned b = 0; b < CCI_HISTOGRAM_BUCKETS; b++) {
        if (ticks->bucket[b] == 0)
            continue;
        cci_json_begin_array(w, NULL);
        cci_json_double(w, NULL, cci_profile_latency_limit_ns(p, b));
        cci_json_uint(w, NULL, ticks->bucket[b]);
        cci_json_end_array(w);
    }
    cci_json_end_array(w);
}

void cci_json_latency(cci_json_t *w, const cci_profile_t *p)
{
    const cci_histogram_t *ticks = p->measures.ticks;
    const bool             any   = p->measured_every != 0;

    put_quantiles(w, p, &p->measures);
    put_mean(w, p, "alloc_latency_mean", &ticks[CCI_MEASURED_ALLOC]);
    put_mean(w, p, "free_latency_mean", &ticks[CCI_MEASURED_FREE]);
    cci_json_known(w, "alloc_latency_samples", ticks[CCI_MEASURED_ALLOC].count, any);
    cci_json_known(w, "free_latency_samples", ticks[CCI_MEASURED_FREE].count, any);
    cci_json_known(w, "latency_sampled_every", p->measured_every, any);
    cci_json_double(w, "latency_timer_ns", any ? p->timer_ns : NAN);
    cci_json_begin_object(w, "latency");
    for (unsigned kind = 0; kind < CCI_MEASURED_KINDS; kind++)
        put_buckets(w, p, KINDS[kind], &ticks[kind]);
    cci_json_end_object(w);
}

void cci_json_thread_latency(cci_json_t *w, const cci_profile_t *p, const cci_thread_profile_t *t)
{
    static const cci_trace_measures_t NONE = { 0 };

    put_quantiles(w, p, t->measures ? t->measures : &NONE);
}

/* ---- rates ---- */

static void put_peak(cci_json_t *w, const cci_profile_t *p, const char *name,
                     const cci_rate_peak_t *peak)
{
    const bool known = p->rates.window_ns != 0;
    char       time[64];

    snprintf(time, sizeof time, "%s_time", name);
    cci_json_double(w, name, known ? peak->per_second : NAN);
    if (known)
        cci_json_seconds(w, time, peak->end_ns);
    else
        cci_json_null(w, time);
}

void cci_json_rate_peaks(cci_json_t *w, const cci_profile_t *p)
{
    put_peak(w, p, "alloc_rate_peak", &p->rates.allocs);
    put_peak(w, p, "free_rate_peak", &p->rates.frees);
    put_peak(w, p, "bytes_rate_peak", &p->rates.bytes);
    if (p->rates.window_ns)
        cci_json_seconds(w, "rate_window_seconds", p->rates.window_ns);
    else
        cci_json_null(w, "rate_window_seconds");
}

/* ---- lifetimes ---- */

static void put_lifetime_buckets(cci_json_t *w, const cci_lifetimes_t *l)
{
    cci_json_begin_array(w, "histogram");
    for (unsigned b = 0; b < CCI_LIFETIME_BUCKETS; b++) {
        if (l->bucket[b] == 0)
            continue;
        uint64_t limit = cci_lifetime_limit_ns(b);
        cci_json_begin_array(w, NULL);
        cci_json_double(w, NULL, limit == UINT64_MAX ? INFINITY : (double)limit);
        cci_json_uint(w, NULL, l->bucket[b]);
        cci_json_end_array(w);
    }
    cci_json_end_array(w);
}

void cci_json_lifetimes(cci_json_t *w, const cci_profile_t *p, const cci_lifetimes_t *l,
                        uint64_t temporary)
{
    cci_json_begin_object(w, "lifetimes");
    cci_json_known(w, "temporary", temporary, p->mode == CCI_MODE_FULL);
    cci_json_known(w, "short", l->short_lived, p->has_blocks);
    cci_json_known(w, "long", cci_lifetimes_long(l, temporary), p->has_blocks);
    cci_json_known(w, "immortal", l->immortal, p->has_blocks);
    put_lifetime_buckets(w, l);
    cci_json_end_object(w);
}

/* ---- fragmentation ---- */

void cci_json_fragmentation(cci_json_t *w, const cci_profile_t *p)
{
    const cci_fragmentation_t *f = &p->fragmentation;

    cci_json_begin_object(w, "fragmentation");
    cci_json_double(w, "internal_fragmentation", f->internal);
    cci_json_double(w, "external_fragmentation", f->external);
    cci_json_known(w, "largest_free_block", f->largest_free_block,
                   f->largest_free_block != CCI_BOOKS_UNKNOWN);
    cci_json_known(w, "free_block_count", f->free_block_count,
                   f->free_block_count != CCI_BOOKS_UNKNOWN);
    cci_json_double(w, "utilization", f->utilization);
    cci_json_string(w, "method_internal", f->method_internal);
    cci_json_string(w, "method_external", f->method_external);
    if (f->method_external)
        cci_json_seconds(w, "time", f->time_ns);
    else
        cci_json_null(w, "time");
    cci_json_uint(w, "readings", f->readings);
    cci_json_end_object(w);
}

/* ---- whose blocks who frees ---- */

static void put_flow(cci_json_t *w, const cci_trace_t *t, const cci_flow_t *f)
{
    cci_json_begin_object(w, NULL);
    cci_json_uint(w, "from", cci_trace_thread(t, f->from)->tid);
    cci_json_uint(w, "to", cci_trace_thread(t, f->to)->tid);
    cci_json_uint(w, "from_index", f->from);
    cci_json_uint(w, "to_index", f->to);
    cci_json_uint(w, "count", f->count);
    cci_json_uint(w, "bytes", f->bytes);
    cci_json_end_object(w);
}

void cci_json_flow(cci_json_t *w, const cci_report_t *r)
{
    enum { LISTED = 1000 };
    const cci_profile_t *p = r->profile;

    if (!p->has_blocks) {
        cci_json_null(w, "cross_thread_flow");
        cci_json_null(w, "cross_thread_flow_count");
        return;
    }
    cci_json_begin_array(w, "cross_thread_flow");
    for (size_t i = 0; i < p->flow_count && i < LISTED; i++)
        put_flow(w, r->trace, &p->flows[i]);
    cci_json_end_array(w);
    cci_json_uint(w, "cross_thread_flow_count", p->flow_count);
}
