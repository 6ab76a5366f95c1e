/* SPDX-License-Identifier: MIT */
/* history_values.c - see support/history.h: long runs of a queue or a stack, value by value.
 *
 * Every value is pushed once. It is surely there from the end of its push to the begin of its pop, and
 * surely gone after the end of its pop; whoever contradicts is wrong. */
#include "support/history.h"
#include <inttypes.h>
#include <stdlib.h>

typedef struct value {
    const history_operation_t *push, *pop; /* pop: never, when it stays */
} value_t;

static const history_operation_t never = { UINT64_MAX, UINT64_MAX, 0, 0, 0, 0 };

/* Times are sorted with the number of what they are of. */
typedef struct moment {
    uint64_t time;
    size_t   of;
} moment_t;

typedef struct values {
    history_t *h;
    value_t   *at;
    size_t     count;
    moment_t  *first, *second; /* room for as many, and for operations */
} values_t;

static history_verdict_t wrong(history_t *h, const char *what, const history_operation_t *const *o)
{
    history_say(h, "%s:\n", what);
    for (; *o; o++)
        history_say_operation(h, *o);
    return HISTORY_ILLEGAL;
}

#define WRONG(what, ...) \
    wrong(v->h, what, (const history_operation_t *const[]){ __VA_ARGS__, NULL })

static int by_time(const void *a, const void *b)
{
    const moment_t *x = a, *y = b;

    return (x->time > y->time) - (x->time < y->time);
}

static void sort(moment_t *m, size_t count)
{
    qsort(m, count, sizeof *m, by_time);
}

/* ---- each value by itself ---- */

static int by_value(const void *a, const void *b)
{
    const value_t *x = a, *y = b;

    return (x->push->left > y->push->left) - (x->push->left < y->push->left);
}

static value_t *find(const values_t *v, const history_operation_t *pop)
{
    const history_operation_t wanted = { .left = pop->found };
    const value_t             key    = { &wanted, NULL };

    return bsearch(&key, v->at, v->count, sizeof key, by_value);
}

static void collect_pushes(values_t *v)
{
    for (size_t i = 0; i < v->h->count; i++)
        if (v->h->all[i].found == HISTORY_ANY)
            v->at[v->count++] = (value_t){ &v->h->all[i], &never };
    qsort(v->at, v->count, sizeof *v->at, by_value);
}

static history_verdict_t match(values_t *v, const history_operation_t *pop)
{
    value_t *of = find(v, pop);

    if (!of)
        return WRONG("a value that was never pushed is popped", pop);
    if (of->pop != &never)
        return WRONG("a value is popped twice", of->push, of->pop, pop);
    if (pop->end < of->push->begin)
        return WRONG("a value is popped before it is pushed", pop, of->push);
    of->pop = pop;
    return HISTORY_LEGAL;
}

static history_verdict_t match_all(values_t *v)
{
    history_verdict_t verdict = HISTORY_LEGAL;

    collect_pushes(v);
    for (size_t i = 1; i < v->count; i++)
        if (v->at[i].push->left == v->at[i - 1].push->left)
            return WRONG("a value is pushed twice", v->at[i - 1].push, v->at[i].push);
    for (size_t i = 0; verdict == HISTORY_LEGAL && i < v->h->count; i++) {
        const history_operation_t *o = &v->h->all[i];
        if (o->left == HISTORY_ABSENT && o->found != HISTORY_ABSENT)
            verdict = match(v, o);
    }
    return verdict;
}

/* ---- two values: a queue ---- */

/* Among those whose push ended before that of b began, the one that is popped last. */
static history_verdict_t check_queue_order(values_t *v)
{
    const value_t *last = NULL;

    for (size_t i = 0; i < v->count; i++) {
        v->first[i]  = (moment_t){ v->at[i].push->begin, i };
        v->second[i] = (moment_t){ v->at[i].push->end, i };
    }
    sort(v->first, v->count);
    sort(v->second, v->count);
    for (size_t i = 0, before = 0; i < v->count; i++) {
        const value_t *b = &v->at[v->first[i].of];
        for (; before < v->count && v->second[before].time < b->push->begin; before++) {
            const value_t *a = &v->at[v->second[before].of];
            if (!last || a->pop->begin > last->pop->begin)
                last = a;
        }
        if (last && last->pop->begin > b->pop->end)
            return WRONG("what was pushed first is popped last, or never", last->push, b->push,
                         b->pop, last->pop);
    }
    return HISTORY_LEGAL;
}

/* ---- two values: a stack ---- */

/* For a suffix of places, the value there that is popped last: a Fenwick tree. */
typedef struct latest {
    const value_t **at;
    size_t          count;
} latest_t;

static const value_t *later(const value_t *a, const value_t *b)
{
    return !a || (b && b->pop->begin > a->pop->begin) ? b : a;
}

static void latest_put(latest_t *l, size_t place, const value_t *value)
{
    for (size_t i = l->count - place; i <= l->count; i += i & (0 - i))
        l->at[i] = later(l->at[i], value);
}

static const value_t *latest_from(const latest_t *l, size_t place)
{
    const value_t *found = NULL;

    for (size_t i = l->count - place; i > 0; i -= i & (0 - i))
        found = later(found, l->at[i]);
    return found;
}

/* The first of the sorted moments that is past the time. */
static size_t first_after(const moment_t *m, size_t count, uint64_t time)
{
    size_t from = 0;

    while (count > 0) {
        size_t half = count / 2;
        if (m[from + half].time <= time) {
            from += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return from;
}

/* b came upon a, was surely there when a began to be popped, and still when that ended. Values come
 * into the tree by the end of their push, at the place that the begin of their push has. */
static history_verdict_t check_order_of(values_t *v, const moment_t *begins, latest_t *l)
{
    for (size_t i = 0; i < v->count; i++) {
        v->first[i]  = (moment_t){ v->at[i].pop->begin, i };
        v->second[i] = (moment_t){ v->at[i].push->end, i };
    }
    sort(v->first, v->count);
    sort(v->second, v->count);
    for (size_t i = 0, there = 0; i < v->count; i++) {
        const value_t *a = &v->at[v->first[i].of];
        if (a->pop == &never)
            break;
        for (; there < v->count && v->second[there].time < a->pop->begin; there++) {
            const value_t *b = &v->at[v->second[there].of];
            latest_put(l, first_after(begins, v->count, b->push->begin) - 1, b);
        }
        const value_t *b = latest_from(l, first_after(begins, v->count, a->push->end));
        if (b && b->pop->begin > a->pop->end)
            return WRONG("what lies below is popped first", a->push, b->push, a->pop, b->pop);
    }
    return HISTORY_LEGAL;
}

static history_verdict_t check_stack_order(values_t *v)
{
    moment_t *begins = malloc((v->count + 1) * sizeof *begins);
    latest_t  l      = { calloc(v->count + 1, sizeof *l.at), v->count };

    if (!begins || !l.at)
        abort();
    for (size_t i = 0; i < v->count; i++)
        begins[i] = (moment_t){ v->at[i].push->begin, i };
    sort(begins, v->count);
    history_verdict_t verdict = check_order_of(v, begins, &l);
    free(begins);
    free(l.at);
    return verdict;
}

/* ---- nothing there ---- */

/* Of the times when a value is surely there, those that overlap are put together: from first[i] to
 * second[i]. Returns how many are left. */
static size_t join_presence(values_t *v)
{
    size_t n = 0, joined = 0;

    for (size_t i = 0; i < v->count; i++)
        if (v->at[i].push->end < v->at[i].pop->begin)
            v->first[n++] = (moment_t){ v->at[i].push->end, i };
    sort(v->first, n);
    for (size_t i = 0; i < n; i++) {
        uint64_t until = v->at[v->first[i].of].pop->begin;
        if (joined && v->first[i].time < v->second[joined - 1].time) {
            if (until > v->second[joined - 1].time)
                v->second[joined - 1].time = until;
        } else {
            v->first[joined]  = v->first[i];
            v->second[joined] = (moment_t){ until, v->first[i].of };
            joined++;
        }
    }
    return joined;
}

static history_verdict_t check_nothing(values_t *v)
{
    const size_t joined = join_presence(v);

    for (size_t i = 0; i < v->h->count; i++) {
        const history_operation_t *o = &v->h->all[i];
        if (o->left != HISTORY_ABSENT || o->found != HISTORY_ABSENT || o->begin == 0)
            continue;
        size_t n = first_after(v->first, joined, o->begin - 1);
        if (n > 0 && v->second[n - 1].time > o->end)
            return WRONG("a pop finds nothing while a value is there", o,
                         v->at[v->first[n - 1].of].push);
    }
    return HISTORY_LEGAL;
}

/* ---- public ---- */

static void *room(size_t count, size_t size)
{
    void *p = malloc((count + 1) * size);

    if (!p)
        abort();
    return p;
}

static history_verdict_t check(history_t *h, history_verdict_t check_order(values_t *))
{
    history_merge(h);
    values_t v = { h, room(h->count, sizeof *v.at), 0, room(h->count, sizeof *v.first),
                   room(h->count, sizeof *v.second) };

    history_verdict_t verdict = match_all(&v);
    if (verdict == HISTORY_LEGAL)
        verdict = check_order(&v);
    if (verdict == HISTORY_LEGAL)
        verdict = check_nothing(&v);
    free(v.at);
    free(v.first);
    free(v.second);
    return verdict;
}

history_verdict_t history_check_queue_values(history_t *h)
{
    return check(h, check_queue_order);
}

history_verdict_t history_check_stack_values(history_t *h)
{
    return check(h, check_stack_order);
}
