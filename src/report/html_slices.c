/* SPDX-License-Identifier: MIT */
/* html_slices.c - the slices of a dashboard; see report/html_parts.h.
 *
 * Blocks of sites that the page does not have, and of those that have no rows of their own, are
 * added up as those of other sites: so what a range has in all is what all rows have.
 */
#include <stdlib.h>
#include "report/html_parts.h"

#define NO_ROW UINT32_MAX

typedef struct slices {
    const cci_slices_t  *of;
    const cci_profile_t *profile;
    uint32_t            *row; /* of each site in the page's table; NO_ROW: it is not there */
    cci_slice_rows_t     others;
} slices_t;

static bool is_other(const slices_t *s, uint32_t site)
{
    return site == CCI_SLICE_OTHERS || s->row[site] == NO_ROW;
}

static bool add_up_others(slices_t *s)
{
    const cci_slice_rows_t *rows = &s->of->rows;
    bool                    done = true;

    for (size_t i = 0; done && i < rows->count; i++) {
        cci_slice_row_t row   = rows->item[i];
        const bool      other = is_other(s, row.site);
        row.site              = CCI_SLICE_OTHERS;
        done                  = !other || cci_slice_rows_add(&s->others, &row);
    }
    cci_slice_rows_sort(&s->others);
    return done;
}

/* In sample mode a block stands for some and a part of one. */
static void put_count(cci_json_t *w, const cci_slices_t *s, uint64_t count)
{
    if (count % s->unit == 0)
        cci_json_uint(w, NULL, count / s->unit);
    else
        cci_json_double(w, NULL, (double)count / (double)s->unit);
}

static void put_edges(cci_json_t *w, const slices_t *s)
{
    cci_json_begin_array(w, "edges");
    for (size_t i = 0; i < s->of->count; i++)
        cci_json_seconds(w, NULL, s->of->start_ns + ((uint64_t)i << s->of->step_log2));
    cci_json_seconds(w, NULL, s->profile->to_ns);
    cci_json_end_array(w);
}

/* ---- blocks ---- */

typedef void put_field_t(cci_json_t *w, const slices_t *s, const cci_slice_row_t *row);

static void put_row(cci_json_t *w, const slices_t *s, const cci_slice_row_t *row)
{
    cci_json_uint(w, NULL, s->row[row->site]);
}

static void put_born(cci_json_t *w, const slices_t *s, const cci_slice_row_t *row)
{
    (void)s;
    cci_json_int(w, NULL, row->born);
}

static void put_died(cci_json_t *w, const slices_t *s, const cci_slice_row_t *row)
{
    (void)s;
    cci_json_int(w, NULL, row->died);
}

static void put_blocks_count(cci_json_t *w, const slices_t *s, const cci_slice_row_t *row)
{
    put_count(w, s->of, row->count);
}

static void put_bytes(cci_json_t *w, const slices_t *s, const cci_slice_row_t *row)
{
    (void)s;
    cci_json_uint(w, NULL, row->bytes);
}

/* Of sites that the page has, or of the others. */
static void put_field(cci_json_t *w, const char *name, const slices_t *s,
                      const cci_slice_rows_t *rows, put_field_t *put)
{
    const bool others = rows == &s->others;

    cci_json_begin_array(w, name);
    for (size_t i = 0; i < rows->count; i++)
        if (others || !is_other(s, rows->item[i].site))
            put(w, s, &rows->item[i]);
    cci_json_end_array(w);
}

static void put_fields(cci_json_t *w, const slices_t *s, const cci_slice_rows_t *rows)
{
    put_field(w, "born", s, rows, put_born);
    put_field(w, "died", s, rows, put_died);
    put_field(w, "count", s, rows, put_blocks_count);
    put_field(w, "bytes", s, rows, put_bytes);
}

static void put_blocks(cci_json_t *w, const slices_t *s)
{
    cci_json_begin_object(w, "blocks");
    put_field(w, "site", s, &s->of->rows, put_row);
    put_fields(w, s, &s->of->rows);
    cci_json_end_object(w);
}

/* Sites that the page has, without rows of their own. */
static void put_other_sites(cci_json_t *w, const slices_t *s)
{
    cci_json_begin_array(w, "sites");
    for (size_t i = 0; i < s->of->other_capacity && i < s->profile->site_count; i++)
        if (s->of->is_other[i] && s->row[i] != NO_ROW)
            cci_json_uint(w, NULL, s->row[i]);
    cci_json_end_array(w);
}

static void put_others(cci_json_t *w, const slices_t *s)
{
    cci_json_begin_object(w, "others");
    put_other_sites(w, s);
    put_fields(w, s, &s->others);
    cci_json_end_object(w);
}

/* ---- sizes and threads ---- */

/* In sample mode the report's sizes are those that the threads counted, the slices' are estimates;
 * the span is that of the former, of which no size is missing. */
static void put_sizes(cci_json_t *w, const slices_t *s)
{
    const cci_bucket_span_t span = cci_json_buckets(s->profile);
    char                    name[CCI_SIZE_NAME_BYTES];

    cci_json_begin_object(w, "sizes");
    cci_json_begin_array(w, "names");
    for (unsigned b = span.first; b <= span.last; b++) {
        cci_size_range_name(cci_bucket_lo(b), cci_bucket_hi(b), name);
        cci_json_string(w, NULL, name);
    }
    cci_json_end_array(w);
    cci_json_begin_array(w, "count");
    for (size_t i = 0; i < s->of->count; i++)
        for (unsigned b = span.first; b <= span.last; b++)
            put_count(w, s->of, s->of->sizes[i][b]);
    cci_json_end_array(w);
    cci_json_end_object(w);
}

typedef uint64_t thread_field_t(const cci_slice_thread_t *t, size_t slice);

static uint64_t alloc_count(const cci_slice_thread_t *t, size_t slice)
{
    return t->alloc_count[slice];
}

static uint64_t free_count(const cci_slice_thread_t *t, size_t slice)
{
    return t->free_count[slice];
}

/* One that did nothing may not be there. */
static const cci_slice_thread_t *thread_at(const cci_slices_t *s, size_t thread)
{
    static const cci_slice_thread_t NONE = { .alloc_count = { 0 } };

    return thread < s->thread_count ? &s->thread[thread] : &NONE;
}

static void put_thread_counts(cci_json_t *w, const char *name, const slices_t *s,
                              thread_field_t *field)
{
    cci_json_begin_array(w, name);
    for (size_t i = 0; i < s->of->count; i++)
        for (size_t t = 0; t < s->profile->thread_count; t++)
            put_count(w, s->of, field(thread_at(s->of, t), i));
    cci_json_end_array(w);
}

static void put_thread_bytes(cci_json_t *w, const slices_t *s)
{
    cci_json_begin_array(w, "alloc_bytes");
    for (size_t i = 0; i < s->of->count; i++)
        for (size_t t = 0; t < s->profile->thread_count; t++)
            cci_json_uint(w, NULL, thread_at(s->of, t)->alloc_bytes[i]);
    cci_json_end_array(w);
}

static void put_threads(cci_json_t *w, const slices_t *s)
{
    cci_json_begin_object(w, "threads");
    put_thread_counts(w, "alloc_count", s, alloc_count);
    put_thread_bytes(w, s);
    put_thread_counts(w, "free_count", s, free_count);
    cci_json_end_object(w);
}

/* ---- all ---- */

static uint32_t *number_rows(const cci_html_data_t *h)
{
    const size_t sites = h->report->profile->site_count;
    uint32_t    *row   = malloc((sites + 1) * sizeof *row);

    for (size_t i = 0; row && i < sites; i++)
        row[i] = NO_ROW;
    for (uint32_t i = 0; row && i < h->rows.count; i++)
        if (h->rows.item[i].side == CCI_NEW)
            row[h->rows.item[i].site] = i;
    return row;
}

static void put_all(cci_json_t *w, const slices_t *s)
{
    cci_json_begin_object(w, "slices");
    put_edges(w, s);
    put_blocks(w, s);
    put_others(w, s);
    put_sizes(w, s);
    put_threads(w, s);
    cci_json_end_object(w);
}

bool cci_html_put_slices(cci_json_t *w, const cci_html_data_t *h)
{
    const cci_profile_t *p = h->report->profile;

    if (!p->slices) {
        cci_json_null(w, "slices");
        return true;
    }
    slices_t s    = { .of = p->slices, .profile = p, .row = number_rows(h) };
    bool     done = s.row && add_up_others(&s);
    if (done)
        put_all(w, &s);
    cci_slice_rows_fini(&s.others);
    free(s.row);
    return done;
}
