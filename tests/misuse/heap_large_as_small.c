/* SPDX-License-Identifier: MIT */
/* A large block is freed as a small one. */
#include <ccmem/alloc.h>
#include "support/misuse.h"

MISUSE(CACHED, "ccmem: heap: block ADDRESS of 100000 bytes was freed as one of 112")
{
    cc_free(cc_alloc(100000), 100);
    cc_thread_idle();
}
