/* SPDX-License-Identifier: MIT */
/* record/recorder_parts.h - between recorder.c, which makes the process follow the door's word, and
 * thread.c, which makes a thread follow the process. */
#ifndef CCI_RECORD_RECORDER_PARTS_H
#define CCI_RECORD_RECORDER_PARTS_H
#include <pthread.h>
#include "record/environment.h"
#include "record/local.h"
#include "record/thread.h"

typedef struct cci_recorder {
    _Atomic uint64_t        state; /* of settling; with its process above while that goes on */
    _Atomic uint32_t        settled;
    _Atomic uint32_t        recording; /* 0 = none */
    _Atomic uint32_t        next_thread;
    _Atomic(cci_thread_t *) threads;
    _Atomic uint32_t       *alive; /* in memory that a fork wipes: 0 in a child */
    int                     pid;   /* of this process, also where a vfork shares its memory */
    bool                    told;  /* what to record; the environment does not matter */
    bool                    begun; /* options are read */
    bool                    forked;
    bool                    attached; /* to a program that was there before */
    _Atomic uint32_t        local;    /* the recording that is read in this process; 0 = none */
    cci_local_options_t     wanted;   /* of that one */
    bool                    stacks;   /* of the recording that is on: events have one */
    uint64_t                measure_every;
    uintptr_t               allocator;
    pthread_key_t           key;
    bool                    has_key;
    cci_trace_header_t      header;
    cci_recorder_options_t  options;
    cci_pool_t              pool;
} cci_recorder_t;

extern cci_recorder_t cci_recorder __attribute__((visibility("hidden")));

/* Make this process follow the word. Returns the word that it has acted on, NEW when it is too early
 * for that. */
uint32_t cci_recorder_settle(void);

/* The same for a process that is about to record itself: it is neither in its parent's recording nor
 * at its door. Anything but ASLEEP: it may not. */
uint32_t cci_recorder_come_apart(void);

/* Whether this is a fork that has not noticed yet. */
bool cci_recorder_is_fork(void);

/* From now on forks are noticed. False and errno: no memory. */
bool cci_recorder_notice_forks(void);

/* Put the door's word to ASLEEP. False: this recording had ended already. */
bool cci_recorder_end(uint32_t recording);

/* End this recording and say why, an errno. First call counts. */
void cci_recorder_fail(uint32_t recording, const char *what, int error);

/* Before the first recording's first thread; again is fine. */
void cci_threads_prepare(void);

/* Whether no thread is busy with a recording before this one, whose addresses will be used again.
 * Waits for that, CCI_POOL_WAIT_MS at most. */
bool cci_threads_are_out(void);

/* Whether no thread is in the middle of a record. Waits for that, but microseconds only. */
bool cci_threads_are_between(void);

/* Give back what threads keep for their stacks, when the recording has ended and there was a barrier
 * in every thread since: those that never record again cannot do so themselves. */
void cci_threads_shrink(void);

/* Private memory that a fork gets as the advice says. NULL and errno. */
void *cci_recorder_map(size_t bytes, int fork_advice);

#endif
