/* SPDX-License-Identifier: MIT */
/* A block of one slab is freed into another, where its key is right. */
#include <ccmem/slab.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: slab: free of ADDRESS: no block in use")
{
    cc_slab_t one, other;

    if (cc_slab_init(&one, cc_allocator_heap(), 64, 0, 0) != CC_RESULT_OK ||
        cc_slab_init(&other, cc_allocator_heap(), 64, 0, 0) != CC_RESULT_OK)
        return;
    void *p = cc_allocator_alloc(cc_slab_allocator(&one), 40, 8);
    if (cc_allocator_alloc(cc_slab_allocator(&other), 40, 8))
        cc_allocator_free(cc_slab_allocator(&other), p, 40, 8);
}
