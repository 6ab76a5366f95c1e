/* SPDX-License-Identifier: MIT */
/* A record became larger than it was reserved. */
#include <ccmem/ring.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: ring: commit of a record of 9 bytes, reserved are 8")
{
    static _Alignas(8) unsigned char bytes[64];
    cc_ring_t                        ring;
    size_t                           n = 0;

    if (cc_ring_init_over(&ring, bytes, sizeof bytes, 0) != CC_RESULT_OK)
        return;
    if (n == 0 && cc_ring_try_reserve_record(&ring, 8))
        cc_ring_commit_record(&ring, 9);
}
