/* SPDX-License-Identifier: MIT */
/* leaks.c - see profile/leaks.h.
 *
 * The list keeps the largest CCI_LEAK_LIST blocks in a heap whose root is the least of them, so
 * that the many small ones cost one comparison each.
 */
#include <stdlib.h>
#include "profile/findings.h"
#include "profile/leaks.h"

/* The order of the list: larger first, then older, then by address, so that it is always the same. */
static int order(const void *left, const void *right)
{
    const cci_block_t *a = left, *b = right;

    if (a->size != b->size)
        return a->size > b->size ? -1 : 1;
    if (a->time_ns != b->time_ns)
        return a->time_ns < b->time_ns ? -1 : 1;
    return (a->ptr > b->ptr) - (a->ptr < b->ptr);
}

static void swap(cci_block_t *a, cci_block_t *b)
{
    cci_block_t c = *a;
    *a            = *b;
    *b            = c;
}

static void sift_up(cci_block_t *heap, size_t i)
{
    for (; i > 0 && order(&heap[i], &heap[(i - 1) / 2]) > 0; i = (i - 1) / 2)
        swap(&heap[i], &heap[(i - 1) / 2]);
}

static void sift_down(cci_block_t *heap, size_t n)
{
    for (size_t i = 0, child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && order(&heap[child + 1], &heap[child]) > 0)
            child++;
        if (order(&heap[child], &heap[i]) <= 0)
            return;
        swap(&heap[i], &heap[child]);
    }
}

static void list_leak(cci_profile_t *p, const cci_block_t *b)
{
    if (p->leak_listed < CCI_LEAK_LIST) {
        p->leaks[p->leak_listed] = *b;
        sift_up(p->leaks, p->leak_listed++);
    } else if (order(b, &p->leaks[0]) < 0) {
        p->leaks[0] = *b;
        sift_down(p->leaks, p->leak_listed);
    }
}

/* Counts in the units of the stream; see make_counts_whole. */
static void count_leak(const cci_stream_t *s, const cci_block_t *b)
{
    cci_profile_t *p = s->profile;
    cci_weight_t   w = cci_stream_weigh(s, b->size);

    p->leaked_count += w.count;
    p->leaked_bytes += w.bytes;
    p->sites[b->site].leaked_count += w.count;
    p->sites[b->site].leaked_bytes += w.bytes;
    list_leak(p, b);
}

/* ---- growth ---- */

typedef struct periods {
    uint64_t bytes[CCI_LEAK_PERIODS];
} periods_t;

static unsigned period_of(const cci_profile_t *p, const cci_block_t *b)
{
    double at = (double)(b->time_ns - p->from_ns) / (double)(p->to_ns - p->from_ns);
    return at < 1 ? (unsigned)(at * CCI_LEAK_PERIODS) : CCI_LEAK_PERIODS - 1;
}

/* What the leanest period has of the mean one. */
static double leanest_pct(const periods_t *periods)
{
    uint64_t least = UINT64_MAX;
    double   sum   = 0;

    for (unsigned i = 0; i < CCI_LEAK_PERIODS; i++) {
        least = periods->bytes[i] < least ? periods->bytes[i] : least;
        sum += (double)periods->bytes[i];
    }
    return sum > 0 ? 100 * (double)least * CCI_LEAK_PERIODS / sum : 0;
}

/* When what leaks was allocated: all the time, or while something was built? */
static bool find_growth(const cci_stream_t *s)
{
    cci_profile_t *p       = s->profile;
    periods_t     *periods = calloc(p->site_count + 1, sizeof *periods);

    if (!periods)
        return false;
    for (const cci_block_t *b = cci_live_next(&s->blocks.live, NULL); b;
         b                    = cci_live_next(&s->blocks.live, b))
        if (b->time_ns >= p->from_ns)
            periods[b->site].bytes[period_of(p, b)] += b->size;
    for (size_t i = 0; i < p->site_count; i++)
        p->sites[i].growth_pct = leanest_pct(&periods[i]);
    free(periods);
    return true;
}

/* ---- all ---- */

static void make_counts_whole(cci_profile_t *p, uint64_t unit)
{
    p->leaked_count = (p->leaked_count + unit / 2) / unit;
    for (size_t i = 0; i < p->site_count; i++) {
        cci_site_t *site         = &p->sites[i];
        site->leaked_count       = (site->leaked_count + unit / 2) / unit;
        site->lifetimes.immortal = site->leaked_count;
    }
}

bool cci_leaks_collect(const cci_stream_t *s, uint64_t from_ns)
{
    cci_profile_t *p = s->profile;

    p->leaks = calloc(CCI_LEAK_LIST, sizeof *p->leaks);
    if (!p->leaks)
        return false;
    for (const cci_block_t *b = cci_live_next(&s->blocks.live, NULL); b;
         b                    = cci_live_next(&s->blocks.live, b))
        if (b->time_ns >= from_ns)
            count_leak(s, b);
    make_counts_whole(p, s->unit);
    qsort(p->leaks, p->leak_listed, sizeof *p->leaks, order);
    return p->to_ns - p->from_ns < CCI_FINDING_LEAK_NS || find_growth(s);
}
