/* SPDX-License-Identifier: MIT */
/* record/local_events.c - see record/local.h: what the recorder is told.
 *
 * Between the two calls of a pair the thread is suspended, so that what one allocator asks of another
 * is not recorded a second time; nor is it counted when calls are chosen to be measured. That happens
 * in the middle of a call, where the other allocator's books cannot be read.
 */
#include "record/books.h"
#include "record/events.h"
#include "record/local_parts.h"
#include "record/measure.h"

/* What the first of a pair returns when nothing is recorded. No clock says so. */
#define NOT_RECORDED UINT64_C(0)

/* The pair of this thread that is open. */
static __thread struct pair {
    cci_thread_t *suspended;
    uint32_t      countdown;  /* cci_measure_countdown */
    bool          was_sample; /* of cci_record_realloc_begin */
} pair;

/* Whether this thread's events are recorded: not while a pair is open, either. */
static bool is_recorded(void)
{
    return atomic_load_explicit(&cci_door.word, memory_order_relaxed) >= CCI_WORD_FIRST &&
           !cci_thread_is_asleep() && cci_thread_self()->mode != CCI_MODE_OFF;
}

bool cci_local_records(void)
{
    return !cci_thread_is_asleep() && cci_thread_self()->mode != CCI_MODE_OFF;
}

/* Suspended first: a handler that interrupts this opens no pair of its own from there on. */
static uint64_t open_pair(uint64_t began, bool was_sample)
{
    cci_thread_t *suspended = cci_thread_suspend();

    pair = (struct pair){ suspended, cci_measure_countdown, was_sample };
    return began;
}

static uint64_t open_measured_pair(void)
{
    return open_pair(cci_measure_due() ? cci_measure_begin() : CCI_MEASURE_NONE, false);
}

/* Returns whether the old block was a sample. */
static bool close_pair(void)
{
    struct pair closed = pair; /* before a handler may open another */

    cci_measure_countdown = closed.countdown;
    cci_thread_resume(closed.suspended);
    return closed.was_sample;
}

/* Of a pair that was open while it took so long. */
static uint64_t close_measured_pair(uint64_t began)
{
    (void)close_pair();
    return cci_measure_end(began);
}

static unsigned align_log2_of(const cci_local_event_t *e)
{
    return e->op == CCI_OP_ALIGNED && e->align ? (unsigned)__builtin_ctzll(e->align) : 0;
}

static void count_alloc(uint64_t ticks, size_t size, size_t usable)
{
    if (cci_measure_alloc(ticks, size, cci_measure_wants_size(size) ? usable : 0))
        cci_books_put_off();
}

uint64_t cci_local_allocating(void)
{
    return is_recorded() ? open_measured_pair() : NOT_RECORDED;
}

void cci_local_allocated(uint64_t began, void *ptr, size_t usable, const cci_local_event_t *e)
{
    if (began == NOT_RECORDED)
        return;
    uint64_t ticks = close_measured_pair(began);
    if (!ptr || !is_recorded())
        return;
    cci_frame_t caller = cci_caller_of(e->frame);
    cci_record_alloc(e->op, ptr, e->size, align_log2_of(e), &caller);
    count_alloc(ticks, e->size, usable);
}

uint64_t cci_local_freeing(void *ptr)
{
    if (!ptr || !is_recorded())
        return NOT_RECORDED;
    cci_record_free(ptr);
    return open_measured_pair();
}

void cci_local_freed(uint64_t began)
{
    if (began != NOT_RECORDED && cci_measure_free(close_measured_pair(began)))
        cci_books_put_off();
}

uint64_t cci_local_resizing(void *old)
{
    return is_recorded() ? open_pair(CCI_MEASURE_NONE, cci_record_realloc_begin(old))
                         : NOT_RECORDED;
}

void cci_local_resized(uint64_t began, void *old, void *ptr, size_t usable,
                       const cci_local_event_t *e)
{
    (void)usable;
    if (began == NOT_RECORDED)
        return;
    bool was_sample = close_pair();
    if (!is_recorded())
        return;
    cci_frame_t caller = cci_caller_of(e->frame);
    cci_record_realloc_end(old, was_sample, ptr, e->size, false, &caller);
}

void *cci_local_suspend(void)
{
    return cci_thread_suspend();
}

void cci_local_resume(void *suspended)
{
    cci_thread_resume(suspended);
}
