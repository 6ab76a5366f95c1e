/* SPDX-License-Identifier: MIT */
/* text.c - the report for people: the summary, then the sites that matter with their stacks. */
#include <math.h>
#include <stdlib.h>
#include "profile/findings.h"
#include "report/rank.h"
#include "report/text_stack.h"

enum { DEFAULT_TOP = 10, SITE_INDENT = 6 };

static const char *const TITLES[CCI_RANKS] = {
    [CCI_RANK_PEAK]  = "Sites by what they held at the peak",
    [CCI_RANK_COUNT] = "Sites by number of blocks",
    [CCI_RANK_LEAK]  = "Sites by what they did not free",
};

static void put_title(const cci_report_t *r, FILE *out, const char *title)
{
    fprintf(out, "\n%s%s%s\n", cci_tone_on(&r->style, CCI_TONE_HEADING), title,
            cci_tone_off(&r->style));
}

/* The figure that the site is ranked by. */
static void put_ranked_figure(const cci_profile_t *p, FILE *out, const cci_site_t *s,
                              cci_rank_t rank)
{
    uint64_t value = cci_rank_value(s, rank);

    switch (rank) {
    case CCI_RANK_PEAK:
        fprintf(out, "%s, %s of the peak", cci_figure_bytes(value).text,
                cci_figure_percent((double)value, (double)p->peak_bytes).text);
        break;
    case CCI_RANK_COUNT:
        fprintf(out, "%s, %s of all", cci_figure_of(value, "block").text,
                cci_figure_percent((double)value, (double)p->total.alloc_count).text);
        break;
    case CCI_RANK_LEAK:
        fprintf(out, "%s in %s, %s of what was not freed", cci_figure_bytes(value).text,
                cci_figure_of(s->leaked_count, "block").text,
                cci_figure_percent((double)value, (double)p->leaked_bytes).text);
        break;
    }
}

static void put_sizes(FILE *out, const cci_site_t *s)
{
    if (s->distinct == 0)
        return;
    fprintf(out, "; %s", cci_figure_bytes(s->min_size).text);
    if (s->max_size != s->min_size)
        fprintf(out, " to %s", cci_figure_bytes(s->max_size).text);
    fputs(" each", out);
}

/* How many blocks, and within what when that is an estimate. */
static void put_blocks(const cci_profile_t *p, FILE *out, const cci_site_t *s)
{
    fputs(cci_figure_of(s->tally.alloc_count, "block").text, out);
    if (!p->estimated)
        return;
    const cci_interval_t *ci = &p->site_ci[s - p->sites].alloc_count;
    fprintf(out, " (95 %%: %s to %s)", cci_figure_count((uint64_t)floor(ci->lo)).text,
            cci_figure_count((uint64_t)ceil(ci->hi)).text);
}

/* The other figures of the site, on a line of their own. */
static void put_details(const cci_report_t *r, FILE *out, const cci_site_t *s)
{
    fprintf(out, "      %s", cci_tone_on(&r->style, CCI_TONE_DIM));
    put_blocks(r->profile, out, s);
    fprintf(out, ", %s in all", cci_figure_bytes(s->tally.alloc_bytes).text);
    put_sizes(out, s);
    if (s->tally.free_count)
        fprintf(out, "; lived %s on average", cci_figure_time((uint64_t)s->lifetime_ns).text);
    if (!r->profile->estimated && s->tally.temporary)
        fprintf(out, "; %s temporary",
                cci_figure_percent((double)s->tally.temporary, (double)s->tally.alloc_count).text);
    fprintf(out, "%s\n", cci_tone_off(&r->style));
}

static bool put_site(const cci_report_t *r, FILE *out, size_t place, uint32_t id, cci_rank_t rank)
{
    const cci_site_t *s = &r->profile->sites[id];

    fprintf(out, "%s%4zu. ", place > 1 ? "\n" : "", place);
    put_ranked_figure(r->profile, out, s, rank);
    putc('\n', out);
    put_details(r, out, s);
    return cci_put_stack_lines(r, out, s->stack, SITE_INDENT);
}

static bool put_rank(const cci_report_t *r, FILE *out, cci_rank_t rank)
{
    uint32_t *sites;
    size_t    n;
    bool      done = true;

    if (!cci_rank_sites(r->profile, rank, r->top ? r->top : DEFAULT_TOP, &sites, &n))
        return false;
    if (n > 0)
        put_title(r, out, TITLES[rank]);
    for (size_t i = 0; i < n && done; i++)
        done = put_site(r, out, i + 1, sites[i], rank);
    free(sites);
    return done;
}

static bool put_findings(const cci_report_t *r, FILE *out)
{
    const cci_profile_t *p = r->profile;

    if (p->finding_count > 0)
        put_title(r, out, "Worth a look");
    for (size_t i = 0; i < p->finding_count; i++) {
        const cci_finding_t *f = &p->findings[i];
        fprintf(out, "  %s, %s: ", cci_finding_name(f->kind),
                cci_figure_count(cci_finding_events(p, f)).text);
        if (f->site == CCI_NO_SITE)
            fprintf(out, "bytes of the heap, %s", cci_figure_percent(f->part_pct, 100).text);
        else if (!cci_put_stack_line(r, out, p->sites[f->site].stack, 60))
            return false;
        putc('\n', out);
    }
    return true;
}

bool cci_report_text(const cci_report_t *r, FILE *out)
{
    if (!cci_report_summary(r, out) || !put_findings(r, out))
        return false;
    for (int rank = 0; rank < CCI_RANKS; rank++)
        if (!put_rank(r, out, (cci_rank_t)rank))
            return false;
    return true;
}
