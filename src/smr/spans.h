/* SPDX-License-Identifier: MIT */
/* smr/spans.h - the eras that readers may hold nodes of, as a union of intervals.
 *
 * Intervals that meet are one. There is room for as many as readers can be stalled apart from each
 * other; beyond that those two that lie closest become one, which frees less and never too
 * much.
 */
#ifndef CCI_SMR_SPANS_H
#define CCI_SMR_SPANS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CCI_ERAS_MAX = 32 };

typedef struct cci_era_span {
    uint64_t lo, up; /* both within */
} cci_era_span_t;

/* By lo, with a gap after each. Zeroed it is empty. */
typedef struct cci_eras {
    size_t         count;
    cci_era_span_t at[CCI_ERAS_MAX + 1];
} cci_eras_t;

/* lo <= up. O(intervals). */
void cci_eras_add(cci_eras_t *spans, uint64_t lo, uint64_t up);

/* Whether any era from first to last is in one. O(log intervals). */
bool cci_eras_meet(const cci_eras_t *spans, uint64_t first, uint64_t last);

#endif
