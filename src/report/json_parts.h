/* SPDX-License-Identifier: MIT */
/* report/json_parts.h - the parts of the JSON reports, and the figures that they have in common.
 * Private to *json*.c and html*.c. */
#ifndef CCI_REPORT_JSON_PARTS_H
#define CCI_REPORT_JSON_PARTS_H
#include "report/course.h"
#include "report/diff_report.h"
#include "report/json_writer.h"
#include "report/report.h"

/* The value, or null. */
void cci_json_known(cci_json_t *w, const char *name, uint64_t value, bool known);

/* The value, and its interval as NAME_ci; ci NULL: it is exact. */
void cci_json_figure(cci_json_t *w, const char *name, uint64_t value, const cci_interval_t *ci);

/* What json_metrics.c writes: latencies of the program and of a thread, peaks of the rates, how long
 * blocks live, what the allocator wastes, and frees between threads. */
void cci_json_latency(cci_json_t *w, const cci_profile_t *p);
void cci_json_thread_latency(cci_json_t *w, const cci_profile_t *p, const cci_thread_profile_t *t);
void cci_json_rate_peaks(cci_json_t *w, const cci_profile_t *p);
void cci_json_lifetimes(cci_json_t *w, const cci_profile_t *p, const cci_lifetimes_t *l,
                        uint64_t temporary);
void cci_json_fragmentation(cci_json_t *w, const cci_profile_t *p);
void cci_json_flow(cci_json_t *w, const cci_report_t *r);

/* leaked_allocations and their sums, stacks: with their stacks; sites. False: out of memory. */
bool cci_json_leaks(cci_json_t *w, const cci_report_t *r, bool stacks);
bool cci_json_sites(cci_json_t *w, const cci_report_t *r);

/* What of an interval is named, in whole numbers. */
uint64_t cci_json_lower(const cci_interval_t *ci);
uint64_t cci_json_upper(const cci_interval_t *ci);

/* All fields of ccmem-report/1; whole false: without sites, timeline and the stacks of leaks, which the
 * dashboard has as tables. False: out of memory. */
bool cci_json_report(cci_json_t *w, const cci_report_t *r, bool whole);

/* A field of the timeline's points: for objects by name, or for a column without one. */
typedef struct cci_point_field {
    const char *name;
    void (*put)(cci_json_t *w, const char *name, const cci_profile_t *p,
                const cci_course_point_t *c);
} cci_point_field_t;

const cci_point_field_t *cci_json_point_fields(size_t *count);

/* The buckets of sizes that a report has. */
typedef struct cci_bucket_span {
    unsigned first, last;
} cci_bucket_span_t;

cci_bucket_span_t cci_json_buckets(const cci_profile_t *p);

/* Of ccmem-diff/1: what field number i was and is, how much that is, and whether it is significant. */
void cci_diff_json_field(cci_json_t *w, const cci_diff_report_t *r, size_t i);

#endif
