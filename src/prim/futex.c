/* SPDX-License-Identifier: MIT */
/* prim/futex.c - see prim/futex.h. */
#include "prim/futex.h"
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

bool cci_futex_wait(_Atomic uint32_t *word, uint32_t seen, unsigned ms)
{
    struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
    return syscall(SYS_futex, word, FUTEX_WAIT, seen, &t, NULL, 0) == 0 || errno != ETIMEDOUT;
}

/* This operation, and not FUTEX_WAIT, takes a moment and not a duration. */
bool cci_futex_wait_until(_Atomic uint32_t *word, uint32_t seen, uint64_t deadline)
{
    const struct timespec t = { .tv_sec  = (time_t)(deadline / 1000000000),
                                .tv_nsec = (long)(deadline % 1000000000) };
    return syscall(SYS_futex, word, FUTEX_WAIT_BITSET, seen,
                   deadline == CCI_FUTEX_FOREVER ? NULL : &t, NULL, FUTEX_BITSET_MATCH_ANY) == 0 ||
           errno != ETIMEDOUT;
}

/* Asked for none, the system wakes one. */
void cci_futex_wake(_Atomic uint32_t *word, unsigned n)
{
    if (n)
        syscall(SYS_futex, word, FUTEX_WAKE, n < INT_MAX ? (int)n : INT_MAX, NULL, NULL, 0);
}

void cci_futex_wake_all(_Atomic uint32_t *word)
{
    cci_futex_wake(word, INT_MAX);
}
