/* SPDX-License-Identifier: MIT */
/* A chance is given in per cent. */
#include <ccmem/compose.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: failing: a chance of 50, not 0 to 1")
{
    cc_failing_t failing;

    cc_failing_init(&failing, cc_allocator_heap());
    cc_failing_randomly(&failing, 50, 1);
}
