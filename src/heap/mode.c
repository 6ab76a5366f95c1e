/* SPDX-License-Identifier: MIT */
/* mode.c - see mode.h. */
#include "heap/mode.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "backend/backend.h"

static _Atomic int decided;

/* A switch in the environment; preset when it is not there. */
static bool is_on(const char *name, bool preset)
{
    const char *value = getenv(name);
    return value && *value ? strcmp(value, "0") != 0 : preset;
}

#ifdef NDEBUG
enum { CHECK_PRESET = false };
#else
enum { CHECK_PRESET = true };
#endif

static cci_heap_mode_t decide(void)
{
    bool aside = cci_backend_stepping_aside();

    if (is_on("CCMEM_HEAP_CHECK", CHECK_PRESET && !getenv("CCMEM_MAGAZINES") && !aside))
        return CCI_HEAP_CHECK;
    return is_on("CCMEM_MAGAZINES", !aside) ? CCI_HEAP_CACHE : CCI_HEAP_DIRECT;
}

cci_heap_mode_t cci_heap_mode(void)
{
    int mode = atomic_load_explicit(&decided, memory_order_relaxed);

    if (__builtin_expect(mode == 0, 0)) { /* threads that decide at once decide the same */
        mode = (int)decide();
        atomic_store_explicit(&decided, mode, memory_order_relaxed);
    }
    return (cci_heap_mode_t)mode;
}
