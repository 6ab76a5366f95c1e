/* SPDX-License-Identifier: MIT */
/* compose_limit.c - see ccmem/compose.h.
 *
 * Invariant: used is the sum of the sizes that are out, so a free of more is none of ours.
 */
#include <stdbool.h>
#include <ccmem/compose.h>
#include "prim/fault.h"

/* The limit may have been set below what is used. */
static bool fits(const cc_limit_stats_t *now, size_t size)
{
    return size <= now->limit && now->used <= now->limit - size;
}

static void *limit_alloc(void *self, size_t size, size_t align)
{
    cc_limit_t *l = self;

    if (!fits(&l->now, size)) {
        l->now.refused_count++;
        return NULL;
    }
    void *ptr = cc_allocator_alloc(l->parent, size, align);
    if (!ptr)
        return NULL;
    l->now.used += size;
    if (l->now.used > l->now.peak)
        l->now.peak = l->now.used;
    return ptr;
}

static void limit_free(void *self, void *ptr, size_t size, size_t align)
{
    cc_limit_t *l = self;

    if (size > l->now.used)
        cci_fault("limit", "a block of %zu bytes was freed where %zu are in use", size,
                  l->now.used);
    l->now.used -= size;
    cc_allocator_free(l->parent, ptr, size, align);
}

void cc_limit_init(cc_limit_t *l, cc_allocator_t parent, size_t bytes)
{
    *l = (cc_limit_t){ .parent = parent, .now = { .limit = bytes } };
}

void cc_limit_set(cc_limit_t *l, size_t bytes)
{
    l->now.limit = bytes;
}

cc_allocator_t cc_limit_allocator(cc_limit_t *l)
{
    static const cc_allocator_ops_t ops = { limit_alloc, limit_free };

    return (cc_allocator_t){ &ops, l };
}

cc_limit_stats_t cc_limit_stats(const cc_limit_t *l)
{
    return l->now;
}
