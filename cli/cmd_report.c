/* SPDX-License-Identifier: MIT */
/* cmd_report.c - ccmem report: a trace as text for people or data for programs. */
#include "analysis.h"

enum { OPTIONS = 8 };

typedef struct arguments {
    cci_analysis_request_t request;
    const char            *format, *out;
    uint64_t               to_ns; /* UINT64_MAX: not given */
    bool                   force;
    cci_report_writer_t    write;
} arguments_t;

static int parse(arguments_t *a, int argc, char **argv)
{
    const cci_option_t options[OPTIONS] = {
        { "format", 0, CCI_OPTION_TEXT, &a->format, "FORMAT", "text (the default) or json" },
        { "output", 'o', CCI_OPTION_TEXT, &a->out, "OUT",
          "write to this file, not to the terminal" },
        { "force", 'f', CCI_OPTION_FLAG, &a->force, NULL, "replace an existing OUT" },
        { "from", 0, CCI_OPTION_SECONDS, &a->request.from_ns, "SECONDS",
          "count from this time of the run" },
        { "to", 0, CCI_OPTION_SECONDS, &a->to_ns, "SECONDS", "count up to this time of the run" },
        { "top", 0, CCI_OPTION_COUNT, &a->request.top, "N", "show so many sites of each order" },
        { "debuginfod", 0, CCI_OPTION_FLAG, &a->request.debuginfod, NULL,
          "ask the servers of $DEBUGINFOD_URLS for symbols" },
        { "quiet", 'q', CCI_OPTION_FLAG, &a->request.quiet, NULL, "no progress, no remarks" },
    };
    const cci_command_t command = {
        .name     = "report",
        .synopsis = "FILE [--format text|json] [-o OUT] [--from SECONDS] [--to SECONDS] [--top N]",
        .about    = "Show what a recorded program allocated. FILE is a trace of ccmem profile.",
        .options  = options,
        .option_count = OPTIONS,
        .operands_min = 1,
        .operands_max = 1,
        .operand      = "FILE",
    };
    size_t operands;
    int    status = cci_options_parse(&command, argc, argv, &operands);
    if (status != CCI_GO_ON)
        return status;
    a->request.path = argv[1];
    if (a->to_ns <= a->request.from_ns)
        return cci_fail(CCI_EXIT_USAGE, "report", "--to", "not after --from");
    a->request.to_ns = a->to_ns == UINT64_MAX ? 0 : a->to_ns;
    status           = cci_format_find("report", a->format, &a->write);
    return status == CCI_GO_ON ? cci_output_check("report", a->out, a->force) : status;
}

int cci_cmd_report(int argc, char **argv)
{
    arguments_t a = { .request = { .command = "report" }, .format = "text", .to_ns = UINT64_MAX };
    cci_analysis_t analysis;
    int            status = parse(&a, argc, argv);

    if (status != CCI_GO_ON)
        return status;
    status = cci_analysis_open(&analysis, &a.request);
    if (status != CCI_GO_ON)
        return status;
    status = cci_analysis_write(&analysis, a.write, a.out, a.force);
    cci_analysis_close(&analysis);
    return status;
}
