/* SPDX-License-Identifier: MIT */
/* record/events.h - what an interposed function tells the recorder. The hot path.
 *
 * Call cci_record_alloc after a successful allocation and before the program sees the address,
 * cci_record_free before the block is given back: then the times of one address' events are in the
 * order of its lives, whichever threads take part. For a realloc, begin before and end after.
 *
 * Threads: any, also in signal handlers; what a handler does while its thread is recording is
 * counted as lost. errno is kept.
 */
#ifndef CCI_RECORD_EVENTS_H
#define CCI_RECORD_EVENTS_H
#include "record/sampler.h"
#include "record/thread.h"

/* The caller's frame of the interposed function itself. */
#define CCI_CALLER()                                                      \
    ((cci_frame_t){ .pc = ((uintptr_t *)__builtin_frame_address(0))[1],   \
                    .sp = (uintptr_t)__builtin_frame_address(0) + 16,     \
                    .bp = ((uintptr_t *)__builtin_frame_address(0))[0] })

typedef struct cci_allocation {
    cci_op_t  op;
    unsigned  align_log2;
    uintptr_t ptr, old; /* old: what a realloc gave back, 0 when nothing */
    size_t    size;
} cci_allocation_t;

void cci_full_alloc(cci_thread_t *t, const cci_allocation_t *a, const cci_frame_t *caller);
void cci_full_free(cci_thread_t *t, uintptr_t ptr);
void cci_sample_alloc(cci_thread_t *t, const cci_allocation_t *a, const cci_frame_t *caller);
void cci_sample_free(cci_thread_t *t, uintptr_t ptr);

static inline cci_thread_t *cci_thread_self(void)
{
    cci_thread_t *t = cci_thread_current;
    return __builtin_expect(t->mode != CCI_MODE_UNATTACHED, 1) ? t : cci_thread_attach();
}

static inline void cci_count_alloc(cci_thread_t *t, size_t size)
{
    cci_trace_counters_t *c = t->counters;
    c->alloc_count++;
    c->alloc_bytes += size;
    c->sizes[cci_size_bucket(size)]++;
}

static inline __attribute__((always_inline)) void
cci_record_alloc(cci_op_t op, void *ptr, size_t size, unsigned align_log2, const cci_frame_t *caller)
{
    cci_thread_t    *t = cci_thread_self();
    cci_allocation_t a = { op, align_log2, (uintptr_t)ptr, 0, size };

    if (t->mode == CCI_MODE_FULL) {
        cci_full_alloc(t, &a, caller);
    } else if (t->mode != CCI_MODE_OFF) {
        cci_count_alloc(t, size);
        if (t->mode == CCI_MODE_SAMPLE &&
            __builtin_expect(__builtin_sub_overflow(t->countdown, size, &t->countdown) || t->countdown < 0, 0))
            cci_sample_alloc(t, &a, caller);
    }
}

static inline __attribute__((always_inline)) void cci_record_free(void *ptr)
{
    cci_thread_t *t = cci_thread_self();

    if (t->mode == CCI_MODE_FULL) {
        cci_full_free(t, (uintptr_t)ptr);
    } else if (t->mode != CCI_MODE_OFF) {
        t->counters->free_count++;
        if (t->mode == CCI_MODE_SAMPLE && __builtin_expect(cci_sampler_may_hold((uintptr_t)ptr), 0))
            cci_sample_free(t, (uintptr_t)ptr);
    }
}

/* A realloc of a block that is there. The old block's sample is looked for before, because
 * afterwards its address may belong to another thread. Returns what cci_record_realloc_end wants. */
static inline bool cci_record_realloc_begin(void *old)
{
    cci_thread_t *t = cci_thread_self();
    return t->mode == CCI_MODE_SAMPLE && cci_sampler_may_hold((uintptr_t)old) &&
           cci_sampler_remove((uintptr_t)old);
}

/* ptr NULL: it failed; unless freed, the old block lives on. */
void cci_record_realloc_end(void *old, bool was_sample, void *ptr, size_t size, bool freed,
                            const cci_frame_t *caller);

#endif
