/* SPDX-License-Identifier: MIT */
/* report/json_parts.h - the parts of the JSON report that hold stacks, and the figures of both.
 * Private to json*.c. */
#ifndef CCI_REPORT_JSON_PARTS_H
#define CCI_REPORT_JSON_PARTS_H
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

/* leaked_allocations and their sums; sites and their number. False: out of memory. */
bool cci_json_leaks(cci_json_t *w, const cci_report_t *r);
bool cci_json_sites(cci_json_t *w, const cci_report_t *r);

#endif
