/* SPDX-License-Identifier: MIT */
/* libtruth_bump.c - an allocator that may be interrupted by a signal anywhere, and be called in the
 * handler: it never uses a block again before 64 MiB of others. For short-lived blocks only. */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { ARENA = 80 << 20, START_UP = 16 << 20, HEAD = 16 };

static _Alignas(64) char arena[ARENA];
static _Atomic size_t used;

static void *bump(size_t size)
{
    size_t bytes = (size + HEAD + 15) & ~(size_t)15;

    if (size > START_UP / 2) {
        errno = ENOMEM;
        return NULL;
    }
    size_t at = atomic_fetch_add(&used, bytes);
    if (at > START_UP) /* what the program was started with lies before, and stays */
        at = START_UP + (at - START_UP) % (ARENA - 2 * START_UP);
    memcpy(&arena[at], &size, sizeof size);
    return &arena[at + HEAD];
}

void *malloc(size_t size)
{
    return bump(size);
}

void *calloc(size_t count, size_t size)
{
    size_t bytes;
    void  *p = __builtin_mul_overflow(count, size, &bytes) ? NULL : bump(bytes);
    return p ? memset(p, 0, bytes) : NULL;
}

void free(void *p)
{
    (void)p;
}

void *realloc(void *old, size_t size)
{
    char  *p   = bump(size);
    size_t had = 0;

    if (old)
        memcpy(&had, (char *)old - HEAD, sizeof had);
    if (p && old)
        memcpy(p, old, had < size ? had : size);
    return p;
}
