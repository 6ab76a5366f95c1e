/* SPDX-License-Identifier: MIT */
/* rank.c - see report/rank.h. */
#include <stdlib.h>
#include "report/rank.h"

typedef struct ranked {
    uint64_t value;
    uint32_t site;
} ranked_t;

uint64_t cci_rank_value(const cci_site_t *site, cci_rank_t rank)
{
    switch (rank) {
    case CCI_RANK_PEAK:
        return site->bytes_at_peak;
    case CCI_RANK_COUNT:
        return site->tally.alloc_count;
    case CCI_RANK_LEAK:
        return site->leaked_bytes;
    }
    return 0;
}

static int compare(const void *left, const void *right)
{
    const ranked_t *a = left, *b = right;

    if (a->value != b->value)
        return a->value > b->value ? -1 : 1;
    return (a->site > b->site) - (a->site < b->site);
}

static size_t collect(const cci_profile_t *p, cci_rank_t rank, ranked_t *out)
{
    size_t n = 0;

    for (uint32_t i = 0; i < p->site_count; i++) {
        uint64_t value = cci_rank_value(&p->sites[i], rank);
        if (value > 0)
            out[n++] = (ranked_t){ value, i };
    }
    return n;
}

bool cci_rank_sites(const cci_profile_t *p, cci_rank_t rank, size_t n, uint32_t **out,
                    size_t *count)
{
    ranked_t *all   = malloc((p->site_count + 1) * sizeof *all);
    uint32_t *sites = malloc((p->site_count + 1) * sizeof *sites);

    if (!all || !sites) {
        free(all);
        free(sites);
        return false;
    }
    size_t found = collect(p, rank, all);
    qsort(all, found, sizeof *all, compare);
    *count = found < n ? found : n;
    for (size_t i = 0; i < *count; i++)
        sites[i] = all[i].site;
    *out = sites;
    free(all);
    return true;
}

/* ---- which sites a report has ---- */

static bool is_idle(const cci_site_t *s)
{
    return s->tally.alloc_count == 0 && s->tally.free_bytes == 0 && s->tally.free_count == 0 &&
           s->live_bytes == 0 && s->peak_bytes == 0;
}

static bool choose_top(const cci_profile_t *p, size_t n, bool *chosen)
{
    for (int rank = 0; rank < CCI_RANKS; rank++) {
        uint32_t *top;
        size_t    count;
        if (!cci_rank_sites(p, (cci_rank_t)rank, n, &top, &count))
            return false;
        for (size_t i = 0; i < count; i++)
            chosen[top[i]] = true;
        free(top);
    }
    return true;
}

bool *cci_rank_choose(const cci_profile_t *p, size_t top)
{
    bool *chosen = calloc(p->site_count + 1, sizeof *chosen);

    for (size_t i = 0; chosen && top == 0 && i < p->site_count; i++)
        chosen[i] = !is_idle(&p->sites[i]);
    if (chosen && top > 0 && !choose_top(p, top, chosen)) {
        free(chosen);
        return NULL;
    }
    return chosen;
}
