/* SPDX-License-Identifier: MIT */
/* findings.c - see profile/findings.h. */
#include <stdlib.h>
#include "profile/findings.h"

/* What a rule counts at a site, and of how many that is a part. */
typedef struct part {
    uint64_t count, whole;
} part_t;

typedef struct rule {
    const char *name;
    const char *text;
    unsigned    least_pct;
    part_t (*count)(const cci_site_t *s);
} rule_t;

static part_t count_temporary(const cci_site_t *s)
{
    return (part_t){ s->tally.temporary, s->tally.alloc_count };
}

static part_t count_reallocs(const cci_site_t *s)
{
    return (part_t){ s->realloc_count, s->tally.alloc_count };
}

static part_t count_crossing(const cci_site_t *s)
{
    return (part_t){ s->tally.cross_thread_frees, s->tally.free_count };
}

static const rule_t RULES[] = {
    [CCI_FINDING_TEMPORARY]    = { "temporary-allocations",
                                   "Blocks are freed by the thread's very next call. Where their "
                                      "size has a bound, a buffer on the stack or a reused one does.",
                                   CCI_FINDING_TEMPORARY_PCT, count_temporary },
    [CCI_FINDING_REALLOC]      = { "realloc-growth",
                                   "Blocks are resized again and again. Reserving the final size, or "
                                        "growing by a factor, saves most of the calls and copies.",
                                   CCI_FINDING_REALLOC_PCT, count_reallocs },
    [CCI_FINDING_CROSS_THREAD] = { "cross-thread-frees",
                                   "Blocks are freed by another thread than the one that allocated "
                                   "them, the slow path of most allocators. Handing them back in "
                                   "batches, or a pool of the allocating thread, avoids it.",
                                   CCI_FINDING_CROSS_PCT, count_crossing },
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

uint64_t cci_finding_events(const cci_profile_t *p, const cci_finding_t *f)
{
    return RULES[f->kind].count(&p->sites[f->site]).count;
}

/* part >= pct % of whole, without overflow. */
static bool at_least(uint64_t part, unsigned pct, uint64_t whole)
{
    return (double)part * 100 >= (double)pct * (double)whole;
}

static bool applies(const rule_t *rule, const cci_profile_t *p, const cci_site_t *site)
{
    part_t part = rule->count(site);

    return part.count >= CCI_FINDING_COUNT_MIN &&
           at_least(part.count, rule->least_pct, part.whole) &&
           at_least(part.count, CCI_FINDING_PROGRAM_PCT, p->total.alloc_count);
}

/* Keep the list in order, most events first; the least falls out of a full one. */
static void insert(cci_profile_t *p, cci_finding_t f)
{
    uint64_t events = cci_finding_events(p, &f);
    size_t   at     = p->finding_count;

    while (at > 0 && cci_finding_events(p, &p->findings[at - 1]) < events)
        at--;
    if (at == CCI_FINDINGS_MAX)
        return;
    if (p->finding_count < CCI_FINDINGS_MAX)
        p->finding_count++;
    for (size_t i = p->finding_count - 1; i > at; i--)
        p->findings[i] = p->findings[i - 1];
    p->findings[at] = f;
}

bool cci_findings_collect(cci_profile_t *p)
{
    p->findings = calloc(CCI_FINDINGS_MAX, sizeof *p->findings);
    if (!p->findings)
        return false;
    for (uint32_t i = 0; i < p->site_count; i++)
        for (unsigned kind = 0; kind < RULE_COUNT; kind++)
            if (applies(&RULES[kind], p, &p->sites[i]))
                insert(p, (cci_finding_t){ (cci_finding_kind_t)kind, i });
    return true;
}
