/* SPDX-License-Identifier: MIT */
/* lfqueue_slip.c - see lockfree/lfqueue_slip.h. */
#include "lockfree/lfqueue_slip.h"
#include "prim/cpu.h"

/* A wait at first, and at most some microseconds; how many words make one longer, and with how few looks
 * in vain between two words there is a first one. */
enum { SHORTEST = 16, LONGEST = 256, MANY = 16, FEW_LOOKS = 4 };

static uint32_t next_pauses(uint32_t pauses, uint64_t gained, uint32_t looks)
{
    if (pauses == 0)
        return looks < FEW_LOOKS ? SHORTEST : 0;
    if (gained < MANY)
        return pauses > SHORTEST ? pauses / 2 : 0;
    return pauses < LONGEST ? pauses * 2 : LONGEST;
}

bool cci_slip(cci_slip_t *s, uint64_t taken)
{
    const uint64_t gained = taken - atomic_load_explicit(&s->taken, memory_order_relaxed);
    const uint32_t looks  = atomic_load_explicit(&s->looks, memory_order_relaxed);
    uint32_t       pauses = atomic_load_explicit(&s->pauses, memory_order_relaxed);

    if (gained == 0) {
        if (looks < FEW_LOOKS)
            atomic_store_explicit(&s->looks, looks + 1, memory_order_relaxed);
        return false;
    }
    pauses = next_pauses(pauses, gained, looks);
    atomic_store_explicit(&s->taken, taken, memory_order_relaxed);
    atomic_store_explicit(&s->looks, 0, memory_order_relaxed);
    atomic_store_explicit(&s->pauses, pauses, memory_order_relaxed);
    for (uint32_t i = 0; i < pauses; i++)
        cci_cpu_relax();
    return pauses > 0;
}
