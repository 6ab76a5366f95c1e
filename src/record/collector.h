/* SPDX-License-Identifier: MIT */
/* record/collector.h - runs a program, and stores what it and its children record.
 *
 * The collector is the recorded programs' other half (record/control.h): it compresses and writes
 * on its own processor time, adds no thread to them, and outlives them. It waits for its own child
 * and then for every recorded process that child left behind.
 *
 * Signals: SIGINT and SIGQUIT are the terminal's and reach the program too, so they are ignored
 * until it has ended and then end the wait for what it left behind; SIGTERM and SIGHUP are passed on.
 *
 * Threads: one collector a process; it changes the process' signal handlers while it runs.
 */
#ifndef CCI_RECORD_COLLECTOR_H
#define CCI_RECORD_COLLECTOR_H
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "record/collector_attach.h"
#include "trace/reader.h"

/* Somebody who looks at what is recorded while it is: the program's own process, not its children.
 * No call may wait. All are made by the thread that runs the collector. */
typedef struct cci_collector_view {
    void *context;
    void (*started)(void *context); /* the program runs: from here on threads may be begun */
    void (*begin)(void *context, const cci_trace_header_t *header, const char *path);
    bool (*wants)(
        void *context); /* what has come since; then chunk, for each that changed, and commit */
    void (*chunk)(void *context, const cci_chunk_header_t *header, const uint8_t *body,
                  size_t used);
    void (*commit)(void *context, cci_clock_pair_t now, uint64_t end, const cci_rss_sample_t *rss,
                   size_t rss_count);
} cci_collector_view_t;

typedef struct cci_collector_options {
    const char                 *output;  /* pattern with %p and %h */
    const char                 *preload; /* path of the preload library */
    cci_trace_mode_t            mode;
    uint64_t                    sample_interval; /* bytes; 0 = the default */
    bool                        follow;          /* record what is started by exec too */
    bool                        force;           /* overwrite */
    const cci_collector_view_t *view;            /* NULL = none */
    bool                        numbered;    /* attach: when there is such a file, another name */
    uint64_t                    duration_ns; /* attach: end then; 0 = when told */
} cci_collector_options_t;

typedef struct cci_collector_result {
    int      wait_status;          /* of the program */
    char     trace_path[PATH_MAX]; /* of the program; "" when it made none */
    uint32_t processes;            /* that were recorded */
    bool     failed;               /* one of them could not be, and said so */
} cci_collector_result_t;

/* What failed before the program ran, as an errno and where. */
typedef struct cci_collector_error {
    int  error; /* ECANCELED: what is a sentence about the process that was to be attached to */
    char what[PATH_MAX];
} cci_collector_error_t;

/* Run argv, a NULL-terminated vector, found in PATH, to its end. False: it did not start; *error
 * says why. What fails later is said on stderr and ends the recording, not the program. */
bool cci_collector_run(const cci_collector_options_t *options, char *const argv[],
                       cci_collector_result_t *result, cci_collector_error_t *error);

/* Become argv, which can then be attached to: of the options, preload and follow. Returns an errno. */
int cci_collector_become_dormant(const cci_collector_options_t *options, char *const argv[]);

/* Record a process that runs already: a is found and locked. Ends with it, when somebody detaches, or
 * by a signal, each of which leaves the process running and a trace that is whole. */
bool cci_collector_attach(const cci_collector_options_t *options, cci_attach_t *a,
                          cci_collector_result_t *result, cci_collector_error_t *error);

#endif
