/* SPDX-License-Identifier: MIT */
/* measures.c - see profile/measures.h. */
#include <math.h>
#include <stdlib.h>
#include "profile/measures.h"

static bool copy(cci_trace_measures_t **out, const cci_trace_measures_t *m)
{
    *out = NULL;
    if (!m)
        return true;
    *out = malloc(sizeof **out);
    if (*out)
        **out = *m;
    return *out != NULL;
}

static void subtract(cci_trace_measures_t *m, const cci_trace_measures_t *less)
{
    m->sized -= less->sized;
    m->requested -= less->requested;
    m->usable -= less->usable;
    for (unsigned kind = 0; kind < CCI_MEASURED_KINDS; kind++)
        cci_histogram_subtract(&m->ticks[kind], &less->ticks[kind]);
}

static void add(cci_trace_measures_t *m, const cci_trace_measures_t *more)
{
    m->sized += more->sized;
    m->requested += more->requested;
    m->usable += more->usable;
    for (unsigned kind = 0; kind < CCI_MEASURED_KINDS; kind++)
        cci_histogram_merge(&m->ticks[kind], &more->ticks[kind]);
}

bool cci_measures_mark(cci_measures_mark_t *mark, const cci_trace_t *t)
{
    uint32_t n = cci_trace_thread_count(t);

    *mark = (cci_measures_mark_t){ .thread = calloc(n + 1, sizeof *mark->thread) };
    if (!mark->thread)
        return false;
    for (; mark->count < n; mark->count++)
        if (!copy(&mark->thread[mark->count],
                  cci_trace_thread(t, (uint32_t)mark->count)->measures)) {
            cci_measures_unmark(mark);
            return false;
        }
    return true;
}

void cci_measures_unmark(cci_measures_mark_t *mark)
{
    for (size_t i = 0; i < mark->count; i++)
        free(mark->thread[i]);
    free(mark->thread);
    *mark = (cci_measures_mark_t){ 0 };
}

/* One thread's after the mark, NULL: it has none. */
static const cci_trace_measures_t *since_mark(cci_trace_measures_t       *room,
                                              const cci_trace_measures_t *all,
                                              const cci_measures_mark_t *mark, size_t i)
{
    if (!all || i >= mark->count || !mark->thread[i])
        return all;
    *room = *all;
    subtract(room, mark->thread[i]);
    return room;
}

bool cci_measures_collect(cci_profile_t *p, const cci_trace_t *t, const cci_measures_mark_t *since,
                          bool each)
{
    const cci_trace_info_t *info = cci_trace_info(t);
    cci_trace_measures_t    room;

    p->measured_every = info->measured_every;
    p->tick_ns        = cci_trace_tick_ns(t);
    p->timer_ns       = info->timer_ticks * p->tick_ns;
    for (size_t i = 0; i < p->thread_count; i++) {
        const cci_trace_measures_t *m =
            since_mark(&room, cci_trace_thread(t, (uint32_t)i)->measures, since, i);
        if (each && !copy(&p->threads[i].measures, m))
            return false;
        if (m)
            add(&p->measures, m);
    }
    return true;
}

double cci_profile_latency_ns(const cci_profile_t *p, const cci_histogram_t *ticks, double q)
{
    return ticks->count ? cci_histogram_quantile(ticks, q) * p->tick_ns : NAN;
}

double cci_profile_latency_limit_ns(const cci_profile_t *p, unsigned bucket)
{
    uint64_t hi = cci_histogram_hi(bucket);
    return hi == UINT64_MAX ? INFINITY : (double)hi * p->tick_ns;
}
