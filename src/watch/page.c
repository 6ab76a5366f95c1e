/* SPDX-License-Identifier: MIT */
/* page.c - see watch/page.h. */
#include "watch/page.h"

#include <stdlib.h>
#include "prim/clock.h"
#include "report/html.h"
#include "report/plain.h"
#include "report/report.h"
#include "watch/metrics.h"

/* Of each order. A page is for people, who search in it; a report for whoever asks ever so often. */
enum { REPORT_SITES = 100, DASHBOARD_SITES = 500 };

static double lag_s(const cci_moment_t *m)
{
    uint64_t now = cci_clock_ns(CLOCK_MONOTONIC);
    return now > m->as_of_ns ? (double)(now - m->as_of_ns) / 1e9 : 0;
}

static bool write_metrics(const cci_moment_t *m, bool open, FILE *out)
{
    const cci_metrics_t metrics = { out, open };

    cci_metrics_profile(&metrics, m->profile);
    cci_watch_metrics(&metrics, m->profile, m->trace, lag_s(m));
    cci_metrics_end(&metrics);
    return true;
}

static bool write_sites(const cci_moment_t *m, cci_page_kind_t kind, cci_names_t *names, FILE *out)
{
    const bool         dashboard = kind == CCI_PAGE_DASHBOARD;
    const cci_report_t r         = { .trace   = m->trace,
                                     .profile = m->profile,
                                     .frames  = cci_names_of(names, m),
                                     .top     = dashboard ? DASHBOARD_SITES : REPORT_SITES };

    if (!r.frames)
        return false;
    return dashboard ? cci_html_data(&r, NULL, out) : cci_report_json(&r, out);
}

static bool write_page(const cci_moment_t *m, cci_page_kind_t kind, cci_names_t *names, FILE *out)
{
    cci_plain_t plain;

    if (!cci_plain_begin(&plain))
        return false;
    bool done = cci_page_is_whole(kind) ? write_sites(m, kind, names, out)
                                        : write_metrics(m, kind == CCI_PAGE_OPENMETRICS, out);
    cci_plain_end(&plain);
    return done;
}

cci_document_t *cci_page_of(const cci_moment_t *m, cci_page_kind_t kind, cci_names_t *names)
{
    static const char *const TYPES[] = {
        [CCI_PAGE_METRICS]     = "text/plain; version=0.0.4; charset=utf-8",
        [CCI_PAGE_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
        [CCI_PAGE_REPORT]      = "application/json",
        [CCI_PAGE_DASHBOARD]   = "application/json",
    };
    char  *bytes = NULL;
    size_t n     = 0;
    FILE  *out   = open_memstream(&bytes, &n);

    if (!out)
        return NULL;
    bool written = write_page(m, kind, names, out);
    if (fclose(out) == 0 && written)
        return cci_document_create(bytes, n, TYPES[kind]);
    free(bytes);
    return NULL;
}
