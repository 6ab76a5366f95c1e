/* SPDX-License-Identifier: MIT */
/* html_rows.c - see report/html_rows.h. */
#include "report/html_rows.h"

#include <stdlib.h>
#include "report/rank.h"

static void add(cci_html_rows_t *rows, cci_html_row_t row)
{
    rows->item[rows->count++] = row;
}

static void add_chosen(cci_html_rows_t *rows, size_t sites, const bool *chosen)
{
    for (uint32_t i = 0; i < sites; i++)
        if (chosen[i])
            add(rows, (cci_html_row_t){ .site = i, .id = i, .side = CCI_NEW, .first = true });
}

/* Which sites of a run: those that were asked for, or all that a page can show. */
static bool *choose(const cci_profile_t *p, size_t top)
{
    return cci_rank_choose(p, top == 0 && p->site_count > CCI_HTML_SITES ? CCI_HTML_SITES : top);
}

/* ---- of two runs ---- */

/* A place is shown when a site of it is, in either run. */
static void choose_places(const cci_diff_report_t *d, cci_side_t side, const bool *chosen,
                          bool *shown)
{
    const uint32_t *place = cci_places_of(d->places, side);

    for (size_t i = 0; i < d->side[side]->profile->site_count; i++)
        shown[place[i]] |= chosen[i];
}

static void add_place(cci_html_rows_t *rows, const cci_diff_t *d, uint32_t place)
{
    uint32_t first = cci_diff_next_site(d, CCI_NEW, place, 0);

    for (uint32_t s = first; s != 0; s = cci_diff_next_site(d, CCI_NEW, place, s))
        add(rows, (cci_html_row_t){ s - 1, s - 1, CCI_NEW, s == first });
    if (first != 0)
        return;
    uint32_t old = cci_diff_shown_site(d, place).site;
    add(rows, (cci_html_row_t){ old, (uint32_t)d->run[CCI_NEW].profile->site_count + old, CCI_OLD,
                                true });
}

static int by_id(const void *left, const void *right)
{
    const cci_html_row_t *a = left, *b = right;
    return (a->id > b->id) - (a->id < b->id);
}

static bool add_places(cci_html_rows_t *rows, const cci_diff_report_t *d, const bool *new_sites)
{
    bool *old_sites = choose(d->side[CCI_OLD]->profile, d->top);
    bool *shown     = calloc(d->diff->place_count + 1, sizeof *shown);

    if (old_sites && shown) {
        choose_places(d, CCI_NEW, new_sites, shown);
        choose_places(d, CCI_OLD, old_sites, shown);
        for (uint32_t i = 0; i < d->diff->place_count; i++)
            if (shown[i])
                add_place(rows, d->diff, i);
        qsort(rows->item, rows->count, sizeof *rows->item, by_id);
    }
    free(old_sites);
    free(shown);
    return old_sites && shown;
}

static size_t most_rows(const cci_report_t *r, const cci_diff_report_t *d)
{
    return r->profile->site_count + (d ? d->side[CCI_OLD]->profile->site_count : 0);
}

bool cci_html_rows_collect(cci_html_rows_t *out, const cci_report_t *r, const cci_diff_report_t *d)
{
    bool           *chosen = choose(r->profile, d ? d->top : r->top);
    cci_html_rows_t rows   = { calloc(most_rows(r, d) + 1, sizeof *rows.item), 0 };
    bool            done   = chosen && rows.item;

    if (done && !d)
        add_chosen(&rows, r->profile->site_count, chosen);
    else if (done)
        done = add_places(&rows, d, chosen);
    free(chosen);
    if (done)
        *out = rows;
    else
        free(rows.item);
    return done;
}
