/* SPDX-License-Identifier: MIT */
/* A block is freed with another size than it was asked for with. */
#include <ccmem/alloc.h>
#include "support/misuse.h"

MISUSE(CHECKED, "ccmem: heap: block ADDRESS was allocated as class 112 and freed as class 224")
{
    cc_free(cc_alloc(100), 200);
}
