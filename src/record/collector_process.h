/* SPDX-License-Identifier: MIT */
/* record/collector_process.h - one recorded process as the collector sees it: its pool, its trace. */
#ifndef CCI_RECORD_COLLECTOR_PROCESS_H
#define CCI_RECORD_COLLECTOR_PROCESS_H
#include <limits.h>
#include <stdbool.h>
#include "record/collector.h"
#include "record/collector_file.h"
#include "record/control.h"

typedef struct cci_rss_log {
    cci_rss_sample_t sample[1024]; /* time_ns: ticks >> tick_shift */
    uint32_t         count;
    uint32_t         keep_every; /* calls a sample: doubles whenever the log is full */
    uint32_t         calls;
} cci_rss_log_t;

typedef struct cci_process_pool {
    int                       pid;
    unsigned                  number;
    char                      pool_path[PATH_MAX], trace_path[PATH_MAX];
    int                       pool_fd;
    const cci_trace_header_t *header;
    void                    **extent;
    uint32_t                  extents;
    struct cci_due           *due;  /* room for each chunk */
    cci_trace_file_t          file; /* fd -1: nothing is written any more */
    cci_rss_log_t             rss;
    struct cci_shown         *shown; /* of each chunk, what a view has; NULL without one */
    uint32_t                  shown_extents;
    struct cci_process_pool  *next;
} cci_process_pool_t;

/* The pool of a process that has just made it. NULL and errno. */
cci_process_pool_t *cci_process_pool_open(const char *spool, int pid, unsigned number);

/* Store and free the full chunks, in the order in which they were opened: what is there of a thread
 * when a disk is full has no gap. At the end of the process also those its threads still held; until
 * then not those that are opened meanwhile. Counts into *drained. 0 or the errno of the first write that failed: from then on chunks are freed
 * and their contents given up. */
int cci_process_pool_drain(cci_process_pool_t *p, cci_packer_t *packer, bool ended,
                           uint32_t *drained);

/* Give a view the chunks that changed since the last time and are not stored. 0 or ENOMEM: nothing
 * was given. */
int cci_process_pool_show(cci_process_pool_t *p, const cci_collector_view_t *view);

/* Note the process' resident memory. */
void cci_process_pool_sample(cci_process_pool_t *p);

/* Whether the process still records into this pool: it lives and has not become another program. */
bool cci_process_pool_in_use(const cci_process_pool_t *p);

/* A process, other than this one, that has the control page of the spool mapped: it came by a fork
 * from one that is recorded, and may record yet. 0: there is none, or none that may be looked at. */
int cci_spool_user(const char *spool);

/* The last of the trace: drain, what the collector knows, close; frees p. wait_status -1: unknown. */
int cci_process_pool_finish(cci_process_pool_t *p, cci_packer_t *packer, int wait_status);

#endif
