/* SPDX-License-Identifier: MIT */
/* prometheus.c - metrics in the text format of Prometheus, version 0.0.4.
 *
 * Only what is known exactly: a metric that is estimated or was not measured is left out, because
 * its reader would take it for the truth. The latency is of calls that were measured, one in so many,
 * which the help says: a quantile is what one makes of it, and a part of the calls has the same.
 */
#include <inttypes.h>
#include "report/metrics.h"
#include "report/report.h"

/* What the threads counted, or what is known of each event. */
static void put_calls(const cci_metrics_t *m, const cci_profile_t *p)
{
    cci_metrics_count(m, "cc_memory_alloc_total", "counter", "Allocations.", p->total.alloc_count);
    cci_metrics_count(m, "cc_memory_free_total", "counter", "Frees.", p->total.free_count);
    cci_metrics_count(m, "cc_memory_alloc_bytes_total", "counter", "Bytes asked for.",
                      p->total.alloc_bytes);
}

static void put_blocks(const cci_metrics_t *m, const cci_profile_t *p)
{
    cci_metrics_count(m, "cc_memory_free_bytes_total", "counter", "Bytes freed.",
                      p->total.free_bytes);
    cci_metrics_count(m, "cc_memory_current_bytes", "gauge", "Bytes allocated and not freed.",
                      p->current_bytes);
    cci_metrics_count(m, "cc_memory_peak_bytes", "gauge", "Most bytes that were allocated at once.",
                      p->peak_bytes);
    cci_metrics_count(m, "cc_memory_cross_thread_free_total", "counter",
                      "Frees by another thread than the block's.", p->total.cross_thread_frees);
    if (p->total.free_count > 0)
        cci_metrics_gauge(m, "cc_memory_cross_thread_free_ratio",
                          "Part of the frees that were by another thread than the block's.",
                          (double)p->total.cross_thread_frees / (double)p->total.free_count);
}

/* ---- latency ---- */

/* Where the metric's buckets end, in nanoseconds: always the same ones, so that those of several
 * moments and hosts can be added. */
static const double LIMITS[] = { 10,  20,  50,  100, 200, 500, 1e3, 2e3, 5e3,
                                 1e4, 2e4, 5e4, 1e5, 1e6, 1e7, 1e8, 1e9 };

/* Calls in buckets of the profile that end by the limit: to 3 % of it, as exact as those are. */
static uint64_t calls_within(const cci_profile_t *p, const cci_histogram_t *ticks, double limit_ns)
{
    uint64_t n = 0;

    for (unsigned b = 0; b < CCI_HISTOGRAM_BUCKETS; b++)
        if (cci_profile_latency_limit_ns(p, b) <= limit_ns)
            n += ticks->bucket[b];
    return n;
}

static void put_latency(const cci_metrics_t *m, const cci_profile_t *p)
{
    static const char      NAME[] = "cc_memory_alloc_latency";
    const cci_histogram_t *ticks  = &p->measures.ticks[CCI_MEASURED_ALLOC];
    char                   help[128];

    snprintf(help, sizeof help, "Nanoseconds that allocations took, of one in %" PRIu32 ".",
             p->measured_every);
    cci_metrics_head(m, NAME, "histogram", help);
    for (size_t i = 0; i < sizeof LIMITS / sizeof LIMITS[0]; i++)
        cci_metrics_bucket(m, NAME, LIMITS[i], calls_within(p, ticks, LIMITS[i]));
    fprintf(m->out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", NAME, ticks->count);
    fprintf(m->out, "%s_sum %.12g\n", NAME, (double)ticks->sum * p->tick_ns);
    fprintf(m->out, "%s_count %" PRIu64 "\n", NAME, ticks->count);
}

/* Resident pages are only a bound of what lies between blocks: those of books alone are told. */
static void put_fragmentation(const cci_metrics_t *m, const cci_profile_t *p)
{
    const cci_fragmentation_t *f = &p->fragmentation;

    if (f->method_internal)
        cci_metrics_gauge(m, "cc_memory_fragmentation_internal",
                          "Part of the bytes of blocks that was not asked for.", f->internal);
    if (f->method_external && f->from_books)
        cci_metrics_gauge(m, "cc_memory_fragmentation_external",
                          "Part of blocks and what is unused between them that is unused.",
                          f->external);
}

void cci_metrics_profile(const cci_metrics_t *m, const cci_profile_t *p)
{
    if (!p->estimated || !p->ranged)
        put_calls(m, p);
    if (p->has_blocks && !p->estimated)
        put_blocks(m, p);
    if (p->measured_every > 0)
        put_latency(m, p);
    put_fragmentation(m, p);
}

void cci_prometheus_write(const cci_profile_t *p, FILE *out)
{
    const cci_metrics_t m = { .out = out };
    cci_metrics_profile(&m, p);
}

bool cci_report_prometheus(const cci_report_t *r, FILE *out)
{
    cci_prometheus_write(r->profile, out);
    return true;
}
