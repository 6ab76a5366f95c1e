/* SPDX-License-Identifier: MIT */
/* csv_sites.c - the tables of sites and of what belongs to them. See report/csv_parts.h. */
#include <math.h>
#include <stdlib.h>
#include "profile/findings.h"
#include "report/csv_parts.h"
#include "report/rank.h"

void cci_csv_interval(cci_csv_t *w, const char *name, const cci_interval_t *ci)
{
    char full[64];

    snprintf(full, sizeof full, "%s_lo", name);
    cci_csv_known(w, full, ci ? cci_report_whole(floor(ci->lo)) : 0, ci != NULL);
    snprintf(full, sizeof full, "%s_hi", name);
    cci_csv_known(w, full, ci ? cci_report_whole(ceil(ci->hi)) : 0, ci != NULL);
}

/* ---- sites ---- */

/* Amounts by their names; run NULL: of nothing. */
static void put_amounts(cci_csv_t *w, const cci_run_t *run, uint32_t site)
{
    for (int m = 0; m < CCI_AMOUNTS; m++) {
        cci_value_t v = { 0 };
        if (run)
            v = cci_amount_value((cci_amount_t)m, run, site);
        cci_csv_known(w, cci_amount_name((cci_amount_t)m), cci_report_whole(v.value), v.known);
    }
}

static void put_site(cci_csv_t *w, const cci_run_t *run, uint32_t id, const cci_site_t *s)
{
    const cci_site_ci_t *ci = run && run->profile->estimated ? &run->profile->site_ci[id] : NULL;

    cci_csv_uint(w, "site", id);
    cci_csv_known(w, "stack", s->stack, s->stack != 0);
    put_amounts(w, run, id);
    cci_csv_interval(w, "alloc_count", ci ? &ci->alloc_count : NULL);
    cci_csv_interval(w, "alloc_bytes", ci ? &ci->alloc_bytes : NULL);
    cci_csv_interval(w, "live_bytes", ci ? &ci->live_bytes : NULL);
    cci_csv_double(w, "mean_lifetime_ns", s->tally.free_count ? round(s->lifetime_ns) : NAN);
    cci_csv_uint(w, "short_count", s->lifetimes.short_lived);
    cci_csv_uint(w, "long_count", cci_lifetimes_long(&s->lifetimes, s->tally.temporary));
    cci_csv_text(w, "suppressed_by", s->suppressed);
    cci_csv_uint(w, "suppressed_bytes", s->suppressed_bytes);
    cci_csv_known(w, "size_min", s->min_size, s->distinct > 0);
    cci_csv_known(w, "size_max", s->max_size, s->distinct > 0);
    cci_csv_uint(w, "size_distinct", s->distinct);
    cci_csv_end_row(w);
}

bool cci_csv_sites(cci_csv_t *w, const cci_report_t *r)
{
    static const cci_site_t nothing;
    const cci_run_t         run    = cci_report_run(r);
    bool                   *chosen = cci_rank_choose(r->profile, r->top);

    put_site(w, NULL, 0, &nothing);
    for (uint32_t i = 0; chosen && i < r->profile->site_count; i++)
        if (chosen[i])
            put_site(w, &run, i, &r->profile->sites[i]);
    free(chosen);
    return chosen != NULL;
}

/* ---- leaks ---- */

static void put_leak(cci_csv_t *w, const cci_block_t *b, uint64_t start_ns, uint32_t tid)
{
    cci_csv_hex(w, "ptr", b->ptr);
    cci_csv_uint(w, "size", b->size);
    cci_csv_seconds(w, "timestamp", start_ns + b->time_ns);
    cci_csv_uint(w, "thread_id", tid);
    cci_csv_uint(w, "site", b->site);
    cci_csv_end_row(w);
}

bool cci_csv_leaks(cci_csv_t *w, const cci_report_t *r)
{
    static const cci_block_t nothing;
    uint64_t                 start_ns = cci_trace_info(r->trace)->start_real_ns;

    put_leak(w, &nothing, 0, 0);
    for (size_t i = 0; i < r->profile->leak_listed; i++) {
        const cci_block_t *b = &r->profile->leaks[i];
        put_leak(w, b, start_ns, cci_trace_thread(r->trace, b->thread)->tid);
    }
    return true;
}

/* ---- findings ---- */

/* f NULL: of nothing. What the rule asks of the part and of the time, and what there is of them. */
static void put_parts(cci_csv_t *w, const cci_finding_t *f)
{
    const bool timed = f && cci_finding_is_about_time(f->kind);

    cci_csv_double(w, "part_pct", f ? f->part_pct : NAN);
    cci_csv_double(w, "part_pct_threshold", f ? f->least_pct : NAN);
    cci_csv_double(w, "time_pct", timed ? f->time_pct : NAN);
    cci_csv_double(w, "time_pct_threshold", timed ? CCI_FINDING_TIME_PCT : NAN);
}

static void put_finding(cci_csv_t *w, const cci_finding_t *f)
{
    const bool of_site = f && f->site != CCI_NO_SITE;

    cci_csv_text(w, "kind", f ? cci_finding_name(f->kind) : NULL);
    cci_csv_known(w, "site", of_site ? f->site : 0, of_site);
    cci_csv_uint(w, "events", f ? f->events : 0);
    put_parts(w, f);
    cci_csv_text(w, "text", f ? cci_finding_text(f->kind) : NULL);
    cci_csv_end_row(w);
}

bool cci_csv_findings(cci_csv_t *w, const cci_report_t *r)
{
    put_finding(w, NULL);
    for (size_t i = 0; i < r->profile->finding_count; i++)
        put_finding(w, &r->profile->findings[i]);
    return true;
}
