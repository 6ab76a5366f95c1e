/* SPDX-License-Identifier: MIT */
/* report/text_metrics.h - the parts of the summary about time and threads: how long calls take, how
 * long blocks live, what is wasted between them, whose blocks who frees. Each is nothing where it is not known. */
#ifndef CCI_REPORT_TEXT_METRICS_H
#define CCI_REPORT_TEXT_METRICS_H
#include "report/report.h"

void cci_put_latencies(const cci_report_t *r, FILE *out);
void cci_put_lifetimes(const cci_report_t *r, FILE *out);
void cci_put_fragmentation(const cci_report_t *r, FILE *out);
void cci_put_flows(const cci_report_t *r, FILE *out);

#endif
