/* SPDX-License-Identifier: MIT */
/* symbols/span.h - which range of addresses holds an address.
 *
 * Add ranges in any order, seal, then find. Where ranges overlap, the innermost is found: the one
 * that begins last; of those that begin together the shortest; of equal ones the greatest value.
 *
 * Failure  false: out of memory, the table is unchanged.
 * Threads  one at a time.
 */
#ifndef CCI_SYMBOLS_SPAN_H
#define CCI_SYMBOLS_SPAN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ccmem/api.h>

/* [lo, hi) holds value. */
typedef struct cci_span {
    uint64_t lo, hi;
    uint32_t value;
} cci_span_t;

/* All zero is an empty table, sealed. Fields are private. */
typedef struct cci_spans {
    cci_span_t *span;
    size_t      count, capacity;
} cci_spans_t;

/* Add a range; one without addresses is left out. The table is not sealed after it. O(1). */
CC_NODISCARD bool cci_spans_add(cci_spans_t *t, uint64_t lo, uint64_t hi, uint32_t value);

/* Sort and make the ranges disjoint, ready for find. Once, after the last add. O(n log n). */
CC_NODISCARD bool cci_spans_seal(cci_spans_t *t);

/* The innermost range with address at, as its value. The table is sealed. O(log n). */
bool cci_spans_find(const cci_spans_t *t, uint64_t at, uint32_t *value);

/* Release the table; it is empty again. */
void cci_spans_fini(cci_spans_t *t);

#endif
