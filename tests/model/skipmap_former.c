/* SPDX-License-Identifier: MIT */
/* F, which is on two levels, is taken out, and N with the same key is put in (skipmap_change.c with
 * both searches, whole): insert, link_level and leads_to_former against take and bury, and a third who
 * only passes by and helps to unlink. All keys are the same, so that each level is the head, N
 * and F.
 *
 * Legal outcomes: F is given up once, is on no level then and does not come back; N is on both
 * levels if it was put in, which it is unless F was there. */
#include "support/interleave.h"

enum { HEAD_0, HEAD_1, F_0, F_1, N_0, N_1, GIVEN_UP };
enum { NOWHERE = 0, MARK = 1, F = 2, N = 4 };

/* Registers: what the path leads to, a link that was read, what was done, and where to go on after a
 * search. */
enum { NEXT_0, NEXT_1, READ, DONE, THEN };

enum { SEARCH = 100 };

typedef struct orders {
    model_order_t link, mark_upper, take, unlink, follow;
    bool          forgets_former; /* links in front of a node that goes */
    bool          aims_once;      /* not again when the level has changed */
    bool          from_below;     /* marks level 0 first */
    bool          searches_short; /* the remover */
    bool          no_search;      /* nor at all */
    bool          is_stale;       /* no mutation: the remover's path does not lead to F any more */
    bool          goes_far;       /* no mutation: the inserter had to search the long way at once */
} orders_t;

static const orders_t *orders_of(const model_t *m)
{
    return m->program->orders;
}

/* Where the link of a node is. */
static unsigned link_of(uint32_t node, unsigned level)
{
    return (node == F ? F_0 : N_0) + level;
}

static bool relink(model_t *m, model_thread_t *t, unsigned at, uint32_t from, uint32_t to,
                   model_order_t order)
{
    return model_cas(m, t, at, &from, to, order, RELAXED);
}

/* F on both levels is what all find. */
static void begin(model_t *m, model_thread_t *t)
{
    if (model_newest(m, HEAD_0) == NOWHERE && m->location[HEAD_0].count == 1) {
        model_store(m, t, HEAD_0, F, RELEASE);
        model_store(m, t, HEAD_1, F, RELEASE);
    }
    for (unsigned i = HEAD_0; i <= HEAD_1; i++)
        if (t->view.at[i] == 0)
            t->view.at[i] = 1;
}

/* ---- the search that unlinks ---- */

static void search_from(model_thread_t *t, int then)
{
    t->r[THEN] = (uint32_t)then;
    t->at      = SEARCH;
}

/* On each level three steps: the head, the link of what it points to, and unlinking that. */
static void search_level(model_t *m, model_thread_t *t, unsigned level)
{
    const orders_t *o     = orders_of(m);
    uint32_t       *next  = &t->r[level ? NEXT_1 : NEXT_0];
    const int       first = level ? SEARCH : SEARCH + 3, after = first + 3;

    switch (t->at - first) {
    case 0:
        *next = model_load(m, t, HEAD_0 + level, o->follow);
        t->at = *next ? first + 1 : after;
        return;
    case 1:
        t->r[READ] = model_load(m, t, link_of(*next, level), o->follow);
        t->at      = t->r[READ] & MARK ? first + 2 : after;
        return;
    default: {
        uint32_t behind = t->r[READ] & ~(uint32_t)MARK;
        if (!relink(m, t, HEAD_0 + level, *next, behind, o->unlink)) {
            t->at = SEARCH;
            return;
        }
        *next = behind;
        t->at = behind ? first + 1 : after;
    }
    }
}

/* What was found is in, or nothing is there. */
static void settle(model_t *m, model_thread_t *t)
{
    uint32_t found = t->r[NEXT_0];
    bool     is_in = found ? !(model_load(m, t, link_of(found, 0), SEQ_CST) & MARK)
                           : model_load(m, t, HEAD_0, SEQ_CST) == NOWHERE;

    t->at = is_in ? (int)t->r[THEN] : SEARCH;
}

static bool is_searching(model_t *m, model_thread_t *t)
{
    if (t->at < SEARCH)
        return false;
    if (t->at < SEARCH + 6)
        search_level(m, t, t->at < SEARCH + 3);
    else
        settle(m, t);
    return true;
}

/* ---- threads ---- */

/* The short search passes by the marks of nodes at the key. */
static void inserter(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    if (is_searching(m, t))
        return;
    switch (t->at) {
    case 0:
        begin(m, t);
        if (o->goes_far) {
            search_from(t, 3);
            return;
        }
        t->r[NEXT_1] = model_load(m, t, HEAD_1, o->follow);
        t->at        = 1;
        return;
    case 1:
        t->r[NEXT_0] = model_load(m, t, HEAD_0, o->follow);
        t->at        = 2;
        return;
    case 2:
        settle(m, t);
        if (t->at == SEARCH)
            search_from(t, 3);
        else
            t->at = 3;
        return;
    case 3: /* found, or not */
        if (t->r[NEXT_0] == F) {
            t->at = -1;
            return;
        }
        model_store(m, t, N_1, t->r[NEXT_1], RELAXED);
        t->at = 4;
        return;
    case 4:
        t->r[DONE] = relink(m, t, HEAD_0, NOWHERE, N, o->link);
        if (t->r[DONE])
            t->at = 5;
        else
            search_from(t, 3);
        return;
    case 5: /* leads_to_former */
        t->at = 6;
        if (t->r[NEXT_1] == F && !o->forgets_former && model_load(m, t, F_1, o->follow) & MARK)
            search_from(t, 5);
        return;
    case 6:
        if (!o->aims_once)
            model_store(m, t, N_1, t->r[NEXT_1], RELAXED);
        t->at = 7;
        return;
    default:
        t->at = -1;
        if (!relink(m, t, HEAD_1, t->r[NEXT_1], N, o->link))
            search_from(t, 5);
    }
}

static bool has_f(const model_t *m)
{
    uint32_t upper = model_newest(m, HEAD_1);

    return model_newest(m, HEAD_0) == F || upper == F || (upper == N && model_newest(m, N_1) == F);
}

static void mark(model_t *m, model_thread_t *t, unsigned level)
{
    const orders_t *o = orders_of(m);

    model_add(m, t, F_0 + level, MARK, level ? o->mark_upper : o->take);
}

static void begin_search(model_thread_t *t, const orders_t *o)
{
    if (o->searches_short)
        t->at = 5;
    else if (o->no_search)
        t->at = 4;
    else
        search_from(t, 4);
}

/* Along its path first. */
static void remover(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    if (is_searching(m, t))
        return;
    switch (t->at) {
    case 0:
        begin(m, t);
        mark(m, t, !o->from_below);
        t->at = 1;
        return;
    case 1:
        mark(m, t, o->from_below);
        t->at = 2;
        if (o->is_stale)
            begin_search(t, o);
        return;
    case 2:
    case 3: {
        unsigned level = t->at == 2;
        uint32_t next =
            model_newest(m, F_0 + level) & ~(uint32_t)MARK; /* does not change any more */
        if (relink(m, t, HEAD_0 + level, F, next, o->unlink))
            t->at++;
        else
            begin_search(t, o);
        return;
    }
    case 5: /* the short search on level 0, which says where it may end */
        t->r[NEXT_0] = model_load(m, t, HEAD_0, o->follow);
        t->at        = 6;
        return;
    case 6:
        settle(m, t);
        if (t->at == SEARCH)
            search_from(t, 4);
        else
            t->at = 4;
        return;
    default:
        model_add(m, t, GIVEN_UP, 1, RELAXED);
        m->wrong |= has_f(m);
        t->at = -1;
    }
}

/* Has been on the upper level before F was marked there, and unlinks it on the lower one. */
static void passer(model_t *m, model_thread_t *t)
{
    if (t->at == 0) {
        begin(m, t);
        t->r[READ] = model_load(m, t, F_0, orders_of(m)->follow);
        t->at      = t->r[READ] & MARK ? 1 : -1;
        return;
    }
    relink(m, t, HEAD_0, F, t->r[READ] & ~(uint32_t)MARK, orders_of(m)->unlink);
    t->at = -1;
}

static bool is_legal(const model_t *m)
{
    bool is_put = m->thread[0].r[DONE];

    return !has_f(m) && model_newest(m, GIVEN_UP) == 1 &&
           model_newest(m, HEAD_0) == (is_put ? N : NOWHERE) &&
           model_newest(m, HEAD_1) == (is_put ? N : NOWHERE);
}

static void expect(const char *name, unsigned threads, orders_t o, bool legal)
{
    const model_program_t program = { threads, { inserter, remover, passer }, is_legal, &o };

    model_expect(name, &program, legal);
}

static const orders_t code = {
    .link = SEQ_CST, .mark_upper = ACQ_REL, .take = SEQ_CST, .unlink = SEQ_CST, .follow = ACQUIRE
};

/* The inserter comes by the short search, or by the long one. */
static void expect_both(const char *name, unsigned threads, orders_t o)
{
    expect(name, threads, o, true);
    o.goes_far = true;
    expect("  the long way", threads, o, true);
}

#define CHANGED(name, threads, far, change) \
    do {                                    \
        orders_t o = code;                  \
        o.goes_far = far;                   \
        o.change;                           \
        expect(name, threads, o, false);    \
    } while (0)

int main(void)
{
    expect_both("insert || remove on two levels", 2, code);
    CHANGED("  linked in front of a former node", 2, true, forgets_former = true);
    CHANGED("  does not aim again", 2, true, aims_once = true);
    CHANGED("  marked from below", 2, true, from_below = true);
    CHANGED("  level 0 marked relaxed", 2, true, take = RELAXED);
    CHANGED("  followed relaxed", 2, true, follow = RELAXED);

    orders_t stale = code;
    stale.is_stale = true;
    expect_both("insert || remove by a path that is stale", 2, stale);
    CHANGED("  a failed unlink is not followed by a search", 2, true,
            is_stale = o.no_search = true);
    CHANGED("  a failed unlink is followed by the short search", 2, true,
            is_stale = o.searches_short = true);

    expect_both("insert || remove || a search that helps", 3, code);
    CHANGED("  linked in front of a former node", 3, false, forgets_former = true);
    CHANGED("  unlinked relaxed", 3, false, unlink = RELAXED);
    return 0;
}
