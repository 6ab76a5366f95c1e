/* SPDX-License-Identifier: MIT */
/* region/pool.h - the invariants of a pool, for tests. */
#ifndef CCI_REGION_POOL_H
#define CCI_REGION_POOL_H
#include <ccmem/pool.h>

/* Whether the stack holds every block that was in use and is free now, once, and no other; and the
 * counts agree. O(blocks). */
bool cci_pool_is_valid(const cc_pool_t *pool);

#endif
