/* SPDX-License-Identifier: MIT */
/* record/books.c - see record/books.h. */
#include "record/books.h"
#include <errno.h>
#include <signal.h>

static const uint64_t PAUSE_UNITS = 1 << 26; /* ticks >> shift: 0.5 to 3 seconds */
static const uint64_t SLOW_UNITS  = 1 << 17; /* about a millisecond */
static const uint64_t SHARE       = 256;

enum { FRAMES_MAX = 4096 };

static _Atomic uint64_t due_ticks = UINT64_MAX;

void cci_books_start(cci_clock_kind_t clock)
{
    atomic_store(&due_ticks, cci_clock_ticks(clock) + (PAUSE_UNITS << cci_clock_shift(clock)));
}

bool cci_books_due(uint64_t now_ticks)
{
    uint64_t due = atomic_load_explicit(&due_ticks, memory_order_relaxed);

    return now_ticks >= due && atomic_compare_exchange_strong(&due_ticks, &due, UINT64_MAX);
}

void cci_books_put_off(void)
{
    atomic_store(&due_ticks, 0);
}

static void set_next(const cci_thread_t *t, uint64_t begin, uint64_t end)
{
    uint64_t pause = PAUSE_UNITS << t->tick_shift, share = (end - begin) * SHARE;

    if (end - begin < SLOW_UNITS << t->tick_shift)
        atomic_store(&due_ticks, end + (pause > share ? pause : share));
}

/* ---- where ---- */

/* While a handler runs, its signal is blocked, unless it was asked not to be. */
static bool blocks_signals(void)
{
    sigset_t blocked;
    return sigprocmask(SIG_SETMASK, NULL, &blocked) != 0 || !sigisemptyset(&blocked);
}

/* A handler that was asked to leave its signal open stands on the stack all the same. On another
 * stack than the thread's own, and where no stacks are followed, it cannot be told. */
static bool is_below_handler(cci_thread_t *t, cci_frame_t frame)
{
    if (!t->stacks)
        return true;
    const cci_stack_bounds_t *bounds = &t->stacks->bounds;
    cci_unwind_step_t         step   = { 0 };
    if (!cci_stack_holds(bounds, frame.sp))
        return true;
    for (int n = 0; n < FRAMES_MAX && !step.interrupted; n++)
        if (!cci_unwind_step(&t->stacks->unwind, bounds, &frame, &step))
            return step.interrupted;
    return true;
}

/* ---- recording ---- */

static void put(cci_thread_t *t, const cci_books_t *books)
{
    if (!cci_thread_room(t, CCI_BOOKS_RECORD_MAX))
        return;
    t->at = cci_put_books(t->at, cci_thread_now(t), books);
    cci_thread_publish(t);
}

static void record(cci_thread_t *t, cci_books_reader_t *read, bool at_end)
{
    const cci_clock_kind_t clock = (cci_clock_kind_t)t->clock;
    cci_books_t            books;

    uint64_t      begin = cci_clock_ticks(clock);
    cci_thread_t *mine  = cci_thread_suspend(); /* what it allocates is not the program's */
    bool          done  = read(&books, at_end);
    cci_thread_resume(mine);
    if (done)
        put(t, &books);
    if (done && !at_end)
        set_next(t, begin, cci_clock_ticks(clock));
}

void cci_books_record(cci_books_reader_t *read, const cci_frame_t *caller, bool at_end)
{
    cci_thread_t *t     = cci_thread_current;
    int           error = errno;

    if ((t->mode != CCI_MODE_FULL && t->mode != CCI_MODE_SAMPLE) || !cci_thread_enter(t))
        return;
    if (blocks_signals() || is_below_handler(t, *caller)) {
        uint64_t now = cci_clock_ticks((cci_clock_kind_t)t->clock);
        set_next(t, now, now);
    } else {
        record(t, read, at_end);
    }
    cci_thread_leave(t);
    errno = error;
}
