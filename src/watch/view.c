/* SPDX-License-Identifier: MIT */
/* view.c - see watch/view.h. */
#include "watch/view.h"

#include <stdlib.h>
#include "watch/metrics.h"
#include "prim/clock.h"
#include "report/report.h"

enum { EVENTS_AT_ONCE = 8192, TOP_SITES = 100 };

cc_result_t cci_view_open(cci_view_t *v, const cci_trace_header_t *header, const char *path)
{
    cc_result_t r = cci_trace_follow(&v->trace, header, path);

    if (r == CC_RESULT_OK)
        r = cci_feed_create(&v->feed, v->trace, NULL);
    v->start_ns = v->known_ns = header->start.mono_ns;
    return r;
}

void cci_view_close(cci_view_t *v)
{
    cci_frames_destroy(v->frames);
    cci_feed_destroy(v->feed);
    cci_trace_close(v->trace);
    *v = (cci_view_t){ 0 };
}

cc_result_t cci_view_advance(cci_view_t *v, cci_clock_pair_t now)
{
    v->known_ns = now.mono_ns;
    v->backlog  = true;
    return cci_trace_advance(v->trace, now);
}

cc_result_t cci_view_read(cci_view_t *v)
{
    return cci_feed_read(v->feed, EVENTS_AT_ONCE, &v->backlog);
}

/* ---- pages ---- */

static double lag_s(const cci_view_t *v)
{
    uint64_t now  = cci_clock_ns(CLOCK_MONOTONIC);
    uint64_t read = v->backlog ? v->start_ns + cci_trace_given_ns(v->trace) : v->known_ns;
    return now > read ? (double)(now - read) / 1e9 : 0;
}

static bool write_metrics(cci_view_t *v, bool open, FILE *out)
{
    const cci_metrics_t m = { out, open };
    cci_profile_t      *p;

    if (cci_feed_snapshot(v->feed, false, &p) != CC_RESULT_OK)
        return false;
    cci_metrics_profile(&m, p);
    cci_watch_metrics(&m, p, v->trace, lag_s(v));
    cci_metrics_end(&m);
    cci_profile_destroy(p);
    return true;
}

static bool write_report(cci_view_t *v, FILE *out)
{
    cci_profile_t *p;

    if (!v->frames && !(v->frames = cci_frames_create(v->trace, NULL)))
        return false;
    if (cci_feed_snapshot(v->feed, true, &p) != CC_RESULT_OK)
        return false;
    const cci_report_t r = {
        .trace = v->trace, .profile = p, .frames = v->frames, .top = TOP_SITES
    };
    bool done = cci_report_json(&r, out);
    cci_profile_destroy(p);
    return done;
}

static bool write_page(cci_view_t *v, cci_page_kind_t kind, FILE *out)
{
    return kind == CCI_PAGE_REPORT ? write_report(v, out)
                                   : write_metrics(v, kind == CCI_PAGE_OPENMETRICS, out);
}

cci_document_t *cci_view_page(cci_view_t *v, cci_page_kind_t kind)
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
    bool written = write_page(v, kind, out);
    if (fclose(out) == 0 && written)
        return cci_document_create(bytes, n, TYPES[kind]);
    free(bytes);
    return NULL;
}
