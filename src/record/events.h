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

/* The frame of an interposed function's caller; address: the function's own frame address. */
static inline cci_frame_t cci_caller_of(const void *address)
{
    const uintptr_t *fp = address;
    return (cci_frame_t){ .pc = fp[1], .sp = (uintptr_t)(fp + 2), .bp = fp[0] };
}

#define CCI_CALLER() cci_caller_of(__builtin_frame_address(0))

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

static inline void cci_count_alloc(cci_thread_t *t, size_t size, unsigned bucket)
{
    cci_trace_counters_t *c = t->counters;
    c->alloc_count++;
    c->alloc_bytes += size;
    c->sizes[bucket]++;
}

/* No block is larger than PTRDIFF_MAX. The countdown is below 1 where a signal handler allocated
 * while it was counted down: then the next block is a sample, and it starts anew. */
static inline bool cci_is_sampled(const cci_thread_t *t, size_t size)
{
    return (int64_t)size >= t->countdown;
}

/* The whole of cci_record_alloc where no stack is wanted: nearly always, but in full mode. False:
 * nothing was done. Here so that the caller's frame need not even be looked at. One comparison
 * tells all modes apart: where nothing is counted the countdown is 0, and in count mode it is out
 * of reach. */
static inline __attribute__((always_inline)) bool cci_record_alloc_briefly(size_t size)
{
    cci_thread_t *t = cci_thread_current;

    if (__builtin_expect(cci_is_sampled(t, size), 0))
        return t->mode == CCI_MODE_OFF;
    t->countdown -= (int64_t)size;
    cci_count_alloc(t, size, cci_size_bucket_below(size));
    return true;
}

static inline __attribute__((always_inline)) void cci_record_alloc(cci_op_t op, void *ptr,
                                                                   size_t size, unsigned align_log2,
                                                                   const cci_frame_t *caller)
{
    cci_thread_t    *t = cci_thread_self();
    cci_allocation_t a = { op, align_log2, (uintptr_t)ptr, 0, size };

    if (t->mode == CCI_MODE_FULL) {
        cci_full_alloc(t, &a, caller);
    } else if (!cci_record_alloc_briefly(size)) {
        cci_count_alloc(t, size, cci_size_bucket(size));
        if (t->mode == CCI_MODE_SAMPLE)
            cci_sample_alloc(t, &a, caller);
        else
            t->countdown = CCI_COUNTDOWN_MAX;
    }
}

/* The whole of cci_record_free where the block was no sample: always, but in full mode. False:
 * nothing was done. */
static inline __attribute__((always_inline)) bool cci_record_free_briefly(const void *ptr)
{
    cci_thread_t *t = cci_thread_current;

    if (t->mode == CCI_MODE_SAMPLE ? cci_sampler_may_hold((uintptr_t)ptr)
                                   : t->mode != CCI_MODE_COUNT)
        return t->mode == CCI_MODE_OFF;
    t->counters->free_count++;
    return true;
}

static inline void cci_record_free(void *ptr)
{
    cci_thread_t *t = cci_thread_self();

    if (t->mode == CCI_MODE_FULL) {
        cci_full_free(t, (uintptr_t)ptr);
    } else if (!cci_record_free_briefly(ptr)) {
        t->counters->free_count++;
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
