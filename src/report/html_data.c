/* SPDX-License-Identifier: MIT */
/* html_data.c - ccmem-dashboard/1; docs/formats/dashboard.md describes every field.
 *
 * Tables are columns, because what is like its neighbours compresses well, and names of fields stand
 * there once. Figures are those of ccmem-report/1, by the same functions where they are the same parts.
 */
#include <math.h>
#include <stdlib.h>
#include "report/course.h"
#include "report/html.h"
#include "report/html_parts.h"

/* ---- sites ---- */

typedef enum { KNOWN, EXACT_ONLY, SIZED } condition_t;

/* Where the figures of a site are, and when they are known. */
static const struct {
    const char *name;
    size_t      offset;
    condition_t condition;
} COLUMNS[] = {
    { "alloc_count", offsetof(cci_site_t, tally.alloc_count), KNOWN },
    { "alloc_bytes", offsetof(cci_site_t, tally.alloc_bytes), KNOWN },
    { "free_count", offsetof(cci_site_t, tally.free_count), KNOWN },
    { "live_count", offsetof(cci_site_t, live_count), KNOWN },
    { "live_bytes", offsetof(cci_site_t, live_bytes), KNOWN },
    { "leaked_count", offsetof(cci_site_t, leaked_count), KNOWN },
    { "leaked_bytes", offsetof(cci_site_t, leaked_bytes), KNOWN },
    { "suppressed_bytes", offsetof(cci_site_t, suppressed_bytes), KNOWN },
    { "peak_bytes", offsetof(cci_site_t, peak_bytes), KNOWN },
    { "bytes_at_peak", offsetof(cci_site_t, bytes_at_peak), KNOWN },
    { "temporary_count", offsetof(cci_site_t, tally.temporary), EXACT_ONLY },
    { "realloc_count", offsetof(cci_site_t, realloc_count), EXACT_ONLY },
    { "cross_thread_free_count", offsetof(cci_site_t, tally.cross_thread_frees), KNOWN },
    { "min_size", offsetof(cci_site_t, min_size), SIZED },
    { "max_size", offsetof(cci_site_t, max_size), SIZED },
};

/* A site of the old run has no figures in the new one. */
static const cci_site_t *site_of(const cci_html_data_t *h, size_t row)
{
    static const cci_site_t NONE = { 0 };
    const cci_html_row_t   *item = &h->rows.item[row];

    return item->side == CCI_NEW ? &h->report->profile->sites[item->site] : &NONE;
}

static bool is_known(const cci_html_data_t *h, const cci_site_t *s, condition_t condition)
{
    return condition == KNOWN || (condition == EXACT_ONLY && !h->report->profile->estimated) ||
           (condition == SIZED && s->distinct > 0);
}

static void put_figures(cci_json_t *w, const cci_html_data_t *h, size_t column)
{
    cci_json_begin_array(w, COLUMNS[column].name);
    for (size_t i = 0; i < h->rows.count; i++) {
        const cci_site_t *s     = site_of(h, i);
        const uint64_t   *value = (const void *)((const char *)s + COLUMNS[column].offset);
        cci_json_known(w, NULL, *value, is_known(h, s, COLUMNS[column].condition));
    }
    cci_json_end_array(w);
}

static void put_ids(cci_json_t *w, const cci_html_data_t *h)
{
    cci_json_begin_array(w, "id");
    for (size_t i = 0; i < h->rows.count; i++)
        cci_json_uint(w, NULL, h->rows.item[i].id);
    cci_json_end_array(w);
}

static void put_site_stacks(cci_json_t *w, const cci_html_data_t *h)
{
    cci_json_begin_array(w, "stack");
    for (size_t i = 0; i < h->rows.count; i++)
        cci_json_uint(w, NULL, h->stack[i]);
    cci_json_end_array(w);
}

static void put_lifetimes(cci_json_t *w, const cci_html_data_t *h)
{
    cci_json_begin_array(w, "mean_lifetime_ns");
    for (size_t i = 0; i < h->rows.count; i++) {
        const cci_site_t *s = site_of(h, i);
        cci_json_double(w, NULL, s->tally.free_count ? round(s->lifetime_ns) : NAN);
    }
    cci_json_end_array(w);
}

static void put_distinct(cci_json_t *w, const cci_html_data_t *h)
{
    cci_json_begin_array(w, "distinct_sizes");
    for (size_t i = 0; i < h->rows.count; i++)
        cci_json_uint(w, NULL, site_of(h, i)->distinct);
    cci_json_end_array(w);
}

/* ---- bounds of estimates ---- */

static const struct {
    const char *lo, *hi;
    size_t      offset;
} BOUNDS[] = {
    { "alloc_bytes_lo", "alloc_bytes_hi", offsetof(cci_site_ci_t, alloc_bytes) },
    { "live_bytes_lo", "live_bytes_hi", offsetof(cci_site_ci_t, live_bytes) },
};

static const cci_interval_t *interval_of(const cci_html_data_t *h, size_t row, size_t bound)
{
    static const cci_interval_t NONE = { 0, 0 };
    const cci_html_row_t       *item = &h->rows.item[row];

    if (item->side == CCI_OLD)
        return &NONE;
    return (const void *)((const char *)&h->report->profile->site_ci[item->site] +
                          BOUNDS[bound].offset);
}

static void put_bounds(cci_json_t *w, const cci_html_data_t *h, size_t bound)
{
    cci_json_begin_array(w, BOUNDS[bound].lo);
    for (size_t i = 0; i < h->rows.count; i++)
        cci_json_uint(w, NULL, cci_json_lower(interval_of(h, i, bound)));
    cci_json_end_array(w);
    cci_json_begin_array(w, BOUNDS[bound].hi);
    for (size_t i = 0; i < h->rows.count; i++)
        cci_json_uint(w, NULL, cci_json_upper(interval_of(h, i, bound)));
    cci_json_end_array(w);
}

static void put_sites(cci_json_t *w, const cci_html_data_t *h)
{
    cci_json_begin_object(w, "sites");
    put_ids(w, h);
    put_site_stacks(w, h);
    for (size_t i = 0; i < sizeof COLUMNS / sizeof COLUMNS[0]; i++)
        put_figures(w, h, i);
    put_lifetimes(w, h);
    put_distinct(w, h);
    for (size_t i = 0; h->report->profile->site_ci && i < sizeof BOUNDS / sizeof BOUNDS[0]; i++)
        put_bounds(w, h, i);
    cci_json_end_object(w);
}

/* ---- the course of time ---- */

static void put_column(cci_json_t *w, const cci_report_t *r, const cci_point_field_t *field)
{
    cci_course_t       course = cci_course_begin(r);
    cci_course_point_t point;

    cci_json_begin_array(w, field->name);
    while (cci_course_next(&course, &point))
        field->put(w, NULL, r->profile, &point);
    cci_json_end_array(w);
}

void cci_html_put_timeline(cci_json_t *w, const cci_report_t *r)
{
    size_t                   n;
    const cci_point_field_t *fields = cci_json_point_fields(&n);

    cci_json_begin_object(w, "timeline");
    for (size_t i = 0; i < n; i++)
        put_column(w, r, &fields[i]);
    cci_json_end_object(w);
}

/* ---- all ---- */

void cci_html_put_report(cci_json_t *w, const char *name, const cci_report_t *r)
{
    cci_json_begin_object(w, name);
    /* Without tables it needs no memory. */
    (void)cci_json_report(w, r, false);
    cci_json_end_object(w);
}

static bool number_stacks(cci_html_data_t *h)
{
    cci_html_stacks_t known[CCI_SIDES] = { 0 };
    bool              done             = true;

    for (size_t i = 0; done && i < h->rows.count; i++) {
        const cci_html_row_t *row = &h->rows.item[i];
        const cci_report_t   *r   = row->side == CCI_NEW ? h->report : h->diff->side[CCI_OLD];
        done = cci_html_stack(&h->tables, &known[row->side], r, r->profile->sites[row->site].stack,
                              &h->stack[i]);
    }
    cci_html_stacks_fini(&known[CCI_OLD]);
    cci_html_stacks_fini(&known[CCI_NEW]);
    return done;
}

static bool collect(cci_html_data_t *h)
{
    if (!cci_html_rows_collect(&h->rows, h->report, h->diff))
        return false;
    h->stack = calloc(h->rows.count + 1, sizeof *h->stack);
    return h->stack && cci_html_tables_begin(&h->tables) && number_stacks(h);
}

static bool put_data(cci_json_t *w, const cci_html_data_t *h)
{
    cci_json_begin_object(w, NULL);
    cci_json_string(w, "schema", "ccmem-dashboard/1");
    cci_html_put_report(w, "report", h->report);
    cci_html_put_tables(w, &h->tables);
    put_sites(w, h);
    cci_html_put_timeline(w, h->report);
    if (!cci_html_put_slices(w, h))
        return false;
    if (h->diff)
        cci_html_put_diff(w, h);
    cci_json_end_object(w);
    return true;
}

bool cci_html_data(const cci_report_t *r, const cci_diff_report_t *d, FILE *out)
{
    cci_html_data_t h    = { .report = r, .diff = d };
    cci_json_t      w    = { .out = out, .compact = true };
    bool            done = collect(&h) && put_data(&w, &h);

    free(h.rows.item);
    free(h.stack);
    cci_html_tables_fini(&h.tables);
    return done;
}
