/* SPDX-License-Identifier: MIT */
/* record/thread.h - what the recorder keeps for a thread, and the way of its records into a chunk.
 *
 * A thread owns its cci_thread_t and its chunk: nobody else writes to them, so recording takes no
 * lock and no atomic operation but the plain store that publishes `used`. The memory is wiped by
 * the kernel in a forked child (MADV_WIPEONFORK), whatever way the fork was made: mode is 0 then,
 * and the child's next event starts a recording of its own.
 *
 * A thread that ended is noticed by the next one that begins, which sees that the system no longer
 * knows it; until then its chunk takes what libc frees after the last destructor. What is in chunks
 * when the process ends, in whatever way, is there for the collector.
 */
#ifndef CCI_RECORD_THREAD_H
#define CCI_RECORD_THREAD_H
#include <stdbool.h>
#include "prim/clock.h"
#include "record/pool.h"
#include "record/stacks.h"
#include "trace/encode.h"

/* cci_trace_mode_t goes on: */
enum { CCI_MODE_UNATTACHED = 0, CCI_MODE_OFF = 4 };

typedef enum { CCI_LIFE_ALIVE, CCI_LIFE_EXITING, CCI_LIFE_CLAIMED } cci_life_t;

typedef struct cci_thread {
    uint8_t               mode; /* cci_trace_mode_t and the above */
    uint8_t               clock;
    uint8_t               tick_shift;
    _Atomic uint8_t       busy;       /* recording: a signal handler must not begin in the middle */
    uint8_t              *at, *limit; /* free part of the chunk; both NULL without one */
    cci_chunk_header_t   *chunk;
    cci_trace_counters_t *counters; /* in the chunk; &kept without one */
    cci_encoder_t         encoder;
    cci_stacks_t         *stacks;    /* NULL in count mode */
    int64_t               countdown; /* bytes until the next sample */
    uint64_t              random;
    double                sample_interval;
    uint64_t              lost, seq;
    uint32_t              index, tid;
    cci_trace_counters_t  kept;
    _Atomic uint32_t      life; /* cci_life_t; from here on other threads look at it */
    struct cci_thread    *next; /* all that ever were */
} cci_thread_t;

extern __thread cci_thread_t *cci_thread_current __attribute__((visibility("hidden")));

/* Begin to record this thread; cci_thread_current is set. Never NULL: the result may be OFF. */
cci_thread_t *cci_thread_attach(void);

/* Record nothing of this thread until it resumes with what suspend returned: for work of our own. */
cci_thread_t *cci_thread_suspend(void);
void          cci_thread_resume(cci_thread_t *suspended);

/* Begin a chunk with room for an extended record of n bytes. False: none is to be had. */
bool cci_thread_next_chunk(cci_thread_t *t, size_t n);

/* Whether n bytes may be written at t->at, in a new chunk if need be. */
static inline bool cci_thread_room(cci_thread_t *t, size_t n)
{
    return __builtin_expect((size_t)(t->limit - t->at) >= n, 1) || cci_thread_next_chunk(t, n);
}

/* What was written up to t->at is whole: from now on it survives the process. */
static inline void cci_thread_publish(cci_thread_t *t)
{
    atomic_store_explicit(&t->chunk->used, (uint64_t)(t->at - cci_chunk_body(t->chunk)),
                          memory_order_release); /* pairs: the collector's acquire */
}

static inline uint64_t cci_thread_now(const cci_thread_t *t)
{
    return cci_clock_ticks((cci_clock_kind_t)t->clock) >> t->tick_shift;
}

#endif
