/* SPDX-License-Identifier: MIT */
/* watch/metrics.h - the metrics that only a live view has. Private to src/watch. */
#ifndef CCI_WATCH_METRICS_H
#define CCI_WATCH_METRICS_H
#include "report/metrics.h"

/* Behind those of the profile. lag_s: how far that is behind the program. */
void cci_watch_metrics(const cci_metrics_t *m, const cci_profile_t *p, const cci_trace_t *t,
                       double lag_s);

#endif
