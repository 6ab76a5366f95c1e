/* SPDX-License-Identifier: MIT */
/* history_search.c - see support/history.h: looks for an order, in the time that the run took.
 *
 * Going through begins and ends in their order, it keeps the set of all worlds that are possible: which
 * of the operations under way have had their effect, and the state that came of it. When one
 * ends, the worlds without it are taken further, by every order of operations under way, until it
 * is in. No world left: no order explains the results. A world is a row of words, the first of
 * which has a bit for each place of an operation under way; so equal worlds are equal words, and
 * one of them is enough.
 */
#include "support/history.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/hash.h"

enum {
    WORDS_MAX  = 2 + HISTORY_HELD_MAX,
    WORLDS_MAX = 1 << 17,
    BUCKETS    = 2 * WORLDS_MAX,
    SHOWN      = 12 /* operations in a complaint */
};

/* Do the operation. ILLEGAL: the state does not allow it. UNDECIDED: there is no room for what comes
 * of it. */
typedef history_verdict_t step_fn(uint64_t *state, const history_operation_t *o);

typedef struct kind {
    step_fn *step;
    uint64_t initial;
    size_t   words; /* of a world */
} kind_t;

/* ---- sets of worlds ---- */

typedef struct worlds {
    size_t    words, count;
    uint64_t *at;
    uint32_t *bucket; /* numbers of worlds, from 1; 0: none */
} worlds_t;

static worlds_t worlds_make(size_t words)
{
    worlds_t w = { words, 0, malloc(WORLDS_MAX * words * sizeof *w.at),
                   calloc(BUCKETS, sizeof *w.bucket) };

    if (!w.at || !w.bucket)
        abort();
    return w;
}

static void worlds_free(worlds_t *w)
{
    free(w->at);
    free(w->bucket);
}

static uint64_t *world_at(const worlds_t *w, size_t i)
{
    return &w->at[i * w->words];
}

/* The bucket that has an equal world, or is free for it. */
static size_t find(const worlds_t *w, const uint64_t *world)
{
    const size_t bytes = w->words * sizeof *world;
    size_t       i     = cci_hash_bytes(1, world, bytes) % BUCKETS;

    while (w->bucket[i] && memcmp(world_at(w, w->bucket[i] - 1), world, bytes) != 0)
        i = (i + 1) % BUCKETS;
    return i;
}

/* False: there is no room. */
static bool worlds_add(worlds_t *w, const uint64_t *world)
{
    size_t i = find(w, world);

    if (w->bucket[i])
        return true;
    if (w->count == WORLDS_MAX)
        return false;
    memcpy(world_at(w, w->count), world, w->words * sizeof *world);
    w->bucket[i] = (uint32_t)++w->count;
    return true;
}

/* The last one goes first: so none is looked for past a bucket that is empty already. */
static void worlds_clear(worlds_t *w)
{
    for (; w->count > 0; w->count--)
        w->bucket[find(w, world_at(w, w->count - 1))] = 0;
}

/* ---- the search ---- */

typedef struct search {
    history_t                 *h;
    const kind_t              *kind;
    const history_operation_t *under_way[HISTORY_PENDING_MAX];
    unsigned                   places; /* that were ever used */
    worlds_t                   now, reached, next;
} search_t;

/* The world after the operation of that place is one more, if it is allowed. False: no room. */
static bool advance(search_t *s, const uint64_t *world, unsigned place)
{
    uint64_t after[WORDS_MAX];

    memcpy(after, world, s->kind->words * sizeof *world);
    after[0] |= UINT64_C(1) << place;
    switch (s->kind->step(after + 1, s->under_way[place])) {
    case HISTORY_LEGAL:
        return worlds_add(&s->reached, after);
    case HISTORY_ILLEGAL:
        return true;
    default:
        return false;
    }
}

/* All that may follow, one operation further. */
static bool spread(search_t *s, size_t i)
{
    const uint64_t done = world_at(&s->reached, i)[0];

    for (unsigned p = 0; p < s->places; p++)
        if (s->under_way[p] && !(done >> p & 1) && !advance(s, world_at(&s->reached, i), p))
            return false;
    return true;
}

static void swap(worlds_t *a, worlds_t *b)
{
    worlds_t kept = *a;

    *a = *b;
    *b = kept;
}

static bool keep(search_t *s, uint64_t *world, unsigned place)
{
    world[0] &= ~(UINT64_C(1) << place);
    bool is_kept = worlds_add(&s->next, world);
    world[0] |= UINT64_C(1) << place;
    return is_kept;
}

/* The operation of that place ends: only worlds where it had its effect go on, without its bit. */
static bool settle(search_t *s, unsigned place)
{
    bool fits = true;

    swap(&s->reached, &s->now);
    for (size_t i = 0; fits && i < s->reached.count; i++) {
        uint64_t *world = world_at(&s->reached, i);
        fits            = world[0] >> place & 1 ? keep(s, world, place) : spread(s, i);
    }
    worlds_clear(&s->reached);
    swap(&s->now, &s->next);
    return fits;
}

/* HISTORY_PENDING_MAX: nowhere. */
static unsigned place_of(const search_t *s, const history_operation_t *o)
{
    unsigned p = 0;

    while (p < HISTORY_PENDING_MAX && s->under_way[p] != o)
        p++;
    return p;
}

static bool begin(search_t *s, const history_operation_t *o)
{
    unsigned place = place_of(s, NULL);

    if (place == HISTORY_PENDING_MAX)
        return false;
    s->under_way[place] = o;
    if (place >= s->places)
        s->places = place + 1;
    return true;
}

static void complain(search_t *s, const history_operation_t *o, const history_operation_t *first)
{
    history_say(s->h, "key %" PRIu64 ": no order explains this operation:\n", o->key);
    history_say_operation(s->h, o);
    history_say(s->h, "under way with it were:\n");
    for (unsigned p = 0; p < HISTORY_PENDING_MAX; p++)
        if (s->under_way[p] && s->under_way[p] != o)
            history_say_operation(s->h, s->under_way[p]);
    history_say(s->h, "and the last before it:\n");
    unsigned shown = 0;
    for (const history_operation_t *b = o; b > first && shown < SHOWN;)
        if ((--b)->end < o->end) {
            history_say_operation(s->h, b);
            shown++;
        }
}

static int by_end(const void *a, const void *b)
{
    const history_operation_t *const *x = a, *const *y = b;

    return ((*x)->end > (*y)->end) - ((*x)->end < (*y)->end);
}

static const history_operation_t **sorted_by_end(const history_operation_t *o, size_t count)
{
    const history_operation_t **sorted = malloc((count ? count : 1) * sizeof *sorted);

    if (!sorted)
        abort();
    for (size_t i = 0; i < count; i++)
        sorted[i] = &o[i];
    qsort(sorted, count, sizeof *sorted, by_end);
    return sorted;
}

/* Operations of a key, by begin. One that begins when another ends is under way with it. */
static history_verdict_t search_in(search_t *s, const history_operation_t *o, size_t count,
                                   const history_operation_t *const *ends)
{
    for (size_t began = 0, ended = 0; ended < count; ended++) {
        for (; began < count && o[began].begin <= ends[ended]->end; began++)
            if (!begin(s, &o[began]))
                return HISTORY_UNDECIDED;
        unsigned place = place_of(s, ends[ended]);
        if (!settle(s, place))
            return HISTORY_UNDECIDED;
        if (s->now.count == 0) {
            complain(s, ends[ended], o);
            return HISTORY_ILLEGAL;
        }
        s->under_way[place] = NULL;
    }
    return HISTORY_LEGAL;
}

static history_verdict_t search_key(search_t *s, const history_operation_t *o, size_t count)
{
    const uint64_t              first[WORDS_MAX] = { 0, s->kind->initial };
    const history_operation_t **ends             = sorted_by_end(o, count);

    memset(s->under_way, 0, sizeof s->under_way);
    s->places = 0;
    worlds_clear(&s->now);
    worlds_clear(&s->next);
    worlds_add(&s->now, first);
    history_verdict_t v = search_in(s, o, count, ends);
    free(ends);
    return v;
}

static history_verdict_t search_keys(search_t *s)
{
    const history_t  *h = s->h;
    history_verdict_t v = HISTORY_LEGAL;

    for (size_t from = 0, to; v == HISTORY_LEGAL && from < h->count; from = to) {
        for (to = from; to < h->count && h->all[to].key == h->all[from].key;)
            to++;
        v = search_key(s, &h->all[from], to - from);
    }
    if (v == HISTORY_UNDECIDED)
        history_say(s->h, "too many operations under way, or states, to decide\n");
    return v;
}

static history_verdict_t check(history_t *h, const kind_t *kind)
{
    search_t s = { .h       = h,
                   .kind    = kind,
                   .now     = worlds_make(kind->words),
                   .reached = worlds_make(kind->words),
                   .next    = worlds_make(kind->words) };

    history_merge(h);
    history_verdict_t v = search_keys(&s);
    worlds_free(&s.now);
    worlds_free(&s.reached);
    worlds_free(&s.next);
    return v;
}

/* ---- what there is to check ---- */

static bool agrees(uint64_t found, uint64_t state)
{
    return found == state || found == HISTORY_ANY ||
           (found == HISTORY_PRESENT && state != HISTORY_ABSENT);
}

static history_verdict_t step_key(uint64_t *state, const history_operation_t *o)
{
    if (!agrees(o->found, *state))
        return HISTORY_ILLEGAL;
    if (o->left != HISTORY_SAME)
        *state = o->left;
    return HISTORY_LEGAL;
}

/* state[0] values behind it, in the order in which they came; what is behind them is 0. */
static history_verdict_t push(uint64_t *state, uint64_t value)
{
    if (state[0] == HISTORY_HELD_MAX)
        return HISTORY_UNDECIDED;
    state[++state[0]] = value;
    return HISTORY_LEGAL;
}

/* Or peek: what is found stays. */
static history_verdict_t pop(uint64_t *state, uint64_t at, const history_operation_t *o)
{
    if (state[0] == 0)
        return o->found == HISTORY_ABSENT ? HISTORY_LEGAL : HISTORY_ILLEGAL;
    if (state[at] != o->found)
        return HISTORY_ILLEGAL;
    if (o->left == HISTORY_SAME)
        return HISTORY_LEGAL;
    memmove(&state[at], &state[at + 1], (state[0] - at) * sizeof *state);
    state[state[0]--] = 0;
    return HISTORY_LEGAL;
}

static history_verdict_t step_queue(uint64_t *state, const history_operation_t *o)
{
    return o->found == HISTORY_ANY ? push(state, o->left) : pop(state, 1, o);
}

static history_verdict_t step_stack(uint64_t *state, const history_operation_t *o)
{
    return o->found == HISTORY_ANY ? push(state, o->left) : pop(state, state[0], o);
}

static const kind_t map   = { step_key, HISTORY_ABSENT, 2 };
static const kind_t queue = { step_queue, 0, WORDS_MAX };
static const kind_t stack = { step_stack, 0, WORDS_MAX };

history_verdict_t history_check_map(history_t *h)
{
    return check(h, &map);
}

history_verdict_t history_check_queue(history_t *h)
{
    return check(h, &queue);
}

history_verdict_t history_check_stack(history_t *h)
{
    return check(h, &stack);
}
