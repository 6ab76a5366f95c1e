/* SPDX-License-Identifier: MIT */
/* lfqueue_wait.c - see lockfree/lfqueue_wait.h.
 *
 * A thread tries for some microseconds before it sleeps: whoever is about to change the queue on another
 * processor is faster than the system is with both calls. Rejected: one word that says that somebody
 * sleeps, which who wakes takes back, as rings have it: with several sleepers another one may say it
 * again meanwhile, and the first takes that for its own.
 */
#include "lockfree/lfqueue_wait.h"
#include <sched.h>
#include "prim/barrier.h"
#include "prim/clock.h"
#include "prim/cpu.h"
#include "prim/futex.h"

enum { SPINS = 128, YIELDS = 4 };

static uint64_t deadline_in(uint64_t timeout)
{
    const uint64_t now = cci_clock_ns(CLOCK_MONOTONIC);

    return timeout < CCI_FUTEX_FOREVER - now ? now + timeout : CCI_FUTEX_FOREVER;
}

/* changes is read before the look: who changes the queue after the look counts after that. Acquire, so
 * that the look is not done first; and by an addition, which reads the newest number: who was woken finds
 * what it was woken for, whatever the system promises. It looks also when its time is up: it may be the
 * one that was woken for a word, while the others sleep on. */
static cc_result_t sleep_until(cci_waiting_t *w, cci_attempt_fn *attempt, void *queue,
                               uintptr_t *word, uint64_t deadline)
{
    for (bool is_over = false;;) {
        const uint32_t seen = atomic_fetch_add_explicit(&w->changes, 0, memory_order_acquire);
        cc_result_t    r    = attempt(queue, word);
        if (r != CC_RESULT_BUSY || is_over)
            return r;
        is_over = !cci_futex_wait_until(&w->changes, seen, deadline);
    }
}

/* waiters: seq_cst pairs with cci_wake_if_any, the barrier with cci_wake_if_any_seen. */
static cc_result_t wait_asleep(cci_waiting_t *w, cci_attempt_fn *attempt, void *queue,
                               uintptr_t *word, uint64_t deadline, bool barrier)
{
    atomic_fetch_add_explicit(&w->waiters, 1, memory_order_seq_cst);
    if (barrier)
        cci_barrier_process();
    cc_result_t r = sleep_until(w, attempt, queue, word, deadline);
    atomic_fetch_sub_explicit(&w->waiters, 1, memory_order_relaxed);
    return r;
}

static void pause_after(unsigned tries)
{
    if (tries < SPINS)
        cci_cpu_relax();
    else
        sched_yield();
}

cc_result_t cci_wait_until(cci_waiting_t *w, cci_attempt_fn *attempt, void *queue, uintptr_t *word,
                           uint64_t timeout, bool barrier)
{
    cc_result_t r = attempt(queue, word);

    if (r != CC_RESULT_BUSY || timeout == 0)
        return r;
    const uint64_t deadline = deadline_in(timeout);
    for (unsigned tries = 0; tries < SPINS + YIELDS; tries++) {
        pause_after(tries);
        r = attempt(queue, word);
        if (r != CC_RESULT_BUSY)
            return r;
    }
    return wait_asleep(w, attempt, queue, word, deadline, barrier);
}

/* Release: who sees the count sees the change, and finds it. */
void cci_wake(cci_waiting_t *w, size_t n)
{
    atomic_fetch_add_explicit(&w->changes, 1, memory_order_release);
    cci_futex_wake(&w->changes, n < CCI_WAKE_ALL ? (unsigned)n : CCI_WAKE_ALL);
}
