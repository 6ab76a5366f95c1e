/* SPDX-License-Identifier: MIT */
/* failing_malloc.h - fails one allocation of the program, whoever asks for it, and counts.
 *
 * Include it in one source of a test program: it defines malloc and its family for all
 * of it, shared libraries too. Allocation is as ever outside failing_malloc_begin and _end.
 *
 * Example:
 *   bool failed = true;
 *   for (size_t at = 0; failed; at++) {
 *       failing_malloc_begin(at);
 *       run();
 *       failed = failing_malloc_end();
 *       CHECK(failing_malloc_live() == 0);
 *   }
 *
 * Threads  allocate as they like; begin and end: one.
 */
#ifndef TEST_FAILING_MALLOC_H
#define TEST_FAILING_MALLOC_H
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#ifdef __has_feature
#define FAILING_HAS_FEATURE(name) __has_feature(name)
#else
#define FAILING_HAS_FEATURE(name) 0
#endif

/* The real functions: libc's, or those of the sanitizer that stands before it. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    FAILING_HAS_FEATURE(address_sanitizer) || FAILING_HAS_FEATURE(thread_sanitizer)
#define FAILING_REAL(name) __interceptor_##name
#else
#define FAILING_REAL(name) __libc_##name
#endif

void *FAILING_REAL(malloc)(size_t size);
void *FAILING_REAL(calloc)(size_t count, size_t size);
void *FAILING_REAL(realloc)(void *old, size_t size);
void *FAILING_REAL(memalign)(size_t align, size_t size);
void  FAILING_REAL(free)(void *p);

static struct {
    _Atomic bool      counting;
    _Atomic size_t    asked, fail_at;
    _Atomic ptrdiff_t live;
} failing_malloc;

/* From now on count, and fail the request number fail_at, from 0 on. */
static inline void failing_malloc_begin(size_t fail_at)
{
    failing_malloc.asked    = 0;
    failing_malloc.live     = 0;
    failing_malloc.fail_at  = fail_at;
    failing_malloc.counting = true;
}

/* Whether that request was made: not when there were fewer. */
static inline bool failing_malloc_end(void)
{
    failing_malloc.counting = false;
    return failing_malloc.asked > failing_malloc.fail_at;
}

/* Blocks allocated since begin and not freed. */
static inline ptrdiff_t failing_malloc_live(void)
{
    return failing_malloc.live;
}

static bool failing_malloc_refuses(void)
{
    if (!failing_malloc.counting || failing_malloc.asked++ != failing_malloc.fail_at)
        return false;
    errno = ENOMEM;
    return true;
}

static void *failing_malloc_count(void *p)
{
    if (failing_malloc.counting && p)
        failing_malloc.live++;
    return p;
}

void *malloc(size_t size)
{
    return failing_malloc_refuses() ? NULL : failing_malloc_count(FAILING_REAL(malloc)(size));
}

void *calloc(size_t count, size_t size)
{
    return failing_malloc_refuses() ? NULL
                                    : failing_malloc_count(FAILING_REAL(calloc)(count, size));
}

void *aligned_alloc(size_t align, size_t size)
{
    return failing_malloc_refuses() ? NULL
                                    : failing_malloc_count(FAILING_REAL(memalign)(align, size));
}

void *realloc(void *old, size_t size)
{
    if (failing_malloc_refuses())
        return NULL;
    return old ? FAILING_REAL(realloc)(old, size)
               : failing_malloc_count(FAILING_REAL(realloc)(old, size));
}

void free(void *p)
{
    if (failing_malloc.counting && p)
        failing_malloc.live--;
    FAILING_REAL(free)(p);
}

#endif
