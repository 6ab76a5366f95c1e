/* SPDX-License-Identifier: MIT */
/* report.c - the table of formats, and what several of them say. */
#include <stdlib.h>
#include <string.h>
#include "report/html.h"
#include "report/report.h"

static const cci_report_format_t FORMATS[] = {
    { .name = "text", .write = cci_report_text },
    { .name = "json", .write = cci_report_json },
    { .name = "csv", .write = cci_report_csv },
    { .name = "html", .write = cci_report_html, .missing = cci_html_missing, .binary = true },
    { .name = "prometheus", .write = cci_report_prometheus },
    { .name = "pprof", .write = cci_report_pprof, .stacks = true, .binary = true },
    { .name = "collapsed", .write = cci_report_collapsed, .stacks = true },
    { .name = "speedscope", .write = cci_report_speedscope, .stacks = true },
};

const cci_report_format_t *cci_report_formats(size_t *count)
{
    *count = sizeof FORMATS / sizeof FORMATS[0];
    return FORMATS;
}

const cci_report_format_t *cci_report_format(const char *name)
{
    for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++)
        if (strcmp(FORMATS[i].name, name) == 0)
            return &FORMATS[i];
    return NULL;
}

const char *cci_mode_name(cci_trace_mode_t mode)
{
    switch (mode) {
    case CCI_MODE_FULL:
        return "full";
    case CCI_MODE_SAMPLE:
        return "sample";
    case CCI_MODE_COUNT:
        return "count";
    }
    return "unknown";
}

char *cci_command_line(const cci_trace_t *t)
{
    size_t      length = 0;
    const char *argv   = cci_trace_meta(t, "argv", &length);
    char       *line   = calloc(length + 1, 1);

    for (size_t i = 0; line && i < length; i++)
        line[i] = argv[i] || i + 1 == length ? argv[i] : ' ';
    return line;
}

cci_run_t cci_report_run(const cci_report_t *r)
{
    return (cci_run_t){ r->profile, cci_trace_info(r->trace) };
}

uint64_t cci_report_whole(double value)
{
    return value < 0x1p63 ? (uint64_t)value : UINT64_C(1) << 63;
}

uint64_t cci_report_weight(const cci_report_t *r, cci_amount_t value, size_t site)
{
    cci_run_t   run = cci_report_run(r);
    cci_value_t v   = cci_amount_value(value, &run, (uint32_t)site);

    return v.known ? cci_report_whole(v.value) : 0;
}
