/* SPDX-License-Identifier: MIT */
/* json.c - the report ccmem-report/1; docs/report.md describes every field.
 *
 * What is not known is null, what is estimated has its 95 % interval beside it as NAME_ci.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include "profile/findings.h"
#include "report/json_writer.h"
#include "report/rank.h"
#include "report/report.h"

/* ---- figures ---- */

static void put_known(cci_json_t *w, const char *name, uint64_t value, bool known)
{
    if (known)
        cci_json_uint(w, name, value);
    else
        cci_json_null(w, name);
}

static void put_interval(cci_json_t *w, const char *name, const cci_interval_t *ci)
{
    char full[64];

    snprintf(full, sizeof full, "%s_ci", name);
    cci_json_begin_array(w, full);
    cci_json_double(w, NULL, floor(ci->lo));
    cci_json_double(w, NULL, ceil(ci->hi));
    cci_json_end_array(w);
}

/* ci NULL: the value is exact. */
static void put_figure(cci_json_t *w, const char *name, uint64_t value, const cci_interval_t *ci)
{
    cci_json_uint(w, name, value);
    if (ci)
        put_interval(w, name, ci);
}

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
    put_known(w, "exit_status", (uint64_t)WEXITSTATUS(status), known && WIFEXITED(status));
    put_known(w, "signal", (uint64_t)WTERMSIG(status), known && WIFSIGNALED(status));
    cci_json_end_object(w);
}

/* The allocator that a library's name claims to be. */
static const char *claimed_allocator(const char *path)
{
    static const struct {
        const char *part, *name;
    } KNOWN[] = { { "mimalloc", "mimalloc" }, { "jemalloc", "jemalloc" },
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

static const char *mode_name(cci_trace_mode_t mode)
{
    switch (mode) {
    case CCI_MODE_FULL:
        return "full";
    case CCI_MODE_SAMPLE:
        return "sample";
    case CCI_MODE_COUNT:
        return "count";
    }
    return "unknown";
}

static void put_run(cci_json_t *w, const cci_report_t *r)
{
    const cci_trace_info_t *info = cci_trace_info(r->trace);

    cci_json_string(w, "schema", "ccmem-report/1");
    put_program(w, r->trace);
    put_allocator(w, r->trace);
    cci_json_string(w, "mode", mode_name(info->mode));
    cci_json_bool(w, "estimated", r->profile->estimated);
    put_known(w, "sample_interval", info->sample_interval, info->mode == CCI_MODE_SAMPLE);
    cci_json_uint(w, "lost_events", info->lost_events);
}

/* ---- the whole program ---- */

static void put_totals(cci_json_t *w, const cci_profile_t *p)
{
    const cci_profile_ci_t *ci      = p->estimated ? &p->ci : NULL;
    const cci_profile_ci_t *of_some = p->ranged ? ci : NULL; /* the threads counted all of them */

    put_figure(w, "alloc_count", p->total.alloc_count, of_some ? &ci->alloc_count : NULL);
    put_figure(w, "free_count", p->total.free_count, of_some ? &ci->free_count : NULL);
    put_figure(w, "alloc_bytes", p->total.alloc_bytes, of_some ? &ci->alloc_bytes : NULL);
    if (!p->has_blocks) {
        cci_json_null(w, "free_bytes");
        cci_json_null(w, "current_allocated");
        cci_json_null(w, "peak_allocated");
        cci_json_null(w, "peak_time");
    } else {
        put_figure(w, "free_bytes", p->total.free_bytes, ci ? &ci->free_bytes : NULL);
        put_figure(w, "current_allocated", p->current_bytes, ci ? &ci->current_bytes : NULL);
        put_figure(w, "peak_allocated", p->peak_bytes, ci ? &ci->peak_bytes : NULL);
        cci_json_seconds(w, "peak_time", p->peak_ns);
    }
    put_known(w, "peak_rss_bytes", p->peak_rss, p->peak_rss != 0);
    put_known(w, "usable_alloc_bytes", p->usable_alloc, p->usable_alloc != 0);
    put_known(w, "usable_free_bytes", p->usable_freed, p->usable_alloc != 0);
    cci_json_double(w, "alloc_rate", per_second(p->total.alloc_count, p));
    cci_json_double(w, "free_rate", per_second(p->total.free_count, p));
    cci_json_double(w, "bytes_rate", per_second(p->total.alloc_bytes, p));
}

/* A sample does not show the order of a thread's calls, nor what it calls by other names. */
static void put_kinds(cci_json_t *w, const cci_profile_t *p)
{
    bool exact = p->mode == CCI_MODE_FULL;

    put_known(w, "calloc_count", p->calloc_count, exact);
    put_known(w, "aligned_count", p->aligned_count, exact);
    put_known(w, "realloc_count", p->realloc_count, exact);
    put_known(w, "realloc_moved_count", p->realloc_moved, exact);
    put_known(w, "temporary_count", p->total.temporary, exact);
    put_known(w, "unmatched_free_count", p->unmatched_frees, p->has_blocks);
    put_known(w, "implied_free_count", p->implied_frees, p->has_blocks);
}

static void put_latency(cci_json_t *w)
{
    static const char *const NAMES[] = {
        "alloc_latency_p50", "alloc_latency_p95", "alloc_latency_p99", "alloc_latency_p999",
        "free_latency_p50",  "free_latency_p95",  "free_latency_p99",  "free_latency_p999",
    };
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        cci_json_null(w, NAMES[i]);
}

static void put_cross_thread(cci_json_t *w, const cci_profile_t *p)
{
    if (!p->has_blocks) {
        cci_json_null(w, "cross_thread_free_count");
        cci_json_null(w, "cross_thread_free_pct");
        return;
    }
    put_figure(w, "cross_thread_free_count", p->total.cross_thread_frees,
               p->estimated ? &p->ci.cross_thread_frees : NULL);
    double frees = p->total.free_count ? (double)p->total.free_count : 1;
    cci_json_double(w, "cross_thread_free_pct",
                    100 * (double)p->total.cross_thread_frees / frees);
}

static void put_buckets(cci_json_t *w, const cci_profile_t *p)
{
    unsigned last = CCI_SIZE_BUCKETS - 1;
    char     name[CCI_SIZE_NAME_BYTES];

    while (last > 1 && p->histogram[last] == 0)
        last--;
    cci_json_begin_object(w, "buckets");
    for (unsigned b = p->histogram[0] ? 0 : 1; b <= last; b++) {
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
    put_known(w, "free_bytes", t->tally.free_bytes, p->has_blocks);
    put_known(w, "cross_thread_frees_sent", t->sent, p->has_blocks);
    put_known(w, "cross_thread_frees_received", t->tally.cross_thread_frees, p->has_blocks);
    cci_json_uint(w, "lost_events", k->lost);
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

/* The gaps between blocks are the allocator's: a trace of calls does not show them. */
static void put_fragmentation(cci_json_t *w)
{
    cci_json_begin_object(w, "fragmentation");
    cci_json_null(w, "internal_fragmentation");
    cci_json_null(w, "external_fragmentation");
    cci_json_null(w, "largest_free_block");
    cci_json_null(w, "free_block_count");
    cci_json_null(w, "utilization");
    cci_json_end_object(w);
}

/* ---- stacks ---- */

static void put_frame(cci_json_t *w, const cci_frame_t *f)
{
    cci_json_begin_object(w, NULL);
    cci_json_string(w, "function", f->function);
    cci_json_string(w, "file", f->file);
    put_known(w, "line", f->line, f->line != 0);
    cci_json_string(w, "module", f->module);
    cci_json_bool(w, "inlined", f->inlined);
    cci_json_hex(w, "offset", f->offset);
    cci_json_end_object(w);
}

static bool put_frames(cci_json_t *w, const cci_report_t *r, uint32_t node)
{
    cci_stack_t stack;

    if (!cci_frames_of(r->frames, node, &stack))
        return false;
    cci_json_begin_array(w, "frames");
    for (size_t i = 0; i < stack.count; i++)
        put_frame(w, &stack.frame[i]);
    cci_json_end_array(w);
    return true;
}

/* "main (app.c:12)", "libz.so.1+0x2345" */
static void put_frame_line(cci_json_t *w, const cci_frame_t *f)
{
    char line[1024];

    if (f->function && f->file)
        snprintf(line, sizeof line, "%.600s (%.300s:%u)", f->function, f->file, f->line);
    else if (f->function)
        snprintf(line, sizeof line, "%.600s", f->function);
    else
        snprintf(line, sizeof line, "%.600s+0x%" PRIx64, f->module ? f->module : "", f->offset);
    cci_json_string(w, NULL, line);
}

static bool put_stack_trace(cci_json_t *w, const cci_report_t *r, uint32_t node)
{
    cci_stack_t stack;

    if (!cci_frames_of(r->frames, node, &stack))
        return false;
    cci_json_begin_array(w, "stack_trace");
    for (size_t i = 0; i < stack.count; i++)
        put_frame_line(w, &stack.frame[i]);
    cci_json_end_array(w);
    return true;
}

/* ---- leaks ---- */

static bool put_leak(cci_json_t *w, const cci_report_t *r, const cci_block_t *b)
{
    uint64_t start = cci_trace_info(r->trace)->start_real_ns;

    cci_json_begin_object(w, NULL);
    cci_json_hex(w, "ptr", b->ptr);
    cci_json_uint(w, "size", b->size);
    cci_json_seconds(w, "timestamp", start + b->time_ns);
    cci_json_uint(w, "thread_id", cci_trace_thread(r->trace, b->thread)->tid);
    cci_json_uint(w, "site", b->site);
    bool done = put_stack_trace(w, r, r->profile->sites[b->site].stack);
    cci_json_end_object(w);
    return done;
}

static bool put_leaks(cci_json_t *w, const cci_report_t *r)
{
    const cci_profile_t *p = r->profile;

    if (!p->has_blocks) {
        cci_json_null(w, "leaked_allocations");
        cci_json_null(w, "leaked_count");
        cci_json_null(w, "leaked_bytes");
        return true;
    }
    cci_json_begin_array(w, "leaked_allocations");
    for (size_t i = 0; i < p->leak_listed; i++)
        if (!put_leak(w, r, &p->leaks[i]))
            return false;
    cci_json_end_array(w);
    cci_json_uint(w, "leaked_count", p->leaked_count);
    put_figure(w, "leaked_bytes", p->leaked_bytes, p->estimated ? &p->ci.leaked_bytes : NULL);
    return true;
}

/* ---- time ---- */

static void put_instant(cci_json_t *w, const char *name, uint64_t real_ns)
{
    time_t    seconds = (time_t)(real_ns / 1000000000);
    struct tm utc;
    char      day[64], text[96];

    if (!gmtime_r(&seconds, &utc) || !strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc)) {
        cci_json_null(w, name);
        return;
    }
    snprintf(text, sizeof text, "%s.%06" PRIu64 "Z", day, real_ns % 1000000000 / 1000);
    cci_json_string(w, name, text);
}

static void put_times(cci_json_t *w, const cci_report_t *r)
{
    uint64_t start = cci_trace_info(r->trace)->start_real_ns;

    cci_json_seconds(w, "duration_seconds", r->profile->to_ns - r->profile->from_ns);
    put_instant(w, "start_time", start + r->profile->from_ns);
    put_instant(w, "end_time", start + r->profile->to_ns);
}

/* ---- sites ---- */

static void put_sizes(cci_json_t *w, const cci_site_t *s)
{
    bool any = s->distinct > 0;

    cci_json_begin_object(w, "sizes");
    put_known(w, "min", s->min_size, any);
    put_known(w, "max", s->max_size, any);
    cci_json_uint(w, "distinct", s->distinct);
    cci_json_bool(w, "distinct_is_more", s->distinct > CCI_SITE_SIZES);
    cci_json_end_object(w);
}

static void put_site_figures(cci_json_t *w, const cci_profile_t *p, uint32_t id)
{
    const cci_site_t    *s     = &p->sites[id];
    const cci_site_ci_t *ci    = p->estimated ? &p->site_ci[id] : NULL;
    bool                 exact = !p->estimated;

    put_figure(w, "alloc_count", s->tally.alloc_count, ci ? &ci->alloc_count : NULL);
    put_figure(w, "alloc_bytes", s->tally.alloc_bytes, ci ? &ci->alloc_bytes : NULL);
    cci_json_uint(w, "free_count", s->tally.free_count);
    cci_json_uint(w, "live_count", s->live_count);
    put_figure(w, "live_bytes", s->live_bytes, ci ? &ci->live_bytes : NULL);
    cci_json_uint(w, "leaked_count", s->leaked_count);
    cci_json_uint(w, "leaked_bytes", s->leaked_bytes);
    cci_json_uint(w, "peak_bytes", s->peak_bytes);
    cci_json_uint(w, "bytes_at_peak", s->bytes_at_peak);
    put_known(w, "temporary_count", s->tally.temporary, exact);
    put_known(w, "realloc_count", s->realloc_count, exact);
    put_known(w, "realloc_moved_count", s->realloc_moved, exact);
    cci_json_double(w, "mean_lifetime_ns", s->tally.free_count ? round(s->lifetime_ns) : NAN);
    cci_json_uint(w, "cross_thread_free_count", s->tally.cross_thread_frees);
    put_sizes(w, s);
}

static bool put_site(cci_json_t *w, const cci_report_t *r, uint32_t id)
{
    cci_json_begin_object(w, NULL);
    cci_json_uint(w, "id", id);
    cci_json_bool(w, "estimated", r->profile->estimated);
    bool done = put_frames(w, r, r->profile->sites[id].stack);
    put_site_figures(w, r->profile, id);
    cci_json_end_object(w);
    return done;
}

/* A site from before the range that nothing has happened to in it. */
static bool is_idle(const cci_site_t *s)
{
    return s->tally.alloc_count == 0 && s->tally.free_bytes == 0 && s->tally.free_count == 0 &&
           s->live_bytes == 0 && s->peak_bytes == 0;
}

static bool choose_top(const cci_report_t *r, bool *chosen)
{
    for (int rank = 0; rank < CCI_RANKS; rank++) {
        uint32_t *top;
        size_t    n;
        if (!cci_rank_sites(r->profile, (cci_rank_t)rank, r->top, &top, &n))
            return false;
        for (size_t i = 0; i < n; i++)
            chosen[top[i]] = true;
        free(top);
    }
    return true;
}

static bool choose(const cci_report_t *r, bool *chosen)
{
    if (r->top)
        return choose_top(r, chosen);
    for (size_t i = 0; i < r->profile->site_count; i++)
        chosen[i] = !is_idle(&r->profile->sites[i]);
    return true;
}

static bool put_chosen_sites(cci_json_t *w, const cci_report_t *r, const bool *chosen)
{
    cci_json_begin_array(w, "sites");
    for (uint32_t i = 0; i < r->profile->site_count; i++)
        if (chosen[i] && !put_site(w, r, i))
            return false;
    cci_json_end_array(w);
    cci_json_uint(w, "site_count", r->profile->site_count);
    return true;
}

static bool put_sites(cci_json_t *w, const cci_report_t *r)
{
    bool *chosen = calloc(r->profile->site_count + 1, sizeof *chosen);
    bool  done   = chosen && choose(r, chosen) && put_chosen_sites(w, r, chosen);

    free(chosen);
    return done;
}

/* ---- the course of time ---- */

static void put_point(cci_json_t *w, const cci_profile_t *p, const cci_timeline_point_t *point,
                      uint64_t end_ns, double seconds, uint64_t rss)
{
    cci_json_begin_object(w, NULL);
    cci_json_seconds(w, "t", end_ns);
    put_known(w, "allocated_bytes", point->end_bytes, p->has_blocks);
    put_known(w, "allocated_max_bytes", point->max_bytes, p->has_blocks);
    put_known(w, "rss_bytes", rss, rss != 0);
    cci_json_double(w, "alloc_rate", p->estimated ? NAN : (double)point->allocs / seconds);
    cci_json_double(w, "free_rate", p->estimated ? NAN : (double)point->frees / seconds);
    cci_json_end_object(w);
}

/* Without events there are the measurements of the resident memory. */
static void put_rss_timeline(cci_json_t *w, const cci_report_t *r)
{
    const cci_rss_sample_t    *rss;
    size_t                     n     = cci_trace_rss(r->trace, &rss);
    size_t                     step  = n / CCI_TIMELINE_MAX + 1;
    const cci_timeline_point_t empty = { 0 };

    for (size_t i = 0; i < n; i += step)
        put_point(w, r->profile, &empty, rss[i].time_ns, 0, rss[i].bytes);
}

static void put_event_timeline(cci_json_t *w, const cci_report_t *r)
{
    const cci_profile_t    *p  = r->profile;
    const cci_timeline_t   *tl = &p->timeline;
    const cci_rss_sample_t *rss;
    size_t                  n = cci_trace_rss(r->trace, &rss), next = 0;

    for (size_t i = 0; i < tl->count; i++) {
        uint64_t begin = tl->start_ns + ((uint64_t)i << tl->step_log2);
        uint64_t end   = begin + (UINT64_C(1) << tl->step_log2);
        end            = end < p->to_ns ? end : p->to_ns;
        while (next < n && rss[next].time_ns <= end)
            next++;
        put_point(w, p, &tl->point[i], end, (double)(end - begin) / 1e9,
                  next ? rss[next - 1].bytes : 0);
    }
}

static void put_timeline(cci_json_t *w, const cci_report_t *r)
{
    cci_json_begin_array(w, "timeline");
    if (r->profile->has_blocks)
        put_event_timeline(w, r);
    else
        put_rss_timeline(w, r);
    cci_json_end_array(w);
}

/* ---- the rest ---- */

static void put_finding(cci_json_t *w, const cci_profile_t *p, const cci_finding_t *f)
{
    const cci_site_t *s = &p->sites[f->site];

    cci_json_begin_object(w, NULL);
    cci_json_string(w, "kind", cci_finding_name(f->kind));
    cci_json_uint(w, "site", f->site);
    cci_json_string(w, "text", cci_finding_text(f->kind));
    cci_json_begin_object(w, "evidence");
    cci_json_uint(w, "events", cci_finding_events(p, f));
    cci_json_uint(w, "alloc_count", s->tally.alloc_count);
    cci_json_uint(w, "free_count", s->tally.free_count);
    cci_json_uint(w, "program_alloc_count", p->total.alloc_count);
    cci_json_end_object(w);
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

static bool put_report(cci_json_t *w, const cci_report_t *r)
{
    const cci_profile_t *p = r->profile;

    put_run(w, r);
    put_totals(w, p);
    put_kinds(w, p);
    put_latency(w);
    put_cross_thread(w, p);
    put_histogram(w, p);
    put_threads(w, r);
    put_fragmentation(w);
    if (!put_leaks(w, r))
        return false;
    put_times(w, r);
    if (!put_sites(w, r))
        return false;
    put_timeline(w, r);
    put_findings(w, p);
    put_trace(w, r);
    return true;
}

bool cci_report_json(const cci_report_t *r, FILE *out)
{
    cci_json_t w = { .out = out };

    cci_json_begin_object(&w, NULL);
    if (!put_report(&w, r))
        return false;
    cci_json_end_object(&w);
    return true;
}
