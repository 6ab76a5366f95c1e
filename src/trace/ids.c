/* SPDX-License-Identifier: MIT */
/* ids.c - see trace/ids.h. */
#include "trace/ids.h"

#include <stdlib.h>

#include "base/array.h"

void cci_ids_init(cci_ids_t *ids)
{
    *ids = (cci_ids_t){ .last = { .first = 1 } };
}

void cci_ids_fini(cci_ids_t *ids)
{
    free(ids->global);
    free(ids->closed);
    cci_ids_init(ids);
}

/* Forget the numbers from first on. */
static void cut(cci_ids_t *ids, uint64_t first)
{
    while (first < ids->last.first && ids->closed_count) {
        ids->count = ids->last.begin;
        ids->last  = ids->closed[--ids->closed_count];
    }
    if (first < ids->last.first)
        ids->count = ids->last.begin;
    else if (first < cci_ids_next(ids))
        ids->count = ids->last.begin + (size_t)(first - ids->last.first);
}

static bool close_last(cci_ids_t *ids)
{
    void *closed =
        cci_array_room(ids->closed, ids->closed_count, &ids->closed_capacity, sizeof *ids->closed);
    if (!closed)
        return false;
    ids->closed                      = closed;
    ids->closed[ids->closed_count++] = ids->last;
    return true;
}

bool cci_ids_begin(cci_ids_t *ids, uint64_t first)
{
    cut(ids, first);
    if (first == cci_ids_next(ids))
        return true;
    if (ids->count > ids->last.begin && !close_last(ids))
        return false;
    ids->last = (cci_ids_run_t){ .first = first, .begin = ids->count };
    return true;
}

bool cci_ids_add(cci_ids_t *ids, uint32_t global)
{
    void *moved = cci_array_room(ids->global, ids->count, &ids->capacity, sizeof *ids->global);
    if (!moved)
        return false;
    ids->global               = moved;
    ids->global[ids->count++] = global;
    return true;
}

uint32_t cci_ids_find_closed(const cci_ids_t *ids, uint64_t id)
{
    size_t low = 0, high = ids->closed_count;

    while (low < high) { /* the runs before low begin at or before id, those from high on after */
        size_t middle = low + (high - low) / 2;
        if (ids->closed[middle].first <= id)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return CCI_IDS_UNKNOWN;
    cci_ids_run_t run = ids->closed[low - 1];
    size_t        end = low < ids->closed_count ? ids->closed[low].begin : ids->last.begin;
    uint64_t      i   = id - run.first;
    return i < end - run.begin ? ids->global[run.begin + i] : CCI_IDS_UNKNOWN;
}
