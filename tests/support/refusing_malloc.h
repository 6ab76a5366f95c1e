/* SPDX-License-Identifier: MIT */
/* refusing_malloc.h - while armed, the program's own malloc refuses call number fail_at among those
 * that come from our code. Those of libc and libdw are left alone: libdw ends the process when it
 * cannot have memory, which no caller can change.
 *
 * Include it in one source of a test program, where there is glibc and no sanitizer. Where every
 * caller is to be refused, failing_malloc.h serves.
 */
#ifndef TEST_REFUSING_MALLOC_H
#define TEST_REFUSING_MALLOC_H
#include <stdbool.h>
#include <stddef.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern char  __executable_start[], etext[];

static bool   armed;
static size_t calls, fail_at;

static bool refuse(const void *caller)
{
    bool ours = (const char *)caller >= __executable_start && (const char *)caller < etext;

    return armed && ours && calls++ == fail_at;
}

void *malloc(size_t size)
{
    return refuse(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return refuse(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return refuse(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}

#endif
