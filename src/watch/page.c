/* SPDX-License-Identifier: MIT */
/* page.c - see watch/page.h. */
#include "watch/page.h"

#include <stdlib.h>
#include "prim/clock.h"
#include "report/plain.h"
#include "report/report.h"
#include "watch/metrics.h"

enum { TOP_SITES = 100 };

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

static bool write_report(const cci_moment_t *m, cci_names_t *names, FILE *out)
{
    const cci_report_t r = {
        .trace = m->trace, .profile = m->profile, .frames = cci_names_of(names, m), .top = TOP_SITES
    };

    return r.frames && cci_report_json(&r, out);
}

static bool write_page(const cci_moment_t *m, cci_page_kind_t kind, cci_names_t *names, FILE *out)
{
    cci_plain_t plain;

    if (!cci_plain_begin(&plain))
        return false;
    bool done = kind == CCI_PAGE_REPORT ? write_report(m, names, out)
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
