/* SPDX-License-Identifier: MIT */
/* profile/fragmentation.h - how much memory is taken beyond what was asked for, inside blocks and
 * between them.
 *
 * Inside   what malloc_usable_size said beyond what was asked for, of the allocations that were
 *          measured; for all of them.
 * Between  the allocator's own books, of the reading at which most was in use. Where there are none,
 *          resident pages that belong to no file, against what is live then: those also hold the
 *          stacks and what the program mapped itself, so this is an upper bound, and only told of a
 *          heap large enough that those do not count.
 *
 * Private to src/profile.
 */
#ifndef CCI_PROFILE_FRAGMENTATION_H
#define CCI_PROFILE_FRAGMENTATION_H
#include "profile/profile.h"

/* Fill in the profile's, once everything else of it is there. O(readings). */
void cci_fragmentation_find(cci_profile_t *p, const cci_trace_t *t);

#endif
