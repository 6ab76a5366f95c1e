/* SPDX-License-Identifier: MIT */
/* backend/library.h - the allocator libraries that are known: files, functions, differences. */
#ifndef CCI_BACKEND_LIBRARY_H
#define CCI_BACKEND_LIBRARY_H
#include <stdbool.h>
#include <stddef.h>
#include <ccmem/backend.h>

enum { CCI_LIBRARY_FILES_MAX = 4 };

typedef struct cci_library {
    const char *name;
    const char *files[CCI_LIBRARY_FILES_MAX]; /* tried in this order; NULL ends it */
    /* Its functions; but for alloc_aligned with the arguments of cc_backend_t. */
    const char *alloc, *calloc, *alloc_aligned, *realloc, *free, *usable_size;
    /* Takes the library's alloc_aligned and returns one with the arguments of cc_backend_t. */
    void *(*(*wrap_aligned)(void *function))(size_t size, size_t align);
    /* Sets trim, and writes the version where it can be known. */
    void (*adapt)(void *handle, cc_backend_t *backend, char *version, size_t capacity);
    bool uniform;
    bool always_there; /* only looked for among what is loaded already */
} cci_library_t;

enum { CCI_LIBRARIES = 4 };
extern const cci_library_t cci_libraries[CCI_LIBRARIES];

#endif
