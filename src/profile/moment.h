/* SPDX-License-Identifier: MIT */
/* profile/moment.h - what is known of a running program at one moment, and where moments come from.
 *
 * Threads  take: any, several at once. A moment is its holder's.
 */
#ifndef CCI_PROFILE_MOMENT_H
#define CCI_PROFILE_MOMENT_H
#include "profile/profile.h"

/* Nothing in it changes. */
typedef struct cci_moment {
    cci_trace_t   *trace; /* as of then, without events: trace/freeze.h */
    cci_profile_t *profile;
    uint64_t       as_of_ns; /* CLOCK_MONOTONIC: what happened before is in it */
    uint64_t       work_ns;  /* of a processor, that it took to make */
    uint64_t       run; /* of one run node numbers mean the same stacks, of another they do not */
} cci_moment_t;

/* Release both parts. All zero is fine. */
void cci_moment_close(cci_moment_t *m);

typedef struct cci_moments {
    void       *context;
    const char *program; /* a name for people; outlives whoever asks */
    /* What is known now, or soon. whole: with leaks and findings. CC_RESULT_NO_MEMORY, or why there
     * is none. It may wait. */
    cc_result_t (*take)(void *context, bool whole, cci_moment_t *out);
    /* Each thread that is begun for the sake of moments calls it first; NULL = nothing is to be done. */
    void (*thread_begins)(void *context);
} cci_moments_t;

#endif
