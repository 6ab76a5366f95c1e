/* SPDX-License-Identifier: MIT */
/* watch/watch.h - the figures of a program while it is recorded, served over HTTP.
 *
 * The collector, whose time is the program's, waits for nobody. It hands over what has come when it is
 * asked to: it copies what threads have written to open chunks and says how long the trace file is.
 * The reader's thread follows the file (trace/follow.h), keeps the profile and makes moments of it,
 * which the threads of a publisher (watch/publisher.h) make pages of.
 *
 * So the file is the queue between program and reader: it holds any backlog, costs the program
 * nothing, and the figures are never of a part of the events. On a machine that is busy they lag
 * behind instead (cc_memory_live_lag_seconds), for all these threads give way to all others. Rejected:
 * reading on the collector's thread, for which the program would wait as soon as it allocates faster
 * than can be read.
 *
 * Threads  begin, wants, chunk and commit: the collector's. create, start and destroy: any.
 */
#ifndef CCI_WATCH_LIVE_H
#define CCI_WATCH_LIVE_H
#include <ccmem/result.h>
#include "serve/listener.h"
#include "trace/reader.h"

typedef struct cci_watch cci_watch_t;

/* Of a program with this name for people. listener stays the caller's, open until destroy. No thread
 * is begun. CC_RESULT_NO_MEMORY. */
CC_NODISCARD cc_result_t cci_watch_create(cci_watch_t **out, const cci_listener_t *listener,
                                          const char *program);

/* Begin the threads. On failure nothing is served. CC_RESULT_NO_MEMORY, _IO. */
CC_NODISCARD cc_result_t cci_watch_start(cci_watch_t *l);

/* End them. NULL is fine. */
void cci_watch_destroy(cci_watch_t *l);

/* A process with this header began; its stored trace is at path. It takes the place of one before. */
void cci_watch_begin(cci_watch_t *l, const cci_trace_header_t *header, const char *path);

/* Whether to hand over: then chunk, for each one that is not stored and changed since, and commit. */
bool cci_watch_wants(cci_watch_t *l);

/* Of the chunk's body `used` bytes, which are copied. */
void cci_watch_chunk(cci_watch_t *l, const cci_chunk_header_t *header, const uint8_t *body,
                     size_t used);

/* now: read before any chunk was looked at. The file is whole up to end. rss: as for
 * cci_trace_take_rss. */
void cci_watch_commit(cci_watch_t *l, cci_clock_pair_t now, uint64_t end,
                      const cci_rss_sample_t *rss, size_t rss_count);

#endif
