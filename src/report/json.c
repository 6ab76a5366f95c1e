/* SPDX-License-Identifier: MIT */
/* json.c - the report ccmem-report/1; docs/report.md describes every field.
 *
 * What is not known is null, what is estimated has its 95 % interval beside it as NAME_ci.
 */
#include <math.h>
#include <string.h>
#include <sys/wait.h>
#include "profile/findings.h"
#include "report/course.h"
#include "report/json_parts.h"

static double per_second(uint64_t n, const cci_profile_t *p)
{
    return (double)n / cci_profile_seconds(p); /* nothing or infinity by zero becomes null */
}

/* ---- the run ---- */

static void put_argv(cci_json_t *w, const cci_trace_t *t)
{
    size_t      length;
    const char *argv = cci_trace_meta(t, "argv", &length);

    cci_json_begin_array(w, "argv");
    for (size_t at = 0; argv && at < length;) {
        size_t n = strnlen(argv + at, length - at);
        cci_json_bytes(w, NULL, argv + at, n);
        at += n + 1;
    }
    cci_json_end_array(w);
}

static void put_meta(cci_json_t *w, const char *name, const cci_trace_t *t, const char *key)
{
    size_t      length;
    const char *value = cci_trace_meta(t, key, &length);

    if (value)
        cci_json_bytes(w, name, value, length);
    else
        cci_json_null(w, name);
}

static void put_program(cci_json_t *w, const cci_trace_t *t)
{
    const cci_trace_info_t *info   = cci_trace_info(t);
    int                     status = info->wait_status;
    bool                    known  = status != -1;

    cci_json_begin_object(w, "program");
    put_argv(w, t);
    put_meta(w, "exe", t, "exe");
    put_meta(w, "host", t, "host");
    cci_json_uint(w, "pid", info->pid);
    cci_json_uint(w, "ppid", info->ppid);
    cci_json_bool(w, "forked", info->flags & CCI_TRACE_FLAG_FORKED);
    cci_json_bool(w, "attached", info->flags & CCI_TRACE_FLAG_ATTACHED);
    cci_json_known(w, "exit_status", (uint64_t)WEXITSTATUS(status), known && WIFEXITED(status));
    cci_json_known(w, "signal", (uint64_t)WTERMSIG(status), known && WIFSIGNALED(status));
    cci_json_end_object(w);
}

/* The allocator that a library's name claims to be. */
static const char *claimed_allocator(const char *path)
{
    static const struct {
        const char *part, *name;
    } KNOWN[]         = { { "mimalloc", "mimalloc" }, { "jemalloc", "jemalloc" },
                          { "tcmalloc", "tcmalloc" }, { "libc.so", "system" },
                          { "libc-2.", "system" },    { "ld-musl", "system" } };
    const char *slash = path ? strrchr(path, '/') : NULL;
    const char *base  = slash ? slash + 1 : path;

    for (size_t i = 0; base && i < sizeof KNOWN / sizeof KNOWN[0]; i++)
        if (strstr(base, KNOWN[i].part))
            return KNOWN[i].name;
    return "unknown";
}

static void put_allocator(cci_json_t *w, const cci_trace_t *t)
{
    const char *path = cci_trace_meta(t, "allocator", NULL);

    cci_json_begin_object(w, "allocator");
    cci_json_null(w, "requested");
    cci_json_string(w, "claimed", claimed_allocator(path));
    cci_json_string(w, "serving", "unknown");
    cci_json_null(w, "version");
    cci_json_bool(w, "verified", false);
    cci_json_string(w, "method", "path");
    cci_json_string(w, "reason",
                    path ? "the trace names the library whose malloc was called; which allocator "
                           "served was not tested while it was recorded"
                         : "the trace does not say whose malloc was called");
    cci_json_string(w, "path", path);
    cci_json_end_object(w);
}

static void put_run(cci_json_t *w, const cci_report_t *r)
{
    const cci_trace_info_t *info = cci_trace_info(r->trace);

    cci_json_string(w, "schema", "ccmem-report/1");
    put_program(w, r->trace);
    put_allocator(w, r->trace);
    cci_json_string(w, "mode", cci_mode_name(info->mode));
    cci_json_bool(w, "estimated", r->profile->estimated);
    cci_json_known(w, "sample_interval", info->sample_interval, info->mode == CCI_MODE_SAMPLE);
    cci_json_uint(w, "lost_events", info->lost_events);
}

/* ---- the whole program ---- */

static void put_totals(cci_json_t *w, const cci_profile_t *p)
{
    const cci_profile_ci_t *ci      = p->estimated ? &p->ci : NULL;
    const cci_profile_ci_t *of_some = p->ranged ? ci : NULL; /* the threads counted all of them */

    cci_json_figure(w, "alloc_count", p->total.alloc_count, of_some ? &ci->alloc_count : NULL);
    cci_json_figure(w, "free_count", p->total.free_count, of_some ? &ci->free_count : NULL);
    cci_json_figure(w, "alloc_bytes", p->total.alloc_bytes, of_some ? &ci->alloc_bytes : NULL);
    if (!p->has_blocks) {
        cci_json_null(w, "free_bytes");
        cci_json_null(w, "current_allocated");
        cci_json_null(w, "peak_allocated");
        cci_json_null(w, "peak_time");
    } else {
        cci_json_figure(w, "free_bytes", p->total.free_bytes, ci ? &ci->free_bytes : NULL);
        cci_json_figure(w, "current_allocated", p->current_bytes, ci ? &ci->current_bytes : NULL);
        cci_json_figure(w, "peak_allocated", p->peak_bytes, ci ? &ci->peak_bytes : NULL);
        cci_json_seconds(w, "peak_time", p->peak_ns);
    }
    cci_json_known(w, "peak_rss_bytes", p->peak_rss, p->peak_rss != 0);
    cci_json_known(w, "usable_alloc_bytes", p->usable_alloc, p->usable_alloc != 0);
    cci_json_known(w, "usable_free_bytes", p->usable_freed, p->usable_alloc != 0);
    cci_json_double(w, "alloc_rate", per_second(p->total.alloc_count, p));
    cci_json_double(w, "free_rate", per_second(p->total.free_count, p));
    cci_json_double(w, "bytes_rate", per_second(p->total.alloc_bytes, p));
    cci_json_rate_peaks(w, p);
}

/* A sample does not show the order of a thread's calls, nor what it calls by other names. */
static void put_kinds(cci_json_t *w, const cci_profile_t *p)
{
    bool exact = p->mode == CCI_MODE_FULL;

    cci_json_known(w, "calloc_count", p->calloc_count, exact);
    cci_json_known(w, "aligned_count", p->aligned_count, exact);
    cci_json_known(w, "realloc_count", p->realloc_count, exact);
    cci_json_known(w, "realloc_moved_count", p->realloc_moved, exact);
    cci_json_known(w, "temporary_count", p->total.temporary, exact);
    cci_json_known(w, "unmatched_free_count", p->unmatched_frees, p->has_blocks);
    cci_json_known(w, "implied_free_count", p->implied_frees, p->has_blocks);
}

static void put_cross_thread(cci_json_t *w, const cci_profile_t *p)
{
    if (!p->has_blocks) {
        cci_json_null(w, "cross_thread_free_count");
        cci_json_null(w, "cross_thread_free_pct");
        return;
    }
    cci_json_figure(w, "cross_thread_free_count", p->total.cross_thread_frees,
                    p->estimated ? &p->ci.cross_thread_frees : NULL);
    double frees = p->total.free_count ? (double)p->total.free_count : 1;
    cci_json_double(w, "cross_thread_free_pct", 100 * (double)p->total.cross_thread_frees / frees);
}

cci_bucket_span_t cci_json_buckets(const cci_profile_t *p)
{
    cci_bucket_span_t span = { p->histogram[0] ? 0 : 1, CCI_SIZE_BUCKETS - 1 };

    while (span.last > 1 && p->histogram[span.last] == 0)
        span.last--;
    return span;
}

static void put_buckets(cci_json_t *w, const cci_profile_t *p)
{
    const cci_bucket_span_t span = cci_json_buckets(p);
    char                    name[CCI_SIZE_NAME_BYTES];

    cci_json_begin_object(w, "buckets");
    for (unsigned b = span.first; b <= span.last; b++) {
        cci_size_range_name(cci_bucket_lo(b), cci_bucket_hi(b), name);
        cci_json_uint(w, name, p->histogram[b]);
    }
    cci_json_end_object(w);
}

static void put_histogram(cci_json_t *w, const cci_profile_t *p)
{
    char name[CCI_SIZE_NAME_BYTES];

    cci_json_begin_object(w, "size_histogram");
    put_buckets(w, p);
    cci_json_uint(w, "total_count", p->total.alloc_count);
    cci_json_uint(w, "total_bytes", p->total.alloc_bytes);
    cci_json_begin_array(w, "hot_sizes");
    for (size_t i = 0; i < p->hot_count; i++) {
        cci_json_begin_object(w, NULL);
        cci_size_range_name(p->hot[i].lo, p->hot[i].hi, name);
        cci_json_string(w, "size", name);
        cci_json_uint(w, "count", p->hot[i].count);
        cci_json_end_object(w);
    }
    cci_json_end_array(w);
    cci_json_end_object(w);
}

static void put_thread(cci_json_t *w, const cci_report_t *r, uint32_t i)
{
    const cci_profile_t        *p = r->profile;
    const cci_thread_profile_t *t = &p->threads[i];
    const cci_trace_thread_t   *k = cci_trace_thread(r->trace, i);

    cci_json_begin_object(w, NULL);
    cci_json_uint(w, "thread_id", k->tid);
    cci_json_string(w, "thread_name", k->name[0] ? k->name : NULL);
    cci_json_uint(w, "alloc_count", t->tally.alloc_count);
    cci_json_uint(w, "free_count", t->tally.free_count);
    cci_json_uint(w, "alloc_bytes", t->tally.alloc_bytes);
    cci_json_known(w, "free_bytes", t->tally.free_bytes, p->has_blocks);
    cci_json_known(w, "cross_thread_frees_sent", t->sent, p->has_blocks);
    cci_json_known(w, "cross_thread_frees_received", t->tally.cross_thread_frees, p->has_blocks);
    cci_json_uint(w, "lost_events", k->lost);
    cci_json_thread_latency(w, p, t);
    cci_json_end_object(w);
}

static void put_threads(cci_json_t *w, const cci_report_t *r)
{
    uint32_t n = cci_trace_thread_count(r->trace);

    cci_json_begin_array(w, "thread_stats");
    for (uint32_t i = 0; i < n && i < r->profile->thread_count; i++)
        put_thread(w, r, i);
    cci_json_end_array(w);
}

/* ---- time ---- */

static void put_instant(cci_json_t *w, const char *name, uint64_t real_ns)
{
    cci_json_string(w, name, cci_figure_instant(real_ns).text);
}

static void put_times(cci_json_t *w, const cci_report_t *r)
{
    uint64_t start = cci_trace_info(r->trace)->start_real_ns;

    cci_json_seconds(w, "duration_seconds", r->profile->to_ns - r->profile->from_ns);
    put_instant(w, "start_time", start + r->profile->from_ns);
    put_instant(w, "end_time", start + r->profile->to_ns);
}

/* ---- the course of time ---- */

static void put_end(cci_json_t *w, const char *name, const cci_profile_t *p,
                    const cci_course_point_t *c)
{
    (void)p;
    cci_json_seconds(w, name, c->end_ns);
}

static void put_bytes(cci_json_t *w, const char *name, const cci_profile_t *p,
                      const cci_course_point_t *c)
{
    cci_json_known(w, name, c->heap.end_bytes, p->has_blocks);
}

static void put_max_bytes(cci_json_t *w, const char *name, const cci_profile_t *p,
                          const cci_course_point_t *c)
{
    cci_json_known(w, name, c->heap.max_bytes, p->has_blocks);
}

static void put_rss(cci_json_t *w, const char *name, const cci_profile_t *p,
                    const cci_course_point_t *c)
{
    (void)p;
    cci_json_known(w, name, c->rss_bytes, c->rss_bytes != 0);
}

static void put_alloc_rate(cci_json_t *w, const char *name, const cci_profile_t *p,
                           const cci_course_point_t *c)
{
    cci_json_double(w, name, p->estimated ? NAN : (double)c->heap.allocs / c->seconds);
}

static void put_free_rate(cci_json_t *w, const char *name, const cci_profile_t *p,
                          const cci_course_point_t *c)
{
    cci_json_double(w, name, p->estimated ? NAN : (double)c->heap.frees / c->seconds);
}

static const cci_point_field_t POINT_FIELDS[] = {
    { "t", put_end },
    { "allocated_bytes", put_bytes },
    { "allocated_max_bytes", put_max_bytes },
    { "rss_bytes", put_rss },
    { "alloc_rate", put_alloc_rate },
    { "free_rate", put_free_rate },
};

enum { POINT_FIELD_COUNT = sizeof POINT_FIELDS / sizeof POINT_FIELDS[0] };

const cci_point_field_t *cci_json_point_fields(size_t *count)
{
    *count = POINT_FIELD_COUNT;
    return POINT_FIELDS;
}

static void put_point(cci_json_t *w, const cci_profile_t *p, const cci_course_point_t *c)
{
    cci_json_begin_object(w, NULL);
    for (size_t i = 0; i < POINT_FIELD_COUNT; i++)
        POINT_FIELDS[i].put(w, POINT_FIELDS[i].name, p, c);
    cci_json_end_object(w);
}

static void put_timeline(cci_json_t *w, const cci_report_t *r)
{
    cci_course_t       course = cci_course_begin(r);
    cci_course_point_t point;

    cci_json_begin_array(w, "timeline");
    while (cci_course_next(&course, &point))
        put_point(w, r->profile, &point);
    cci_json_end_array(w);
}

/* ---- the rest ---- */

/* What was counted, and from where on the rule takes it. */
static void put_evidence(cci_json_t *w, const cci_profile_t *p, const cci_finding_t *f)
{
    const cci_site_t *s     = f->site == CCI_NO_SITE ? NULL : &p->sites[f->site];
    const bool        timed = cci_finding_is_about_time(f->kind);

    cci_json_begin_object(w, "evidence");
    cci_json_uint(w, "events", f->events);
    cci_json_double(w, "part_pct", f->part_pct);
    cci_json_double(w, "time_pct", timed ? f->time_pct : NAN);
    cci_json_known(w, "alloc_count", s ? s->tally.alloc_count : 0, s);
    cci_json_known(w, "free_count", s ? s->tally.free_count : 0, s);
    cci_json_uint(w, "program_alloc_count", p->total.alloc_count);
    cci_json_end_object(w);
    cci_json_begin_object(w, "threshold");
    cci_json_uint(w, "events", s ? CCI_FINDING_COUNT_MIN : CCI_FINDING_WASTE_BYTES);
    cci_json_double(w, "part_pct", f->least_pct);
    cci_json_double(w, "time_pct", timed ? CCI_FINDING_TIME_PCT : NAN);
    cci_json_end_object(w);
}

static void put_finding(cci_json_t *w, const cci_profile_t *p, const cci_finding_t *f)
{
    cci_json_begin_object(w, NULL);
    cci_json_string(w, "kind", cci_finding_name(f->kind));
    cci_json_known(w, "site", f->site, f->site != CCI_NO_SITE);
    cci_json_string(w, "text", cci_finding_text(f->kind));
    cci_json_bool(w, "measured", false);
    put_evidence(w, p, f);
    cci_json_end_object(w);
}

static void put_findings(cci_json_t *w, const cci_profile_t *p)
{
    cci_json_begin_array(w, "recommendations");
    for (size_t i = 0; i < p->finding_count; i++)
        put_finding(w, p, &p->findings[i]);
    cci_json_end_array(w);
}

static void put_trace(cci_json_t *w, const cci_report_t *r)
{
    const cci_trace_info_t *info = cci_trace_info(r->trace);

    cci_json_begin_object(w, "trace");
    cci_json_uint(w, "raw_bytes", info->raw_bytes);
    cci_json_uint(w, "stored_bytes", info->file_bytes);
    cci_json_uint(w, "events", r->profile->events);
    put_meta(w, "recorder", r->trace, "ccmem");
    cci_json_begin_array(w, "warnings");
    for (size_t i = 0; i < cci_trace_warning_count(r->trace); i++)
        cci_json_string(w, NULL, cci_trace_warning(r->trace, i));
    cci_json_end_array(w);
    cci_json_end_object(w);
}

bool cci_json_report(cci_json_t *w, const cci_report_t *r, bool whole)
{
    const cci_profile_t *p = r->profile;

    put_run(w, r);
    put_totals(w, p);
    put_kinds(w, p);
    cci_json_latency(w, p);
    cci_json_lifetimes(w, p, &p->lifetimes, p->total.temporary);
    put_cross_thread(w, p);
    cci_json_flow(w, r);
    put_histogram(w, p);
    put_threads(w, r);
    cci_json_fragmentation(w, p);
    if (!cci_json_leaks(w, r, whole))
        return false;
    put_times(w, r);
    if (whole && !cci_json_sites(w, r))
        return false;
    cci_json_uint(w, "site_count", p->site_count);
    if (whole)
        put_timeline(w, r);
    put_findings(w, p);
    put_trace(w, r);
    return true;
}

bool cci_report_json(const cci_report_t *r, FILE *out)
{
    cci_json_t w = { .out = out };

    cci_json_begin_object(&w, NULL);
    if (!cci_json_report(&w, r, true))
        return false;
    cci_json_end_object(&w);
    return true;
}
