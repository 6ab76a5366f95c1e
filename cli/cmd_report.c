/* SPDX-License-Identifier: MIT */
/* cmd_report.c - ccmem report: a trace as text for people or data for programs. */
#include <string.h>
#include <unistd.h>
#include "analysis.h"
#include "tables.h"

enum { OPTIONS = 12, NAMES_BYTES = 256 };

typedef struct arguments {
    cci_analysis_request_t     request;
    const char                *format_name, *out, *table, *value;
    uint64_t                   to_ns; /* UINT64_MAX: not given */
    bool                       force;
    const cci_report_format_t *format;
    cci_amount_t               weight;
} arguments_t;

static int refuse(const char *what, const char *why)
{
    return cci_fail(CCI_EXIT_USAGE, "report", what, "%s", why);
}

/* ---- what goes with one format only ---- */

static bool is_format(const arguments_t *a, const char *name)
{
    return strcmp(a->format->name, name) == 0;
}

static int refuse_name(const char *option, const char *given, const char *const *names, size_t n)
{
    const char *near = cci_nearest(given, names, n);
    char        all[NAMES_BYTES];

    if (near)
        return cci_fail(CCI_EXIT_USAGE, "report", option, "'%s': no such one; %s is one", given,
                        near);
    cci_join(names, n, all, sizeof all);
    return cci_fail(CCI_EXIT_USAGE, "report", option, "'%s': expected one of %s", given, all);
}

static int check_table(const arguments_t *a)
{
    size_t             n;
    const char *const *names = cci_csv_tables(&n);

    if (!a->table)
        return CCI_GO_ON;
    if (!is_format(a, "csv"))
        return refuse("--table", "goes with --format csv");
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], a->table) == 0)
            return CCI_GO_ON;
    return refuse_name("--table", a->table, names, n);
}

static int check_value(arguments_t *a)
{
    const char *names[CCI_AMOUNTS];

    if (!a->value)
        return CCI_GO_ON;
    if (!is_format(a, "collapsed"))
        return refuse("--value", "goes with --format collapsed");
    if (cci_amount_find(a->value, strlen(a->value), &a->weight))
        return CCI_GO_ON;
    for (int i = 0; i < CCI_AMOUNTS; i++)
        names[i] = cci_amount_name((cci_amount_t)i);
    return refuse_name("--value", a->value, names, CCI_AMOUNTS);
}

/* All tables go into a folder. */
static bool wants_folder(const arguments_t *a)
{
    return is_format(a, "csv") && !a->table;
}

static int check_output(const arguments_t *a)
{
    char what[64];

    if (wants_folder(a) && !a->out)
        return refuse("--format csv", "needs a folder, -o DIR, or one table, --table NAME");
    if (wants_folder(a))
        return cci_tables_check("report", a->out, a->force);
    snprintf(what, sizeof what, "--format %.40s", a->format->name);
    if (a->format->binary && !a->out && isatty(STDOUT_FILENO))
        return refuse(what, "is not for a terminal; -o FILE");
    return cci_output_check("report", a->out, a->force);
}

/* ---- the command line ---- */

static int check(arguments_t *a)
{
    if (a->to_ns <= a->request.from_ns)
        return refuse("--to", "not after --from");
    a->request.to_ns = a->to_ns == UINT64_MAX ? 0 : a->to_ns;

    int status        = cci_format_find("report", a->format_name, &a->format);
    a->request.slices = status == CCI_GO_ON && is_format(a, "html");
    if (status == CCI_GO_ON)
        status = check_table(a);
    if (status == CCI_GO_ON)
        status = check_value(a);
    return status == CCI_GO_ON ? check_output(a) : status;
}

static int parse(arguments_t *a, int argc, char **argv)
{
    const cci_option_t options[OPTIONS] = {
        { "format", 0, CCI_OPTION_TEXT, &a->format_name, "FORMAT",
          "text (the default), json, csv, html, prometheus, pprof, collapsed, speedscope" },
        { "output", 'o', CCI_OPTION_TEXT, &a->out, "OUT",
          "write to this file, not to the terminal; csv: to this folder" },
        { "force", 'f', CCI_OPTION_FLAG, &a->force, NULL, "replace an existing OUT" },
        { "from", 0, CCI_OPTION_SECONDS, &a->request.from_ns, "SECONDS",
          "count from this time of the run" },
        { "to", 0, CCI_OPTION_SECONDS, &a->to_ns, "SECONDS", "count up to this time of the run" },
        { "top", 0, CCI_OPTION_COUNT, &a->request.top, "N", "show so many sites of each order" },
        { "table", 0, CCI_OPTION_TEXT, &a->table, "NAME", "csv: this table only, into OUT" },
        { "value", 0, CCI_OPTION_TEXT, &a->value, "NAME",
          "collapsed: what a stack counts for (default bytes_at_peak)" },
        { "suppress", 0, CCI_OPTION_LIST, &a->request.suppress, "FILE",
          "do not count as leaked what the patterns in FILE match" },
        { "all-leaks", 0, CCI_OPTION_FLAG, &a->request.all_leaks, NULL,
          "count what the C library itself does not free, too" },
        { "debuginfod", 0, CCI_OPTION_FLAG, &a->request.debuginfod, NULL,
          "ask the servers of $DEBUGINFOD_URLS for symbols" },
        { "quiet", 'q', CCI_OPTION_FLAG, &a->request.quiet, NULL, "no progress, no remarks" },
    };
    const cci_command_t command = {
        .name         = "report",
        .synopsis     = "FILE [--format FORMAT] [-o OUT] [--from SECONDS] [--to SECONDS] [--top N]",
        .about        = "Show what a recorded program allocated. FILE is a trace of ccmem profile.",
        .options      = options,
        .option_count = OPTIONS,
        .operands_min = 1,
        .operands_max = 1,
        .operand      = "FILE",
    };
    size_t operands;
    int    status = cci_options_parse(&command, argc, argv, &operands);

    a->request.path = argv[1];
    return status == CCI_GO_ON ? check(a) : status;
}

/* ---- the report ---- */

/* Of this trace the stacks may not be known, or not what they are to count for. */
static int check_trace(const arguments_t *a, const cci_analysis_t *analysis)
{
    const cci_profile_t *p   = analysis->profile;
    cci_run_t            run = cci_report_run(&analysis->report);
    char                 what[64];

    snprintf(what, sizeof what, "--format %.40s", a->format->name);
    if (a->format->stacks && !p->has_blocks)
        return refuse(what, "is of stacks, and --mode count records none; text, json, csv and "
                            "prometheus have what was counted");
    if (a->value && p->site_count > 0 && !cci_amount_value(a->weight, &run, 0).known)
        return refuse("--value", "not known of a sample");
    return CCI_GO_ON;
}

static int write_report(const arguments_t *a, cci_analysis_t *analysis)
{
    int status = check_trace(a, analysis);

    if (status != CCI_GO_ON)
        return status;
    analysis->report.table = a->table;
    analysis->report.value = a->weight;
    if (wants_folder(a))
        return cci_tables_write(analysis, a->out, a->force);
    return cci_analysis_write(analysis, a->format->write, a->out, a->force);
}

int cci_cmd_report(int argc, char **argv)
{
    arguments_t    a      = { .request     = { .command = "report" },
                              .format_name = "text",
                              .to_ns       = UINT64_MAX,
                              .weight      = CCI_AMOUNT_BYTES_AT_PEAK };
    int            status = parse(&a, argc, argv);
    cci_analysis_t analysis;

    if (status == CCI_GO_ON)
        status = cci_analysis_open(&analysis, &a.request);
    if (status != CCI_GO_ON)
        return status;
    status = write_report(&a, &analysis);
    cci_analysis_close(&analysis);
    return status;
}
