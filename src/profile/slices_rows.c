/* SPDX-License-Identifier: MIT */
/* slices_rows.c - see profile/slices_rows.h. */
#include "profile/slices_rows.h"

#include <stdlib.h>
#include "base/array.h"
#include "base/hash.h"

static bool is_same(const cci_slice_row_t *a, const cci_slice_row_t *b)
{
    return a->site == b->site && a->born == b->born && a->died == b->died;
}

static bool same_row(const void *items, uint32_t item, const void *key)
{
    return is_same((const cci_slice_row_t *)items + item, key);
}

static uint64_t hash_of(const cci_slice_row_t *r)
{
    return cci_hash_mix(0, (uint64_t)r->site << 16 | (uint64_t)(uint8_t)r->born << 8 |
                               (uint8_t)r->died);
}

static bool new_row(cci_slice_rows_t *rows, const cci_slice_row_t *row, uint64_t hash,
                    uint32_t *number)
{
    cci_slice_row_t *item = cci_array_room(rows->item, rows->count, &rows->capacity, sizeof *item);

    if (!item)
        return false;
    rows->item = item;
    *number    = (uint32_t)rows->count;
    if (*number == UINT32_MAX || !cci_index_add(&rows->index, hash, *number))
        return false;
    rows->item[rows->count++] = *row;
    return true;
}

/* What is freed soon comes in rows of the same row: the one before is tried first. */
bool cci_slice_rows_add(cci_slice_rows_t *rows, const cci_slice_row_t *row)
{
    if (rows->count == 0 || !is_same(&rows->item[rows->last], row)) {
        uint64_t hash = hash_of(row);
        if (!cci_index_find(&rows->index, hash, same_row, rows->item, row, &rows->last))
            return new_row(rows, row, hash, &rows->last);
    }
    rows->item[rows->last].count += row->count;
    rows->item[rows->last].bytes += row->bytes;
    return true;
}

void cci_slice_rows_fini(cci_slice_rows_t *rows)
{
    free(rows->item);
    cci_index_fini(&rows->index);
    *rows = (cci_slice_rows_t){ 0 };
}

bool cci_slice_rows_copy(cci_slice_rows_t *out, const cci_slice_rows_t *rows,
                         cci_slice_change_t *change, const void *context)
{
    *out = (cci_slice_rows_t){ 0 };
    for (size_t i = 0; i < rows->count; i++) {
        const cci_slice_row_t row = change(context, rows->item[i]);
        if (!cci_slice_rows_add(out, &row)) {
            cci_slice_rows_fini(out);
            return false;
        }
    }
    return true;
}

static int by_place_and_time(const void *left, const void *right)
{
    const cci_slice_row_t *a = left, *b = right;

    if (a->site != b->site)
        return a->site < b->site ? -1 : 1;
    if (a->born != b->born)
        return a->born < b->born ? -1 : 1;
    return (a->died > b->died) - (a->died < b->died);
}

/* The index is of another order then. */
void cci_slice_rows_sort(cci_slice_rows_t *rows)
{
    cci_index_fini(&rows->index);
    if (rows->count)
        qsort(rows->item, rows->count, sizeof *rows->item, by_place_and_time);
}
