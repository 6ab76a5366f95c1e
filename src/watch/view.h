/* SPDX-License-Identifier: MIT */
/* watch/view.h - the trace of a running program, and its profile so far. Private to src/watch.
 *
 * Failure  of reading is final: CC_RESULT_NO_MEMORY, _IO.
 * Threads  one at a time.
 */
#ifndef CCI_WATCH_VIEW_H
#define CCI_WATCH_VIEW_H
#include "profile/feed.h"
#include "profile/moment.h"
#include "trace/follow.h"

typedef struct cci_view {
    cci_trace_t *trace;
    cci_feed_t  *feed;
    uint64_t     start_ns; /* of the trace, CLOCK_MONOTONIC */
    uint64_t     known_ns; /* up to here events are known   */
    bool         backlog;  /* not all of them are read      */
} cci_view_t;

CC_NODISCARD cc_result_t cci_view_open(cci_view_t *v, const cci_trace_header_t *header,
                                       const char *path);
/* All zero is closed. */
void cci_view_close(cci_view_t *v);

/* What was taken by the trace is all that happened before now. */
CC_NODISCARD cc_result_t cci_view_advance(cci_view_t *v, cci_clock_pair_t now);

/* Read on, for a millisecond or two. */
CC_NODISCARD cc_result_t cci_view_read(cci_view_t *v);

/* What was read so far; its run is the caller's to say. CC_RESULT_NO_MEMORY. */
CC_NODISCARD cc_result_t cci_view_moment(const cci_view_t *v, bool whole, cci_moment_t *out);

#endif
