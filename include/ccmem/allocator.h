/* SPDX-License-Identifier: MIT */
/* ccmem/allocator.h - the one interface that every allocator here implements and takes.
 *
 * Whatever needs memory takes a cc_allocator_t by value; the heap, the backends and the regions
 * give one out, so that any of them can stand under any other. Code that knows its allocator calls
 * it directly, which is cheaper.
 *
 * Example:
 *   cc_allocator_t a = cc_allocator_heap();
 *   int           *v = cc_allocator_alloc(a, 100 * sizeof *v, _Alignof(int));
 *   if (v)
 *       v[0] = 1;
 *   cc_allocator_free(a, v, 100 * sizeof *v, _Alignof(int));
 *
 * Units    sizes and alignments are bytes; an alignment is a power of two.
 * Failure  NULL: out of memory, size 0, or a size or alignment that no block can have.
 * Threads  as the allocator behind it says; those of this header: any.
 */
#ifndef CC_ALLOCATOR_H
#define CC_ALLOCATOR_H
#include <stddef.h>
#include <ccmem/allocator_inline.h>
#include <ccmem/api.h>
#include <ccmem/backend.h>
CC_BEGIN

typedef struct cc_allocator_ops {
    /* At least size bytes at a multiple of align, or NULL. size > 0. */
    void *(*alloc)(void *self, size_t size, size_t align);
    /* Give back what alloc returned; size and align as then, ptr no NULL. Cannot fail. */
    void (*free)(void *self, void *ptr, size_t size, size_t align);
} cc_allocator_ops_t;

/* Two words, passed by value; valid as long as the allocator behind it. */
typedef struct cc_allocator {
    const cc_allocator_ops_t *ops;
    void                     *self;
} cc_allocator_t;

/* size bytes at a multiple of align, or NULL; size 0 is NULL. The allocator's cost; where align is
 * a constant, an arena serves the block without a call. */
static inline void *cc_allocator_alloc(cc_allocator_t a, size_t size, size_t align)
{
    void *block = NULL;

    if (cc_allocator_bump_(a.ops, a.self, size, align, &block))
        return block;
    return size ? a.ops->alloc(a.self, size, align) : NULL;
}

/* Give back a block with the size and alignment it was asked for with; NULL is nothing. The
 * allocator's cost. */
static inline void cc_allocator_free(cc_allocator_t a, void *ptr, size_t size, size_t align)
{
    if (ptr)
        a.ops->free(a.self, ptr, size, align);
}

/* The cc_alloc family. O(1). */
CC_API cc_allocator_t cc_allocator_heap(void);

/* A backend without anything between. O(1). */
CC_API cc_allocator_t cc_allocator_backend(const cc_backend_t *backend);

/* The C library's own heap, whatever serves the program's malloc. O(1). */
CC_API cc_allocator_t cc_allocator_system(void);

CC_END
#endif
