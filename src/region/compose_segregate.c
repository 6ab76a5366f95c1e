/* SPDX-License-Identifier: MIT */
/* compose_segregate.c - see ccmem/compose.h.
 *
 * A free is told the size, so it finds the part by the same search as the allocation did and nothing has
 * to be remembered. Nothing here changes after init: threads need no lock.
 */
#include <ccmem/compose.h>
#include "prim/fault.h"

/* The first part whose max is not below size; NULL: none. */
static const cc_segregate_part_t *part_of(const cc_segregate_t *s, size_t size)
{
    size_t low = 0, high = s->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->parts[middle].max < size)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->count ? &s->parts[low] : NULL;
}

static void *segregate_alloc(void *self, size_t size, size_t align)
{
    const cc_segregate_part_t *part = part_of(self, size);

    return part ? cc_allocator_alloc(part->allocator, size, align) : NULL;
}

static void segregate_free(void *self, void *ptr, size_t size, size_t align)
{
    const cc_segregate_part_t *part = part_of(self, size);

    if (!part)
        cci_fault("segregate", "a block of %zu bytes was freed, which no part serves", size);
    cc_allocator_free(part->allocator, ptr, size, align);
}

cc_result_t cc_segregate_init(cc_segregate_t *s, const cc_segregate_part_t *parts, size_t count)
{
    size_t below = 0;

    if (count == 0)
        return CC_RESULT_INVALID;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].max <= below)
            return CC_RESULT_INVALID;
        below = parts[i].max;
    }
    *s = (cc_segregate_t){ parts, count };
    return CC_RESULT_OK;
}

cc_allocator_t cc_segregate_allocator(const cc_segregate_t *s)
{
    static const cc_allocator_ops_t ops = { segregate_alloc, segregate_free };

    return (cc_allocator_t){ &ops, (void *)s };
}
