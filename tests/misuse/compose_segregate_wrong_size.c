/* SPDX-License-Identifier: MIT */
/* A block is freed with a size that is never served. */
#include <ccmem/compose.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: segregate: a block of 65 bytes was freed, which no part serves")
{
    const cc_segregate_part_t small = { 64, cc_allocator_heap() };
    cc_segregate_t            s;

    if (cc_segregate_init(&s, &small, 1) != CC_RESULT_OK)
        return;
    void *p = cc_allocator_alloc(cc_segregate_allocator(&s), 64, 8);
    cc_allocator_free(cc_segregate_allocator(&s), p, 65, 8);
}
