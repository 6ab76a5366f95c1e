/* SPDX-License-Identifier: MIT */
/* slices.c - see profile/slices.h. */
#include "profile/slices.h"

#include <stdlib.h>
#include <string.h>
#include "base/array.h"
#include "base/hash.h"

enum { FIRST_STEP_LOG2 = 10 };

/* ---- rows ---- */

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
static bool add_row(cci_slice_rows_t *rows, const cci_slice_row_t *row)
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

static void rows_fini(cci_slice_rows_t *rows)
{
    free(rows->item);
    cci_index_fini(&rows->index);
    *rows = (cci_slice_rows_t){ 0 };
}

/* Of slices that are 1 << log2 times as wide. */
static cci_slice_row_t widened(cci_slice_row_t row, unsigned log2)
{
    if (row.born != CCI_SLICE_BEFORE)
        row.born = (int8_t)(row.born >> log2);
    row.died = (int8_t)(row.died >> log2);
    return row;
}

/* False: nothing is in out. */
static bool copy_rows(cci_slice_rows_t *out, const cci_slice_rows_t *rows, unsigned log2)
{
    *out = (cci_slice_rows_t){ 0 };
    for (size_t i = 0; i < rows->count; i++) {
        cci_slice_row_t row = widened(rows->item[i], log2);
        if (!add_row(out, &row)) {
            rows_fini(out);
            return false;
        }
    }
    return true;
}

/* ---- slices ---- */

static void set_count(cci_slices_t *s, size_t count)
{
    s->count  = count;
    s->end_ns = s->start_ns + ((uint64_t)count << s->step_log2);
}

/* Neighbours of an array of CCI_SLICES_MAX, `stride` apart. */
static void merge_sums(uint64_t *sum, size_t stride)
{
    for (size_t i = 0; i < CCI_SLICES_MAX / 2; i++)
        sum[i * stride] = sum[2 * i * stride] + sum[(2 * i + 1) * stride];
    for (size_t i = CCI_SLICES_MAX / 2; i < CCI_SLICES_MAX; i++)
        sum[i * stride] = 0;
}

static void merge_all_sums(cci_slices_t *s)
{
    for (size_t b = 0; b < CCI_SIZE_BUCKETS; b++)
        merge_sums(&s->sizes[0][b], CCI_SIZE_BUCKETS);
    for (size_t t = 0; t < s->thread_count; t++) {
        merge_sums(s->thread[t].alloc_count, 1);
        merge_sums(s->thread[t].alloc_bytes, 1);
        merge_sums(s->thread[t].free_count, 1);
    }
}

/* Merge neighbours. False: nothing changed. */
static bool halve(cci_slices_t *s)
{
    cci_slice_rows_t rows;

    if (!copy_rows(&rows, &s->rows, 1))
        return false;
    rows_fini(&s->rows);
    s->rows = rows;
    merge_all_sums(s);
    s->step_log2++;
    set_count(s, (s->count + 1) / 2);
    return true;
}

static int8_t slice_at(const cci_slices_t *s, uint64_t ns)
{
    return (int8_t)(ns < s->start_ns ? CCI_SLICE_BEFORE
                                     : (int64_t)((ns - s->start_ns) >> s->step_log2));
}

/* Begin the slice of now_ns. */
static bool advance(cci_slices_t *s, uint64_t now_ns)
{
    while ((now_ns - s->start_ns) >> s->step_log2 >= CCI_SLICES_MAX)
        if (!halve(s))
            return false;
    set_count(s, (size_t)slice_at(s, now_ns) + 1);
    return true;
}

static inline bool reach(cci_slices_t *s, uint64_t now_ns)
{
    return now_ns < s->end_ns || advance(s, now_ns);
}

static bool is_crowded(const cci_slices_t *s)
{
    return s->rows.count >= CCI_SLICE_ROWS && s->count > CCI_SLICES_MIN;
}

static bool reserve_thread(cci_slices_t *s, uint32_t thread)
{
    if (thread < s->thread_count)
        return true;
    size_t              count  = (size_t)thread + 1;
    cci_slice_thread_t *bigger = realloc(s->thread, count * sizeof *bigger);
    if (!bigger)
        return false;
    memset(bigger + s->thread_count, 0, (count - s->thread_count) * sizeof *bigger);
    s->thread       = bigger;
    s->thread_count = count;
    return true;
}

/* ---- from outside ---- */

cci_slices_t *cci_slices_create(uint64_t start_ns, uint64_t unit)
{
    cci_slices_t *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->unit      = unit;
    s->start_ns  = start_ns;
    s->step_log2 = FIRST_STEP_LOG2;
    set_count(s, 1);
    return s;
}

void cci_slices_destroy(cci_slices_t *s)
{
    if (!s)
        return;
    rows_fini(&s->rows);
    free(s->thread);
    free(s);
}

void cci_slices_restart(cci_slices_t *s, uint64_t start_ns)
{
    rows_fini(&s->rows);
    free(s->thread);
    *s = (cci_slices_t){ .start_ns = start_ns, .step_log2 = FIRST_STEP_LOG2, .unit = s->unit };
    set_count(s, 1);
}

bool cci_slices_alloc(cci_slices_t *s, const cci_block_t *b, cci_weight_t w)
{
    if (!reach(s, b->time_ns) || !reserve_thread(s, b->thread))
        return false;
    size_t now = s->count - 1;
    s->thread[b->thread].alloc_count[now] += w.count;
    s->thread[b->thread].alloc_bytes[now] += w.bytes;
    s->sizes[now][cci_size_bucket(b->size)] += w.count;
    return true;
}

bool cci_slices_gone(cci_slices_t *s, uint64_t now_ns, const cci_block_t *b, cci_weight_t w)
{
    if (!reach(s, now_ns) || (is_crowded(s) && !halve(s)))
        return false;
    const cci_slice_row_t row = { b->site, slice_at(s, b->time_ns), (int8_t)(s->count - 1), w.count,
                                  w.bytes };
    return add_row(&s->rows, &row);
}

bool cci_slices_freed(cci_slices_t *s, uint64_t now_ns, uint32_t thread, uint64_t count)
{
    if (!reach(s, now_ns) || !reserve_thread(s, thread))
        return false;
    s->thread[thread].free_count[s->count - 1] += count;
    return true;
}

/* ---- the end ---- */

static bool copy_threads(cci_slices_t *out, const cci_slices_t *s)
{
    if (s->thread_count && !reserve_thread(out, (uint32_t)s->thread_count - 1))
        return false;
    for (size_t i = 0; i < s->thread_count; i++)
        out->thread[i] = s->thread[i];
    return true;
}

cci_slices_t *cci_slices_copy(const cci_slices_t *s, uint64_t end_ns)
{
    cci_slices_t *copy = malloc(sizeof *copy);

    if (!copy)
        return NULL;
    *copy              = *s;
    copy->thread       = NULL;
    copy->thread_count = 0;
    if (copy_rows(&copy->rows, &s->rows, 0) && copy_threads(copy, s) &&
        (end_ns <= s->end_ns || advance(copy, end_ns - 1)))
        return copy;
    cci_slices_destroy(copy);
    return NULL;
}

bool cci_slices_lives(cci_slices_t *s, const cci_block_t *b, cci_weight_t w)
{
    const cci_slice_row_t row = { b->site, slice_at(s, b->time_ns), (int8_t)s->count, w.count,
                                  w.bytes };
    return add_row(&s->rows, &row);
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
void cci_slices_sort(cci_slices_t *s)
{
    cci_index_fini(&s->rows.index);
    if (s->rows.count)
        qsort(s->rows.item, s->rows.count, sizeof *s->rows.item, by_place_and_time);
}
