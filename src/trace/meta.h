/* SPDX-License-Identifier: MIT */
/* trace/meta.h - what a trace says about its process, as keys and values. */
#ifndef CCI_TRACE_META_H
#define CCI_TRACE_META_H
#include <stdbool.h>
#include <stddef.h>

#include "trace/decode.h"

/* All zero is none. */
typedef struct cci_metas {
    struct cci_meta *items;
    size_t           count, capacity;
} cci_metas_t;

/* Keep a record. CC_RESULT_DAMAGED: it is none. CC_RESULT_NO_MEMORY. */
CC_NODISCARD cc_result_t cci_metas_take(cci_metas_t *m, cci_extended_record_t record);

/* The value that was given last, with a 0 behind it, or NULL. Stays until fini. O(keys). */
const char *cci_metas_find(const cci_metas_t *m, const char *key, size_t *len);

/* The same keys and values, into an empty one. False: out of memory; fini releases what is there. */
CC_NODISCARD bool cci_metas_copy(cci_metas_t *to, const cci_metas_t *from);

void cci_metas_fini(cci_metas_t *m);

#endif
