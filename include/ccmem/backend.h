/* SPDX-License-Identifier: MIT */
/* ccmem/backend.h - the general allocators that can stand under cc_alloc, and which one does.
 *
 * Four are known by name: "system" (the C library's), "mimalloc", "jemalloc" and "tcmalloc". None is
 * linked: each is opened when it is first asked for, privately, so the malloc of the program
 * stays what it is. A program may bring its own. To put a whole program on another allocator,
 * start it with `ccmem run`; to ask which allocator serves a program's malloc, see ccmem/info.h.
 *
 * Example:
 *   const char         *why;
 *   const cc_backend_t *b = cc_backend_find("jemalloc", &why);
 *   if (!b)
 *       fprintf(stderr, "jemalloc: %s\n", why);
 *   else if (cc_backend_use(b) != CC_RESULT_OK)
 *       fputs("cc_alloc was used before\n", stderr);
 *
 * Without a call of cc_backend_use, the environment's CCMEM_BACKEND names the backend of cc_alloc;
 * without that it is mimalloc, or system where mimalloc cannot be had.
 *
 * Units    sizes and alignments are bytes.
 * Failure  a backend that cannot be had is NULL with a reason; the program goes on.
 * Threads  any; tcmalloc is best opened before there are threads, since its first memory comes from
 *          where the C library's heap grows.
 */
#ifndef CC_BACKEND_H
#define CC_BACKEND_H
#include <stdbool.h>
#include <stddef.h>
#include <ccmem/api.h>
#include <ccmem/result.h>
CC_BEGIN

/* An allocator as a table of functions. Every block that alloc, calloc, alloc_aligned or realloc
 * returned, free takes back, on any thread; sizes are never 0 nor above PTRDIFF_MAX; blocks of 16
 * bytes and more are aligned to 16, smaller ones to 8; no function may call cc_alloc. */
typedef struct cc_backend {
    const char *name;
    const char *version; /* NULL: unknown */
    void *(*alloc)(size_t size);
    void *(*calloc)(size_t count, size_t size);        /* count * size does not overflow */
    void *(*alloc_aligned)(size_t size, size_t align); /* align is a power of two */
    void *(*realloc)(void *ptr, size_t size);          /* ptr is no NULL */
    void (*free)(void *ptr);                           /* ptr is no NULL */
    size_t (*usable_size)(const void *ptr);            /* the same for the block's whole life */
    void (*trim)(void);                                /* free memory to the system; may be NULL */
    bool uniform; /* usable_size of a block of alloc and calloc depends on the size alone */
} cc_backend_t;

/* The backend of that name, opened if it is not yet; it stays for the life of the process. NULL:
 * not known or not to be had, and *reason, if reason is not NULL, says why in a constant text.
 * O(1) but for the first time. */
CC_API const cc_backend_t *cc_backend_find(const char *name, const char **reason);

/* The names cc_backend_find knows, in no order: from index 0 on, NULL after the last. O(1). */
CC_API CC_CONST const char *cc_backend_name(size_t index);

/* Let cc_alloc serve from backend, which must outlive the process' use of it. CC_RESULT_BUSY: it
 * serves from one already, because it was used or this was called. CC_RESULT_INVALID: a function
 * is missing. O(1). */
CC_API cc_result_t cc_backend_use(const cc_backend_t *backend);

/* The backend cc_alloc serves from; this call chooses it if none did. *reason, if reason is not NULL,
 * says why it is this one. Never NULL. O(1) but for the first time. */
CC_API const cc_backend_t *cc_backend_current(const char **reason);

CC_END
#endif
