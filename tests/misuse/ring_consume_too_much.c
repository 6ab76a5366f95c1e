/* SPDX-License-Identifier: MIT */
/* More is consumed than was there. */
#include <ccmem/ring.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: ring: consume of 4 bytes, viewed are 3")
{
    static _Alignas(8) unsigned char bytes[64];
    cc_ring_t                        ring;
    size_t                           n = 0;

    if (cc_ring_init_over(&ring, bytes, sizeof bytes, 0) != CC_RESULT_OK)
        return;
    if (cc_ring_try_write(&ring, "abc", 3) && cc_ring_view(&ring, &n))
        cc_ring_consume(&ring, n + 1);
}
