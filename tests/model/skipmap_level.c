/* SPDX-License-Identifier: MIT */
/* One level of a skip list (tower.c, skipmap_search.c, skipmap_change.c): the head, X, Y behind X, and N,
 * which is put between them or takes the place of X. A link is the number of a node, twice, and its mark.
 * A node that was unlinked may be freed at once, which only unlinking knows here: readers of this model
 * are late, so that whatever they follow must have been in at a moment of theirs.
 *
 * Legal outcomes: each key was put in once, taken out once; what was put in behind a node that goes is
 * not lost; nobody follows a link to what was out before it began. */
#include <stddef.h>
#include "support/interleave.h"

enum { HEAD, NEXT_X, NEXT_Y, NEXT_N, KEY_N, FREED_X, FREED_Y };
enum { NOWHERE = 0, MARK = 1, TO_X = 2, TO_Y = 4, TO_N = 6 };

typedef struct orders {
    model_order_t link, mark, unlink, follow;
    bool          blind_link;  /* does not compare what it replaces */
    bool          marks_first; /* the old node, before the new one is behind it */
    bool          no_anchor;   /* follows a marked link without a look back */
    bool          loses_new;   /* the old node is marked with its old successor */
    bool          takes_twice; /* who finds X marked says that it took it out, too */
    bool          no_mark;     /* a hit is taken for one that is in */
} orders_t;

static const orders_t *orders_of(const model_t *m)
{
    return m->program->orders;
}

/* Compare and swap, or a store that does not look. */
static bool relink(model_t *m, model_thread_t *t, unsigned at, uint32_t from, uint32_t to,
                   model_order_t order, bool blind)
{
    if (blind) {
        model_store(m, t, at, to, order);
        return true;
    }
    return model_cas(m, t, at, &from, to, order, RELAXED);
}

/* What the threads find: head -> X -> Y, whole. */
static void set_up(model_t *m, model_thread_t *t)
{
    model_store(m, t, HEAD, TO_X, RELEASE);
    model_store(m, t, NEXT_X, TO_Y, RELEASE);
}

/* ---- threads; each begins when the list is there: the first one makes it ---- */

static void is_ready(model_t *m, model_thread_t *t)
{
    if (model_newest(m, NEXT_X) == NOWHERE)
        set_up(m, t);
    for (unsigned i = HEAD; i <= NEXT_X; i++)
        if (t->view.at[i] == 0)
            t->view.at[i] = 1;
}

/* Takes X out: r[0] says that it did. */
static void remover(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at) {
    case 0:
        is_ready(m, t);
        t->r[1] = model_load(m, t, NEXT_X, o->follow);
        t->at   = t->r[1] & MARK ? -1 : 1;
        return;
    case 1: {
        uint32_t expected = t->r[1];
        if (!model_cas(m, t, NEXT_X, &expected, t->r[1] | MARK, o->mark, o->follow)) {
            t->r[0] = o->takes_twice;
            t->r[1] = expected;
            t->at   = expected & MARK ? -1 : 1;
            return;
        }
        t->r[0] = 1;
        t->at   = 2;
        return;
    }
    default:
        if (relink(m, t, HEAD, TO_X, t->r[1], o->unlink, false))
            model_store(m, t, FREED_X, 1, RELAXED);
        t->at = -1;
    }
}

/* Puts N between X and Y, if X is in: r[0] says that it did. */
static void inserter(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at++) {
    case 0:
        is_ready(m, t);
        t->r[1] = model_load(m, t, NEXT_X, o->follow);
        if (t->r[1] & MARK)
            t->at = -1;
        return;
    case 1:
        model_store(m, t, KEY_N, 1, RELAXED);
        model_store(m, t, NEXT_N, t->r[1], RELAXED);
        return;
    case 2:
        t->r[0] = relink(m, t, NEXT_X, t->r[1], TO_N, o->link, o->blind_link);
        return;
    default:
        t->at = -1;
    }
}

/* Puts N in the place of X: r[0] says that it did. */
static void replacer(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at) {
    case 0:
        is_ready(m, t);
        t->r[1] = model_load(m, t, NEXT_X, o->follow);
        t->at   = t->r[1] & MARK ? -1 : 1;
        return;
    case 1:
        model_store(m, t, KEY_N, 1, RELAXED);
        model_store(m, t, NEXT_N, t->r[1], RELAXED);
        t->at = 2;
        return;
    case 2: {
        uint32_t to = o->marks_first || o->loses_new ? t->r[1] | MARK : TO_N | MARK;
        t->r[0]     = relink(m, t, NEXT_X, t->r[1], to, o->link, false);
        t->at       = t->r[0] ? 3 : -1;
        return;
    }
    case 3:
        if (o->marks_first)
            model_store(m, t, NEXT_X, TO_N | MARK, o->link);
        t->at = 4;
        return;
    default:
        if (relink(m, t, HEAD, TO_X, o->loses_new ? t->r[1] : TO_N, o->unlink, false))
            model_store(m, t, FREED_X, 1, RELAXED);
        t->at = -1;
    }
}

/* Takes X out and then Y, which is freed: unless a reader has it by then, which domains see to. */
static void clearer(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at++) {
    case 0:
        is_ready(m, t);
        model_add(m, t, NEXT_X, MARK, o->mark);
        return;
    case 1:
        relink(m, t, HEAD, TO_X, TO_Y, o->unlink, false);
        return;
    case 2:
        model_add(m, t, NEXT_Y, MARK, o->mark);
        return;
    case 3:
        relink(m, t, HEAD, TO_Y, NOWHERE, o->unlink, false);
        return;
    default:
        model_add(m, t, FREED_Y, 1, ACQ_REL);
        t->at = -1;
    }
}

/* Passes X to Y. The domain: Y is freed already when the reader says that it may read it, and then the
 * reader sees all that came before, or it is not freed any more. */
static void passer(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at++) {
    case 0:
        is_ready(m, t);
        t->r[1] = model_load(m, t, HEAD, o->follow);
        t->at   = t->r[1] == TO_X ? 1 : -1;
        return;
    case 1:
        t->r[2] = model_load(m, t, NEXT_X, o->follow);
        return;
    case 2:
        t->r[3] = model_add(m, t, FREED_Y, 0, ACQ_REL);
        return;
    case 3: /* the link once more, as protected reads do */
        t->r[2] = model_load(m, t, NEXT_X, o->follow);
        if (!(t->r[2] & MARK))
            t->at = 5;
        return;
    case 4:
        if (!o->no_anchor && model_load(m, t, HEAD, o->follow) != TO_X)
            t->at = -1;
        return;
    default:
        m->wrong |= t->r[3];
        t->at = -1;
    }
}

/* Finds the key of X: r[0] is 1 for X, 2 for N, 3 for neither. One that is not there is an outcome only
 * when somebody took it out. r[2]: how often it began anew. */
static void reader(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at) {
    case 0:
        is_ready(m, t);
        t->r[1] = model_load(m, t, HEAD, o->follow);
        t->r[0] = t->r[1] == TO_Y ? 3 : 0;
        t->at   = t->r[0] ? -1 : t->r[1] == TO_N ? 4 : 1;
        return;
    case 1: /* at X */
        t->r[3] = model_load(m, t, NEXT_X, o->follow);
        if (!(t->r[3] & MARK))
            t->r[0] = 1;
        t->at = t->r[0] ? -1 : o->no_anchor ? 3 : 2;
        return;
    case 2: /* the anchor */
        t->at = model_load(m, t, HEAD, o->follow) == TO_X ? 3 : ++t->r[2] < 3 ? 0 : -1;
        return;
    case 3: /* behind X, which is marked */
        t->r[0] = (t->r[3] & ~MARK) == TO_N ? 0 : 3;
        t->at   = t->r[0] ? -1 : 4;
        return;
    default: /* at N */
        m->wrong |= model_load(m, t, KEY_N, RELAXED) != 1;
        t->r[0] = 2;
        t->at   = -1;
    }
}

/* Puts N in, at the head of an empty list, if nobody else did; r[0] says that it did. Two of them have
 * the same key. */
static void first_inserter(model_t *m, model_thread_t *t)
{
    const orders_t *o    = orders_of(m);
    const uint32_t  mine = t == &m->thread[0] ? TO_X : TO_N;

    switch (t->at) {
    case 0:
        t->r[1] = model_load(m, t, HEAD, o->follow);
        t->at   = t->r[1] ? 3 : 1;
        return;
    case 1:
        model_store(m, t, mine == TO_X ? NEXT_X : KEY_N, 1, RELAXED);
        t->at = 2;
        return;
    case 2:
        t->r[0] = relink(m, t, HEAD, NOWHERE, mine, o->link, o->blind_link);
        t->at   = t->r[0] ? -1 : 0;
        return;
    default: /* at the other's node */
        m->wrong |= model_load(m, t, t->r[1] == TO_X ? NEXT_X : KEY_N, RELAXED) != 1;
        t->at = -1;
    }
}

/* Looks for the key of N, passing X by if that is unmarked; begins anew once if not. */
static void seeker(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at) {
    case 0:
        is_ready(m, t);
        t->r[1] = model_load(m, t, HEAD, o->follow);
        t->at   = t->r[1] == TO_X ? 1 : 2;
        return;
    case 1:
        t->r[1] = model_load(m, t, NEXT_X, o->follow);
        t->at   = !(t->r[1] & MARK) ? 2 : t->r[2]++ == 0 ? 0 : -1;
        return;
    default:
        m->wrong |= t->r[1] == TO_N && model_load(m, t, KEY_N, RELAXED) != 1;
        t->at = -1;
    }
}

/* Takes X out, of which nobody else unlinks it, and then says so. */
static void teller(model_t *m, model_thread_t *t)
{
    switch (t->at++) {
    case 0:
        is_ready(m, t);
        model_add(m, t, NEXT_X, MARK, orders_of(m)->mark);
        return;
    default:
        model_store(m, t, FREED_X, 1, RELEASE);
        t->at = -1;
    }
}

/* Is told, and then looks for X. */
static void told(model_t *m, model_thread_t *t)
{
    switch (t->at++) {
    case 0:
        is_ready(m, t);
        if (!model_load(m, t, FREED_X, ACQUIRE))
            t->at = -1;
        return;
    case 1:
        t->r[1] = model_load(m, t, HEAD, orders_of(m)->follow);
        return;
    default:
        m->wrong |= t->r[1] == TO_X &&
                    (orders_of(m)->no_mark || !(model_load(m, t, NEXT_X, SEQ_CST) & MARK));
        t->at = -1;
    }
}

/* ---- outcomes ---- */

static bool one_of_two_puts(const model_t *m)
{
    return m->thread[0].r[0] + m->thread[1].r[0] == 1;
}

/* Whether the list has N: what is behind the links that are in. */
static bool has_n(const model_t *m)
{
    uint32_t at = model_newest(m, HEAD);

    if (at == TO_X)
        at = model_newest(m, NEXT_X) & ~(uint32_t)MARK;
    return at == TO_N;
}

static bool one_of_two_takes_x(const model_t *m)
{
    return m->thread[0].r[0] + m->thread[1].r[0] == 1;
}

static bool nothing_is_lost(const model_t *m)
{
    bool put = m->thread[1].r[0];

    return m->thread[0].r[0] == 1 && has_n(m) == put &&
           model_newest(m, FREED_X) == (model_newest(m, HEAD) != TO_X);
}

static bool one_changes_x(const model_t *m)
{
    bool removed = m->thread[0].r[0], replaced = m->thread[1].r[0];

    return removed != replaced && has_n(m) == replaced;
}

static bool the_key_is_always_there(const model_t *m)
{
    return m->thread[0].r[0] != 3;
}

/* ---- cases ---- */

static const orders_t code = {
    .link = SEQ_CST, .mark = SEQ_CST, .unlink = SEQ_CST, .follow = ACQUIRE
};

static void expect(const char *name, model_step_t *one, model_step_t *two,
                   bool (*is_legal)(const model_t *), orders_t o, bool legal)
{
    const model_program_t program = { 2, { one, two }, is_legal, &o };

    model_expect(name, &program, legal);
}

#define CHANGED(name, one, two, is_legal, change, legal) \
    do {                                                 \
        orders_t o = code;                               \
        o.change;                                        \
        expect(name, one, two, is_legal, o, legal);      \
    } while (0)

static void expect_three(const char *name, orders_t o, bool legal)
{
    const model_program_t program = { 3, { remover, inserter, seeker }, nothing_is_lost, &o };

    model_expect(name, &program, legal);
}

#define CHANGED_THREE(name, change)   \
    do {                              \
        orders_t o = code;            \
        o.change;                     \
        expect_three(name, o, false); \
    } while (0)

int main(void)
{
    expect("insert || insert", first_inserter, first_inserter, one_of_two_puts, code, true);
    CHANGED("  a link that is not compared", first_inserter, first_inserter, one_of_two_puts,
            blind_link = true, false);
    CHANGED("  linked relaxed", first_inserter, first_inserter, one_of_two_puts, link = RELAXED,
            false);

    expect("remove || remove", remover, remover, one_of_two_takes_x, code, true);
    CHANGED("  both take it", remover, remover, one_of_two_takes_x, takes_twice = true, false);

    expect("remove, then get", teller, told, NULL, code, true);
    CHANGED("  the mark of what is found is not looked at", teller, told, NULL, no_mark = true,
            false);

    expect("remove || insert behind", remover, inserter, nothing_is_lost, code, true);
    CHANGED("  a link that is not compared", remover, inserter, nothing_is_lost, blind_link = true,
            false);

    expect_three("remove || insert behind || get that", code, true);
    CHANGED_THREE("  unlinked relaxed", unlink = RELAXED);
    CHANGED_THREE("  linked relaxed", link = RELAXED);
    CHANGED_THREE("  followed relaxed", follow = RELAXED);

    expect("remove || replace", remover, replacer, one_changes_x, code, true);
    CHANGED("  marked with the old successor", remover, replacer, one_changes_x, loses_new = true,
            false);

    expect("get past X || X and Y removed", passer, clearer, NULL, code, true);
    CHANGED("  without the look back", passer, clearer, NULL, no_anchor = true, false);

    expect("get || replace", reader, replacer, the_key_is_always_there, code, true);
    CHANGED("  marked before the new node is there", reader, replacer, the_key_is_always_there,
            marks_first = true, false);
    CHANGED("  linked relaxed", reader, replacer, the_key_is_always_there, link = RELAXED, false);
    CHANGED("  followed relaxed", reader, replacer, the_key_is_always_there, follow = RELAXED,
            false);
    return 0;
}
