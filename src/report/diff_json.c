/* SPDX-License-Identifier: MIT */
/* diff_json.c - the difference of two runs as ccmem-diff/1; docs/diff.md describes every field. */
#include <math.h>
#include <stdlib.h>
#include "report/json_parts.h"

/* ---- figures ---- */

/* Counts and bytes with all their digits. */
static void put_number(cci_json_t *w, const char *name, double value)
{
    if (value >= 0 && value == floor(value) && value < 0x1p63)
        cci_json_uint(w, name, (uint64_t)value);
    else if (value < 0 && value == floor(value) && value > -0x1p63)
        cci_json_int(w, name, (int64_t)value);
    else
        cci_json_double(w, name, value);
}

static void put_value(cci_json_t *w, const char *name, const cci_value_t *v)
{
    if (v->known)
        put_number(w, name, v->value);
    else
        cci_json_null(w, name);
}

static void put_interval(cci_json_t *w, const char *name, cci_interval_t ci)
{
    cci_json_begin_array(w, name);
    put_number(w, NULL, floor(ci.lo));
    put_number(w, NULL, ceil(ci.hi));
    cci_json_end_array(w);
}

static void put_difference(cci_json_t *w, const cci_change_t *c)
{
    put_number(w, "change", c->new.value - c->old.value);
    /* Of nothing it is no number, which becomes null. */
    cci_json_double(w, "change_pct", 100 * (c->new.value - c->old.value) / c->old.value);
    if (!cci_value_is_exact(&c->old) || !cci_value_is_exact(&c->new))
        put_interval(w, "change_ci", cci_change_interval(c, 1, 1));
}

static void put_change(cci_json_t *w, const cci_change_t *c)
{
    put_value(w, "old", &c->old);
    put_value(w, "new", &c->new);
    if (c->old.known && c->new.known) {
        put_difference(w, c);
    } else {
        cci_json_null(w, "change");
        cci_json_null(w, "change_pct");
    }
}

static void put_significant(cci_json_t *w, const cci_change_t *c, bool significant)
{
    if (c->old.known && c->new.known)
        cci_json_bool(w, "significant", significant);
    else
        cci_json_null(w, "significant");
}

/* ---- the runs ---- */

static void put_run(cci_json_t *w, const cci_diff_report_t *r, cci_side_t side, const char *name)
{
    const cci_report_t *run = r->side[side];
    const char         *exe = cci_trace_meta(run->trace, "exe", NULL);
    size_t              n   = cci_trace_warning_count(run->trace);

    cci_json_begin_object(w, name);
    cci_json_string(w, "file", r->path[side]);
    cci_json_string(w, "exe", exe);
    cci_json_string(w, "mode", cci_mode_name(run->profile->mode));
    cci_json_bool(w, "estimated", run->profile->estimated);
    cci_json_bool(w, "complete", !run->profile->lossy);
    cci_json_uint(w, "site_count", run->profile->site_count);
    cci_json_begin_array(w, "warnings");
    for (size_t i = 0; i < n; i++)
        cci_json_string(w, NULL, cci_trace_warning(run->trace, i));
    cci_json_end_array(w);
    cci_json_end_object(w);
}

void cci_diff_json_field(cci_json_t *w, const cci_diff_report_t *r, size_t i)
{
    const cci_field_t *f  = cci_field_at(i);
    const cci_change_t c  = { cci_field_value(f, &r->diff->run[CCI_OLD]),
                              cci_field_value(f, &r->diff->run[CCI_NEW]) };
    cci_interval_t     ci = cci_change_interval(&c, 1, 1);

    put_change(w, &c);
    put_significant(w, &c, ci.lo > 0 || ci.hi < 0);
}

static void put_fields(cci_json_t *w, const cci_diff_report_t *r)
{
    cci_json_begin_object(w, "fields");
    for (size_t i = 0; i < cci_field_count(); i++) {
        cci_json_begin_object(w, cci_field_name(cci_field_at(i)));
        cci_diff_json_field(w, r, i);
        cci_json_end_object(w);
    }
    cci_json_end_object(w);
}

/* ---- the places ---- */

static void put_frame(cci_json_t *w, const cci_frame_t *f)
{
    cci_json_begin_object(w, NULL);
    cci_json_string(w, "function", f->function);
    cci_json_string(w, "file", f->file);
    if (f->line)
        cci_json_uint(w, "line", f->line);
    else
        cci_json_null(w, "line");
    cci_json_string(w, "module", f->module);
    cci_json_bool(w, "inlined", f->inlined);
    cci_json_end_object(w);
}

static bool put_frames(cci_json_t *w, const cci_diff_report_t *r, uint32_t place)
{
    cci_shown_site_t    shown = cci_diff_shown_site(r->diff, place);
    const cci_report_t *run   = r->side[shown.side];
    cci_stack_t         stack;

    if (!cci_frames_of(run->frames, run->profile->sites[shown.site].stack, &stack))
        return false;
    stack = cci_stack_trimmed(stack);
    cci_json_begin_array(w, "frames");
    for (size_t i = 0; i < stack.count; i++)
        put_frame(w, &stack.frame[i]);
    cci_json_end_array(w);
    return true;
}

/* What the place is known by. */
static void put_names(cci_json_t *w, const cci_diff_report_t *r, uint32_t place)
{
    const char *key = cci_places_key(r->places, place), *name;
    size_t      length;

    cci_json_begin_array(w, "names");
    while ((name = cci_places_next_name(&key, &length)) != NULL)
        cci_json_bytes(w, NULL, name, length);
    cci_json_end_array(w);
}

static void put_site_ids(cci_json_t *w, const cci_diff_t *d, cci_side_t side, uint32_t place,
                         const char *name)
{
    cci_json_begin_array(w, name);
    for (uint32_t s = 0; (s = cci_diff_next_site(d, side, place, s)) != 0;)
        cci_json_uint(w, NULL, s - 1);
    cci_json_end_array(w);
}

static bool put_place(cci_json_t *w, const cci_diff_report_t *r, uint32_t place)
{
    const cci_diff_t *d = r->diff;

    cci_json_begin_object(w, NULL);
    cci_json_string(w, "change", cci_place_change_name(cci_diff_place_change(d, place)));
    put_site_ids(w, d, CCI_OLD, place, "old_sites");
    put_site_ids(w, d, CCI_NEW, place, "new_sites");
    put_names(w, r, place);
    if (!put_frames(w, r, place))
        return false;
    for (int m = 0; m < CCI_AMOUNTS; m++) {
        cci_change_t c = cci_diff_change(d, place, (cci_amount_t)m);
        cci_json_begin_object(w, cci_amount_name((cci_amount_t)m));
        put_change(w, &c);
        put_significant(w, &c, cci_diff_direction(d, place, (cci_amount_t)m) != 0);
        cci_json_end_object(w);
    }
    cci_json_end_object(w);
    return true;
}

/* Those that changed; with a limit, the first ones by each amount. False: out of memory. */
static bool choose(const cci_diff_report_t *r, bool *chosen)
{
    const cci_diff_t *d = r->diff;
    size_t            n, all;
    uint32_t         *places;

    for (int m = 0; m < CCI_AMOUNTS; m++) {
        if (!cci_diff_rank(d, (cci_amount_t)m, r->top ? r->top : d->place_count, &places, &n, &all))
            return false;
        for (size_t i = 0; i < n; i++)
            chosen[places[i]] = true;
        free(places);
    }
    return true;
}

static bool put_chosen_places(cci_json_t *w, const cci_diff_report_t *r, const bool *chosen)
{
    cci_json_begin_array(w, "sites");
    for (uint32_t i = 0; i < r->diff->place_count; i++)
        if (chosen[i] && !put_place(w, r, i))
            return false;
    cci_json_end_array(w);
    return true;
}

static bool put_places(cci_json_t *w, const cci_diff_report_t *r)
{
    bool *chosen = calloc(r->diff->place_count + 1, sizeof *chosen);
    bool  done   = chosen && choose(r, chosen) && put_chosen_places(w, r, chosen);

    free(chosen);
    return done;
}

static void put_place_counts(cci_json_t *w, const cci_diff_report_t *r)
{
    if (!cci_diff_has_sites(r->diff)) {
        cci_json_null(w, "site_changes");
        return;
    }
    cci_json_begin_object(w, "site_changes");
    for (int c = 0; c < CCI_PLACE_CHANGES; c++)
        cci_json_uint(w, cci_place_change_name((cci_place_change_t)c), r->diff->changes[c]);
    cci_json_uint(w, "not_significant", r->diff->chance);
    cci_json_end_object(w);
}

static void put_blurred(cci_json_t *w, const cci_diff_report_t *r)
{
    const char *name;

    cci_json_begin_array(w, "modules_without_names");
    for (size_t i = 0; (name = cci_places_blurred(r->places, i)) != NULL; i++)
        cci_json_string(w, NULL, name);
    cci_json_end_array(w);
}

/* ---- the gates ---- */

static void put_verdict(cci_json_t *w, const cci_verdict_t *v)
{
    static const char *const OUTCOMES[] = {
        [CCI_GATE_PASSES] = "passed", [CCI_GATE_FAILS] = "failed", [CCI_GATE_UNKNOWN] = "unknown"
    };
    char text[CCI_VERDICT_BYTES];

    cci_json_begin_object(w, NULL);
    put_change(w, &v->change);
    cci_json_string(w, "gate", v->gate->text);
    cci_json_string(w, "outcome", OUTCOMES[v->outcome]);
    cci_json_string(w, "text", cci_verdict_text(v, text));
    cci_json_end_object(w);
}

static void put_verdicts(cci_json_t *w, const cci_diff_report_t *r)
{
    cci_json_begin_array(w, "gates");
    for (size_t i = 0; i < r->verdict_count; i++)
        put_verdict(w, &r->verdict[i]);
    cci_json_end_array(w);
}

bool cci_diff_json(const cci_diff_report_t *r, FILE *out)
{
    cci_json_t w = { .out = out };

    cci_json_begin_object(&w, NULL);
    cci_json_string(&w, "schema", "ccmem-diff/1");
    put_run(&w, r, CCI_OLD, "old");
    put_run(&w, r, CCI_NEW, "new");
    put_fields(&w, r);
    put_place_counts(&w, r);
    put_blurred(&w, r);
    if (!put_places(&w, r))
        return false;
    put_verdicts(&w, r);
    cci_json_end_object(&w);
    return true;
}
