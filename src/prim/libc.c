/* SPDX-License-Identifier: MIT */
/* prim/libc.c - see prim/libc.h. */
#define _GNU_SOURCE
#include "prim/libc.h"
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
#include <gnu/lib-names.h>
#include <gnu/libc-version.h>

typedef struct mallinfo2 mallinfo2_t(void);
typedef void            *malloc_t(size_t size);
typedef void             free_t(void *ptr);

/* Allocators may define these names too, so the library itself is asked. A static program has no
 * other than the one that it was linked with. */
static void *own_function(const char *name, void *linked)
{
    void *libc = dlopen(LIBC_SO, RTLD_LAZY | RTLD_NOLOAD);

    if (!libc)
        return linked;
    void *found = dlsym(libc, name);
    dlclose(libc); /* only counts: libc stays */
    return found;
}

/* glibc sets its heap up in the first call of malloc, or of mallinfo2, without a lock: a program of
 * its own has made that call before it has threads. */
static void use_first(void)
{
    malloc_t *own_malloc = (malloc_t *)own_function("malloc", (void *)malloc);
    free_t   *own_free   = (free_t *)own_function("free", (void *)free);

    if (own_malloc && own_free)
        own_free(own_malloc(1));
}

void cci_libc_heap_begin(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, use_first);
}

void *cci_libc_find_mallinfo2(void)
{
    cci_libc_heap_begin();
    return own_function("mallinfo2", (void *)mallinfo2);
}

uint64_t cci_libc_heap_bytes(void *mallinfo2)
{
    struct mallinfo2 info = ((mallinfo2_t *)mallinfo2)();
    return (uint64_t)info.uordblks + info.hblkhd;
}

const char *cci_libc_version(void)
{
    return gnu_get_libc_version();
}

#else

void cci_libc_heap_begin(void)
{
}

void *cci_libc_find_mallinfo2(void)
{
    return NULL;
}

uint64_t cci_libc_heap_bytes(void *mallinfo2)
{
    (void)mallinfo2;
    return 0;
}

const char *cci_libc_version(void)
{
    return "";
}

#endif
