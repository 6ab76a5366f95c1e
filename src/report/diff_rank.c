/* SPDX-License-Identifier: MIT */
/* diff_rank.c - the places that changed most; see report/diff_report.h. */
#include <math.h>
#include <stdlib.h>
#include "report/diff_report.h"

typedef struct ranked {
    double   size; /* of the change */
    uint32_t place;
} ranked_t;

static int compare(const void *left, const void *right)
{
    const ranked_t *a = left, *b = right;

    if (a->size != b->size)
        return a->size > b->size ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

static size_t collect(const cci_diff_t *d, cci_amount_t m, ranked_t *out)
{
    size_t n = 0;

    for (uint32_t i = 0; i < d->place_count; i++) {
        if (cci_diff_direction(d, i, m) == 0)
            continue;
        cci_change_t c = cci_diff_change(d, i, m);
        out[n++]       = (ranked_t){ fabs(c.new.value - c.old.value), i };
    }
    return n;
}

bool cci_diff_rank(const cci_diff_t *d, cci_amount_t m, size_t n, uint32_t **out, size_t *count,
                   size_t *all)
{
    ranked_t *found  = malloc((d->place_count + 1) * sizeof *found);
    uint32_t *places = malloc((d->place_count + 1) * sizeof *places);

    if (!found || !places) {
        free(found);
        free(places);
        return false;
    }
    *all = collect(d, m, found);
    qsort(found, *all, sizeof *found, compare);
    *count = *all < n ? *all : n;
    for (size_t i = 0; i < *count; i++)
        places[i] = found[i].place;
    *out = places;
    free(found);
    return true;
}

cci_shown_site_t cci_diff_shown_site(const cci_diff_t *d, uint32_t place)
{
    cci_side_t side = cci_diff_next_site(d, CCI_NEW, place, 0) ? CCI_NEW : CCI_OLD;
    uint32_t   best = cci_diff_next_site(d, side, place, 0);

    for (uint32_t s = best; s != 0; s = cci_diff_next_site(d, side, place, s))
        if (d->run[side].profile->sites[s - 1].tally.alloc_bytes >
            d->run[side].profile->sites[best - 1].tally.alloc_bytes)
            best = s;
    return (cci_shown_site_t){ side, best - 1 };
}
