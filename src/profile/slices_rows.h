/* SPDX-License-Identifier: MIT */
/* profile/slices_rows.h - blocks by site, slice of birth and slice of death: each combination once.
 * Private to slices*.c, but for reading what is there.
 *
 * Failure  false: out of memory.
 */
#ifndef CCI_PROFILE_SLICES_ROWS_H
#define CCI_PROFILE_SLICES_ROWS_H
#include <ccmem/api.h>
#include "base/index.h"

enum { CCI_SLICE_BEFORE = -1 }; /* born before the first slice */

#define CCI_SLICE_OTHERS UINT32_MAX /* all sites that have no rows of their own */

/* Blocks that were allocated in slice born and freed in slice died; the number of slices: they
 * live. */
typedef struct cci_slice_row {
    uint32_t site;
    int8_t   born, died;
    uint64_t count, bytes; /* as in cci_weight_t */
} cci_slice_row_t;

/* All zero has none. */
typedef struct cci_slice_rows {
    cci_slice_row_t *item; /* in no order until they are sorted */
    size_t           count, capacity;
    uint32_t         last; /* the one that was added to */
    cci_index_t      index;
} cci_slice_rows_t;

/* One more, or more of the same. Amortised O(1). */
CC_NODISCARD bool cci_slice_rows_add(cci_slice_rows_t *rows, const cci_slice_row_t *row);
void              cci_slice_rows_fini(cci_slice_rows_t *rows);

/* A copy, each row changed; what is the same then is one. On failure nothing is in out. O(rows). */
typedef cci_slice_row_t cci_slice_change_t(const void *context, cci_slice_row_t row);
CC_NODISCARD bool       cci_slice_rows_copy(cci_slice_rows_t *out, const cci_slice_rows_t *rows,
                                            cci_slice_change_t *change, const void *context);

/* By site, born and died. Nothing is added any more. */
void cci_slice_rows_sort(cci_slice_rows_t *rows);

#endif
