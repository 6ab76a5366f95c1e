/* SPDX-License-Identifier: MIT */
/* compose_fallback.c - see ccmem/compose.h.
 *
 * The question is whose a block is when it is freed, and it is answered by remembering what the
 * second allocator served. Asking the first one ("do you own it?") needs an allocator that can tell, which
 * the general ones cannot, and believes the answer. A mark beside each block makes every block larger, so
 * that a pool of 64 bytes no longer serves 64; it can be overwritten, and it hides from tools who
 * did. What is remembered here costs the exception, not the rule: blocks of the first are not in the set.
 */
#include <ccmem/compose.h>
#include "region/block_set.h"

static void *alloc_from_second(cc_fallback_t *f, size_t size, size_t align)
{
    if (!cci_block_set_reserve(&f->of_second, f->books))
        return NULL;
    void *ptr = cc_allocator_alloc(f->second, size, align);
    if (ptr)
        cci_block_set_add(&f->of_second, ptr);
    return ptr;
}

static void *fallback_alloc(void *self, size_t size, size_t align)
{
    cc_fallback_t *f   = self;
    void          *ptr = cc_allocator_alloc(f->first, size, align);

    return ptr ? ptr : alloc_from_second(f, size, align);
}

/* The block leaves the set before it goes back: from then on another may have its address. */
static void fallback_free(void *self, void *ptr, size_t size, size_t align)
{
    cc_fallback_t *f  = self;
    bool is_of_second = f->of_second.count && cci_block_set_remove(&f->of_second, f->books, ptr);

    cc_allocator_free(is_of_second ? f->second : f->first, ptr, size, align);
}

void cc_fallback_init(cc_fallback_t *f, cc_allocator_t first, cc_allocator_t second,
                      cc_allocator_t books)
{
    f->first  = first;
    f->second = second;
    f->books  = books;
    cci_block_set_init(&f->of_second);
}

void cc_fallback_fini(cc_fallback_t *f)
{
    cci_block_set_fini(&f->of_second, f->books);
}

cc_allocator_t cc_fallback_allocator(cc_fallback_t *f)
{
    static const cc_allocator_ops_t ops = { fallback_alloc, fallback_free };

    return (cc_allocator_t){ &ops, f };
}
