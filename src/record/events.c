/* SPDX-License-Identifier: MIT */
/* record/events.c - see record/events.h.
 *
 * busy is set while a thread's encoder and chunk are in motion. It is no lock: only a signal
 * handler of the same thread can meet it, and what it then does is lost and counted.
 */
#include "record/events.h"

/* Counted in the chunk too, where the count survives the process. */
static void lose(cci_thread_t *t)
{
    t->lost++;
    if (t->chunk)
        t->chunk->lost = t->lost;
}

static inline bool enter(cci_thread_t *t)
{
    if (__builtin_expect(cci_thread_enter(t), 1))
        return true;
    if (atomic_load_explicit(&t->busy, memory_order_relaxed))
        lose(t); /* otherwise it came after the end */
    return false;
}

static inline bool put_alloc(cci_thread_t *t, const cci_allocation_t *a, const cci_frame_t *caller)
{
    uint32_t stack;

    if (!cci_stacks_capture(t, caller, &stack) || !cci_thread_room(t, CCI_RECORD_MAX))
        return false;
    uint64_t now = cci_thread_now(t);
    if (a->op == CCI_OP_REALLOC)
        t->at = cci_put_realloc(&t->encoder, t->at, now, a->ptr, a->old, a->size, stack);
    else if (a->op == CCI_OP_ALIGNED)
        t->at = cci_put_aligned(&t->encoder, t->at, now, a->ptr, a->size, stack, a->align_log2);
    else
        t->at = cci_put_alloc(&t->encoder, t->at, a->op, now, a->ptr, a->size, stack);
    cci_thread_publish(t);
    return true;
}

static inline bool put_free(cci_thread_t *t, uintptr_t ptr)
{
    if (!cci_thread_room(t, CCI_RECORD_MAX))
        return false;
    t->at = cci_put_free(&t->encoder, t->at, cci_thread_now(t), ptr);
    cci_thread_publish(t);
    return true;
}

void cci_full_alloc(cci_thread_t *t, const cci_allocation_t *a, const cci_frame_t *caller)
{
    if (!enter(t))
        return;
    if (!put_alloc(t, a, caller))
        lose(t);
    cci_thread_leave(t);
}

void cci_full_free(cci_thread_t *t, uintptr_t ptr)
{
    if (!enter(t))
        return;
    if (!put_free(t, ptr))
        lose(t);
    cci_thread_leave(t);
}

void cci_sample_alloc(cci_thread_t *t, const cci_allocation_t *a, const cci_frame_t *caller)
{
    if (!enter(t))
        return;
    t->countdown = cci_sampler_gap(t);
    if (!cci_sampler_insert(a->ptr)) {
        lose(t);
    } else if (!put_alloc(t, a, caller)) {
        cci_sampler_remove(a->ptr); /* no free without its allocation */
        lose(t);
    }
    cci_thread_leave(t);
}

void cci_sample_free(cci_thread_t *t, uintptr_t ptr)
{
    if (!cci_sampler_remove(ptr))
        return;
    if (enter(t)) {
        if (!put_free(t, ptr))
            lose(t);
        cci_thread_leave(t);
    }
}

static void sample_realloc(cci_thread_t *t, void *old, bool was_sample, void *ptr, size_t size,
                           bool freed, const cci_frame_t *caller)
{
    bool gone = ptr || freed;

    t->counters->free_count += gone;
    if (was_sample && gone && enter(t)) {
        if (!put_free(t, (uintptr_t)old))
            lose(t);
        cci_thread_leave(t);
    } else if (was_sample && !gone && !cci_sampler_insert((uintptr_t)old)) {
        lose(t);
    }
    if (ptr)
        cci_record_alloc(CCI_OP_MALLOC, ptr, size, 0, caller);
}

void cci_record_realloc_end(void *old, bool was_sample, void *ptr, size_t size, bool freed,
                            const cci_frame_t *caller)
{
    cci_thread_t    *t = cci_thread_self();
    cci_allocation_t a = { CCI_OP_REALLOC, 0, (uintptr_t)ptr, (uintptr_t)old, size };

    if (t->mode == CCI_MODE_OFF)
        return;
    if (t->mode != CCI_MODE_FULL)
        sample_realloc(t, old, was_sample, ptr, size, freed, caller);
    else if (ptr)
        cci_full_alloc(t, &a, caller);
    else if (freed)
        cci_full_free(t, (uintptr_t)old);
}
