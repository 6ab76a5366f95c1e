/* SPDX-License-Identifier: MIT */
/* A node that is made, read and taken out while there is (ccmem/smr_inline.h, smr/protect.c,
 * smr/sweep.c): cc_smr_enter, cc_smr_protect, which raises up, cc_smr_leave; cc_smr_alloc, the
 * publishing store, cc_smr_retire and a sweep. A third thread begins eras. Readers have fences of their
 * own, or none, and then the node waits until the reader has seen a later era; smr_sweep.c is about
 * what makes eras safe.
 *
 * Legal outcomes: who reads the node sees what it was made as, before it is freed; and who frees it
 * knows of all that was read. */
#include <stddef.h>
#include "support/interleave.h"

enum { ERA, LO, UP, SLOT, BODY, READ, FREED };
enum { NOTHING = 0, NODE = 1 }; /* what is in the slot */
enum { IDLE = 0, MADE = 1 };    /* lo and up are an era and 1 */

typedef struct orders {
    model_order_t lo, up, enter_fence, protect, raise, raise_fence, leave; /* of a reader */
    model_order_t publish, take_out, look_fence, look;                     /* of the other */
    unsigned      sections, reads; /* of the reader, and of each section */
    bool          up_first;        /* enter stores up, and then lo */
    bool          lo_looked_at;    /* before up */
    bool          by_sight; /* readers have no fences: who frees waits until they saw a later era */
    bool          trusts_own; /* or that of the retirement */
    bool          is_strict;  /* who looks and finds up below lo believes it */
    bool          no_raise;   /* a pointer that was read in another era is taken */
    bool          no_second;  /* up is raised, and the pointer not read again */
    bool          era_first;  /* the era is looked at before the pointer is read */
    bool          birth_late; /* the birth is the era after the node was published */
} orders_t;

static const orders_t *orders_of(const model_t *m)
{
    return m->program->orders;
}

/* ---- a reader; r[0]: its up, r[1]: what it found, r[2]: an era, r[3]: reads, r[4]: protects,
 * r[5]: sections ---- */

static void read_node(model_t *m, model_thread_t *t)
{
    if (t->r[1] != NODE)
        return;
    if (model_newest(m, FREED) || model_load(m, t, BODY, RELAXED) != MADE)
        m->wrong = true;
    model_store(m, t, READ, ++t->r[3], RELAXED);
}

enum { ENTER = 0, PROTECT = 4, RAISE = 6, USE = 8, LEAVE = 9 };

static void enter(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at++) {
    case 0:
        t->r[0] = model_load(m, t, ERA, ACQUIRE);
        return;
    case 1:
        model_store(m, t, o->up_first ? UP : LO, t->r[0] + 1, o->up_first ? o->up : o->lo);
        return;
    case 2:
        model_store(m, t, o->up_first ? LO : UP, t->r[0] + 1, o->up_first ? o->lo : o->up);
        return;
    default:
        model_fence(m, t, o->by_sight ? RELAXED : o->enter_fence);
    }
}

static void look_at_slot(model_t *m, model_thread_t *t)
{
    t->r[1] = model_load(m, t, SLOT, orders_of(m)->protect);
}

static void look_at_era(model_t *m, model_thread_t *t)
{
    t->r[2] = model_load(m, t, ERA, RELAXED);
}

static void protect(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at++) {
    case PROTECT:
        (o->era_first ? look_at_era : look_at_slot)(m, t);
        return;
    case PROTECT + 1:
        (o->era_first ? look_at_slot : look_at_era)(m, t);
        t->at = t->r[2] == t->r[0] || o->no_raise ? USE : RAISE;
        return;
    case RAISE:
        model_store(m, t, UP, t->r[2] + 1, o->raise);
        return;
    default:
        t->r[0] = t->r[2];
        model_fence(m, t, o->by_sight ? RELAXED : o->raise_fence);
        t->at = o->no_second ? USE : PROTECT;
    }
}

static void leave(model_t *m, model_thread_t *t)
{
    model_store(m, t, LO, IDLE, orders_of(m)->leave);
    t->at = ++t->r[5] == orders_of(m)->sections ? -1 : ENTER;
}

static void reader(model_t *m, model_thread_t *t)
{
    if (t->at < PROTECT) {
        enter(m, t);
    } else if (t->at < USE) {
        protect(m, t);
    } else if (t->at == USE) {
        read_node(m, t);
        t->at = ++t->r[4] % orders_of(m)->reads == 0 ? LEAVE : PROTECT;
    } else {
        leave(m, t);
    }
}

/* ---- who begins eras ---- */

static void ticker(model_t *m, model_thread_t *t)
{
    model_add(m, t, ERA, 1, ACQ_REL);
    t->at = -1;
}

/* ---- the other; r[0]: birth, r[1]: when it was retired, r[2]: lo, r[3]: up ---- */

static void be_born(model_t *m, model_thread_t *t)
{
    t->r[0] = model_load(m, t, ERA, RELAXED);
}

static void publish(model_t *m, model_thread_t *t)
{
    model_store(m, t, SLOT, NODE, orders_of(m)->publish);
}

static void look(model_t *m, model_thread_t *t, bool at_lo)
{
    if (at_lo)
        t->r[2] = model_load(m, t, LO, orders_of(m)->look);
    else
        t->r[3] = model_load(m, t, UP, orders_of(m)->look);
}

static void free_node(model_t *m, model_thread_t *t)
{
    const uint32_t lo = t->r[2], up = t->r[3], birth = t->r[0] + 1, retired = t->r[1] + 1;
    const bool     is_endless = up < lo && !orders_of(m)->is_strict;
    const bool     is_safe    = !orders_of(m)->by_sight || up + orders_of(m)->trusts_own > retired;

    if (!is_safe || (lo != IDLE && lo <= retired && (is_endless || up >= birth)))
        return;
    if (!model_knows(m, t, READ))
        m->wrong = true;
    model_store(m, t, FREED, 1, RELAXED);
}

static void writer(model_t *m, model_thread_t *t)
{
    const orders_t *o = orders_of(m);

    switch (t->at++) {
    case 0:
        model_store(m, t, BODY, MADE, RELAXED);
        return;
    case 1:
        (o->birth_late ? publish : be_born)(m, t);
        return;
    case 2:
        (o->birth_late ? be_born : publish)(m, t);
        return;
    case 3:
        model_store(m, t, SLOT, NOTHING, o->take_out);
        return;
    case 4:
        t->r[1] = model_add(m, t, ERA, 1, ACQ_REL);
        return;
    case 5:
        model_fence(m, t, o->look_fence);
        return;
    case 6:
        look(m, t, o->lo_looked_at);
        return;
    case 7:
        look(m, t, !o->lo_looked_at);
        return;
    default:
        free_node(m, t);
        t->at = -1;
    }
}

static void expect(const char *name, orders_t orders, bool legal)
{
    const model_program_t program = { 3, { reader, ticker, writer }, NULL, &orders };

    model_expect(name, &program, legal);
}

static const orders_t code = { .lo          = RELEASE,
                               .up          = RELEASE,
                               .enter_fence = SEQ_CST,
                               .protect     = ACQUIRE,
                               .raise       = RELEASE,
                               .raise_fence = SEQ_CST,
                               .leave       = RELEASE,
                               .publish     = RELEASE,
                               .take_out    = RELEASE,
                               .look_fence  = SEQ_CST,
                               .look        = ACQUIRE };

#define CHANGED(name, change, legal) MODEL_CHANGED(expect, base, name, change, legal)

static void one_section(void)
{
    orders_t base = code;
    base.sections = 1;
    base.reads    = 2;

    expect("as in the code", base, true);
    CHANGED("enter has no fence", enter_fence = RELAXED, false);
    CHANGED("no fence when up is raised", raise_fence = RELAXED, false);
    CHANGED("an acquire-release one when up is raised", raise_fence = ACQ_REL, false);
    CHANGED("a sweep has no fence", look_fence = RELAXED, false);
    CHANGED("the pointer read relaxed", protect = RELAXED, false);
    CHANGED("up is not raised", no_raise = true, false);
    CHANGED("the pointer not read again", no_second = true, false);
    CHANGED("the era looked at before the pointer", era_first = true, false);
    CHANGED("leave relaxed", leave = RELAXED, false);
    CHANGED("published relaxed", publish = RELAXED, false);
    CHANGED("born after it is published", birth_late = true, false);
    CHANGED("lo and up looked at relaxed", look = RELAXED, false);
}

static void two_sections(void)
{
    orders_t base = code;
    base.sections = 2;
    base.reads    = 1;

    expect("two sections: as in the code", base, true);
    CHANGED("two sections: lo stored relaxed", lo = RELAXED, false);
    CHANGED("two sections: up stored relaxed", up = RELAXED, true);
    CHANGED("two sections: up raised relaxed", raise = RELAXED, true);
    CHANGED("two sections: enter stores up before lo", up_first = true, true);
    CHANGED("two sections: lo looked at before up", lo_looked_at = true, true);
    CHANGED("two sections: up below lo is believed", is_strict = true, true);
}

static void without_fences(void)
{
    orders_t base = code;
    base.by_sight = true;
    base.sections = 2;
    base.reads    = 1;

    expect("no fences: as in the code", base, true);
    CHANGED("no fences: up stored relaxed", up = RELAXED, false);
    CHANGED("no fences: up raised relaxed", raise = RELAXED, false);
    CHANGED("no fences: lo and up looked at relaxed", look = RELAXED, false);
    CHANGED("no fences: who saw the era of the stamp is trusted", trusts_own = true, false);
    CHANGED("no fences: enter stores up before lo", up_first = true, true);
}

int main(void)
{
    one_section();
    two_sections();
    without_fences();
    return 0;
}
