/* SPDX-License-Identifier: MIT */
/* A record that may be written over at any time is viewed. */
#include <ccmem/ring.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: ring: view of a ring that overwrites")
{
    static _Alignas(8) unsigned char bytes[64];
    cc_ring_t                        ring;
    size_t                           n = 0;

    if (cc_ring_init_over(&ring, bytes, sizeof bytes, CC_RING_OVERWRITE) != CC_RESULT_OK)
        return;
    cc_ring_view_record(&ring, &n);
}
