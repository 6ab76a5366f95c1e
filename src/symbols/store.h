/* SPDX-License-Identifier: MIT */
/* symbols/store.h - memory that lives as long as the symbolizer, and strings kept once.
 *
 * Frames, names and paths are handed out by pointer and repeat a lot, so they are never freed
 * one by one and equal strings share one copy.
 *
 * Failure  NULL: out of memory, the store is as before.
 * Threads  one at a time.
 */
#ifndef CCI_SYMBOLS_STORE_H
#define CCI_SYMBOLS_STORE_H
#include <stddef.h>

#include <ccmem/api.h>

#include "base/index.h"

/* All zero is an empty store. Fields are private. */
typedef struct cci_store {
    struct cci_store_chunk *chunk; /* newest first */
    struct cci_store_text **text;
    size_t                  count, capacity; /* of text */
    cci_index_t             index;
} cci_store_t;

/* size bytes, all zero, aligned for any object, alive until fini. Amortised O(size). */
CC_NODISCARD void *cci_store_alloc(cci_store_t *s, size_t size);

/* The one copy of these bytes, a 0 after them. Amortised O(length). */
CC_NODISCARD const char *cci_store_text(cci_store_t *s, const char *bytes, size_t length);

/* Release everything; the store is empty again. */
void cci_store_fini(cci_store_t *s);

#endif
