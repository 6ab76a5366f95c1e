/* SPDX-License-Identifier: MIT */
/* csv.c - the report as tables, each for itself; docs/report.md describes them.
 *
 * Tables name sites and threads by number, as in a database: what has many of something has a
 * table of its own. Columns are called as the fields of the JSON report.
 */
#include <math.h>
#include <string.h>
#include "report/course.h"
#include "report/csv_parts.h"

/* ---- threads ---- */

static void put_thread(cci_csv_t *w, uint32_t number, const cci_trace_thread_t *k,
                       const cci_thread_profile_t *t, const cci_profile_t *p)
{
    cci_csv_uint(w, "thread", number);
    cci_csv_uint(w, "thread_id", k->tid);
    cci_csv_text(w, "thread_name", k->name[0] ? k->name : NULL);
    cci_csv_uint(w, "alloc_count", t->tally.alloc_count);
    cci_csv_uint(w, "free_count", t->tally.free_count);
    cci_csv_uint(w, "alloc_bytes", t->tally.alloc_bytes);
    cci_csv_known(w, "free_bytes", t->tally.free_bytes, p->has_blocks);
    cci_csv_known(w, "cross_thread_frees_sent", t->sent, p->has_blocks);
    cci_csv_known(w, "cross_thread_frees_received", t->tally.cross_thread_frees, p->has_blocks);
    cci_csv_quantiles(w, p, t->measures);
    cci_csv_uint(w, "lost_events", k->lost);
    cci_csv_end_row(w);
}

static bool put_threads(cci_csv_t *w, const cci_report_t *r)
{
    static const cci_trace_thread_t   nobody;
    static const cci_thread_profile_t nothing;
    const cci_profile_t              *p = r->profile;

    put_thread(w, 0, &nobody, &nothing, p);
    for (uint32_t i = 0; i < p->thread_count; i++)
        put_thread(w, i, cci_trace_thread(r->trace, i), &p->threads[i], p);
    return true;
}

/* ---- sizes ---- */

/* hi UINT64_MAX: there is no end. */
static void put_size(cci_csv_t *w, uint64_t lo, uint64_t hi, uint64_t count)
{
    cci_csv_uint(w, "size_min", lo);
    cci_csv_known(w, "size_max", hi, hi != UINT64_MAX);
    cci_csv_uint(w, "alloc_count", count);
    cci_csv_end_row(w);
}

static bool put_sizes(cci_csv_t *w, const cci_report_t *r)
{
    put_size(w, 0, 0, 0);
    for (unsigned b = 0; b < CCI_SIZE_BUCKETS; b++)
        if (r->profile->histogram[b] > 0)
            put_size(w, cci_bucket_lo(b), cci_bucket_hi(b), r->profile->histogram[b]);
    return true;
}

static bool put_hot_sizes(cci_csv_t *w, const cci_report_t *r)
{
    put_size(w, 0, 0, 0);
    for (size_t i = 0; i < r->profile->hot_count; i++)
        put_size(w, r->profile->hot[i].lo, r->profile->hot[i].hi, r->profile->hot[i].count);
    return true;
}

/* ---- the course of time ---- */

static void put_point(cci_csv_t *w, const cci_course_point_t *c, const cci_profile_t *p)
{
    cci_csv_seconds(w, "t", c->end_ns);
    cci_csv_known(w, "allocated_bytes", c->heap.end_bytes, p->has_blocks);
    cci_csv_known(w, "allocated_max_bytes", c->heap.max_bytes, p->has_blocks);
    cci_csv_known(w, "rss_bytes", c->rss_bytes, c->rss_bytes != 0);
    cci_csv_double(w, "alloc_rate", p->estimated ? NAN : (double)c->heap.allocs / c->seconds);
    cci_csv_double(w, "free_rate", p->estimated ? NAN : (double)c->heap.frees / c->seconds);
    cci_csv_end_row(w);
}

static bool put_timeline(cci_csv_t *w, const cci_report_t *r)
{
    cci_course_t       course = cci_course_begin(r);
    cci_course_point_t point  = { 0 };

    put_point(w, &point, r->profile);
    while (cci_course_next(&course, &point))
        put_point(w, &point, r->profile);
    return true;
}

/* ---- warnings ---- */

static void put_warning(cci_csv_t *w, const char *text)
{
    cci_csv_text(w, "warning", text);
    cci_csv_end_row(w);
}

static bool put_warnings(cci_csv_t *w, const cci_report_t *r)
{
    put_warning(w, NULL);
    for (size_t i = 0; i < cci_trace_warning_count(r->trace); i++)
        put_warning(w, cci_trace_warning(r->trace, i));
    return true;
}

/* ---- all tables ---- */

/* A new table is one line here. */
/* clang-format off */
#define TABLES(TABLE)                   \
    TABLE(summary, cci_csv_summary)     \
    TABLE(sites, cci_csv_sites)         \
    TABLE(stacks, cci_csv_stacks)       \
    TABLE(frames, cci_csv_frames)       \
    TABLE(threads, put_threads)         \
    TABLE(sizes, put_sizes)             \
    TABLE(hot_sizes, put_hot_sizes)     \
    TABLE(timeline, put_timeline)       \
    TABLE(latency, cci_csv_latency)     \
    TABLE(lifetimes, cci_csv_lifetimes) \
    TABLE(flow, cci_csv_flow)           \
    TABLE(leaks, cci_csv_leaks)         \
    TABLE(findings, cci_csv_findings)   \
    TABLE(warnings, put_warnings)
/* clang-format on */

#define NAME(name, put) #name,
#define PUT(name, put)  put,
static const char *const      NAMES[] = { TABLES(NAME) };
static cci_csv_table_t *const PUTS[]  = { TABLES(PUT) };

enum { TABLE_COUNT = sizeof NAMES / sizeof NAMES[0] };
_Static_assert(TABLE_COUNT <= (int)CCI_CSV_TABLES_MAX,
               "whoever writes them all has room for so many");

const char *const *cci_csv_tables(size_t *count)
{
    *count = TABLE_COUNT;
    return NAMES;
}

bool cci_report_csv(const cci_report_t *r, FILE *out)
{
    cci_csv_t w = { .out = out };

    for (size_t i = 0; i < TABLE_COUNT; i++)
        if (strcmp(NAMES[i], r->table) == 0)
            return PUTS[i](&w, r);
    return true;
}
