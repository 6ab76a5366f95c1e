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
#include "record/attach.h"
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
    cci_stacks_t         *stacks;    /* NULL: events have none */
    int64_t               countdown; /* bytes up to the next sample; 0: every event is looked at */
    uint64_t              random;
    double                sample_interval;
    uint64_t              lost, seq;
    uint32_t              index;
    cci_trace_measured_t *measured;       /* in the chunk; NULL: the next one begins it */
    uint64_t              measured_until; /* ticks: then another one is begun */
    uint64_t              measure_random;
    uint32_t              measure_every;       /* calls for one measured, ... */
    uint32_t              measure_distance[2]; /* ... and to the next one, in turn */
    uint32_t              measures_left;       /* until the distance jumps; 0: measure nothing */
    cci_trace_counters_t  kept;
    _Atomic uint32_t      tid;       /* from here on other threads look at it, and at busy */
    _Atomic uint32_t      recording; /* that it is for; 0: wiped by a fork */
    _Atomic uint32_t      life;      /* cci_life_t */
    struct cci_thread    *next;      /* all that ever were */
} cci_thread_t;

extern __thread cci_thread_t *cci_thread_current __attribute__((visibility("hidden")));

/* The door's word that this thread acted on last, or CCI_THREAD_RESTING. */
extern __thread uint32_t cci_thread_word __attribute__((visibility("hidden")));

/* It saw that nothing is recorded. Lags behind ASLEEP by CCI_LAG_RESTING, and behind no other word. */
#define CCI_LAG_RESTING    0x80000000u
#define CCI_THREAD_RESTING (CCI_WORD_ASLEEP + CCI_LAG_RESTING)

/* Do what the door's word says: begin to record this thread, or end it; cci_thread_current is set.
 * Never NULL: the result may be OFF. */
cci_thread_t *cci_thread_attach(void);

/* What a call has to ask first; one subtraction answers it. 0: the thread has done what the word says,
 * and may be recording. CCI_LAG_RESTING: nothing is recorded, and the thread knows. Anything else:
 * the word has changed, and attach reads it again. */
static inline uint32_t cci_thread_lag(void)
{
    return cci_thread_word - atomic_load_explicit(&cci_door.word, memory_order_relaxed);
}

/* Whether the thread is resting once it has done what the word says. */
static inline bool cci_thread_is_asleep(void)
{
    uint32_t lag = cci_thread_lag();

    if (__builtin_expect(lag == 0, 1))
        return false;
    if (lag != CCI_LAG_RESTING)
        cci_thread_attach();
    return cci_thread_word == CCI_THREAD_RESTING;
}

/* Whether what the thread has is of the recording that is on. */
static inline bool cci_thread_is_current(const cci_thread_t *t)
{
    return __builtin_expect(atomic_load_explicit(&cci_door.word, memory_order_relaxed) ==
                                atomic_load_explicit(&t->recording, memory_order_relaxed),
                            1);
}

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

/* Put encoder and chunk in motion. False: they are, and this is a signal handler; or busy is not
 * set, and the recording has ended.
 *
 * First busy, then the word: whoever starts the next recording has changed the word, had a barrier
 * in all threads and then looks at busy, so that one of the two sees the other. */
static inline bool cci_thread_enter(cci_thread_t *t)
{
    if (__builtin_expect(atomic_load_explicit(&t->busy, memory_order_relaxed), 0))
        return false;
    atomic_store_explicit(&t->busy, 1, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst); /* with the handler that looks at busy */
    if (cci_thread_is_current(t))
        return true;
    atomic_store_explicit(&t->busy, 0, memory_order_release);
    return false;
}

static inline void cci_thread_leave(cci_thread_t *t)
{
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(&t->busy, 0, memory_order_release); /* pairs: thread_is_gone */
}

static inline uint64_t cci_thread_now(const cci_thread_t *t)
{
    return cci_clock_ticks((cci_clock_kind_t)t->clock) >> t->tick_shift;
}

#endif
