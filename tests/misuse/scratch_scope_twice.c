/* SPDX-License-Identifier: MIT */
/* A scope is ended twice; another one is at its place since. */
#include <ccmem/scratch.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: scratch: end of a scope that ended already, or one around it did")
{
    cc_scratch_t s;

    cc_scratch_init(&s, cc_allocator_heap(), 0);
    cc_scratch_scope_t scope = cc_scratch_begin(&s);
    cc_scratch_end(scope);
    cc_scratch_scope_t other = cc_scratch_begin(&s);
    (void)other;
    cc_scratch_end(scope);
}
