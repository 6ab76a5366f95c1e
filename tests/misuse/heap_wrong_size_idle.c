/* SPDX-License-Identifier: MIT */
/* One block is freed with a wrong size: found when the thread gives all away. */
#include <ccmem/alloc.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: heap: block ADDRESS of 112 bytes was freed as one of 128")
{
    cc_free(cc_alloc(100), 120);
    cc_thread_idle();
}
