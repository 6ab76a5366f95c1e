/* SPDX-License-Identifier: MIT */
/* ring_wait.c - sleeping until the other side has moved.
 *
 * Who is about to sleep says so and looks once more; who moves stores the position and asks
 * whether somebody sleeps. One of the two sees the other, since all four are sequentially
 * consistent and so in one order. That order is what CC_RING_WAITS costs: a fence between the
 * store and the question. The kernel is called only when somebody sleeps.
 */
#define _GNU_SOURCE
#include "region/ring_parts.h"

#include "prim/clock.h"
#include "prim/fault.h"
#include "prim/futex.h"

static _Atomic uint32_t *as_futex(uint32_t *word)
{
    return (_Atomic uint32_t *)word;
}

/* Whoever says that it sleeps after the question looks after the store. Whoever is asleep when the
 * word becomes 0 is woken next; whoever comes later finds it 0 and does not sleep. */
void cci_ring_publish_and_wake(uint64_t *position, uint64_t value, uint32_t *sleeps)
{
    __atomic_store_n(position, value, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(sleeps, __ATOMIC_SEQ_CST) == 0)
        return;
    __atomic_store_n(sleeps, 0, __ATOMIC_SEQ_CST);
    cci_futex_wake_all(as_futex(sleeps));
}

/* Milliseconds left, rounded up; 0: none. */
static unsigned left_of(uint64_t deadline)
{
    enum { HOUR = 3600 * 1000 };
    const uint64_t now = cci_clock_ns(CLOCK_MONOTONIC);

    if (now >= deadline)
        return 0;
    const uint64_t ms = (deadline - now + 999999) / 1000000;
    return ms < HOUR ? (unsigned)ms : HOUR;
}

static uint64_t deadline_in(unsigned ms)
{
    return ms == CC_RING_FOREVER ? UINT64_MAX
                                 : cci_clock_ns(CLOCK_MONOTONIC) + (uint64_t)ms * 1000000;
}

typedef bool ring_has_t(cc_ring_t *ring, size_t size);

static bool wait_until(cc_ring_t *ring, ring_has_t *has, size_t size, uint32_t *sleeps, unsigned ms)
{
    if (!(ring->flags & CC_RING_WAITS))
        cci_fault("ring", "wait of a ring without CC_RING_WAITS");
    if (has(ring, size))
        return true;
    if (size > ring->capacity || ms == 0)
        return false;
    const uint64_t deadline = deadline_in(ms);
    for (;;) {
        __atomic_store_n(sleeps, 1, __ATOMIC_SEQ_CST);
        if (has(ring, size))
            return true;
        const unsigned left = left_of(deadline);
        if (left == 0)
            return false;
        cci_futex_wait(as_futex(sleeps), 1, left);
    }
}

static bool has_bytes(cc_ring_t *ring, size_t size)
{
    size_t bytes;

    if (cci_ring_overwrites(ring))
        return cci_ring_sight(ring, &bytes) && size <= bytes;
    return cci_ring_has_bytes(ring, size);
}

static bool has_room(cc_ring_t *ring, size_t size)
{
    return cci_ring_overwrites(ring) ? size <= ring->capacity : cci_ring_has_room(ring, size);
}

bool cc_ring_wait_used(cc_ring_t *ring, size_t size, unsigned ms)
{
    return wait_until(ring, has_bytes, size, &ring->ends->reader_sleeps, ms);
}

bool cc_ring_wait_room(cc_ring_t *ring, size_t size, unsigned ms)
{
    return wait_until(ring, has_room, size, &ring->ends->writer_sleeps, ms);
}
