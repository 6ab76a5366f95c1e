/* SPDX-License-Identifier: MIT */
/* A chance is less than none. */
#include <ccmem/compose.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: failing: a chance of -0.5, not 0 to 1")
{
    cc_failing_t failing;

    cc_failing_init(&failing, cc_allocator_heap());
    cc_failing_randomly(&failing, -0.5, 1);
}
