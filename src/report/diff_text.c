/* SPDX-License-Identifier: MIT */
/* diff_text.c - the difference of two runs for people, in 80 columns. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "report/diff_report.h"
#include "report/figures.h"

enum {
    DEFAULT_TOP        = 10,
    BEFORE_NAME        = 41,
    CALLERS_INDENT     = 8,
    CALLER_COLUMNS_MIN = 13, /* with its arrow */
    LABEL_COLUMNS      = 19,
    NAME_BYTES         = 4200
};

static const char *const SIDES[CCI_SIDES] = { [CCI_OLD] = "old", [CCI_NEW] = "new" };

static unsigned width_of(const cci_diff_report_t *r)
{
    return r->style.width ? r->style.width : CCI_WIDTH;
}

static void put_heading(const cci_diff_report_t *r, FILE *out, const char *text)
{
    fprintf(out, "\n%s%s%s\n", cci_tone_on(&r->style, CCI_TONE_HEADING), text,
            cci_tone_off(&r->style));
}

/* ---- the runs ---- */

/* "FILE: PROGRAM ARGUMENT...", as far as it fits. */
static void put_command(const cci_diff_report_t *r, FILE *out, cci_side_t side)
{
    size_t      length  = 0;
    const char *argv    = cci_trace_meta(r->side[side]->trace, "argv", &length);
    unsigned    columns = width_of(r) - 5;

    fprintf(out, "%s%s%s  ", cci_tone_on(&r->style, CCI_TONE_HEADING), SIDES[side],
            cci_tone_off(&r->style));
    columns -= cci_put_text(out, &r->style, r->path[side], columns);
    for (size_t at = 0; argv && at < length && columns > 1; at += strlen(argv + at) + 1) {
        putc(at > 0 ? ' ' : ':', out);
        columns--;
        if (at == 0 && columns > 1) {
            putc(' ', out);
            columns--;
        }
        columns -= cci_put_text(out, &r->style, argv + at, columns);
    }
    putc('\n', out);
}

static void put_recording(FILE *out, const cci_report_t *r)
{
    const cci_profile_t *p = r->profile;

    fputs("     ", out);
    if (p->mode == CCI_MODE_FULL)
        fputs("every call recorded", out);
    else if (p->mode == CCI_MODE_SAMPLE)
        fprintf(out, "sampled every %s",
                cci_figure_bytes(cci_trace_info(r->trace)->sample_interval).text);
    else
        fputs("counted, without sites", out);
    fprintf(out, ", %s", cci_figure_of(p->events, "event").text);
    if (p->lossy)
        fputs(", others are missing", out);
}

static void put_ending(FILE *out, const cci_report_t *r)
{
    int status = cci_trace_info(r->trace)->wait_status;

    if (status == -1)
        fputs(", end not known", out);
    else if (WIFSIGNALED(status))
        fprintf(out, ", killed by signal %d", WTERMSIG(status));
    else
        fprintf(out, ", exit status %d", WEXITSTATUS(status));
    putc('\n', out);
}

static void put_runs(const cci_diff_report_t *r, FILE *out)
{
    for (int side = 0; side < CCI_SIDES; side++) {
        put_command(r, out, (cci_side_t)side);
        put_recording(out, r->side[side]);
        put_ending(out, r->side[side]);
    }
}

/* ---- the totals ---- */

typedef struct row {
    const char *label, *field;
} row_t;

static const row_t ROWS[] = {
    { "Blocks allocated", "alloc_count" },    { "Bytes allocated", "alloc_bytes" },
    { "Blocks freed", "free_count" },         { "Peak", "peak_allocated" },
    { "Resident at most", "peak_rss_bytes" }, { "Blocks not freed", "leaked_count" },
    { "Bytes not freed", "leaked_bytes" },    { "Temporary blocks", "temporary_count" },
    { "Resized blocks", "realloc_count" },    { "Cross-thread frees", "cross_thread_free_count" },
    { "Run time", "duration_seconds" },
};

static cci_figure_t side_figure(cci_unit_t unit, const cci_value_t *v)
{
    static const cci_figure_t UNKNOWN = { "?" };
    return v->known ? cci_figure_in(unit, v->value) : UNKNOWN;
}

/* What to say of a change besides: how large a part it is, or that it may be chance. */
static cci_figure_t remark_on(const cci_change_t *c)
{
    cci_figure_t   remark = { "" };
    cci_interval_t ci     = cci_change_interval(c, 1, 1);

    if (!c->old.known || !c->new.known || c->old.value == c->new.value)
        return remark;
    if (ci.lo > 0 || ci.hi < 0)
        return cci_figure_relative(c->old.value, c->new.value);
    strcpy(remark.text, "not significant");
    return remark;
}

static void put_row(FILE *out, const row_t *row, cci_unit_t unit, const cci_change_t *c)
{
    bool         both   = c->old.known && c->new.known;
    cci_figure_t remark = remark_on(c);

    fprintf(out, "  %-*s %13s %13s", LABEL_COLUMNS, row->label, side_figure(unit, &c->old).text,
            side_figure(unit, &c->new).text);
    if (both)
        fprintf(out, " %13s", cci_figure_change(unit, c->old.value, c->new.value).text);
    if (*remark.text)
        fprintf(out, "  %9s", remark.text);
    putc('\n', out);
}

static void put_totals(const cci_diff_report_t *r, FILE *out)
{
    fprintf(out, "\n  %s%-*s %13s %13s %13s%s\n", cci_tone_on(&r->style, CCI_TONE_HEADING),
            LABEL_COLUMNS, "", "old", "new", "change", cci_tone_off(&r->style));
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        const cci_field_t *f = cci_field_find(ROWS[i].field, strlen(ROWS[i].field));
        const cci_change_t c = { cci_field_value(f, &r->diff->run[CCI_OLD]),
                                 cci_field_value(f, &r->diff->run[CCI_NEW]) };
        if (c.old.value > 0 || c.new.value > 0)
            put_row(out, &ROWS[i], cci_field_unit(f), &c);
    }
}

/* ---- the places ---- */

typedef struct order {
    cci_amount_t amount;
    const char  *title;
} order_t;

static const order_t ORDERS[] = {
    { CCI_AMOUNT_BYTES_AT_PEAK, "Held at the peak" },
    { CCI_AMOUNT_LEAKED_BYTES, "Not freed" },
    { CCI_AMOUNT_ALLOC_BYTES, "Allocated in all" },
    { CCI_AMOUNT_ALLOC_COUNT, "Blocks" },
};

/* "-" where a run has no such site. */
static cci_figure_t place_figure(const cci_diff_report_t *r, cci_side_t side, uint32_t place,
                                 cci_unit_t unit, double value)
{
    static const cci_figure_t NONE = { "-" };
    return cci_diff_next_site(r->diff, side, place, 0) ? cci_figure_in(unit, value) : NONE;
}

/* The rest of a key, the callers, as far as there is room, on a line of their own. */
static void put_callers(const cci_diff_report_t *r, FILE *out, const char *key)
{
    unsigned    columns = width_of(r) - CALLERS_INDENT;
    const char *name;
    char        text[NAME_BYTES];
    size_t      length;

    if (!*key)
        return;
    fprintf(out, "%*s%s", CALLERS_INDENT, "", cci_tone_on(&r->style, CCI_TONE_DIM));
    while (columns > CALLER_COLUMNS_MIN && (name = cci_places_next_name(&key, &length)) != NULL) {
        snprintf(text, sizeof text, "%.*s", (int)length, name);
        fputs(r->style.unicode ? " ← " : " < ", out);
        columns -= 3 + cci_put_text(out, &r->style, text, columns - 3);
    }
    fprintf(out, "%s\n", cci_tone_off(&r->style));
}

/* The innermost frame of the site to show. False: out of memory. */
static bool innermost_of(const cci_diff_report_t *r, uint32_t place, cci_frame_t *out)
{
    cci_shown_site_t    shown = cci_diff_shown_site(r->diff, place);
    const cci_report_t *run   = r->side[shown.side];
    cci_stack_t         stack;

    if (!cci_frames_of(run->frames, run->profile->sites[shown.site].stack, &stack))
        return false;
    stack = cci_stack_trimmed(stack);
    *out  = stack.count ? stack.frame[0] : (cci_frame_t){ 0 };
    return true;
}

/* "function (file.c:12)" and its callers. A name that stands for many functions has no line. */
static bool put_place_name(const cci_diff_report_t *r, FILE *out, uint32_t place, unsigned columns)
{
    const char *key = cci_places_key(r->places, place);
    size_t      length;
    const char *name = cci_places_next_name(&key, &length);
    char        text[NAME_BYTES];
    cci_frame_t frame;

    if (!innermost_of(r, place, &frame))
        return false;
    if (!name)
        snprintf(text, sizeof text, CCI_NO_STACK);
    else if (*name != '[' && frame.file && frame.line)
        snprintf(text, sizeof text, "%.*s (%s:%u)", (int)length, name, cci_base_name(frame.file),
                 frame.line);
    else
        snprintf(text, sizeof text, "%.*s", (int)length, name);
    cci_put_text(out, &r->style, text, columns);
    putc('\n', out);
    put_callers(r, out, key);
    return true;
}

static bool put_place(const cci_diff_report_t *r, FILE *out, uint32_t place, cci_amount_t m)
{
    cci_change_t c     = cci_diff_change(r->diff, place, m);
    cci_unit_t   unit  = cci_amount_unit(m);
    unsigned     width = width_of(r);

    fprintf(out, "  %10s %10s %12s   ", place_figure(r, CCI_OLD, place, unit, c.old.value).text,
            place_figure(r, CCI_NEW, place, unit, c.new.value).text,
            cci_figure_change(unit, c.old.value, c.new.value).text);
    return put_place_name(r, out, place, width > BEFORE_NAME ? width - BEFORE_NAME : 1);
}

static bool put_order(const cci_diff_report_t *r, FILE *out, const order_t *order)
{
    uint32_t *places;
    size_t    n, all;
    bool      done = true;

    if (!cci_diff_rank(r->diff, order->amount, r->top ? r->top : DEFAULT_TOP, &places, &n, &all))
        return false;
    if (n > 0)
        put_heading(r, out, order->title);
    for (size_t i = 0; i < n && done; i++)
        done = put_place(r, out, places[i], order->amount);
    if (n < all)
        fprintf(out, "  and at %s\n", cci_figure_of(all - n, "other site").text);
    free(places);
    return done;
}

/* "2 appeared, 1 grew"; and what is not shown, and why. */
static void put_place_counts(const cci_diff_report_t *r, FILE *out)
{
    const cci_diff_t *d    = r->diff;
    bool              more = false;

    put_heading(r, out, "Sites");
    fputs("  ", out);
    for (int c = CCI_PLACE_SAME + 1; c < CCI_PLACE_CHANGES; c++) {
        if (d->changes[c] == 0)
            continue;
        fprintf(out, "%s%s %s", more ? ", " : "", cci_figure_count(d->changes[c]).text,
                cci_place_change_name((cci_place_change_t)c));
        more = true;
    }
    fprintf(out, "%s%s the same\n", more ? ", " : "",
            cci_figure_count(d->changes[CCI_PLACE_SAME] - d->chance).text);
    if (d->chance)
        fprintf(out, "  %s with differences that may be chance\n",
                cci_figure_of(d->chance, "more site").text);
}

static void put_blurred(const cci_diff_report_t *r, FILE *out)
{
    const char *name;

    for (size_t i = 0; (name = cci_places_blurred(r->places, i)) != NULL; i++) {
        fputs("  functions not told apart, names are missing: ", out);
        cci_put_text(out, &r->style, name, width_of(r) - 48);
        putc('\n', out);
    }
}

static bool put_places(const cci_diff_report_t *r, FILE *out)
{
    if (!cci_diff_has_sites(r->diff)) {
        fputs("\n  no sites to compare: one of the runs was only counted\n", out);
        return true;
    }
    put_place_counts(r, out);
    put_blurred(r, out);
    for (size_t i = 0; i < sizeof ORDERS / sizeof ORDERS[0]; i++)
        if (!put_order(r, out, &ORDERS[i]))
            return false;
    return true;
}

/* ---- the gates ---- */

static void put_verdict(const cci_diff_report_t *r, FILE *out, const cci_verdict_t *v)
{
    static const char *const OUTCOMES[] = {
        [CCI_GATE_PASSES] = "passed", [CCI_GATE_FAILS] = "FAILED", [CCI_GATE_UNKNOWN] = "unknown"
    };
    const bool bad = v->outcome != CCI_GATE_PASSES;
    char       text[CCI_VERDICT_BYTES];

    fprintf(out, "  %s%-8s%s", bad ? cci_tone_on(&r->style, CCI_TONE_WARNING) : "",
            OUTCOMES[v->outcome], bad ? cci_tone_off(&r->style) : "");
    cci_put_text(out, &r->style, v->gate->text, width_of(r) - 10);
    fprintf(out, "\n          %s\n", cci_verdict_text(v, text));
}

static void put_verdicts(const cci_diff_report_t *r, FILE *out)
{
    if (r->verdict_count > 0)
        put_heading(r, out, "Gates");
    for (size_t i = 0; i < r->verdict_count; i++)
        put_verdict(r, out, &r->verdict[i]);
}

bool cci_diff_text(const cci_diff_report_t *r, FILE *out)
{
    put_runs(r, out);
    put_totals(r, out);
    if (!put_places(r, out))
        return false;
    put_verdicts(r, out);
    return true;
}
