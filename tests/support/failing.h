/* SPDX-License-Identifier: MIT */
/* failing.h - an allocator of malloc's that fails one request, counts what is live, and ends the test
 * when a block is freed twice, elsewhere, or with another size or alignment than it was asked for with.
 *
 * Example:
 *   bool failed = true;
 *   for (size_t at = 0; failed; at++) {
 *       failing_t f = { .fail_at = at };
 *       run(failing_allocator(&f));
 *       CHECK(f.live_blocks == 0);
 *       failed = f.requests > at;
 *   }
 */
#ifndef TEST_FAILING_H
#define TEST_FAILING_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ccmem/allocator.h>

#define FAILING_NEVER SIZE_MAX

/* Set fail_at, the rest is 0. */
typedef struct failing {
    size_t fail_at; /* the request that fails, from 0 on */
    size_t requests, live_blocks, live_bytes;
} failing_t;

/* Stands right before a block, which ends where malloc's does: so tools see what is written past it. */
typedef struct failing_head {
    failing_t *owner; /* NULL: freed */
    size_t     size, align;
    void      *base;
} failing_head_t;

static void *failing_alloc(void *self, size_t size, size_t align)
{
    failing_t     *f    = (failing_t *)self;
    failing_head_t head = { f, size, align, NULL };

    if (f->requests++ == f->fail_at || size > PTRDIFF_MAX - align - sizeof head)
        return NULL;
    head.base = malloc(sizeof head + align + size);
    if (!head.base)
        return NULL;
    char *ptr = (char *)(((uintptr_t)head.base + sizeof head + align) & ~(uintptr_t)(align - 1));
    memcpy(ptr - sizeof head, &head, sizeof head);
    f->live_blocks++;
    f->live_bytes += size;
    return ptr;
}

static void failing_free(void *self, void *ptr, size_t size, size_t align)
{
    failing_t     *f = (failing_t *)self;
    failing_head_t head;

    memcpy(&head, (char *)ptr - sizeof head, sizeof head);
    if (head.owner != f || head.size != size || head.align != align) {
        fprintf(stderr, "failing.h: a block of %zu bytes at %zu is freed as one of %zu at %zu%s\n",
                head.size, head.align, size, align, head.owner == f ? "" : ", and not ours");
        abort();
    }
    memset((char *)ptr - sizeof head, 0, sizeof head);
    memset(ptr, 0xDD, size);
    f->live_blocks--;
    f->live_bytes -= size;
    free(head.base);
}

static inline cc_allocator_t failing_allocator(failing_t *f)
{
    static const cc_allocator_ops_t ops = { failing_alloc, failing_free };

    return (cc_allocator_t){ &ops, f };
}

#endif
