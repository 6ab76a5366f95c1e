/* SPDX-License-Identifier: MIT */
/* A thread allocates while it holds the lock: it would wait for itself. */
#include <ccmem/compose.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: locked: this thread holds it already")
{
    cc_locked_t locked;

    if (cc_locked_init(&locked, cc_allocator_heap()) != CC_RESULT_OK)
        return;
    cc_locked_hold(&locked);
    cc_allocator_free(cc_locked_allocator(&locked),
                      cc_allocator_alloc(cc_locked_allocator(&locked), 8, 8), 8, 8);
}
