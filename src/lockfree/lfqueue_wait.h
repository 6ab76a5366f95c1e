/* SPDX-License-Identifier: MIT */
/* lockfree/lfqueue_wait.h - sleeping until a queue has changed.
 *
 * Who is about to sleep says so, reads the number of changes, looks at the queue once more, and sleeps
 * unless the number has moved. Who changes the queue asks afterwards whether anybody sleeps, counts
 * the change and wakes them. One of the two sees the other:
 *   waiters; the look at the queue     the change of the queue; waiters
 * have all four to be in one order. Of the unbounded queue they are, since its changes are
 * read-modify-writes: all are sequentially consistent. Of the bounded one the change is a plain store,
 * and the sleeper, which has time, makes every thread pass a fence between its two.
 *
 * As many are woken as there are words, or places, more: whichever they are, they all want the same. Each
 * looks before it goes, so none is woken in vain while there is something for it. Who has said that it
 * sleeps and does not yet is not woken, and sees that the number has moved.
 */
#ifndef CCI_LOCKFREE_LFQUEUE_WAIT_H
#define CCI_LOCKFREE_LFQUEUE_WAIT_H
#include <ccmem/result.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CCI_WAKE_ALL = INT32_MAX };

typedef struct cci_waiting {
    _Atomic uint32_t waiters; /* threads that sleep or are about to */
    _Atomic uint32_t changes; /* while there were such */
} cci_waiting_t;

/* Try once. BUSY: it cannot be done yet. */
typedef cc_result_t cci_attempt_fn(void *queue, uintptr_t *word);

/* Try until it is done, or fails, or the time is up: BUSY. barrier: make all threads pass a fence. */
cc_result_t cci_wait_until(cci_waiting_t *w, cci_attempt_fn *attempt, void *queue, uintptr_t *word,
                           uint64_t timeout, bool barrier);

/* There are waiters, and something for n of them. */
void cci_wake(cci_waiting_t *w, size_t n);

/* Behind a sequentially consistent read-modify-write that changed the queue. Pairs with the waiters of
 * cci_wait_until. */
static inline void cci_wake_if_any(cci_waiting_t *w, size_t n)
{
    if (__builtin_expect(atomic_load_explicit(&w->waiters, memory_order_seq_cst) != 0, 0))
        cci_wake(w, n);
}

/* Behind any store; the fence for the compiler pairs with the barrier of cci_wait_until. */
static inline void cci_wake_if_any_seen(cci_waiting_t *w, size_t n)
{
    atomic_signal_fence(memory_order_seq_cst);
    if (__builtin_expect(atomic_load_explicit(&w->waiters, memory_order_relaxed) != 0, 0))
        cci_wake(w, n);
}

#endif
