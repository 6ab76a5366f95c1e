/* SPDX-License-Identifier: MIT */
/* spans.c - see smr/spans.h. */
#include "smr/spans.h"
#include <string.h>

/* Put in place of those from first to before end, which are or become one. */
static void replace(cci_eras_t *spans, size_t first, size_t end, cci_era_span_t with)
{
    memmove(&spans->at[first + 1], &spans->at[end], (spans->count - end) * sizeof *spans->at);
    spans->at[first] = with;
    spans->count     = spans->count + 1 - (end - first);
}

static uint64_t gap_after(const cci_eras_t *spans, size_t i)
{
    return spans->at[i + 1].lo - spans->at[i].up;
}

static void join_closest(cci_eras_t *spans)
{
    size_t best = 0;

    for (size_t i = 1; i + 1 < spans->count; i++)
        if (gap_after(spans, i) < gap_after(spans, best))
            best = i;
    replace(spans, best, best + 2, (cci_era_span_t){ spans->at[best].lo, spans->at[best + 1].up });
}

void cci_eras_add(cci_eras_t *spans, uint64_t lo, uint64_t up)
{
    size_t first = 0, end;

    while (first < spans->count && spans->at[first].up < lo)
        first++;
    for (end = first; end < spans->count && spans->at[end].lo <= up; end++) {
        if (lo > spans->at[end].lo)
            lo = spans->at[end].lo;
        if (up < spans->at[end].up)
            up = spans->at[end].up;
    }
    replace(spans, first, end, (cci_era_span_t){ lo, up });
    if (spans->count > CCI_ERAS_MAX)
        join_closest(spans);
}

bool cci_eras_meet(const cci_eras_t *spans, uint64_t first, uint64_t last)
{
    size_t begin = 0, end = spans->count; /* the first interval with up >= first */

    while (begin < end) {
        size_t middle = (begin + end) / 2;
        if (spans->at[middle].up < first)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin < spans->count && spans->at[begin].lo <= last;
}
