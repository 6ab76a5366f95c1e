/* SPDX-License-Identifier: MIT */
/* report/report.h - a profile as text for people and data for programs; one exporter a file. */
#ifndef CCI_REPORT_REPORT_H
#define CCI_REPORT_REPORT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "profile/fields.h"
#include "profile/profile.h"
#include "report/frames.h"
#include "report/style.h"

typedef struct cci_report {
    const cci_trace_t   *trace;
    const cci_profile_t *profile;
    cci_frames_t        *frames;
    size_t               top; /* sites of each order; 0 = as many as the format thinks right */
    cci_style_t          style;
    const char          *table; /* csv: the table to write */
    cci_amount_t         value; /* collapsed: what a stack counts for */
} cci_report_t;

/* Write all of it. False: out of memory; a failed write is kept by the FILE. */
typedef bool (*cci_report_writer_t)(const cci_report_t *r, FILE *out);

typedef struct cci_report_format {
    const char         *name;
    cci_report_writer_t write;
    const char *(*missing)(
        void);   /* why this build cannot write it; NULL, or it says NULL: it can */
    bool stacks; /* is nothing but stacks: a trace without sites has none to give */
    bool binary; /* not for a terminal */
} cci_report_format_t;

/* All formats, in the order of the documentation. */
const cci_report_format_t *cci_report_formats(size_t *count);

/* By name, NULL = none of that name. */
const cci_report_format_t *cci_report_format(const char *name);

/* The exporters. */
bool cci_report_text(const cci_report_t *r, FILE *out);
bool cci_report_json(const cci_report_t *r, FILE *out);
bool cci_report_csv(const cci_report_t *r, FILE *out);
bool cci_report_html(const cci_report_t *r, FILE *out);
bool cci_report_prometheus(const cci_report_t *r, FILE *out);
bool cci_report_pprof(const cci_report_t *r, FILE *out);
bool cci_report_collapsed(const cci_report_t *r, FILE *out);
bool cci_report_speedscope(const cci_report_t *r, FILE *out);

/* The tables of csv, in the order of the documentation. */
enum { CCI_CSV_TABLES_MAX = 32 };
const char *const *cci_csv_tables(size_t *count);

/* What cci_report_prometheus writes; needs no symbols, and so no report. */
void cci_prometheus_write(const cci_profile_t *p, FILE *out);

/* The first part of the text, one screen: what `ccmem profile` prints after the run. */
bool cci_report_summary(const cci_report_t *r, FILE *out);

/* ---- what several formats say ---- */

/* In place of the frames of a site whose stack is not known. */
#define CCI_NO_STACK "(no stack)"

/* The run that the fields and amounts of profile/fields.h are of. */
cci_run_t cci_report_run(const cci_report_t *r);

/* An estimate in whole bytes or blocks, at most 2^63: so many digits every reader of numbers has. */
uint64_t cci_report_whole(double value);

/* What a stack of the site counts for; 0 also when that is not known. */
uint64_t cci_report_weight(const cci_report_t *r, cci_amount_t value, size_t site);

/* "full", "sample", "count". */
const char *cci_mode_name(cci_trace_mode_t mode);

/* The command line with blanks between its words, which the caller frees. NULL: out of memory. */
char *cci_command_line(const cci_trace_t *t);

#endif
