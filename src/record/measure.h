/* SPDX-License-Identifier: MIT */
/* record/measure.h - how long the allocator's calls take, by looking at the clock around some.
 *
 * One call in 64. The distance is 63 and 65 in turn, so that a program that calls in twos or fours
 * is not always met at the same one, and jumps at random every few calls, so that no other rhythm
 * stays in step with it. To ask
 * whether a call is one costs three instructions; the answer depends on nothing but a countdown in
 * thread-local memory, because a thread that is not attached has no other memory of its own.
 *
 * The clock is read without fences around it. The processor may move some 10 ns of work from one
 * side of a reading to the other; waiting until it is done would take longer than the call does.
 *
 * Not in count mode. Failed calls, and what a signal handler does while its thread is recording,
 * are not counted.
 *
 * Example:
 *   if (cci_measure_due()) {
 *       uint64_t begun = cci_measure_begin();
 *       void    *p     = real_malloc(size);
 *       uint64_t ticks = cci_measure_end(begun);
 *       cci_measure_alloc(ticks, size, usable_size(p));
 *   }
 */
#ifndef CCI_RECORD_MEASURE_H
#define CCI_RECORD_MEASURE_H
#include "record/thread.h"

/* Calls until the next one that is measured. */
extern __thread uint32_t cci_measure_countdown __attribute__((visibility("hidden")));

enum {
    CCI_MEASURE_IDLE  = 1024,   /* calls until a thread that measures nothing is asked again */
    CCI_MEASURE_LARGE = 1 << 15 /* bytes of a block whose usable size is not asked */
};

/* What is measured when nothing is: the thread is not recorded, or only counts. */
#define CCI_MEASURE_NONE UINT64_MAX

/* Whether this call is to be measured. Asked once a call. */
static inline bool cci_measure_due(void)
{
    return __builtin_expect(--cci_measure_countdown == 0, 0);
}

/* What the clock says before a call that is due. */
static inline uint64_t cci_measure_begin(void)
{
    const cci_thread_t *t = cci_thread_current;

    if (t->measures_left == 0) {
        cci_measure_countdown = CCI_MEASURE_IDLE;
        return CCI_MEASURE_NONE;
    }
    cci_measure_countdown = t->measure_distance[t->measures_left % 2];
    return cci_clock_ticks((cci_clock_kind_t)t->clock);
}

/* What the call took. By the same thread state as begin. */
static inline uint64_t cci_measure_end(uint64_t begun)
{
    if (begun == CCI_MEASURE_NONE)
        return CCI_MEASURE_NONE;
    return cci_clock_ticks((cci_clock_kind_t)cci_thread_current->clock) - begun;
}

/* Whether of the allocation that was just measured it is to be asked, too, how much it got: of one in
 * eight, because to answer is work; of 16 the first and the tenth, of which, where allocations and
 * frees take turns, one is an allocation. Not of large ones: pages are rounded up, which is little for
 * them, but much for the mean when one of them happens to be measured. */
static inline bool cci_measure_wants_size(size_t size)
{
    return cci_thread_current->measures_left % 9 == 7 && size < CCI_MEASURE_LARGE;
}

/* Count what was measured. usable 0: not asked, or not known. True: it is time to read the allocator's books, see
 * record/books.h. */
bool cci_measure_alloc(uint64_t ticks, size_t requested, size_t usable);
bool cci_measure_free(uint64_t ticks);

/* A thread begins, that measures one call in `every`; seed 0 chooses. */
void cci_measure_start(cci_thread_t *t, uint64_t every, uint64_t seed);

/* Find out what a reading of the clock costs. Before the first thread starts. */
void cci_measure_calibrate(cci_clock_kind_t clock);

#endif
