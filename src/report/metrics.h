/* SPDX-License-Identifier: MIT */
/* report/metrics.h - metrics in either of the two formats that Prometheus reads: its own text, version
 * 0.0.4, and OpenMetrics 1.0.0, where a counter's family is called without _total, bounds of buckets
 * are floating point, and an end is said.
 *
 * Example:
 *   cci_metrics_t m = { .out = stdout };
 *   cci_metrics_count(&m, "cc_memory_free_total", "counter", "Frees.", 3);
 *   cci_metrics_end(&m);
 *
 * Failure  none here: a failed write is kept by the FILE.
 */
#ifndef CCI_REPORT_METRICS_H
#define CCI_REPORT_METRICS_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "profile/profile.h"

typedef struct cci_metrics {
    FILE *out;
    bool  open; /* OpenMetrics */
} cci_metrics_t;

/* What stands above a metric's values. type: counter, whose name ends with _total; gauge; histogram. */
void cci_metrics_head(const cci_metrics_t *m, const char *name, const char *type, const char *help);

/* A metric of one value. */
void cci_metrics_count(const cci_metrics_t *m, const char *name, const char *type, const char *help,
                       uint64_t value);
void cci_metrics_gauge(const cci_metrics_t *m, const char *name, const char *help, double value);

/* How many values of a histogram are up to a limit. */
void cci_metrics_bucket(const cci_metrics_t *m, const char *name, double limit, uint64_t count);

/* Nothing follows. */
void cci_metrics_end(const cci_metrics_t *m);

/* All of a profile; needs no symbols, and so no report. */
void cci_metrics_profile(const cci_metrics_t *m, const cci_profile_t *p);

#endif
