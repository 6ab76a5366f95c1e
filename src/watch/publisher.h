/* SPDX-License-Identifier: MIT */
/* watch/publisher.h - the moments of a program that runs, served over HTTP.
 *
 * Three threads of the least priority: the server's talks to clients (watch/pages.h says of what),
 * one makes metrics, one makes reports. The first report reads the program's debug information, and
 * no scrape waits for that.
 *
 * Failure  CC_RESULT_NO_MEMORY, _IO (no thread, no descriptors).
 * Threads  any.
 */
#ifndef CCI_WATCH_PUBLISHER_H
#define CCI_WATCH_PUBLISHER_H
#include "profile/moment.h"
#include "serve/listener.h"

typedef struct cci_publisher cci_publisher_t;

/* from is copied; listener stays the caller's, open until destroy. No thread is begun. */
CC_NODISCARD cc_result_t cci_publisher_create(cci_publisher_t **out, const cci_listener_t *listener,
                                              const cci_moments_t *from);

/* Begin the threads. On failure nothing is served, and destroy is all that is left. */
CC_NODISCARD cc_result_t cci_publisher_start(cci_publisher_t *p);

/* End them, after the moments that are being taken. In the child of a fork it does nothing: the threads
 * are not there, and may have been in the middle of anything. NULL is fine. */
void cci_publisher_destroy(cci_publisher_t *p);

#endif
