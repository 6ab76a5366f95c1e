/* SPDX-License-Identifier: MIT */
/* findings.c - see profile/findings.h. */
#include <math.h>
#include <stdlib.h>
#include "profile/findings.h"

/* What a rule counts at a site, of how many that is a part, and what the calls took. */
typedef struct part {
    uint64_t count, whole;
    double   ns;
} part_t;

/* What one call takes, as far as that is measured. */
typedef struct costs {
    double alloc_ns, free_ns;
    double all_ns; /* of all threads' time */
} costs_t;

typedef struct rule {
    const char *name;
    const char *text;
    unsigned    least_pct;
    bool        is_about_time;
    part_t (*count)(const cci_site_t *s, const costs_t *c); /* NULL: of the whole program */
} rule_t;

/* ---- sites ---- */

/* A resize ends the block as a free does; growth has a rule of its own. */
static part_t count_temporary(const cci_site_t *s, const costs_t *c)
{
    uint64_t n = s->tally.temporary > s->regrown ? s->tally.temporary - s->regrown : 0;
    return (part_t){ n, s->tally.alloc_count, (double)n * (c->alloc_ns + c->free_ns) };
}

/* Of sixteen resizes all but one are of a block that was resized here before: sixteen a block, with
 * which one that doubles comes from 16 bytes to a megabyte. */
static part_t count_reallocs(const cci_site_t *s, const costs_t *c)
{
    return (part_t){ s->regrown, s->tally.alloc_count,
                     (double)s->regrown * (c->alloc_ns + c->free_ns) };
}

static part_t count_crossing(const cci_site_t *s, const costs_t *c)
{
    return (part_t){ s->tally.cross_thread_frees, s->tally.free_count,
                     (double)s->tally.cross_thread_frees * c->free_ns };
}

/* Blocks of one size that come and go. Temporary ones have a rule of their own. */
static part_t count_uniform(const cci_site_t *s, const costs_t *c)
{
    if (s->distinct != 1 || s->max_size > CCI_FINDING_UNIFORM_MAX ||
        s->tally.temporary * 100 >= s->tally.alloc_count * CCI_FINDING_TEMPORARY_PCT)
        return (part_t){ 0 };
    return (part_t){ s->tally.free_count, s->tally.alloc_count,
                     (double)s->tally.alloc_count * (c->alloc_ns + c->free_ns) };
}

static part_t count_aligned(const cci_site_t *s, const costs_t *c)
{
    (void)c;
    return (part_t){ s->over_aligned, s->tally.alloc_count, 0 };
}

/* growth_pct is 0 where the run is too short to tell. */
static part_t count_leaks(const cci_site_t *s, const costs_t *c)
{
    (void)c;
    if (s->leaked_bytes < CCI_FINDING_LEAK_BYTES || s->growth_pct < CCI_FINDING_LEAK_PCT)
        return (part_t){ 0 };
    return (part_t){ s->leaked_count, s->tally.alloc_count, 0 };
}

static const rule_t RULES[] = {
    [CCI_FINDING_TEMPORARY]    = { "temporary-allocations",
                                   "Blocks are freed by the thread's very next call. Where their "
                                      "size has a bound, a buffer on the stack or a reused one does.",
                                   CCI_FINDING_TEMPORARY_PCT, true, count_temporary },
    [CCI_FINDING_REALLOC]      = { "realloc-growth",
                                   "Blocks are resized sixteen times and more. Reserving the final "
                                        "size, or "
                                        "growing by a factor, saves most of the calls and copies.",
                                   CCI_FINDING_REALLOC_PCT, true, count_reallocs },
    [CCI_FINDING_CROSS_THREAD] = { "cross-thread-frees",
                                   "Blocks are freed by another thread than the one that allocated "
                                   "them, the slow path of most allocators. Handing them back in "
                                   "batches, or a pool of the allocating thread, avoids it.",
                                   CCI_FINDING_CROSS_PCT, true, count_crossing },
    [CCI_FINDING_UNIFORM]      = { "uniform-blocks",
                                   "Blocks of one size come and go. A pool or slab for them has less "
                                        "to look for than an allocator of all sizes.",
                                   CCI_FINDING_UNIFORM_PCT, true, count_uniform },
    [CCI_FINDING_ALIGNMENT]    = { "over-alignment",
                                   "Blocks are aligned to four times their size or more, and to more "
                                      "than a cache line: most of what they take is between them.",
                                   CCI_FINDING_ALIGN_PCT, false, count_aligned },
    [CCI_FINDING_LEAK]         = { "steady-growth",
                                   "What is allocated here and not freed grows all through the run. "
                                           "If it is meant to be kept, it has no bound; if not, it leaks.",
                                   0, false, count_leaks },
    [CCI_FINDING_INTERNAL]     = { "internal-fragmentation",
                                   "Blocks are much larger than what was asked for: the sizes asked "
                                       "for lie just above the allocator's size classes.",
                                   CCI_FINDING_INTERNAL_PCT, false, NULL },
    [CCI_FINDING_EXTERNAL]     = { "external-fragmentation",
                                   "Much of the heap lies unused between blocks that live on. Blocks "
                                       "of different lifetimes in regions of their own do not pin it.",
                                   CCI_FINDING_EXTERNAL_PCT, false, NULL },
};

enum { RULE_COUNT = sizeof RULES / sizeof RULES[0] };

const char *cci_finding_name(cci_finding_kind_t kind)
{
    return RULES[kind].name;
}

const char *cci_finding_text(cci_finding_kind_t kind)
{
    return RULES[kind].text;
}

bool cci_finding_is_about_time(cci_finding_kind_t kind)
{
    return RULES[kind].is_about_time;
}

uint64_t cci_finding_events(const cci_profile_t *p, const cci_finding_t *f)
{
    (void)p;
    return f->events;
}

/* ---- what calls take ---- */

/* The mean without the slowest hundredth: those were interrupted as often as not. */
static double usual_ns(const cci_profile_t *p, int kind)
{
    const cci_histogram_t *h    = &p->measures.ticks[kind];
    uint64_t               left = h->count - h->count / 100, counted = left;
    double                 sum = 0;

    for (unsigned b = 0; b < CCI_HISTOGRAM_BUCKETS && left > 0; b++) {
        uint64_t n = h->bucket[b] < left ? h->bucket[b] : left;
        sum += (double)n * (double)cci_histogram_lo(b);
        left -= n;
    }
    return counted ? sum / (double)counted * p->tick_ns : 0;
}

static costs_t costs_of(const cci_profile_t *p)
{
    return (costs_t){ .alloc_ns = usual_ns(p, CCI_MEASURED_ALLOC),
                      .free_ns  = usual_ns(p, CCI_MEASURED_FREE),
                      .all_ns   = (double)p->threads_ns };
}

/* ---- collecting ---- */

static double percent(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : 0;
}

/* Keep the list in order, most events first; the least falls out of a full one. */
static void insert(cci_profile_t *p, cci_finding_t f)
{
    size_t at = p->finding_count;

    while (at > 0 && p->findings[at - 1].events < f.events)
        at--;
    if (at == CCI_FINDINGS_MAX)
        return;
    if (p->finding_count < CCI_FINDINGS_MAX)
        p->finding_count++;
    for (size_t i = p->finding_count - 1; i > at; i--)
        p->findings[i] = p->findings[i - 1];
    p->findings[at] = f;
}

static void try_rule(cci_profile_t *p, const costs_t *c, unsigned kind, uint32_t site)
{
    const rule_t *rule = &RULES[kind];
    part_t        part = rule->count(&p->sites[site], c);
    cci_finding_t f    = { .kind      = (cci_finding_kind_t)kind,
                           .site      = site,
                           .events    = part.count,
                           .part_pct  = percent((double)part.count, (double)part.whole),
                           .least_pct = rule->least_pct,
                           .time_pct  = percent(part.ns, c->all_ns) };

    if (part.count < CCI_FINDING_COUNT_MIN || f.part_pct < f.least_pct ||
        percent((double)part.count, (double)p->total.alloc_count) < CCI_FINDING_PROGRAM_PCT)
        return;
    if (!rule->is_about_time ||
        (f.time_pct >= CCI_FINDING_TIME_PCT && part.ns >= CCI_FINDING_TIME_NS))
        insert(p, f);
}

/* Bytes and the part of them that is wasted, 0 to 1. */
static void try_waste(cci_profile_t *p, cci_finding_kind_t kind, double waste, double part)
{
    const unsigned least = RULES[kind].least_pct;

    if (waste >= CCI_FINDING_WASTE_BYTES && 100 * part >= least)
        insert(p, (cci_finding_t){ .kind      = kind,
                                   .site      = CCI_NO_SITE,
                                   .events    = (uint64_t)waste,
                                   .part_pct  = 100 * part,
                                   .least_pct = least });
}

/* Of the heap when it was large: what a few blocks that are left at the end keep is nobody's
 * trouble. */
static void try_fragmentation(cci_profile_t *p)
{
    const cci_fragmentation_t *f    = &p->fragmentation;
    const double               peak = (double)p->peak_bytes;

    const double inside = f->block_waste * (double)p->peak_count;

    if (f->method_internal)
        try_waste(p, CCI_FINDING_INTERNAL, inside, inside / (peak + inside));
    if (f->method_external && f->from_books && f->used_bytes >= peak / 2)
        try_waste(p, CCI_FINDING_EXTERNAL, f->used_bytes / (1 - f->external) - f->used_bytes,
                  f->external);
}

bool cci_findings_collect(cci_profile_t *p)
{
    const costs_t costs = costs_of(p);

    p->findings = calloc(CCI_FINDINGS_MAX, sizeof *p->findings);
    if (!p->findings)
        return false;
    for (uint32_t i = 0; i < p->site_count; i++)
        for (unsigned kind = 0; kind < RULE_COUNT; kind++)
            if (RULES[kind].count)
                try_rule(p, &costs, kind, i);
    try_fragmentation(p);
    return true;
}
