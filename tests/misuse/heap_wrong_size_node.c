/* SPDX-License-Identifier: MIT */
/* A node is freed with a wrong size. */
#include <ccmem/alloc.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: heap: block ADDRESS of 256 bytes was freed as one of 128")
{
    cc_free_node(cc_alloc_node(250), 120);
    cc_thread_idle();
}
