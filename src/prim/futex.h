/* SPDX-License-Identifier: MIT */
/* prim/futex.h - wait for a word in shared memory to change; works between processes. */
#ifndef CCI_PRIM_FUTEX_H
#define CCI_PRIM_FUTEX_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Sleep while *word is seen, at most ms milliseconds. False: the time ran out. */
bool cci_futex_wait(_Atomic uint32_t *word, uint32_t seen, unsigned ms);

void cci_futex_wake_all(_Atomic uint32_t *word);

/* Count *word up and wake whoever sleeps on it. */
static inline void cci_futex_post(_Atomic uint32_t *word)
{
    atomic_fetch_add_explicit(word, 1, memory_order_seq_cst);
    cci_futex_wake_all(word);
}

#endif
