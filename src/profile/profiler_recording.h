/* SPDX-License-Identifier: MIT */
/* profile/profiler_recording.h - the recording of this process that all running profilers share, and
 * the part that each has in it.
 *
 * The first that joins starts it, the last that leaves ends it. A thread of its own reads what the
 * program's threads write and gives each event to every part. Whoever asks for figures reads on first,
 * for a moment: then they are of now, unless the program is far ahead.
 *
 * A part that has left, and every part in the child of a fork, stands still: it has its own copy of
 * what the trace knew.
 *
 * Threads  any. The caller is suspended: see cci_part_suspend.
 */
#ifndef CCI_PROFILE_PROFILER_RECORDING_H
#define CCI_PROFILE_PROFILER_RECORDING_H
#include "profile/feed.h"
#include "profile/moment.h"
#include "record/local.h"

typedef struct cci_recording cci_recording_t;

/* All zero has not joined. */
typedef struct cci_part {
    cci_recording_t *recording;  /* NULL: it has left, or never joined */
    cci_feed_t      *feed;       /* NULL: it never joined              */
    cci_trace_t     *trace;      /* its own, once it has left          */
    cc_result_t      status;     /* why it has no more, if it has not  */
    bool             everything; /* malloc is recorded                 */
    bool             sliced;     /* its profiles have slices           */
    uint64_t         lost;       /* events that were lost before it joined */
    uint64_t         as_of_ns;   /* of trace; CLOCK_MONOTONIC          */
    uint64_t         run;        /* parts of one recording have one number */
    struct cci_part *next;
} cci_part_t;

/* Take part in a recording that has what is needed, the current one or a new one, and begin at nothing.
 * CC_RESULT_BUSY: it takes part already, or there is a recording that has less. _NO_MEMORY. */
CC_NODISCARD cc_result_t cci_part_join(cci_part_t *part, const cci_local_options_t *needs);

/* Everything that happened before is read; then the part stands still. */
void cci_part_leave(cci_part_t *part);

/* Begin again at nothing, and go on if it has joined. On failure nothing is changed. */
CC_NODISCARD cc_result_t cci_part_reset(cci_part_t *part);

/* Leave, and release what it has. */
void cci_part_fini(cci_part_t *part);

/* What is known now. */
typedef struct cci_part_view {
    cci_trace_t   *trace;    /* changes as soon as whoever looks returns */
    cci_profile_t *profile;  /* becomes theirs */
    uint64_t       as_of_ns; /* CLOCK_MONOTONIC: what happened before is in it */
    uint64_t       run;
    uint64_t       lost; /* events since it joined */
    bool           everything;
} cci_part_view_t;

/* Call use with it. CC_RESULT_NOT_FOUND: the part never joined; _NO_MEMORY, or what use returns. */
typedef cc_result_t      cci_part_use_t(void *context, const cci_part_view_t *view);
CC_NODISCARD cc_result_t cci_part_look(cci_part_t *part, bool whole, cci_part_use_t *use,
                                       void *context);

/* The same to keep. */
CC_NODISCARD cc_result_t cci_part_moment(cci_part_t *part, bool whole, cci_moment_t *out);

/* Its profiles have slices from now on, also after it joins or begins again; what it has so far is the
 * first one. CC_RESULT_NO_MEMORY: nothing changed. */
CC_NODISCARD cc_result_t cci_part_slice(cci_part_t *part);
void                     cci_part_unslice(cci_part_t *part);

/* It takes part, and does not stand still. */
bool cci_part_is_running(const cci_part_t *part);

/* Between these the calling thread is not recorded. suspend returns what resume wants. */
void *cci_part_suspend(void);
void  cci_part_resume(void *suspended);

#endif
