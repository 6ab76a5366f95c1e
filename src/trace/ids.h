/* SPDX-License-Identifier: MIT */
/* trace/ids.h - from the numbers that one thread gave to those of the whole trace.
 *
 * A thread numbers what it defines from 1 on. Chunks that are missing leave holes, so the numbers
 * known are some runs without gaps, of which almost always there is one.
 *
 * Invariant: runs rise and do not touch; global[begin ...] are a run's, up to the next one's.
 */
#ifndef CCI_TRACE_IDS_H
#define CCI_TRACE_IDS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ccmem/api.h>

typedef struct cci_ids_run {
    uint64_t first; /* the thread's number of */
    size_t   begin; /* this item of `global`  */
} cci_ids_run_t;

typedef struct cci_ids {
    uint32_t      *global;
    size_t         count, capacity;
    cci_ids_run_t  last;   /* the run that grows */
    cci_ids_run_t *closed; /* those before it    */
    size_t         closed_count, closed_capacity;
} cci_ids_t;

#define CCI_IDS_UNKNOWN UINT32_MAX

void cci_ids_init(cci_ids_t *ids);
void cci_ids_fini(cci_ids_t *ids);

/* The number that the next cci_ids_add gives. */
static inline uint64_t cci_ids_next(const cci_ids_t *ids)
{
    return ids->last.first + (ids->count - ids->last.begin);
}

/* The next number is first, which is not 0. Numbers that were skipped are unknown; numbers from
 * first on that were known are so no longer. false: out of memory, no change. O(runs). */
CC_NODISCARD bool cci_ids_begin(cci_ids_t *ids, uint64_t first);

/* false: out of memory, no change. Amortised O(1). */
CC_NODISCARD bool cci_ids_add(cci_ids_t *ids, uint32_t global);

/* The slow part of cci_ids_find. O(log runs). */
uint32_t cci_ids_find_closed(const cci_ids_t *ids, uint64_t id);

/* 0 for 0; CCI_IDS_UNKNOWN for what was never defined, or was lost. */
static inline uint32_t cci_ids_find(const cci_ids_t *ids, uint64_t id)
{
    uint64_t i = id - ids->last.first; /* huge when id is smaller */

    if (__builtin_expect(i < ids->count - ids->last.begin, 1))
        return ids->global[ids->last.begin + i];
    return id ? cci_ids_find_closed(ids, id) : 0;
}

#endif
