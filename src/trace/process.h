/* SPDX-License-Identifier: MIT */
/* trace/process.h - the chunks that are about the process, which are read before any event. */
#ifndef CCI_TRACE_PROCESS_H
#define CCI_TRACE_PROCESS_H
#include "trace/cursor.h"
#include "trace/timebase.h"

/* All zero but for wait_status, which is -1, is nothing known. */
typedef struct cci_process {
    cci_rss_sample_t *rss; /* in ticks >> tick_shift until cci_process_convert */
    size_t            rss_count, rss_capacity;
    cci_clock_pair_t  end;
    bool              ended;
    int               wait_status;
} cci_process_t;

/* Read those of chunks that are about the process. Damage is a warning. CC_RESULT_NO_MEMORY,
 * _IO. */
CC_NODISCARD cc_result_t cci_process_read(cci_process_t *process, cci_shared_t *shared,
                                          const cci_chunks_t *chunks);

/* Times to nanoseconds, samples by time. */
void cci_process_convert(cci_process_t *process, const cci_timebase_t *timebase);

void cci_process_fini(cci_process_t *process);

#endif
