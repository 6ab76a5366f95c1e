/* SPDX-License-Identifier: MIT */
/* prim/poison.h - tells AddressSanitizer or Valgrind which bytes nobody may use now.
 *
 * An allocator that hands out parts of what it holds hides wrong uses from such tools, unless it says
 * what is free. The tool is looked for when the process runs: so the same library serves programs
 * with and without. Where there is none a call is one predicted branch.
 *
 * An allocator with an inline way in must not use that way while cci_poison_active(), since the
 * compiler of the program puts no calls to here in place.
 */
#ifndef CCI_PRIM_POISON_H
#define CCI_PRIM_POISON_H
#include <stdbool.h>
#include <stddef.h>

/* The gap to leave after a block, so that writing past its end is found; a multiple of 16. */
enum { CCI_RED_ZONE = 32 };

/* Whether a tool listens. Constant for the life of the process. */
bool cci_poison_active(void);

/* No use of these bytes is right until they are unpoisoned. With AddressSanitizer the granularity is 8
 * bytes: start is a multiple of that. */
void cci_poison(const void *start, size_t bytes);

/* These bytes may be used; what is in them is undefined. */
void cci_unpoison(const void *start, size_t bytes);

#endif
