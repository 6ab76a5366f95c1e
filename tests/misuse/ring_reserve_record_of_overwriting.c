/* SPDX-License-Identifier: MIT */
/* A record of a ring that overwrites is reserved. */
#include <ccmem/ring.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: ring: reserve of a ring that overwrites")
{
    static _Alignas(8) unsigned char bytes[64];
    cc_ring_t                        ring;
    size_t                           n = 0;

    if (cc_ring_init_over(&ring, bytes, sizeof bytes, CC_RING_OVERWRITE) != CC_RESULT_OK)
        return;
    if (cc_ring_try_reserve_record(&ring, 8))
        n++;
}
