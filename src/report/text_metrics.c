/* SPDX-License-Identifier: MIT */
/* text_metrics.c - see report/text_metrics.h. */
#include <inttypes.h>
#include <math.h>
#include "report/text_metrics.h"

enum { FLOW_LINES = 3, COLUMN = 10, NAME_COLUMNS = 15 };

static void put_heading(const cci_report_t *r, FILE *out, const char *text)
{
    fprintf(out, "\n%s%s%s\n", cci_tone_on(&r->style, CCI_TONE_HEADING), text,
            cci_tone_off(&r->style));
}

/* ---- latencies ---- */

static const struct {
    const char *name;
    double      q;
} QUANTILES[] = { { "p50", 0.5 }, { "p95", 0.95 }, { "p99", 0.99 }, { "p99.9", 0.999 } };

enum { QUANTILE_COUNT = sizeof QUANTILES / sizeof QUANTILES[0] };

static void put_latency(const cci_profile_t *p, FILE *out, const char *kind,
                        const cci_histogram_t *ticks)
{
    if (ticks->count == 0)
        return;
    fprintf(out, "  %-8s", kind);
    for (size_t i = 0; i < QUANTILE_COUNT; i++) {
        double ns = cci_profile_latency_ns(p, ticks, QUANTILES[i].q);
        fprintf(out, " %*s", COLUMN, cci_figure_time((uint64_t)llround(ns)).text);
    }
    fprintf(out, " %14s\n", cci_figure_count(ticks->count).text);
}

void cci_put_latencies(const cci_report_t *r, FILE *out)
{
    const cci_profile_t   *p     = r->profile;
    const cci_histogram_t *ticks = p->measures.ticks;

    if (ticks[CCI_MEASURED_ALLOC].count + ticks[CCI_MEASURED_FREE].count == 0)
        return;
    put_heading(r, out, "Time that calls took");
    fprintf(out, "  %s%-8s", cci_tone_on(&r->style, CCI_TONE_DIM), "");
    for (size_t i = 0; i < QUANTILE_COUNT; i++)
        fprintf(out, " %*s", COLUMN, QUANTILES[i].name);
    fprintf(out, " %14s%s\n", "measured", cci_tone_off(&r->style));
    put_latency(p, out, "allocate", &ticks[CCI_MEASURED_ALLOC]);
    put_latency(p, out, "free", &ticks[CCI_MEASURED_FREE]);
}

/* ---- lifetimes ---- */

static void put_part(FILE *out, const char *name, uint64_t part, uint64_t whole)
{
    fprintf(out, "  %-28s %14s  %7s\n", name, cci_figure_count(part).text,
            cci_figure_percent((double)part, (double)whole).text);
}

void cci_put_lifetimes(const cci_report_t *r, FILE *out)
{
    const cci_profile_t   *p         = r->profile;
    const cci_lifetimes_t *l         = &p->lifetimes;
    const uint64_t         temporary = p->total.temporary;
    const uint64_t         longer    = cci_lifetimes_long(l, temporary);
    const uint64_t         all       = temporary + l->short_lived + longer + l->immortal;

    if (!p->has_blocks || all == 0)
        return;
    put_heading(r, out, "How long blocks lived");
    if (p->mode == CCI_MODE_FULL)
        put_part(out, "freed by the next call", temporary, all);
    put_part(out, "up to 1 ms", l->short_lived, all);
    put_part(out, "longer", longer, all);
    put_part(out, "not freed", l->immortal, all);
}

/* ---- fragmentation ---- */

static void put_waste(FILE *out, const char *what, double part, const char *method)
{
    if (method)
        fprintf(out, "  %-28s %14s  of it unused (%s)\n", what, cci_figure_percent(part, 1).text,
                method);
}

/* A heap that is smaller is mostly what the allocator took in advance. */
static const double HEAP_MIN = 1 << 20;

void cci_put_fragmentation(const cci_report_t *r, FILE *out)
{
    const cci_fragmentation_t *f     = &r->profile->fragmentation;
    const bool                 large = f->used_bytes >= HEAP_MIN;

    if (!f->method_internal && !large)
        return;
    put_heading(r, out, "Fragmentation");
    put_waste(out, "inside blocks", f->internal, f->method_internal);
    put_waste(out, "in and between blocks", f->external, large ? f->method_external : NULL);
    if (large && f->largest_free_block != CCI_BOOKS_UNKNOWN)
        fprintf(out, "  %-28s %14s\n", "largest free block",
                cci_figure_bytes(f->largest_free_block).text);
}

/* ---- flows ---- */

static void put_thread(const cci_report_t *r, FILE *out, uint32_t index)
{
    const cci_trace_thread_t *t = cci_trace_thread(r->trace, index);

    fprintf(out, "%-8" PRIu32 " ", t->tid);
    unsigned used = cci_put_text(out, &r->style, t->name, NAME_COLUMNS);
    fprintf(out, "%*s", (int)(NAME_COLUMNS + 1 - used), "");
}

void cci_put_flows(const cci_report_t *r, FILE *out)
{
    const cci_profile_t *p = r->profile;

    if (p->flow_count == 0)
        return;
    put_heading(r, out, "Blocks of one thread that another one freed");
    for (size_t i = 0; i < p->flow_count && i < FLOW_LINES; i++) {
        fputs("  ", out);
        put_thread(r, out, p->flows[i].from);
        fputs("freed by ", out);
        put_thread(r, out, p->flows[i].to);
        fprintf(out, " %14s  %9s\n", cci_figure_count(p->flows[i].count).text,
                cci_figure_bytes(p->flows[i].bytes).text);
    }
    if (p->flow_count > FLOW_LINES)
        fprintf(out, "  and %s of threads\n",
                cci_figure_of(p->flow_count - FLOW_LINES, "more pair").text);
}
