/* SPDX-License-Identifier: MIT */
/* A large block is freed with another size. */
#include <ccmem/alloc.h>
#include "support/misuse.h"

MISUSE(CHECKED, "ccmem: heap: block ADDRESS was allocated as 100000 bytes and freed as 50000 bytes")
{
    cc_free(cc_alloc(100000), 50000);
}
