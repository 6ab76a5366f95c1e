/* SPDX-License-Identifier: MIT */
/* report/csv_parts.h - the tables of the CSV report. Private to csv*.c. */
#ifndef CCI_REPORT_CSV_PARTS_H
#define CCI_REPORT_CSV_PARTS_H
#include "report/csv_writer.h"
#include "report/report.h"

/* Write a whole table. False: out of memory. */
typedef bool cci_csv_table_t(cci_csv_t *w, const cci_report_t *r);

/* csv_summary.c: one row a figure of the whole program */
cci_csv_table_t cci_csv_summary;

/* csv_sites.c: one row a site, one a leaked block, one a recommendation */
cci_csv_table_t cci_csv_sites, cci_csv_leaks, cci_csv_findings;

/* csv_stacks.c: one row a call within its callers, one a frame */
cci_csv_table_t cci_csv_stacks, cci_csv_frames;

/* csv_metrics.c: one row a bucket of a distribution, one a pair of threads */
cci_csv_table_t cci_csv_latency, cci_csv_lifetimes, cci_csv_flow;

/* The quantiles of measured calls, alloc_latency_p50 to free_latency_p999; m NULL: not known. */
void cci_csv_quantiles(cci_csv_t *w, const cci_profile_t *p, const cci_trace_measures_t *m);

/* An interval as two cells, NAME_lo and NAME_hi; NULL: the value is exact. */
void cci_csv_interval(cci_csv_t *w, const char *name, const cci_interval_t *ci);

#endif
