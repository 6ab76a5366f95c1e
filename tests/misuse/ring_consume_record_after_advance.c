/* SPDX-License-Identifier: MIT */
/* A viewed record has been dropped otherwise. */
#include <ccmem/ring.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: ring: consume of a record, none is viewed")
{
    static _Alignas(8) unsigned char bytes[64];
    cc_ring_t                        ring;
    size_t                           n = 0;

    if (cc_ring_init_over(&ring, bytes, sizeof bytes, 0) != CC_RESULT_OK)
        return;
    if (cc_ring_try_write_record(&ring, "abc", 3) && cc_ring_view_record(&ring, &n) &&
        cc_ring_try_advance(&ring, 16))
        cc_ring_consume_record(&ring);
}
