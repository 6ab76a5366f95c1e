/* SPDX-License-Identifier: MIT */
/* record/measure.c - see record/measure.h.
 *
 * The counts stand in the thread's chunk, in a record whose payload goes on rising, so that they
 * survive the process like everything else. A record is left for a new one when a count of it is
 * full, and when it has lasted an eighth of what the program had run before: a range of the run can
 * then be told from the rest, and yet a run of any length has few of them.
 */
#include "record/measure.h"
#include "base/random.h"
#include "record/books.h"

enum {
    JUMP_EVERY   = 16, /* measured calls */
    READINGS     = 32,
    BATCHES      = 16,
    RECORD_BYTES = sizeof(cci_trace_measured_t) + 16,
    LEAST_UNITS  = 1 << 26 /* ticks >> shift that a record lasts at least: 0.5 to 3 seconds */
};

__thread uint32_t cci_measure_countdown;

static uint32_t timer_ticks;
static uint64_t first_ticks;

/* ---- which calls ---- */

static bool may_measure(const cci_thread_t *t)
{
    return t->mode == CCI_MODE_FULL || t->mode == CCI_MODE_SAMPLE;
}

/* Any distance from 1 on whose mean is the even one. */
static void jump(cci_thread_t *t)
{
    uint64_t most = 2 * (uint64_t)t->measure_every - 1;

    t->measures_left = JUMP_EVERY;
    cci_measure_countdown =
        1 + (uint32_t)((cci_random_next(&t->measure_random) >> 32) * most >> 32);
}

void cci_measure_start(cci_thread_t *t, uint64_t every, uint64_t seed)
{
    uint64_t own = seed ? seed : t->random;

    t->measure_random      = cci_random_seed(~own + ((uint64_t)t->index << 32));
    t->measure_every       = (uint32_t)every;
    t->measure_distance[0] = (uint32_t)(every > 1 ? every - 1 : every);
    t->measure_distance[1] = (uint32_t)(every > 1 ? every + 1 : every);
    cci_measure_countdown  = CCI_MEASURE_IDLE;
    if (may_measure(t) && every > 0)
        jump(t);
}

/* ---- counting ---- */

static uint64_t end_of_record(const cci_thread_t *t, uint64_t now)
{
    uint64_t least = (uint64_t)LEAST_UNITS << t->tick_shift, eighth = (now - first_ticks) / 8;
    return now + (eighth > least ? eighth : least);
}

/* False: there is no chunk for it. */
static bool begin_record(cci_thread_t *t)
{
    if (!may_measure(t)) {
        t->measures_left = 0;
        return false;
    }
    if (!cci_thread_room(t, RECORD_BYTES))
        return false;
    t->at                    = cci_put_measured(t->at, &t->measured);
    t->measured->every       = t->measure_every;
    t->measured->timer_ticks = timer_ticks;
    t->measured_until        = end_of_record(t, cci_clock_ticks((cci_clock_kind_t)t->clock));
    cci_thread_publish(t);
    return true;
}

/* True: it is time to read the allocator's books, too. */
static __attribute__((noinline)) bool begin_stretch(cci_thread_t *t)
{
    uint64_t now = cci_clock_ticks((cci_clock_kind_t)t->clock);

    jump(t);
    if (now >= t->measured_until)
        t->measured = NULL;
    return cci_books_due(now);
}

static inline bool count(cci_thread_t *t, int kind, uint64_t ticks, size_t requested, size_t usable)
{
    if (!t->measured && !begin_record(t))
        return false;
    cci_trace_measured_t *m   = t->measured;
    uint64_t              net = ticks > timer_ticks ? ticks - timer_ticks : 0;
    if (usable) {
        m->sized++;
        m->requested += requested;
        m->usable += usable;
    }
    m->ticks[kind] += net;
    if (++m->calls[kind][cci_histogram_bucket(net)] == UINT16_MAX)
        t->measured = NULL;
    return --t->measures_left == 0 && begin_stretch(t);
}

/* The thread's recording may have begun or ended since the call began. */
static inline bool count_current(int kind, uint64_t ticks, size_t requested, size_t usable)
{
    cci_thread_t *t = cci_thread_current;

    if (ticks == CCI_MEASURE_NONE || t->measures_left == 0 || !cci_thread_enter(t))
        return false;
    bool books = count(t, kind, ticks, requested, usable);
    cci_thread_leave(t);
    return books;
}

bool cci_measure_alloc(uint64_t ticks, size_t requested, size_t usable)
{
    return count_current(CCI_MEASURED_ALLOC, ticks, requested, usable);
}

bool cci_measure_free(uint64_t ticks)
{
    return count_current(CCI_MEASURED_FREE, ticks, 0, 0);
}

/* ---- the clock ---- */

/* Readings in a row, because one may take less than the clock's step. The least of several rows is
 * the one that nothing interrupted. */
void cci_measure_calibrate(cci_clock_kind_t clock)
{
    uint64_t best = UINT64_MAX;

    for (int batch = 0; batch < BATCHES; batch++) {
        uint64_t begin = cci_clock_ticks(clock), end = begin;
        for (int i = 0; i < READINGS; i++)
            end = cci_clock_ticks(clock);
        best = end - begin < best ? end - begin : best;
    }
    timer_ticks = (uint32_t)(best / READINGS);
    first_ticks = cci_clock_ticks(clock);
}
