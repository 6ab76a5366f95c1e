/* SPDX-License-Identifier: MIT */
/* preload/real.h - the allocation functions behind ours: the next ones in the program's search order.
 *
 * The table starts with functions that find the real ones first; until the loader can answer, a
 * small static arena serves. So a call through the table is always right and never asks.
 */
#ifndef CCI_PRELOAD_REAL_H
#define CCI_PRELOAD_REAL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Every C function that is interposed: X(return type, name, parameters, arguments); those that make a
 * block of nothing, and those that are given one. */
#define CCI_REAL_FRESH_LIST(X)                                                          \
    X(void *, malloc, (size_t size), (size))                                            \
    X(void *, calloc, (size_t count, size_t size), (count, size))                       \
    X(int, posix_memalign, (void **out, size_t align, size_t size), (out, align, size)) \
    X(void *, aligned_alloc, (size_t align, size_t size), (align, size))                \
    X(void *, memalign, (size_t align, size_t size), (align, size))                     \
    X(void *, valloc, (size_t size), (size))                                            \
    X(void *, pvalloc, (size_t size), (size))

#define CCI_REAL_OLD_LIST(X)                                                            \
    X(void *, realloc, (void *ptr, size_t size), (ptr, size))                           \
    X(void *, reallocarray, (void *ptr, size_t count, size_t size), (ptr, count, size)) \
    X(size_t, malloc_usable_size, (void *ptr), (ptr))

#define CCI_REAL_LIST(X)   \
    CCI_REAL_FRESH_LIST(X) \
    CCI_REAL_OLD_LIST(X)

typedef struct cci_real {
#define CCI_REAL_FIELD(type, name, parameters, arguments) type(*name) parameters;
    CCI_REAL_LIST(CCI_REAL_FIELD)
#undef CCI_REAL_FIELD
    void (*free)(void *ptr);
    void (*free_any)(void *ptr); /* the same, but for blocks from before it was found */
    void (*free_sized)(void *ptr, size_t size);
    void (*free_aligned_sized)(void *ptr, size_t align, size_t size);
    int (*dlclose)(void *handle);
    size_t (*usable_size)(void *ptr); /* malloc_usable_size of the allocator whose malloc it is, or
                                         NULL: another one's knows nothing of its blocks */
} cci_real_t;

extern cci_real_t cci_real __attribute__((visibility("hidden")));

/* Find the real functions. Safe at any time, by any thread, again. */
void cci_real_find(void);

enum { CCI_EARLY_BYTES = 1 << 16 };

extern unsigned char cci_real_early[CCI_EARLY_BYTES] __attribute__((visibility("hidden")));

/* Whether ptr was served before they were found: such a block is never given back. */
static inline bool cci_real_is_early(const void *ptr)
{
    return (uintptr_t)ptr - (uintptr_t)cci_real_early < CCI_EARLY_BYTES;
}

/* What malloc_usable_size says, 0 where it cannot be asked. It may allocate when it is first asked
 * (tcmalloc): that is none of the program's. */
size_t cci_real_usable_size(void *ptr);

/* The function of this name after ours: by the search order, or, for what came with a library
 * opened privately, in `library`. NULL when there is none. */
void *cci_real_symbol(const char *name, const char *library);

#endif
