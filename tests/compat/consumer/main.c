/* SPDX-License-Identifier: MIT */
/* A program outside the project: allocates in each way that there is, and prints the version of the
 * library that it runs with. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <ccmem/alloc.h>
#include <ccmem/allocator.h>
#include <ccmem/backend.h>
#include <ccmem/info.h>
#include <ccmem/result.h>
#include <ccmem/version.h>

static int is_aligned(const void *ptr, size_t align)
{
    return ptr && (uintptr_t)ptr % align == 0;
}

static int plain_blocks(size_t size)
{
    char *p     = cc_alloc(size);
    char *q     = cc_calloc(1, size);
    int   right = p && q && q[0] == 0 && q[size - 1] == 0 && cc_usable_size(p) >= size;

    if (p)
        memset(p, 0x5a, size);
    char *longer = cc_realloc(p, size, 2 * size);
    right        = right && longer && longer[0] == 0x5a && longer[size - 1] == 0x5a;
    if (longer)
        cc_free(longer, 2 * size);
    else
        cc_free(p, size);
    cc_free_unsized(q);
    return right;
}

static int aligned_blocks(size_t size)
{
    void *line = cc_alloc_aligned(size, 256), *node = cc_alloc_node(size);
    int   right = is_aligned(line, 256) && is_aligned(node, CC_CACHE_LINE_SIZE);

    cc_free_aligned(line, size, 256);
    cc_free_node(node, size);
    return right;
}

/* The size is known to the compiler: this is the inline path. */
static int a_constant_size(void)
{
    int *p = cc_alloc(sizeof *p);

    if (p)
        *p = 1;
    cc_free(p, sizeof *p);
    return p != NULL;
}

static int other_allocators(void)
{
    cc_allocator_t a = cc_allocator_heap(), system = cc_allocator_system();
    void          *p = cc_allocator_alloc(a, 100, 16), *q = cc_allocator_alloc(system, 100, 16);
    int            right = is_aligned(p, 16) && is_aligned(q, 16);

    cc_allocator_free(a, p, 100, 16);
    cc_allocator_free(system, q, 100, 16);
    return right;
}

static int all_is_freed(void)
{
    return cc_alloc_stats_snapshot().current_allocated == 0;
}

int main(void)
{
    int right = 1;

    cc_alloc_stats_enable(true);
    for (size_t size = 1; size <= (size_t)1 << 20; size *= 4)
        right = right && plain_blocks(size) && aligned_blocks(size);
    right = right && a_constant_size() && other_allocators() && all_is_freed();
    cc_trim();
    if (!right || puts(cc_version()) < 0) {
        fprintf(stderr, "consumer: %s, under %s\n", cc_result_text(CC_RESULT_INVALID),
                cc_backend_current(NULL)->name);
        return 1;
    }
    return 0;
}
