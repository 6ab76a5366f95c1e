/* SPDX-License-Identifier: MIT */
/* slices.c - see profile/slices.h. */
#include "profile/slices.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_STEP_LOG2 = 10 };

/* ---- merging ---- */

/* Of slices that are twice as wide. */
static cci_slice_row_t widened(const void *context, cci_slice_row_t row)
{
    (void)context;
    if (row.born != CCI_SLICE_BEFORE)
        row.born = (int8_t)(row.born / 2);
    row.died = (int8_t)(row.died / 2);
    return row;
}

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

bool cci_slices_halve(cci_slices_t *s)
{
    cci_slice_rows_t rows;

    if (!cci_slice_rows_copy(&rows, &s->rows, widened, NULL))
        return false;
    cci_slice_rows_fini(&s->rows);
    s->rows = rows;
    merge_all_sums(s);
    s->step_log2++;
    set_count(s, (s->count + 1) / 2);
    return true;
}

/* ---- time and sites ---- */

static int8_t slice_at(const cci_slices_t *s, uint64_t ns)
{
    return (int8_t)(ns < s->start_ns ? CCI_SLICE_BEFORE
                                     : (int64_t)((ns - s->start_ns) >> s->step_log2));
}

/* Begin the slice of now_ns. */
static bool advance(cci_slices_t *s, uint64_t now_ns)
{
    while ((now_ns - s->start_ns) >> s->step_log2 >= CCI_SLICES_MAX)
        if (!cci_slices_halve(s))
            return false;
    set_count(s, (size_t)slice_at(s, now_ns) + 1);
    return true;
}

static inline bool reach(cci_slices_t *s, uint64_t now_ns)
{
    return now_ns < s->end_ns || advance(s, now_ns);
}

static uint32_t site_of_row(const cci_slices_t *s, uint32_t site)
{
    return site < s->other_capacity && s->is_other[site] ? CCI_SLICE_OTHERS : site;
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

static void begin(cci_slices_t *s, uint64_t start_ns, uint64_t unit, size_t most_rows)
{
    *s = (cci_slices_t){
        .start_ns = start_ns, .step_log2 = FIRST_STEP_LOG2, .unit = unit, .most_rows = most_rows
    };
    set_count(s, 1);
}

static void release(cci_slices_t *s)
{
    cci_slice_rows_fini(&s->rows);
    free(s->is_other);
    free(s->thread);
}

cci_slices_t *cci_slices_create(uint64_t start_ns, uint64_t unit, size_t most_rows)
{
    cci_slices_t *s = malloc(sizeof *s);

    if (s)
        begin(s, start_ns, unit, most_rows ? most_rows : CCI_SLICE_ROWS);
    return s;
}

void cci_slices_widen(cci_slices_t *s, uint64_t now_ns)
{
    while ((now_ns - s->start_ns) >> s->step_log2)
        s->step_log2++;
    set_count(s, 1);
}

void cci_slices_destroy(cci_slices_t *s)
{
    if (!s)
        return;
    release(s);
    free(s);
}

void cci_slices_restart(cci_slices_t *s, uint64_t start_ns)
{
    release(s);
    begin(s, start_ns, s->unit, s->most_rows);
}

cci_slice_thread_t *cci_slices_thread(cci_slices_t *s, uint32_t thread)
{
    return reserve_thread(s, thread) ? &s->thread[thread] : NULL;
}

bool cci_slices_alloc(cci_slices_t *s, const cci_block_t *b, cci_weight_t w)
{
    if (!reach(s, b->time_ns) || !reserve_thread(s, b->thread))
        return false;
    const size_t        now    = s->count - 1;
    cci_slice_thread_t *thread = &s->thread[b->thread];
    thread->alloc_count[now] += w.count;
    thread->alloc_bytes[now] += w.bytes;
    s->sizes[now][cci_size_bucket(b->size)] += w.count;
    return true;
}

static bool add_block(cci_slices_t *s, const cci_block_t *b, size_t died, cci_weight_t w)
{
    const cci_slice_row_t row = { site_of_row(s, b->site), slice_at(s, b->time_ns), (int8_t)died,
                                  w.count, w.bytes };
    return cci_slice_rows_add(&s->rows, &row);
}

bool cci_slices_gone(cci_slices_t *s, uint64_t now_ns, const cci_block_t *b, cci_weight_t w)
{
    return reach(s, now_ns) && add_block(s, b, s->count - 1, w);
}

bool cci_slices_freed(cci_slices_t *s, uint64_t now_ns, uint32_t thread, uint64_t count)
{
    if (!reach(s, now_ns) || !reserve_thread(s, thread))
        return false;
    s->thread[thread].free_count[s->count - 1] += count;
    return true;
}

/* ---- the end ---- */

static cci_slice_row_t unchanged(const void *context, cci_slice_row_t row)
{
    (void)context;
    return row;
}

static bool copy_others(cci_slices_t *out, const cci_slices_t *s)
{
    out->is_other       = calloc(s->other_capacity + 1, sizeof *out->is_other);
    out->other_capacity = out->is_other ? s->other_capacity : 0;
    for (size_t i = 0; i < out->other_capacity; i++)
        out->is_other[i] = s->is_other[i];
    return out->is_other != NULL;
}

static bool copy_threads(cci_slices_t *out, const cci_slices_t *s)
{
    if (s->thread_count && !reserve_thread(out, (uint32_t)s->thread_count - 1))
        return false;
    for (size_t i = 0; i < s->thread_count; i++)
        out->thread[i] = s->thread[i];
    return true;
}

static bool copy_all(cci_slices_t *out, const cci_slices_t *s)
{
    return cci_slice_rows_copy(&out->rows, &s->rows, unchanged, NULL) && copy_others(out, s) &&
           copy_threads(out, s);
}

cci_slices_t *cci_slices_copy(const cci_slices_t *s, uint64_t end_ns)
{
    cci_slices_t *copy = malloc(sizeof *copy);

    if (!copy)
        return NULL;
    *copy              = *s;
    copy->rows         = (cci_slice_rows_t){ 0 };
    copy->is_other     = NULL;
    copy->thread       = NULL;
    copy->thread_count = 0;
    if (copy_all(copy, s) && (end_ns <= s->end_ns || advance(copy, end_ns - 1)))
        return copy;
    cci_slices_destroy(copy);
    return NULL;
}

bool cci_slices_lives(cci_slices_t *s, const cci_block_t *b, cci_weight_t w)
{
    return add_block(s, b, s->count, w);
}
