/* SPDX-License-Identifier: MIT */
/* truth_calls.c - every function of malloc's family, one theme a scenario. One thread. */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include "truth.h"

/* ---- sizes: i blocks of the i-th size ---- */

static const size_t SIZES[] = { 0,  1,   8,   9,   16,   17,   32,    33,     64,
                                65, 128, 129, 500, 1024, 1025, 65536, 100000, 1 << 20 };

enum { SIZE_COUNT = sizeof SIZES / sizeof SIZES[0] };

static int sizes(void)
{
    for (size_t i = 0; i < SIZE_COUNT; i++)
        for (size_t n = 0; n <= i; n++)
            free(malloc(SIZES[i]));
    return 0;
}

/* ---- peak: who held it when ---- */

NOINLINE static void *hold_early(size_t size)
{
    void *p = malloc(size);
    KEEP_FRAME();
    return p;
}

NOINLINE static void *hold_at_peak(size_t size)
{
    void *p = malloc(size);
    KEEP_FRAME();
    return p;
}

NOINLINE static void *hold_late(size_t size)
{
    void *p = malloc(size);
    KEEP_FRAME();
    return p;
}

/* 300000 early, of which 100000 stay; 500000 more are the peak, which 400000 later are not. */
static int peak(void)
{
    void *early = hold_early(200000), *stays = hold_early(100000);
    free(early);
    void *at_peak = hold_at_peak(500000);
    free(at_peak);
    void *late = hold_late(400000);
    free(late);
    free(stays);
    return 0;
}

/* ---- leaks ---- */

NOINLINE static void *leak_small(void)
{
    void *p = malloc(24);
    KEEP_FRAME();
    return p;
}

NOINLINE static void *leak_large(void)
{
    void *p = calloc(3, 5000);
    KEEP_FRAME();
    return p;
}

NOINLINE static void *leak_some(int i)
{
    void *p = malloc(100 + (size_t)i);
    KEEP_FRAME();
    return p;
}

static void *kept[100];

/* Says where its leaks are. */
static int leaks(void)
{
    for (int i = 0; i < 10; i++)
        say("%p 24\n", kept[i] = leak_small());
    for (int i = 10; i < 12; i++)
        say("%p 15000\n", kept[i] = leak_large());
    for (int i = 0; i < 40; i++) {
        void *p = leak_some(i);
        if (i % 4 == 0)
            say("%p %d\n", kept[50 + i] = p, 100 + i);
        else
            free(p);
    }
    return 0;
}

/* ---- temporary ---- */

NOINLINE static void freed_at_once(void)
{
    free(malloc(50));
    KEEP_FRAME();
}

NOINLINE static void freed_second(void)
{
    void *a = malloc(60), *b = malloc(60);
    free(a);
    free(b);
    KEEP_FRAME();
}

static int temporary(void)
{
    for (int i = 0; i < 1000; i++) {
        freed_at_once();
        freed_second();
    }
    return 0;
}

/* ---- realloc ---- */

NOINLINE static void *grow(void *p, size_t size)
{
    p = realloc(p, size);
    KEEP_FRAME();
    return p;
}

static int reallocs(void)
{
    char    *p     = grow(NULL, 10);
    unsigned moved = 0, calls = 0;

    for (size_t size = 100; size <= 100000; size += 100, calls++) {
        uintptr_t before = (uintptr_t)p;
        p                = grow(p, size);
        moved += (uintptr_t)p != before;
        if (size % 5000 == 0)
            kept[size / 5000] = malloc(size); /* in the way of growing in place */
    }
    for (size_t size = 90000; size > 0; size -= 10000, calls++) {
        uintptr_t before = (uintptr_t)p;
        p                = grow(p, size);
        moved += (uintptr_t)p != before;
    }
    errno           = 0;
    void *too_large = grow(p, PTRDIFF_MAX);
    say("{\"calls\": %u, \"moved\": %u, \"refused\": %d}\n", calls, moved,
        !too_large && errno == ENOMEM);
    return grow(p, 0) != NULL; /* freed */
}

/* ---- the family ---- */

static void release(void **p, int count)
{
    while (count > 0)
        free(p[--count]);
}

static int family(void)
{
    void *p[12];
    int   n = 0;

    p[n++] = malloc(1000);
    p[n++] = calloc(10, 100);
    p[n++] = realloc(NULL, 1000);
    p[n++] = reallocarray(NULL, 10, 100);
    p[n++] = aligned_alloc(64, 1024);
    p[n++] = memalign(256, 1000);
    if (posix_memalign(&p[n++], 512, 1000) != 0)
        return 1;
    p[n++] = valloc(1000);
    p[n++] = strdup("123456789");
    p[n++] = strndup("123456789", 4);
    if (malloc_usable_size(p[0]) < 1000 || malloc_usable_size(NULL) != 0)
        return 1;
    release(p, n);
    return 0;
}

/* What some allocators lack, so that it comes from libc and must go back there. */
static int obsolete(void)
{
    void *p = pvalloc(1000);
    free(p);
    return p == NULL;
}

/* ---- what is refused is no allocation ---- */

static int refused(void)
{
    volatile size_t half = SIZE_MAX / 2; /* more than the compiler knows */
    void           *p    = (void *)1;
    void           *old  = malloc(10);

    if (malloc(half + 10) || calloc(half, 3) || realloc(old, half + 10) ||
        reallocarray(old, half, 3) || aligned_alloc(64, half + 10) || memalign(64, half + 10))
        return 1;
    if (posix_memalign(&p, 3, 10) != EINVAL || posix_memalign(&p, 64, half + 10) != ENOMEM ||
        p != (void *)1)
        return 1;
    free(NULL);
    free(old);
    return 0;
}

static const struct scenario LIST[] = {
    { "sizes", sizes },         { "peak", peak },         { "leaks", leaks },
    { "temporary", temporary }, { "reallocs", reallocs }, { "family", family },
    { "obsolete", obsolete },   { "refused", refused },
};

TRUTH_MAIN(LIST)
