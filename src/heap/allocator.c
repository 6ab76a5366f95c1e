/* SPDX-License-Identifier: MIT */
/* allocator.c - the cc_alloc family as a cc_allocator_t. */
#include <ccmem/alloc.h>
#include <ccmem/allocator.h>

static void *heap_alloc(void *self, size_t size, size_t align)
{
    (void)self;
    return cc_alloc_aligned(size, align);
}

static void heap_free(void *self, void *ptr, size_t size, size_t align)
{
    (void)self;
    cc_free_aligned(ptr, size, align);
}

cc_allocator_t cc_allocator_heap(void)
{
    static const cc_allocator_ops_t ops = { heap_alloc, heap_free };

    return (cc_allocator_t){ &ops, NULL };
}
