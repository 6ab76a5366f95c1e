/* SPDX-License-Identifier: MIT */
/* report/report.h - a profile as text for people and data for programs; one exporter a file. */
#ifndef CCI_REPORT_REPORT_H
#define CCI_REPORT_REPORT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "profile/profile.h"
#include "report/frames.h"
#include "report/style.h"

typedef struct cci_report {
    const cci_trace_t   *trace;
    const cci_profile_t *profile;
    cci_frames_t        *frames;
    size_t               top; /* sites of each order; 0 = as many as the format thinks right */
    cci_style_t          style;
} cci_report_t;

/* Write all of it. False: out of memory; a failed write is kept by the FILE. */
typedef bool (*cci_report_writer_t)(const cci_report_t *r, FILE *out);

/* write NULL: a format that is known but not made here yet. */
typedef struct cci_report_format {
    const char         *name;
    cci_report_writer_t write;
} cci_report_format_t;

/* All formats, in the order of the documentation. */
const cci_report_format_t *cci_report_formats(size_t *count);

/* By name, NULL = none of that name. */
const cci_report_format_t *cci_report_format(const char *name);

/* The exporters. */
bool cci_report_text(const cci_report_t *r, FILE *out);
bool cci_report_json(const cci_report_t *r, FILE *out);

/* The first part of the text, one screen: what `ccmem profile` prints after the run. */
bool cci_report_summary(const cci_report_t *r, FILE *out);

#endif
