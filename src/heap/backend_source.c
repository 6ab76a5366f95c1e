/* SPDX-License-Identifier: MIT */
/* backend_source.c - the backend as the source of a heap; see heap.h. What reads as a block of another
 * class is noted on the way, see identity.h. */
#include "backend/backend.h"
#include "heap/heap.h"
#include "heap/identity.h"

static size_t take(cci_heap_t *heap, size_t bin, void **out, size_t n)
{
    const cc_backend_t *backend = cci_backend_current();
    size_t              size = cci_bin_size(bin), got = 0;

    (void)heap;
    if (!cci_bin_is_plain(bin))
        while (got < n && (out[got] = backend->alloc_aligned(size, cci_bin_align(bin))) != NULL)
            got++;
    else
        while (got < n && (out[got] = backend->alloc(size)) != NULL)
            got++;
    return cci_identity_learn(backend, bin, out, got);
}

static void give(cci_heap_t *heap, size_t bin, void *const *blocks, size_t n)
{
    const cc_backend_t *backend = cci_backend_current();

    (void)heap;
    (void)bin;
    cci_identity_forget(blocks, n);
    for (size_t i = 0; i < n; i++)
        backend->free(blocks[i]);
}

static void check(cci_heap_t *heap, size_t bin, void *const *blocks, size_t n)
{
    (void)heap;
    cci_identity_check(bin, blocks, n);
}

const cci_source_t cci_backend_source = { take, give, check, false };
