/* SPDX-License-Identifier: MIT */
/* span.c - see symbols/span.h for the contract.
 *
 * Sealing cuts overlapping ranges into disjoint pieces, each with its innermost value, so that a
 * search is one bisection whatever the input looks like. Keeping the ranges whole and walking
 * back from the bisected place is less code, but one damaged range that covers everything makes
 * each search linear.
 *
 * The sweep goes through the ranges by begin and keeps those which have begun on a stack. Only
 * its top is ever asked; one below that has ended is dropped when it comes to the top.
 *
 * Invariant of a sealed table: span[i].lo < span[i].hi <= span[i + 1].lo.
 */
#include "symbols/span.h"

#include <stdlib.h>

#include "base/array.h"

struct sweep {
    cci_span_t *open; /* stack of begun ranges, as many as there are ranges */
    size_t      depth;
    cci_span_t *out;
    size_t      out_count;
    uint64_t    at; /* everything before is cut */
};

static int by_begin_outer_first(const void *a, const void *b)
{
    const cci_span_t *x = a, *y = b;

    if (x->lo != y->lo)
        return x->lo < y->lo ? -1 : 1;
    if (x->hi != y->hi)
        return x->hi > y->hi ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

/* Cut [at, hi) off; joined to the piece before when that has the same value. */
static void sweep_emit(struct sweep *s, uint64_t hi, uint32_t value)
{
    cci_span_t *last = s->out_count ? &s->out[s->out_count - 1] : NULL;

    if (last && last->hi == s->at && last->value == value)
        last->hi = hi;
    else
        s->out[s->out_count++] = (cci_span_t){ s->at, hi, value };
    s->at = hi;
}

static void sweep_to(struct sweep *s, uint64_t to)
{
    while (s->depth && s->at < to) {
        const cci_span_t *top = &s->open[s->depth - 1];
        if (top->hi > s->at)
            sweep_emit(s, top->hi < to ? top->hi : to, top->value);
        else
            s->depth--;
    }
    s->at = to;
}

bool cci_spans_add(cci_spans_t *t, uint64_t lo, uint64_t hi, uint32_t value)
{
    if (lo >= hi)
        return true;
    cci_span_t *span = cci_array_room(t->span, t->count, &t->capacity, sizeof *span);
    if (!span)
        return false;
    t->span             = span;
    t->span[t->count++] = (cci_span_t){ lo, hi, value };
    return true;
}

bool cci_spans_seal(cci_spans_t *t)
{
    if (t->count == 0)
        return true;
    /* Each range adds at most two cuts: n ranges make less than 2n pieces. */
    struct sweep s = { .open = calloc(t->count, sizeof *s.open),
                       .out  = calloc(t->count, 2 * sizeof *s.out) };
    if (!s.open || !s.out) {
        free(s.open);
        free(s.out);
        return false;
    }
    qsort(t->span, t->count, sizeof *t->span, by_begin_outer_first);
    for (size_t i = 0; i < t->count; i++) {
        sweep_to(&s, t->span[i].lo);
        s.open[s.depth++] = t->span[i];
    }
    sweep_to(&s, UINT64_MAX);

    free(s.open);
    free(t->span);
    cci_span_t *fit = realloc(s.out, s.out_count * sizeof *fit);
    *t = (cci_spans_t){ .span = fit ? fit : s.out, .count = s.out_count, .capacity = s.out_count };
    return true;
}

bool cci_spans_find(const cci_spans_t *t, uint64_t at, uint32_t *value)
{
    size_t lo = 0, hi = t->count; /* the first piece beyond at is in [lo, hi] */

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (t->span[mid].lo <= at)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == 0 || at >= t->span[lo - 1].hi)
        return false;
    *value = t->span[lo - 1].value;
    return true;
}

void cci_spans_fini(cci_spans_t *t)
{
    free(t->span);
    *t = (cci_spans_t){ 0 };
}
