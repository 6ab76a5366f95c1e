/* SPDX-License-Identifier: MIT */
/* An allocator whose calls take a known time at least: malloc SLOW_MALLOC_NS, every tenth of it ten
 * times as long; free SLOW_FREE_NS. It has no malloc_usable_size of its own. */
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

void *__libc_malloc(size_t size);
void  __libc_free(void *ptr);

static long now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000 + t.tv_nsec;
}

static void spin(const char *name, long times)
{
    const char *ns  = getenv(name);
    long        end = now_ns() + times * (ns ? strtol(ns, NULL, 10) : 0);

    while (now_ns() < end) {
    }
}

void *malloc(size_t size)
{
    static unsigned long calls;

    spin("SLOW_MALLOC_NS", __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) % 10 ? 1 : 10);
    return __libc_malloc(size);
}

void free(void *ptr)
{
    if (ptr)
        spin("SLOW_FREE_NS", 1);
    __libc_free(ptr);
}
