/* SPDX-License-Identifier: MIT */
/* prim/barrier.c - see prim/barrier.h. */
#include "prim/barrier.h"
#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static bool ask(int command)
{
    return syscall(SYS_membarrier, command, 0, 0) == 0;
}

/* A sandbox may forbid the call, and a system whose processors never tick does without it. A store
 * is on its way for less than a microsecond: there, time has to do. */
void cci_barrier_everywhere(void)
{
    static const struct timespec long_enough = { .tv_nsec = 10000000 };

    if (!ask(MEMBARRIER_CMD_GLOBAL))
        nanosleep(&long_enough, NULL);
}

/* The system wants to know of processes that do this; one that was forked is another. */
void cci_barrier_process(void)
{
    bool done = ask(MEMBARRIER_CMD_PRIVATE_EXPEDITED);

    if (!done && errno == EPERM && ask(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED))
        done = ask(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    if (!done)
        cci_barrier_everywhere();
}

/* ThreadSanitizer does not see what the system does to other threads. */
#if defined(__SANITIZE_THREAD__)
bool cci_barrier_process_is_quick(void)
{
    return false;
}
#else
bool cci_barrier_process_is_quick(void)
{
    return ask(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
}
#endif
