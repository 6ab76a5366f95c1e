/* SPDX-License-Identifier: MIT */
/* test_backend.c - see support/test_backend.h. */
#include "support/test_backend.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRESH = 0xA5, STALE = 0xDD, ALIGN_MOST = 1 << 20 };

#define LIVE UINT64_C(0x6c6976655f626c6b)
#define DEAD UINT64_C(0x646561645f626c6b)

/* Right before each block. */
typedef struct header {
    void    *base;
    size_t   usable;
    uint64_t state;
} header_t;

struct test_backend   test_backend;
static _Atomic size_t refuse_from, refuse_count;

void test_backend_refuse(size_t after, size_t count)
{
    atomic_store(&refuse_count, count);
    atomic_store(&refuse_from, atomic_load(&test_backend.asked) + after);
}

static bool refuses(void)
{
    size_t number = atomic_fetch_add(&test_backend.asked, 1);
    size_t count = atomic_load(&refuse_count), from = atomic_load(&refuse_from);

    return count && number >= from && number - from < count;
}

static header_t *header_of(const void *block)
{
    header_t *h = (header_t *)block - 1;

    if (h->state == LIVE)
        return h;
    fprintf(stderr, "test backend: block %p %s\n", block,
            h->state == DEAD ? "was freed before" : "is none of this backend");
    abort();
}

/* At align, and not at twice that. */
static unsigned char *place(unsigned char *from, size_t align)
{
    uintptr_t at = ((uintptr_t)from + align - 1) / align * align;
    return from + (at - (uintptr_t)from) + (at % (2 * align) == 0 ? align : 0);
}

static void *make(size_t size, size_t align, size_t more)
{
    if (refuses() || align > ALIGN_MOST || size > PTRDIFF_MAX - 4 * (size_t)ALIGN_MOST)
        return NULL;
    unsigned char *base = malloc(sizeof(header_t) + 2 * align + size + more);
    if (!base)
        return NULL;
    unsigned char *block    = place(base + sizeof(header_t), align);
    ((header_t *)block)[-1] = (header_t){ base, size + more, LIVE };
    memset(block, FRESH, size + more);
    size_t number = atomic_fetch_add(&test_backend.served, 1);
    if (size >= 16)
        memcpy(block, &number, sizeof number);
    atomic_fetch_add(&test_backend.live, 1);
    atomic_fetch_add(&test_backend.live_bytes, size + more);
    return block;
}

static size_t own_align(size_t size)
{
    return size < 16 ? 8 : 16;
}

static void *regular_alloc(size_t size)
{
    return make(size, own_align(size), 0);
}

static void *regular_aligned(size_t size, size_t align)
{
    return make(size, align < 8 ? 8 : align, 0);
}

static size_t at_times_16(void)
{
    return atomic_load(&test_backend.asked) % 3 == 0 ? 16 : 0;
}

static void *irregular_alloc(size_t size)
{
    return make(size, own_align(size), at_times_16());
}

static void *irregular_aligned(size_t size, size_t align)
{
    return make(size, align < 8 ? 8 : align, at_times_16());
}

static void release(void *block)
{
    header_t *h = header_of(block);

    h->state = DEAD;
    atomic_fetch_add(&test_backend.freed, 1);
    atomic_fetch_sub(&test_backend.live, 1);
    atomic_fetch_sub(&test_backend.live_bytes, h->usable);
    memset(block, STALE, h->usable);
    free(h->base);
}

static void *zeroed(void *block, size_t bytes)
{
    return block ? memset(block, 0, bytes) : NULL;
}

static void *regular_calloc(size_t count, size_t size)
{
    return zeroed(regular_alloc(count * size), count * size);
}

static void *irregular_calloc(size_t count, size_t size)
{
    return zeroed(irregular_alloc(count * size), count * size);
}

static size_t usable_size(const void *block)
{
    return header_of(block)->usable;
}

/* Always moves. */
static void *moved(void *old, void *block, size_t size)
{
    size_t had = usable_size(old);

    if (!block)
        return NULL;
    memcpy(block, old, had < size ? had : size);
    release(old);
    return block;
}

static void *regular_realloc(void *old, size_t size)
{
    return moved(old, regular_alloc(size), size);
}

static void *irregular_realloc(void *old, size_t size)
{
    return moved(old, irregular_alloc(size), size);
}

static void trim(void)
{
    atomic_fetch_add(&test_backend.trims, 1);
}

const cc_backend_t *test_backend_table(bool irregular)
{
    static const cc_backend_t regular = { .name          = "test",
                                          .alloc         = regular_alloc,
                                          .calloc        = regular_calloc,
                                          .alloc_aligned = regular_aligned,
                                          .realloc       = regular_realloc,
                                          .free          = release,
                                          .usable_size   = usable_size,
                                          .trim          = trim,
                                          .uniform       = true };
    static const cc_backend_t odd     = { .name          = "irregular test",
                                          .alloc         = irregular_alloc,
                                          .calloc        = irregular_calloc,
                                          .alloc_aligned = irregular_aligned,
                                          .realloc       = irregular_realloc,
                                          .free          = release,
                                          .usable_size   = usable_size,
                                          .trim          = trim };
    return irregular ? &odd : &regular;
}

void test_backend_use(bool irregular)
{
    if (cc_backend_use(test_backend_table(irregular)) != CC_RESULT_OK ||
        setenv("CCMEM_MAGAZINES", "1", false) != 0 || setenv("CCMEM_HEAP_CHECK", "0", false) != 0) {
        fputs("test backend: cc_alloc was used before\n", stderr);
        exit(1);
    }
}
