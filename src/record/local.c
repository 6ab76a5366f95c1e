/* SPDX-License-Identifier: MIT */
/* record/local.c - see record/local.h: start and end.
 *
 * A process that records itself attaches to itself: it keeps others from its door, puts down what it
 * wants, changes the word, and all else follows (recorder.c). What attaching from outside takes
 * from a barrier in the whole system takes one in this process here: the word of a process is
 * ASLEEP before, and only its own threads may still be in the middle of something.
 */
#include <errno.h>
#include "prim/barrier.h"
#include "prim/futex.h"
#include "record/local_parts.h"
#include "record/recorder_parts.h"

static uint32_t heard; /* what the doorbell said when the reader last woke */

/* ---- start ---- */

/* Returns the recording's number. The order of stores is that in which others look: who finds the word
 * changed finds `local`, too. */
static uint32_t change_word(const cci_local_options_t *options)
{
    uint32_t number = cci_door.last = cci_door_next(cci_door.last);
    uint32_t asleep                 = CCI_WORD_ASLEEP;

    cci_recorder.wanted = *options;
    cci_door.target     = cci_recorder.pid;
    atomic_store(&cci_door.error, cci_door_no_error(number));
    atomic_store(&cci_door.local, number);
    atomic_store(&cci_recorder.local, number);
    cci_barrier_process(); /* between the last recording's end and this one's beginning */
    (void)atomic_compare_exchange_strong(&cci_door.word, &asleep, number);
    return number;
}

static cc_result_t why_not(uint32_t number)
{
    uint64_t error = atomic_load(&cci_door.error);
    return error == (cci_door_no_error(number) | ENOMEM) ? CC_RESULT_NO_MEMORY : CC_RESULT_BUSY;
}

/* This process' word is ASLEEP, and nobody else's. */
static cc_result_t start(const cci_local_options_t *options)
{
    uint32_t number = change_word(options);

    heard = 0;
    (void)cci_recorder_settle();
    if (atomic_load(&cci_recorder.recording) == number)
        return CC_RESULT_OK;
    cc_result_t result = why_not(number);
    cci_local_stop();
    return result;
}

cc_result_t cci_local_start(const cci_local_options_t *options)
{
    if (cci_recorder_come_apart() != CCI_WORD_ASLEEP)
        return CC_RESULT_BUSY;
    cci_local_stop(); /* what ended by itself */
    if (!cci_recorder_notice_forks())
        return CC_RESULT_NO_MEMORY;
    return cci_door_lock() ? start(options) : CC_RESULT_BUSY;
}

/* ---- end ---- */

/* Threads may still be in the middle of a record: what they have stays mapped, and empty. */
void cci_local_stop(void)
{
    uint32_t number = atomic_load(&cci_recorder.local);

    if (number == 0 || cci_recorder_is_fork())
        return;
    (void)cci_recorder_end(number);
    (void)cci_recorder_settle();
    cci_barrier_process();
    cci_threads_shrink();
    atomic_store(&cci_recorder.local, 0);
    cci_pool_leave(&cci_recorder.pool);
    atomic_store(&cci_door.local, 0);
    cci_door_unlock();
}

bool cci_local_is_on(void)
{
    uint32_t number = atomic_load(&cci_recorder.local);
    return number != 0 && atomic_load(&cci_door.word) == number && !cci_recorder_is_fork();
}

const cci_trace_header_t *cci_local_header(void)
{
    return &cci_recorder.header;
}

/* ---- the bell ---- */

/* What rang since the last wait ends this one. */
void cci_local_wait(unsigned ms)
{
    cci_control_t *control = cci_recorder.pool.control;

    if (!control)
        return;
    (void)cci_futex_wait(&control->doorbell, heard, ms);
    heard = atomic_load_explicit(&control->doorbell, memory_order_acquire); /* pairs: give */
}

void cci_local_ring(void)
{
    if (cci_recorder.pool.control)
        cci_futex_post(&cci_recorder.pool.control->doorbell);
}
