/* SPDX-License-Identifier: MIT */
/* poison.c - see poison.h. */
#include "prim/poison.h"

#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif
#endif

#ifndef RUNNING_ON_VALGRIND
#define RUNNING_ON_VALGRIND                       0
#define VALGRIND_MAKE_MEM_NOACCESS(start, bytes)  ((void)(start), (void)(bytes))
#define VALGRIND_MAKE_MEM_UNDEFINED(start, bytes) ((void)(start), (void)(bytes))
#endif

#define WEAK __attribute__((weak))
WEAK void __asan_poison_memory_region(void const volatile *start, size_t bytes);
WEAK void __asan_unpoison_memory_region(void const volatile *start, size_t bytes);

bool cci_poison_active(void)
{
    return __asan_poison_memory_region || RUNNING_ON_VALGRIND;
}

void cci_poison(const void *start, size_t bytes)
{
    if (__asan_poison_memory_region)
        __asan_poison_memory_region(start, bytes);
    else if (RUNNING_ON_VALGRIND)
        VALGRIND_MAKE_MEM_NOACCESS(start, bytes);
}

void cci_unpoison(const void *start, size_t bytes)
{
    if (__asan_unpoison_memory_region)
        __asan_unpoison_memory_region(start, bytes);
    else if (RUNNING_ON_VALGRIND)
        VALGRIND_MAKE_MEM_UNDEFINED(start, bytes);
}
