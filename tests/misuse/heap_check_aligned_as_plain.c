/* SPDX-License-Identifier: MIT */
/* An aligned block is freed as if it were from cc_alloc. */
#include <ccmem/alloc.h>
#include "support/misuse.h"

MISUSE(
    CHECKED,
    "ccmem: heap: block ADDRESS was allocated as class 256 aligned to 256 and freed as class 112")
{
    cc_free(cc_alloc_aligned(100, 256), 100);
}
