/* SPDX-License-Identifier: MIT */
/* floor_bench.c - what the smallest things cost on this machine, to read other figures against.
 *
 * "add" is the unit: a chain of additions each of which needs the one before, which every processor
 * of today does at one a cycle. A time divided by that of "add" is a number of cycles, whatever the
 * clock rate is at the moment.
 */
#include "ccbench.h"

#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CHAIN_BITS = 8 }; /* 256 pointers are 2 KiB: any first-level cache holds them */

static void            *chain[1 << CHAIN_BITS];
static _Atomic uint64_t counter;

static void run_empty(uint64_t ops)
{
    for (uint64_t i = 0; i < ops; i++)
        ccbench_use(i);
}

/* Sixteen a turn, so that the loop around them does not count; ops is a multiple of 64. */
static void run_add(uint64_t ops)
{
    uint64_t x = ccbench_opaque(1), one = ccbench_opaque(1);

    for (uint64_t i = 0; i < ops; i += 16) {
#pragma GCC unroll 16
        for (int k = 0; k < 16; k++)
            x = ccbench_opaque(x + one);
    }
    ccbench_use(x);
}

/* One cycle through all slots, in an order that no prefetcher follows. 167 is odd, thus prime to
 * the power of two, and the walk comes to every slot. */
static void setup_chain(void)
{
    const size_t n = sizeof chain / sizeof chain[0];

    for (size_t i = 0; i < n; i++)
        chain[i] = &chain[(i + 167) % n];
}

static void run_l1_load(uint64_t ops)
{
    void *p = chain;

    for (uint64_t i = 0; i < ops; i++)
        p = *(void *volatile *)p;
    ccbench_use((uintptr_t)p);
}

static void run_atomic_add(uint64_t ops)
{
    for (uint64_t i = 0; i < ops; i++)
        atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed);
}

static void run_ticks(uint64_t ops)
{
    for (uint64_t i = 0; i < ops; i++)
        ccbench_use(ccbench_ticks());
}

static void run_clock(uint64_t ops)
{
    for (uint64_t i = 0; i < ops; i++)
        ccbench_use(ccbench_now_ns());
}

/* getppid is the shortest way into the kernel that no C library keeps the answer of. */
static void run_syscall(uint64_t ops)
{
    for (uint64_t i = 0; i < ops; i++)
        ccbench_use((uint64_t)syscall(SYS_getppid));
}

static const ccbench_case_t cases[] = {
    { "empty", "one turn of an empty loop", NULL, run_empty, NULL },
    { "add", "an addition that needs the one before", NULL, run_add, NULL },
    { "l1-load", "a load whose address is the load before", setup_chain, run_l1_load, NULL },
    { "atomic-add", "a relaxed fetch_add that nobody contends for", NULL, run_atomic_add, NULL },
    { "ticks", "reading the processor's counter", NULL, run_ticks, NULL },
    { "clock", "clock_gettime(CLOCK_MONOTONIC)", NULL, run_clock, NULL },
    { "syscall", "the shortest system call", NULL, run_syscall, NULL },
};

int main(int argc, char **argv)
{
    return ccbench_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
