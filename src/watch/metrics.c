/* SPDX-License-Identifier: MIT */
/* metrics.c - see watch/metrics.h. */
#include "watch/metrics.h"

/* Estimates are under names of their own, so that nobody takes them for the truth. */
static void put_estimates(const cci_metrics_t *m, const cci_profile_t *p)
{
    const cci_interval_t *ci = &p->ci.current_bytes;

    cci_metrics_gauge(m, "cc_memory_current_estimated_bytes",
                      "Bytes allocated and not freed, estimated from samples.",
                      (double)p->current_bytes);
    cci_metrics_gauge(m, "cc_memory_current_estimated_bytes_lower",
                      "The estimate's lower bound, of 95 %.", ci->lo);
    cci_metrics_gauge(m, "cc_memory_current_estimated_bytes_upper",
                      "The estimate's upper bound, of 95 %.", ci->hi);
}

static void put_resident(const cci_metrics_t *m, const cci_trace_t *t)
{
    const cci_rss_sample_t *rss;
    size_t                  n = cci_trace_rss(t, &rss);

    if (n > 0)
        cci_metrics_count(m, "cc_memory_resident_bytes", "gauge", "Resident memory of the process.",
                          rss[n - 1].bytes);
}

void cci_watch_metrics(const cci_metrics_t *m, const cci_profile_t *p, const cci_trace_t *t,
                       double lag_s)
{
    if (p->estimated)
        put_estimates(m, p);
    put_resident(m, t);
    cci_metrics_count(m, "cc_memory_lost_events_total", "counter",
                      "Events that could not be recorded.", cci_trace_info(t)->lost_events);
    cci_metrics_gauge(m, "cc_memory_live_lag_seconds",
                      "How far these figures are behind the program.", lag_s);
}
