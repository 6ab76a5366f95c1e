/* SPDX-License-Identifier: MIT */
/* An inner scope is ended after the one around it. */
#include <ccmem/scratch.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: scratch: end of a scope that ended already, or one around it did")
{
    cc_scratch_t s;

    cc_scratch_init(&s, cc_allocator_heap(), 0);
    cc_scratch_scope_t outer = cc_scratch_begin(&s), inner = cc_scratch_begin(&s);
    cc_scratch_end(outer);
    cc_scratch_end(inner);
}
