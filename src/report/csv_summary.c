/* SPDX-License-Identifier: MIT */
/* csv_summary.c - one row a figure of the whole run, under the names of profile/fields.h. See
 * report/csv_parts.h. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include "report/csv_parts.h"

enum { NUMBER_BYTES = 48 };

/* A row; value NULL: not known, ci NULL: exact. */
static void put_row(cci_csv_t *w, const char *name, const char *value, const cci_interval_t *ci)
{
    cci_csv_text(w, "figure", name);
    cci_csv_text(w, "value", value);
    cci_csv_double(w, "value_lo", ci ? ci->lo : NAN);
    cci_csv_double(w, "value_hi", ci ? ci->hi : NAN);
    cci_csv_end_row(w);
}

/* ---- the run ---- */

static void put_number(cci_csv_t *w, const char *name, uint64_t value)
{
    char text[NUMBER_BYTES];

    snprintf(text, sizeof text, "%" PRIu64, value);
    put_row(w, name, text, NULL);
}

static bool put_program(cci_csv_t *w, const cci_trace_t *t)
{
    char *command = cci_command_line(t);

    put_row(w, "program.command", command, NULL);
    put_row(w, "program.exe", cci_trace_meta(t, "exe", NULL), NULL);
    put_row(w, "program.host", cci_trace_meta(t, "host", NULL), NULL);
    put_number(w, "program.pid", cci_trace_info(t)->pid);
    put_number(w, "program.ppid", cci_trace_info(t)->ppid);
    free(command);
    return command != NULL;
}

static void put_recording(cci_csv_t *w, const cci_report_t *r)
{
    const cci_profile_t *p     = r->profile;
    uint64_t             start = cci_trace_info(r->trace)->start_real_ns;

    put_row(w, "mode", cci_mode_name(p->mode), NULL);
    put_number(w, "estimated", p->estimated);
    put_row(w, "fragmentation.method_internal", p->fragmentation.method_internal, NULL);
    put_row(w, "fragmentation.method_external", p->fragmentation.method_external, NULL);
    put_row(w, "start_time", cci_figure_instant(start + p->from_ns).text, NULL);
    put_row(w, "end_time", cci_figure_instant(start + p->to_ns).text, NULL);
}

/* ---- figures ---- */

static bool is_whole(cci_unit_t unit)
{
    return unit == CCI_UNIT_COUNT || unit == CCI_UNIT_BYTES;
}

/* With all digits: times are known to the nanosecond. */
static void name_value(cci_unit_t unit, double value, char text[NUMBER_BYTES])
{
    if (is_whole(unit))
        snprintf(text, NUMBER_BYTES, "%.0f", value);
    else if (unit == CCI_UNIT_SECONDS)
        snprintf(text, NUMBER_BYTES, "%.9f", value);
    else
        snprintf(text, NUMBER_BYTES, "%.12g", value);
}

static void put_field(cci_csv_t *w, const cci_field_t *f, const cci_run_t *run)
{
    cci_value_t v     = cci_field_value(f, run);
    cci_unit_t  unit  = cci_field_unit(f);
    bool        exact = !v.known || cci_value_is_exact(&v);
    char        text[NUMBER_BYTES];

    if (is_whole(unit))
        v.ci = (cci_interval_t){ floor(v.ci.lo), ceil(v.ci.hi) };
    name_value(unit, v.value, text);
    put_row(w, cci_field_name(f), v.known ? text : NULL, exact ? NULL : &v.ci);
}

bool cci_csv_summary(cci_csv_t *w, const cci_report_t *r)
{
    const cci_run_t run = cci_report_run(r);

    put_row(w, NULL, NULL, NULL);
    if (!put_program(w, r->trace))
        return false;
    put_recording(w, r);
    for (size_t i = 0; i < cci_field_count(); i++)
        put_field(w, cci_field_at(i), &run);
    return true;
}
