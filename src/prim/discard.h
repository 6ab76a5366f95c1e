/* SPDX-License-Identifier: MIT */
/* prim/discard.h - memory whose contents nobody needs any longer. */
#ifndef CCI_PRIM_DISCARD_H
#define CCI_PRIM_DISCARD_H
#include <stddef.h>

/* Let the system have the pages that lie wholly in these bytes; the next use finds others there.
 * Returns how many bytes that are. errno stays as it was. */
size_t cci_discard(void *start, size_t bytes);

#endif
