/* SPDX-License-Identifier: MIT */
/* merge.c - see trace/merge.h.
 *
 * A binary heap. While one thread allocates and the others do not, the top stays where it is and
 * an event costs two comparisons beside its decoding. A tree of losers would save comparisons when
 * threads alternate at every event, which they do not, and cost log n in the common case.
 *
 * Invariant: heap[i] is not after heap[2i+1] and heap[2i+2].
 */
#include "trace/merge.h"

#include <stdlib.h>

#include "base/array.h"

static bool is_before(cci_merge_entry_t a, cci_merge_entry_t b)
{
    return a.time != b.time ? a.time < b.time : a.cursor->number < b.cursor->number;
}

/* Put entry where it belongs, at or below hole. */
static void sift_down(cci_merge_t *m, size_t hole, cci_merge_entry_t entry)
{
    for (size_t child = 2 * hole + 1; child < m->count; child = 2 * hole + 1) {
        if (child + 1 < m->count && is_before(m->heap[child + 1], m->heap[child]))
            child++;
        if (is_before(entry, m->heap[child]))
            break;
        m->heap[hole] = m->heap[child];
        hole          = child;
    }
    m->heap[hole] = entry;
}

bool cci_merge_add(cci_merge_t *m, cci_cursor_t *cursor)
{
    const cci_merge_entry_t entry = { cursor->time, cursor };
    void                   *heap = cci_array_room(m->heap, m->count, &m->capacity, sizeof *m->heap);

    if (!heap)
        return false;
    m->heap     = heap;
    size_t hole = m->count++;
    for (; hole > 0 && is_before(entry, m->heap[(hole - 1) / 2]); hole = (hole - 1) / 2)
        m->heap[hole] = m->heap[(hole - 1) / 2];
    m->heap[hole]  = entry;
    cursor->merged = true;
    return true;
}

void cci_merge_fini(cci_merge_t *m)
{
    free(m->heap);
    *m = (cci_merge_t){ 0 };
}

static void remove_first(cci_merge_t *m)
{
    m->heap[0].cursor->merged = false;
    m->count--;
    if (m->count)
        sift_down(m, 0, m->heap[m->count]);
}

/* Move the first cursor on, and it to its place in the order. */
static cc_result_t step(cci_merge_t *m, cci_shared_t *shared)
{
    cci_cursor_t *c = m->heap[0].cursor;
    cc_result_t   r = cci_cursor_step(c, shared);

    if (r == CC_RESULT_OK) {
        sift_down(m, 0, (cci_merge_entry_t){ c->time, c });
        return r;
    }
    if (r == CC_RESULT_NOT_FOUND) {
        remove_first(m);
        return CC_RESULT_OK;
    }
    m->count = 0;
    return r;
}

cc_result_t cci_merge_find(cci_merge_t *m, cci_shared_t *shared)
{
    cc_result_t r = CC_RESULT_OK;

    while (m->count && !m->heap[0].cursor->has_event)
        r = step(m, shared);
    return r;
}

cc_result_t cci_merge_next(cci_merge_t *m, cci_shared_t *shared)
{
    cc_result_t r = step(m, shared);
    return r == CC_RESULT_OK ? cci_merge_find(m, shared) : r;
}
