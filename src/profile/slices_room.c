/* SPDX-License-Identifier: MIT */
/* slices_room.c - fewer rows; see profile/slices.h.
 *
 * While there are many slices neighbours are merged; then the sites that matter least become one.
 * What matters is what people look for first: what part a site has of all blocks, of all bytes, and
 * of what all sites held at most. A site that was made one with others stays so, because what it
 * did before cannot be told any more. Half of the rows are left, so that it is seldom done: what it
 * costs is spread over as many new rows.
 */
#include <stdlib.h>
#include "profile/profile.h"

typedef struct rank {
    double   part;
    uint32_t site, rows;
} rank_t;

/* Sites that have rows, those first that matter most. */
typedef struct ranks {
    rank_t *item;
    size_t  count;
} ranks_t;

/* ---- what matters ---- */

typedef struct whole {
    double blocks, bytes, held;
} whole_t;

static whole_t sum_up(const cci_profile_t *p)
{
    whole_t all = { 1, 1, 1 }; /* nothing is a part of nothing */

    for (size_t i = 0; i < p->site_count; i++) {
        all.blocks += (double)p->sites[i].tally.alloc_count;
        all.bytes += (double)p->sites[i].tally.alloc_bytes;
        all.held += (double)p->sites[i].peak_bytes;
    }
    return all;
}

static double part_of(const cci_site_t *s, const whole_t *all)
{
    return (double)s->tally.alloc_count / all->blocks + (double)s->tally.alloc_bytes / all->bytes +
           (double)s->peak_bytes / all->held;
}

static void count_rows(rank_t *rank, const cci_slice_rows_t *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        if (rows->item[i].site != CCI_SLICE_OTHERS)
            rank[rows->item[i].site].rows++;
}

/* What lives is not in rows yet: a site may have none. */
static void collect(ranks_t *r, const cci_slices_t *s, const cci_profile_t *p)
{
    const whole_t all = sum_up(p);

    count_rows(r->item, &s->rows);
    for (uint32_t i = 0; i < p->site_count; i++) {
        const uint32_t rows = r->item[i].rows;
        if (rows)
            r->item[r->count++] = (rank_t){ part_of(&p->sites[i], &all), i, rows };
    }
}

static int first_comes_more(const void *left, const void *right)
{
    const rank_t *a = left, *b = right;

    if (a->part != b->part)
        return a->part > b->part ? -1 : 1;
    return (a->site > b->site) - (a->site < b->site);
}

static bool rank_sites(ranks_t *r, const cci_slices_t *s, const cci_profile_t *p)
{
    *r = (ranks_t){ .item = calloc(p->site_count + 1, sizeof *r->item) };
    if (!r->item)
        return false;
    collect(r, s, p);
    qsort(r->item, r->count, sizeof *r->item, first_comes_more);
    return true;
}

/* ---- one of many ---- */

static bool reserve_others(cci_slices_t *s, size_t sites)
{
    if (sites <= s->other_capacity)
        return true;
    bool *bigger = realloc(s->is_other, sites * sizeof *bigger);
    if (!bigger)
        return false;
    for (size_t i = s->other_capacity; i < sites; i++)
        bigger[i] = false;
    s->is_other       = bigger;
    s->other_capacity = sites;
    return true;
}

static cci_slice_row_t of_others(const void *is_other, cci_slice_row_t row)
{
    if (row.site != CCI_SLICE_OTHERS && ((const bool *)is_other)[row.site])
        row.site = CCI_SLICE_OTHERS;
    return row;
}

/* Those behind the first ones, which have half of the rows that there may be. */
static void choose(cci_slices_t *s, const ranks_t *r)
{
    size_t rows = 0;

    for (size_t i = 0; i < r->count; i++) {
        rows += r->item[i].rows;
        if (rows > s->most_rows / 2)
            s->is_other[r->item[i].site] = true;
    }
}

static bool merge(cci_slices_t *s)
{
    cci_slice_rows_t rows;

    if (!cci_slice_rows_copy(&rows, &s->rows, of_others, s->is_other))
        return false;
    cci_slice_rows_fini(&s->rows);
    s->rows = rows;
    return true;
}

/* ---- from outside ---- */

bool cci_slices_merge_sites(cci_slices_t *s, const cci_profile_t *p)
{
    ranks_t ranks;

    if (!reserve_others(s, p->site_count) || !rank_sites(&ranks, s, p))
        return false;
    choose(s, &ranks);
    free(ranks.item);
    return merge(s);
}

bool cci_slices_shrink(cci_slices_t *s, const cci_profile_t *p)
{
    return s->count > CCI_SLICES_MIN ? cci_slices_halve(s) : cci_slices_merge_sites(s, p);
}
