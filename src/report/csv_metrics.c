/* SPDX-License-Identifier: MIT */
/* csv_metrics.c - the tables of distributions, and of who frees whose blocks. See
 * report/csv_parts.h. */
#include <math.h>
#include <stdlib.h>
#include "report/csv_parts.h"
#include "report/rank.h"

/* ---- how long calls take ---- */

static const char *const CALLS[CCI_MEASURED_KINDS] = {
    [CCI_MEASURED_ALLOC] = "alloc", [CCI_MEASURED_FREE] = "free"
};

static const struct {
    const char *name;
    double      part;
} QUANTILES[] = { { "p50", 0.5 }, { "p95", 0.95 }, { "p99", 0.99 }, { "p999", 0.999 } };

void cci_csv_quantiles(cci_csv_t *w, const cci_profile_t *p, const cci_trace_measures_t *m)
{
    char name[64];

    for (unsigned call = 0; call < CCI_MEASURED_KINDS; call++)
        for (size_t q = 0; q < sizeof QUANTILES / sizeof QUANTILES[0]; q++) {
            snprintf(name, sizeof name, "%s_latency_%s", CALLS[call], QUANTILES[q].name);
            cci_csv_double(w, name,
                           m ? cci_profile_latency_ns(p, &m->ticks[call], QUANTILES[q].part) : NAN);
        }
}

/* up_to_ns INFINITY: it has no end. */
static void put_latency(cci_csv_t *w, const char *call, double up_to_ns, uint64_t count)
{
    cci_csv_text(w, "call", call);
    cci_csv_double(w, "up_to_ns", up_to_ns);
    cci_csv_uint(w, "count", count);
    cci_csv_end_row(w);
}

bool cci_csv_latency(cci_csv_t *w, const cci_report_t *r)
{
    const cci_profile_t *p = r->profile;

    put_latency(w, NULL, 0, 0);
    for (unsigned call = 0; call < CCI_MEASURED_KINDS; call++)
        for (unsigned b = 0; b < CCI_HISTOGRAM_BUCKETS; b++)
            if (p->measures.ticks[call].bucket[b] > 0)
                put_latency(w, CALLS[call], cci_profile_latency_limit_ns(p, b),
                            p->measures.ticks[call].bucket[b]);
    return true;
}

/* ---- how long blocks live ---- */

static void put_lifetime(cci_csv_t *w, size_t site, unsigned bucket, uint64_t count)
{
    uint64_t limit = cci_lifetime_limit_ns(bucket);

    cci_csv_uint(w, "site", site);
    cci_csv_known(w, "up_to_ns", limit, limit != UINT64_MAX);
    cci_csv_uint(w, "count", count);
    cci_csv_end_row(w);
}

static void put_lifetimes_of(cci_csv_t *w, size_t site, const cci_lifetimes_t *l)
{
    for (unsigned b = 0; b < CCI_LIFETIME_BUCKETS; b++)
        if (l->bucket[b] > 0)
            put_lifetime(w, site, b, l->bucket[b]);
}

bool cci_csv_lifetimes(cci_csv_t *w, const cci_report_t *r)
{
    bool *chosen = cci_rank_choose(r->profile, r->top);

    put_lifetime(w, 0, 0, 0);
    for (size_t i = 0; chosen && i < r->profile->site_count; i++)
        if (chosen[i])
            put_lifetimes_of(w, i, &r->profile->sites[i].lifetimes);
    free(chosen);
    return chosen != NULL;
}

/* ---- whose blocks who frees ---- */

static void put_flow(cci_csv_t *w, const cci_flow_t *f)
{
    cci_csv_uint(w, "from_thread", f->from);
    cci_csv_uint(w, "to_thread", f->to);
    cci_csv_uint(w, "count", f->count);
    cci_csv_uint(w, "bytes", f->bytes);
    cci_csv_end_row(w);
}

bool cci_csv_flow(cci_csv_t *w, const cci_report_t *r)
{
    static const cci_flow_t nothing;

    put_flow(w, &nothing);
    for (size_t i = 0; i < r->profile->flow_count; i++)
        put_flow(w, &r->profile->flows[i]);
    return true;
}
