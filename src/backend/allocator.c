/* SPDX-License-Identifier: MIT */
/* backend/allocator.c - backends behind the interface of ccmem/allocator.h. */
#include <stdint.h>
#include <ccmem/allocator.h>
#include "backend/backend.h"

enum { BACKEND_ALIGN = 16 }; /* of every block that is at least as large */

static void *backend_alloc(void *self, size_t size, size_t align)
{
    const cc_backend_t *b = self;

    if (align == 0 || (align & (align - 1)) != 0 || size > PTRDIFF_MAX)
        return NULL;
    if (align > BACKEND_ALIGN)
        return b->alloc_aligned(size, align);
    return b->alloc(size < align ? align : size);
}

static void backend_free(void *self, void *ptr, size_t size, size_t align)
{
    const cc_backend_t *b = self;

    (void)size, (void)align;
    b->free(ptr);
}

static const cc_allocator_ops_t backend_ops = { backend_alloc, backend_free };

cc_allocator_t cc_allocator_backend(const cc_backend_t *backend)
{
    return (cc_allocator_t){ &backend_ops, (void *)backend };
}

cc_allocator_t cc_allocator_system(void)
{
    const cc_backend_t *b = cc_backend_find("system", NULL);
    return cc_allocator_backend(b ? b : &cci_backend_process);
}
