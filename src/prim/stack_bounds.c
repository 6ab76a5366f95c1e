/* SPDX-License-Identifier: MIT */
/* prim/stack_bounds.c - see prim/stack_bounds.h. */
#include "prim/stack_bounds.h"
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

/* The kernel puts the program's name above the main thread's first frame, and maps nothing else for
 * at least 128 MiB below (mmap_base), whatever the limit has become since. */
static cci_stack_bounds_t main_bounds(void)
{
    struct rlimit limit;
    uintptr_t     high = getauxval(AT_EXECFN) & ~(uintptr_t)(sizeof(void *) - 1);
    uintptr_t     room = (uintptr_t)128 << 20;

    if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < room)
        room = limit.rlim_cur;
    return (cci_stack_bounds_t){ high > room ? high - room : 0, high };
}

static cci_stack_bounds_t thread_bounds(void)
{
    pthread_attr_t     attr;
    void              *low;
    size_t             size;
    cci_stack_bounds_t b = { 0, 0 };

    if (pthread_getattr_np(pthread_self(), &attr) != 0)
        return b;
    if (pthread_attr_getstack(&attr, &low, &size) == 0)
        b = (cci_stack_bounds_t){ (uintptr_t)low, (uintptr_t)low + size };
    pthread_attr_destroy(&attr);
    return b;
}

cci_stack_bounds_t cci_stack_bounds_own(void)
{
    uintptr_t          here = (uintptr_t)__builtin_frame_address(0);
    cci_stack_bounds_t b    = main_bounds();

    return here >= b.low && here < b.high ? b : thread_bounds();
}

/* The kernel reads for us: a bad address is an error code and not a signal. */
static bool page_is_readable(uintptr_t page)
{
    char         byte;
    struct iovec to   = { &byte, 1 };
    struct iovec from = { (void *)page, 1 };

    return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == 1;
}

cci_stack_bounds_t cci_stack_bounds_probe(uintptr_t sp)
{
    enum { PAGE = 4096, PAGES_MAX = 4 };
    uintptr_t page = sp & ~(uintptr_t)(PAGE - 1);
    uintptr_t high = page + PAGE; /* sp's own page is in use */

    for (int i = 1; i < PAGES_MAX && page_is_readable(high); i++)
        high += PAGE;
    return (cci_stack_bounds_t){ page, high };
}
