/* SPDX-License-Identifier: MIT */
/* trace/merge.h - the cursors of all threads as one stream in the order of time.
 *
 * Equal times go by thread, so that a trace is always read the same way. A cursor that has no more
 * events leaves the merge; when it gets more, it is added again.
 */
#ifndef CCI_TRACE_MERGE_H
#define CCI_TRACE_MERGE_H
#include "trace/cursor.h"

typedef struct cci_merge_entry {
    uint64_t      time; /* of the cursor */
    cci_cursor_t *cursor;
} cci_merge_entry_t;

/* All zero is a merge of nothing. Fields are private. */
typedef struct cci_merge {
    cci_merge_entry_t *heap;
    size_t             count, capacity;
} cci_merge_t;

/* One more cursor, which has chunks and stays where it is. false: out of memory. O(log n). */
CC_NODISCARD bool cci_merge_add(cci_merge_t *m, cci_cursor_t *cursor);

void cci_merge_fini(cci_merge_t *m);

/* The cursor with the earliest event; NULL at the end. O(1). */
static inline cci_cursor_t *cci_merge_first(const cci_merge_t *m)
{
    return m->count ? m->heap[0].cursor : NULL;
}

/* Go on until the first cursor has an event, or there is none. Before the first event of a merge,
 * and after each. CC_RESULT_NO_MEMORY, _IO: the merge is at its end then. Amortised O(log n). */
CC_NODISCARD cc_result_t cci_merge_find(cci_merge_t *m, cci_shared_t *shared);

/* Leave the first event behind, and find the next. */
CC_NODISCARD cc_result_t cci_merge_next(cci_merge_t *m, cci_shared_t *shared);

#endif
