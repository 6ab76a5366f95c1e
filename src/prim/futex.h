/* SPDX-License-Identifier: MIT */
/* prim/futex.h - wait for a word in shared memory to change; works between processes. */
#ifndef CCI_PRIM_FUTEX_H
#define CCI_PRIM_FUTEX_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Of cci_futex_wait_until. */
#define CCI_FUTEX_FOREVER UINT64_MAX

/* Sleep while *word is seen, at most ms milliseconds. False: the time ran out. */
bool cci_futex_wait(_Atomic uint32_t *word, uint32_t seen, unsigned ms);

/* The same until CLOCK_MONOTONIC has come to so many nanoseconds. */
bool cci_futex_wait_until(_Atomic uint32_t *word, uint32_t seen, uint64_t deadline);

/* Wake up to n of those who sleep on it: those whose time runs out meanwhile do not count. */
void cci_futex_wake(_Atomic uint32_t *word, unsigned n);

void cci_futex_wake_all(_Atomic uint32_t *word);

/* Count *word up and wake whoever sleeps on it. */
static inline void cci_futex_post(_Atomic uint32_t *word)
{
    atomic_fetch_add_explicit(word, 1, memory_order_seq_cst);
    cci_futex_wake_all(word);
}

#endif
