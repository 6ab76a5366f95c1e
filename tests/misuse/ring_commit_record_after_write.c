/* SPDX-License-Identifier: MIT */
/* What was reserved for a record has been written over. */
#include <ccmem/ring.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: ring: commit of a record, none is reserved")
{
    static _Alignas(8) unsigned char bytes[64];
    cc_ring_t                        ring;
    size_t                           n = 0;

    if (cc_ring_init_over(&ring, bytes, sizeof bytes, 0) != CC_RESULT_OK)
        return;
    if (n == 0 && cc_ring_try_reserve_record(&ring, 8) && cc_ring_try_write(&ring, "a", 1))
        cc_ring_commit_record(&ring, 8);
}
