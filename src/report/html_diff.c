/* SPDX-License-Identifier: MIT */
/* html_diff.c - what a dashboard of two runs has besides; see report/html_parts.h. */
#include "report/html_parts.h"

static void put_old(cci_json_t *w, const cci_report_t *r)
{
    cci_json_begin_object(w, "old");
    cci_html_put_report(w, "report", r);
    cci_html_put_timeline(w, r);
    cci_json_end_object(w);
}

static void put_fields(cci_json_t *w, const cci_diff_report_t *d)
{
    cci_json_begin_array(w, "fields");
    for (size_t i = 0; i < cci_field_count(); i++) {
        cci_json_begin_object(w, NULL);
        cci_json_string(w, "name", cci_field_name(cci_field_at(i)));
        cci_diff_json_field(w, d, i);
        cci_json_end_object(w);
    }
    cci_json_end_array(w);
}

/* ---- beside the rows of sites ---- */

static uint32_t place_of(const cci_html_data_t *h, size_t row)
{
    const cci_html_row_t *item = &h->rows.item[row];
    return cci_places_of(h->diff->places, item->side)[item->site];
}

static void put_places(cci_json_t *w, const cci_html_data_t *h)
{
    cci_json_begin_array(w, "place");
    for (size_t i = 0; i < h->rows.count; i++)
        cci_json_uint(w, NULL, place_of(h, i));
    cci_json_end_array(w);
}

static const struct {
    const char  *name;
    cci_amount_t amount;
} OLD[] = {
    { "old_alloc_count", CCI_AMOUNT_ALLOC_COUNT },
    { "old_alloc_bytes", CCI_AMOUNT_ALLOC_BYTES },
    { "old_live_bytes", CCI_AMOUNT_LIVE_BYTES },
    { "old_leaked_bytes", CCI_AMOUNT_LEAKED_BYTES },
    { "old_bytes_at_peak", CCI_AMOUNT_BYTES_AT_PEAK },
    { "old_temporary_count", CCI_AMOUNT_TEMPORARY_COUNT },
};

static void put_old_amount(cci_json_t *w, const cci_html_data_t *h, size_t row, cci_amount_t m)
{
    if (!h->rows.item[row].first) {
        cci_json_uint(w, NULL, 0);
        return;
    }
    cci_value_t old = cci_diff_change(h->diff->diff, place_of(h, row), m).old;
    cci_json_known(w, NULL, cci_report_whole(old.value), old.known);
}

static void put_old_amounts(cci_json_t *w, const cci_html_data_t *h, size_t column)
{
    cci_json_begin_array(w, OLD[column].name);
    for (size_t i = 0; i < h->rows.count; i++)
        put_old_amount(w, h, i, OLD[column].amount);
    cci_json_end_array(w);
}

/* Whether anything changed significantly at its place. */
static void put_significant(cci_json_t *w, const cci_html_data_t *h)
{
    const cci_diff_t *d     = h->diff->diff;
    const bool        known = cci_diff_has_sites(d);

    cci_json_begin_array(w, "significant");
    for (size_t i = 0; i < h->rows.count; i++)
        cci_json_known(w, NULL, cci_diff_place_change(d, place_of(h, i)) != CCI_PLACE_SAME, known);
    cci_json_end_array(w);
}

void cci_html_put_diff(cci_json_t *w, const cci_html_data_t *h)
{
    cci_json_begin_object(w, "diff");
    put_old(w, h->diff->side[CCI_OLD]);
    put_fields(w, h->diff);
    cci_json_begin_object(w, "sites");
    put_places(w, h);
    for (size_t i = 0; i < sizeof OLD / sizeof OLD[0]; i++)
        put_old_amounts(w, h, i);
    put_significant(w, h);
    cci_json_end_object(w);
    cci_json_end_object(w);
}
