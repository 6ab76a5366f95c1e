/* SPDX-License-Identifier: MIT */
/* verdict.c - what a gate says to two runs; see report/diff_report.h. */
#include <stdlib.h>
#include "report/diff_report.h"
#include "report/figures.h"

static bool is_lossy(const cci_diff_report_t *r, cci_side_t side)
{
    return r->side[side]->profile->lossy;
}

static bool asks_old(const cci_gate_t *g)
{
    return g->percent > 0 || g->subject == CCI_GATE_PLACES;
}

static void make_unknown(cci_verdict_t *v, const char *why)
{
    v->outcome = CCI_GATE_UNKNOWN;
    v->why     = why;
}

/* Figures of what is left of the events prove nothing about all of them. */
static void doubt_losses(const cci_diff_report_t *r, cci_verdict_t *v)
{
    const cci_gate_t *g = v->gate;

    if (g->subject == CCI_GATE_FIELD && cci_field_is_certain(g->field))
        return;
    if (is_lossy(r, CCI_NEW))
        make_unknown(v, "events are missing in NEW");
    else if (is_lossy(r, CCI_OLD) && asks_old(g))
        make_unknown(v, "events are missing in OLD");
}

static const char *why_unknown(const cci_gate_t *g, const cci_change_t *c)
{
    if (g->subject == CCI_GATE_PLACES)
        return "one of the runs has no sites";
    if (!c->new.known)
        return "not known in NEW";
    if (!c->old.known && asks_old(g))
        return "not known in OLD";
    return "an estimate is never certainly equal";
}

static void judge(const cci_diff_report_t *r, cci_verdict_t *v)
{
    v->outcome  = cci_gate_judge(v->gate, &v->change);
    v->doubtful = cci_gate_is_doubtful(v->gate, &v->change);
    if (v->outcome == CCI_GATE_UNKNOWN)
        v->why = why_unknown(v->gate, &v->change);
    doubt_losses(r, v);
}

static cci_change_t change_of_field(const cci_diff_report_t *r, const cci_field_t *f)
{
    return (cci_change_t){ cci_field_value(f, &r->diff->run[CCI_OLD]),
                           cci_field_value(f, &r->diff->run[CCI_NEW]) };
}

/* Without sites on both sides nothing is known of their changes. */
static cci_change_t change_of_places(const cci_diff_report_t *r, cci_place_change_t change)
{
    cci_value_t count = cci_value_exact((double)r->diff->changes[change]);

    count.known = cci_diff_has_sites(r->diff);
    return (cci_change_t){ .old = { .known = false }, .new = count };
}

/* False: out of memory. */
static bool sum_sites(const cci_diff_report_t *r, cci_verdict_t *v)
{
    bool *wanted = calloc(r->diff->place_count + 1, sizeof *wanted);

    if (!wanted)
        return false;
    for (uint32_t i = 0; i < r->diff->place_count; i++) {
        wanted[i] = cci_places_match(r->places, i, v->gate->pattern);
        v->places += wanted[i];
    }
    v->change = cci_diff_sum(r->diff, wanted, v->gate->amount);
    free(wanted);
    return true;
}

/* No site is like the pattern: none allocates there, unless names are missing. */
static void doubt_names(const cci_diff_report_t *r, cci_verdict_t *v)
{
    if (cci_places_is_nameless(r->places, CCI_OLD))
        make_unknown(v, "no function in OLD has a name");
    else if (cci_places_is_nameless(r->places, CCI_NEW))
        make_unknown(v, "no function in NEW has a name");
    else if (v->places == 0 && cci_places_blurred(r->places, 0))
        make_unknown(v, "no site is like it, but functions without a name may be");
}

bool cci_verdict_find(const cci_diff_report_t *r, const cci_gate_t *gate, cci_verdict_t *out)
{
    *out = (cci_verdict_t){ .gate = gate };
    switch (gate->subject) {
    case CCI_GATE_FIELD:
        out->change = change_of_field(r, gate->field);
        break;
    case CCI_GATE_PLACES:
        out->change = change_of_places(r, gate->change);
        break;
    case CCI_GATE_SITES:
        if (!sum_sites(r, out))
            return false;
        break;
    }
    judge(r, out);
    if (gate->subject == CCI_GATE_SITES && out->outcome != CCI_GATE_UNKNOWN)
        doubt_names(r, out);
    return true;
}

/* ---- in words ---- */

const char *cci_verdict_text(const cci_verdict_t *v, char out[CCI_VERDICT_BYTES])
{
    const cci_value_t *old = &v->change.old, *new = &v->change.new;
    cci_unit_t         unit     = cci_gate_unit(v->gate);
    cci_figure_t       relative = cci_figure_relative(old->value, new->value);
    char               was[80]  = "";

    if (v->outcome == CCI_GATE_UNKNOWN)
        return v->why;
    if (old->known)
        snprintf(was, sizeof was, ", was %.48s%s%.16s", cci_figure_exact(unit, old->value).text,
                 *relative.text ? ", " : "", relative.text);
    snprintf(out, CCI_VERDICT_BYTES, "%.48s%s%s%s", cci_figure_exact(unit, new->value).text, was,
             v->gate->subject == CCI_GATE_SITES && v->places == 0 ? "; no site is like it" : "",
             v->doubtful ? "; not significant" : "");
    return out;
}
