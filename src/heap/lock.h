/* SPDX-License-Identifier: MIT */
/* heap/lock.h - a lock for which no allocation and no free has to wait.
 *
 * It is held for some hundred instructions, never across a call of the backend or of the program.
 * An allocation or a free that does not get it soon takes another way, to the backend: so a holder that was
 * stopped stops nobody there. What reclaims waits, and so does what begins and ends; and a fork, to
 * leave every lock free in the child (threads.c).
 */
#ifndef CCI_HEAP_LOCK_H
#define CCI_HEAP_LOCK_H
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "prim/cpu.h"

typedef struct cci_lock {
    _Atomic uint32_t held;
} cci_lock_t;

enum { CCI_LOCK_TRIES = 256 };

/* Acquire pairs with the release of the holder before. */
static inline bool cci_lock_try_once(cci_lock_t *lock)
{
    return atomic_load_explicit(&lock->held, memory_order_relaxed) == 0 &&
           atomic_exchange_explicit(&lock->held, 1, memory_order_acquire) == 0;
}

/* False: it was held the whole time, which is a few microseconds. */
static inline bool cci_lock_try(cci_lock_t *lock)
{
    for (int i = 0; i < CCI_LOCK_TRIES; i++) {
        if (cci_lock_try_once(lock))
            return true;
        cci_cpu_relax();
    }
    return false;
}

static inline void cci_lock_wait(cci_lock_t *lock)
{
    while (!cci_lock_try(lock))
        sched_yield();
}

static inline void cci_lock_release(cci_lock_t *lock)
{
    atomic_store_explicit(&lock->held, 0, memory_order_release);
}

#endif
