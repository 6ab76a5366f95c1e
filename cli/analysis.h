/* SPDX-License-Identifier: MIT */
/* analysis.h - from a trace file to reports; for every subcommand that shows one. */
#ifndef CCI_ANALYSIS_H
#define CCI_ANALYSIS_H
#include "cli.h"
#include "report/report.h"
#include "report/suppress.h"

typedef struct cci_analysis_request {
    const char *command;        /* for messages */
    const char *path;           /* the trace    */
    uint64_t    from_ns, to_ns; /* to_ns 0 = to the end */
    uint64_t    top;
    bool        debuginfod;
    bool        slices;    /* the run in slices, for the dashboard */
    bool        quiet;     /* no progress, no remarks about missing symbols */
    bool        all_leaks; /* suppress none, not even the C library's */
    cci_list_t  suppress;  /* files of suppressions */
} cci_analysis_request_t;

typedef struct cci_analysis {
    const char        *command;
    cci_trace_t       *trace;
    cci_profile_t     *profile;
    cci_report_t       report;
    cci_suppressions_t suppressions;
} cci_analysis_t;

/* Read the trace. Returns CCI_GO_ON or a status, with a message; then there is nothing to close. */
int cci_analysis_open(cci_analysis_t *a, const cci_analysis_request_t *q);

/* Write one report: path NULL is stdout. Returns 0 or a status, with a message. */
int cci_analysis_write(cci_analysis_t *a, cci_report_writer_t write, const char *path, bool force);

void cci_analysis_close(cci_analysis_t *a);

/* Whether this build has the dashboard. Returns CCI_GO_ON or a status, with a message. */
int cci_html_check(const char *command, const char *what);

/* The format of that name, which this build can write. Returns CCI_GO_ON or a status, with a message. */
int cci_format_find(const char *command, const char *name, const cci_report_format_t **out);

#endif
