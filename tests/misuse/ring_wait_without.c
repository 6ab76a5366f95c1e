/* SPDX-License-Identifier: MIT */
/* A ring that was not made for it is waited for. */
#include <ccmem/ring.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: ring: wait of a ring without CC_RING_WAITS")
{
    static _Alignas(8) unsigned char bytes[64];
    cc_ring_t                        ring;
    size_t                           n = 0;

    if (cc_ring_init_over(&ring, bytes, sizeof bytes, 0) != CC_RESULT_OK)
        return;
    cc_ring_wait_used(&ring, n + 1, 0);
}
