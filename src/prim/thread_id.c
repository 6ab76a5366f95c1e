/* SPDX-License-Identifier: MIT */
/* thread_id.c - see thread_id.h. */
#include "prim/thread_id.h"
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

uint32_t cci_thread_id(void)
{
    return (uint32_t)syscall(SYS_gettid);
}

/* Signal 0 is none; who may not even ask is told EPERM. errno is the caller's. */
bool cci_thread_lives(uint32_t id)
{
    int  before = errno;
    bool lives  = syscall(SYS_tgkill, getpid(), id, 0) == 0 || errno != ESRCH;

    errno = before;
    return lives;
}
