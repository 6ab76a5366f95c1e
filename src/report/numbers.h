/* SPDX-License-Identifier: MIT */
/* report/numbers.h - numbers for things that a format writes once and then names by number.
 *
 * Numbers run from 0 in the order in which things were first seen, so that the same report always
 * gives the same file.
 *
 * Failure  false: out of memory; nothing changed.
 */
#ifndef CCI_REPORT_NUMBERS_H
#define CCI_REPORT_NUMBERS_H
#include "base/index.h"
#include "symbols/store.h"

/* All zero is none yet. */
typedef struct cci_texts {
    const char **item;
    size_t       count, capacity;
    cci_index_t  index;
    cci_store_t  store;
} cci_texts_t;

/* The text is copied. */
CC_NODISCARD bool cci_texts_number(cci_texts_t *t, const char *text, uint32_t *number);
void              cci_texts_fini(cci_texts_t *t);

typedef struct cci_pair {
    uint64_t first, second;
} cci_pair_t;

/* All zero is none yet. */
typedef struct cci_pairs {
    cci_pair_t *item;
    size_t      count, capacity;
    cci_index_t index;
} cci_pairs_t;

CC_NODISCARD bool cci_pairs_number(cci_pairs_t *p, cci_pair_t pair, uint32_t *number);
void              cci_pairs_fini(cci_pairs_t *p);

#endif
