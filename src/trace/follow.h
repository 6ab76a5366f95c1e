/* SPDX-License-Identifier: MIT */
/* trace/follow.h - the trace of a process that is still being recorded, read while it grows.
 *
 * It is a cci_trace_t like any other, but that cci_trace_next returns false when it has given all
 * that is known to be in order, and true again after more was taken. It is given two things: whole
 * chunks, which stand in the stored file, and open ones, as far as their threads have come. Each of
 * an open chunk's events is given once, however often it is taken and when it comes whole.
 *
 * The order of time needs a moment before which every event is known: cci_trace_advance is told one
 * that was read off the clock before the collector looked at any chunk. A thread may have been off
 * the processor between reading the clock for an event and publishing it, so events are held back
 * for CCI_FOLLOW_SLACK_NS more. One that is later still is given late, at the time of that moment.
 *
 * Memory: the bodies of chunks that are being decoded, one a thread; 150 bytes for each whole one
 * that is not. What was decoded is released.
 *
 * Example:
 *   cci_trace_t *t;
 *   if (cci_trace_follow(&t, header, path) == CC_RESULT_OK)
 *       for (;;) {
 *           cci_clock_pair_t now = cci_clock_pair(kind);
 *           ... copy what the threads have written, store what is full ...
 *           cci_trace_take_stored(t, end_of_file);
 *           cci_trace_take_open(t, chunk_header, copy, used);
 *           cci_trace_advance(t, now);
 *           while (cci_trace_next(t, &e)) ...
 *       }
 *
 * Failure  CC_RESULT_NO_MEMORY, _IO: the trace gives no more events (cci_trace_status).
 * Threads  one at a time per trace.
 */
#ifndef CCI_TRACE_FOLLOW_H
#define CCI_TRACE_FOLLOW_H
#include "trace/reader.h"

enum { CCI_FOLLOW_SLACK_NS = 5000000 };

/* Of a process with this header, whose stored trace is the file at path. As cci_trace_open. */
CC_NODISCARD cc_result_t cci_trace_follow(cci_trace_t **out, const cci_trace_header_t *header,
                                          const char *path);

/* Of a process whose chunks stand in memory: cci_trace_take_live. CC_RESULT_NO_MEMORY. */
CC_NODISCARD cc_result_t cci_trace_follow_live(cci_trace_t **out, const cci_trace_header_t *header);

/* The file is whole up to `end`. */
CC_NODISCARD cc_result_t cci_trace_take_stored(cci_trace_t *t, uint64_t end);

/* A chunk of a thread that may go on writing to it: of its body `used` bytes. They are from malloc,
 * with CCI_RECORD_MAX zeros behind them, and the trace's from now on. What makes no sense is left
 * out. */
CC_NODISCARD cc_result_t cci_trace_take_open(cci_trace_t *t, const cci_chunk_header_t *header,
                                             uint8_t *body, uint64_t used);

/* A chunk of this process, which stands in its own memory: of its body `used` bytes are there. What is
 * new is copied; body is not looked at afterwards. whole: its thread is done with it. A thread's chunks
 * are all taken this way, or none is. O(bytes that are new). */
CC_NODISCARD cc_result_t cci_trace_take_live(cci_trace_t *t, const cci_chunk_header_t *header,
                                             const uint8_t *body, uint64_t used, bool whole);

/* Samples of the resident size, all that there are; time_ns in ticks >> tick_shift. */
CC_NODISCARD cc_result_t cci_trace_take_rss(cci_trace_t *t, const cci_rss_sample_t *samples,
                                            size_t n);

/* What was taken holds every event before `now`, but for late ones. */
CC_NODISCARD cc_result_t cci_trace_advance(cci_trace_t *t, cci_clock_pair_t now);

/* The same, and there are no late ones: nothing is held back. */
CC_NODISCARD cc_result_t cci_trace_advance_exactly(cci_trace_t *t, cci_clock_pair_t now);

/* What was taken was given: the time up to which it was. No event is given at an earlier one from now
 * on, though the clock's rate may become known better. */
uint64_t cci_trace_mark_ns(cci_trace_t *t);

/* The time of the last event that was given. */
uint64_t cci_trace_given_ns(const cci_trace_t *t);

#endif
