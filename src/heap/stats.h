/* SPDX-License-Identifier: MIT */
/* heap/stats.h - of the statistics, what a fork needs. */
#ifndef CCI_HEAP_STATS_H
#define CCI_HEAP_STATS_H

void cci_stats_lock(void);
void cci_stats_unlock(void);

#endif
