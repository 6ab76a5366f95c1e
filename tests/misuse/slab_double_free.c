/* SPDX-License-Identifier: MIT */
/* A block of a slab that serves as an allocator is freed twice. */
#include <ccmem/slab.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: slab: free of ADDRESS: no block in use")
{
    cc_slab_t slab;

    if (cc_slab_init(&slab, cc_allocator_heap(), 64, 0, 0) != CC_RESULT_OK)
        return;
    cc_allocator_t a = cc_slab_allocator(&slab);
    void          *p = cc_allocator_alloc(a, 40, 8);
    cc_allocator_free(a, p, 40, 8);
    cc_allocator_free(a, p, 40, 8);
}
