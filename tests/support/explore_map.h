/* SPDX-License-Identifier: MIT */
/* explore_map.h - maps under support/explore.h: what threads do to one, by a plan, and what one thread alone
 * would find. Include it in one source of a test program, which says how `it` is used. */
#ifndef TEST_EXPLORE_MAP_H
#define TEST_EXPLORE_MAP_H
#include <ccmem/result.h>
#include "support/explore_domain.h"

enum { KEYS = 4, STEPS = 4, FIRST_VALUE = 16 };

typedef enum what {
    NOTHING,
    PUT,
    ADD,
    REPLACE,
    REMOVE,
    GET,
    POP,
    CEILING,
    FLOOR,
    FIRST,
    LAST,
    WALK
} what_t;

/* Keys are from 1 to KEYS. */
typedef struct step {
    what_t   what;
    unsigned key, height; /* of a new node, where nodes have heights */
} step_t;

typedef struct plan {
    step_t before[4];
    step_t steps[EXPLORE_THREADS][STEPS];
    bool   compares, owns, is_ebr;
} plan_t;

typedef struct pair {
    uintptr_t key, value;
} pair_t;

typedef cc_result_t change_fn(uintptr_t key, uintptr_t value);
typedef cc_result_t find_fn(uintptr_t key, pair_t *found);

/* Of the structure; each test has its own. */
static change_fn   put, add;
static find_fn     get, take, pop, ceiling_of, floor_of, first, last;
static cc_result_t replace(uintptr_t key, uintptr_t value, uintptr_t *old);
static void        walk(void);
static void        set_height(unsigned height);

/* ---- what one thread alone would find ---- */

static bool is_first(const explore_state_t *s, const explore_call_t *c, uintptr_t from)
{
    for (uintptr_t key = from; key <= KEYS; key++)
        if (s->at[key])
            return c->result == CC_RESULT_OK && c->got_key == key && c->got == s->at[key];
    return c->result == CC_RESULT_NOT_FOUND;
}

static bool is_last(const explore_state_t *s, const explore_call_t *c, uintptr_t to)
{
    for (uintptr_t key = to; key > 0; key--)
        if (s->at[key])
            return c->result == CC_RESULT_OK && c->got_key == key && c->got == s->at[key];
    return c->result == CC_RESULT_NOT_FOUND;
}

static bool is_got(const explore_state_t *s, const explore_call_t *c)
{
    const uintptr_t value = s->at[c->key];

    return c->result == (value ? CC_RESULT_OK : CC_RESULT_NOT_FOUND) && c->got == value;
}

static bool step_put(explore_state_t *s, const explore_call_t *c)
{
    s->at[c->key] = c->value;
    return c->result == CC_RESULT_OK;
}

static bool step_add(explore_state_t *s, const explore_call_t *c)
{
    if (s->at[c->key])
        return c->result == CC_RESULT_EXISTS;
    return step_put(s, c);
}

static bool step_replace(explore_state_t *s, const explore_call_t *c)
{
    const bool is = is_got(s, c);

    if (s->at[c->key])
        s->at[c->key] = c->value;
    return is;
}

static bool step_remove(explore_state_t *s, const explore_call_t *c)
{
    const bool is = is_got(s, c);

    s->at[c->key] = 0;
    return is;
}

static bool step_get(explore_state_t *s, const explore_call_t *c)
{
    return is_got(s, c);
}

static bool step_pop(explore_state_t *s, const explore_call_t *c)
{
    const bool is = is_first(s, c, 1);

    if (c->result == CC_RESULT_OK)
        s->at[c->got_key] = 0;
    return is;
}

static bool step_ceiling(explore_state_t *s, const explore_call_t *c)
{
    return is_first(s, c, c->key);
}

static bool step_floor(explore_state_t *s, const explore_call_t *c)
{
    return is_last(s, c, c->key);
}

/* From a key to the next. */
static bool step_next(explore_state_t *s, const explore_call_t *c)
{
    return is_first(s, c, c->key + 1);
}

/* ---- calls ---- */

static unsigned made[EXPLORE_THREADS + 1], destroyed;

/* For maps that own their entries. */
static __attribute__((no_sanitize("thread"))) void count_destroyed(uintptr_t key, uintptr_t value,
                                                                   void *context)
{
    (void)context;
    EXPLORE_CHECK(key >= 1 && key <= KEYS && value >= FIRST_VALUE);
    destroyed++;
}

static int compare(uintptr_t a, uintptr_t b, void *context)
{
    (void)context;
    return (a > b) - (a < b);
}

static void call_change(const explore_operation_t *o, change_fn *f, uintptr_t key, uintptr_t value,
                        unsigned self)
{
    explore_call_t   *c = explore_call(o, key, value);
    const cc_result_t r = f(key, value);

    made[self] += r == CC_RESULT_OK;
    explore_return(c, (int)r, 0, 0);
}

static void call_find(const explore_operation_t *o, find_fn *f, uintptr_t key)
{
    explore_call_t   *c     = explore_call(o, key, 0);
    pair_t            found = { 0 };
    const cc_result_t r     = f(key, &found);

    explore_return(c, (int)r, found.key, found.value);
}

static void call_replace(uintptr_t key, uintptr_t value, unsigned self)
{
    static const explore_operation_t o   = { "replace", step_replace };
    explore_call_t                  *c   = explore_call(&o, key, value);
    uintptr_t                        old = 0;
    const cc_result_t                r   = replace(key, value, &old);

    made[self] += r == CC_RESULT_OK;
    explore_return(c, (int)r, key, old);
}

static void call_get(uintptr_t key)
{
    static const explore_operation_t o = { "get", step_get };

    call_find(&o, get, key);
}

/* One step of an iterator that is at `from`, which becomes the key where it is then. False: the end. */
static bool call_next(find_fn *next, uintptr_t *from)
{
    static const explore_operation_t o     = { "next", step_next };
    explore_call_t                  *c     = explore_call(&o, *from, 0);
    pair_t                           found = { 0 };
    const cc_result_t                r     = next(*from, &found);

    explore_return(c, (int)r, found.key, found.value);
    *from = found.key;
    return r == CC_RESULT_OK;
}

/* ---- plans ---- */

static void do_step(const step_t *s, uintptr_t value, unsigned self)
{
    static const explore_operation_t o_put = { "put", step_put }, o_add = { "add", step_add },
                                     o_take    = { "remove", step_remove },
                                     o_pop     = { "pop", step_pop },
                                     o_ceiling = { "ceiling", step_ceiling },
                                     o_floor   = { "floor", step_floor };
    set_height(s->height ? s->height : 1);
    switch (s->what) {
    case PUT:
        call_change(&o_put, put, s->key, value, self);
        break;
    case ADD:
        call_change(&o_add, add, s->key, value, self);
        break;
    case REPLACE:
        call_replace(s->key, value, self);
        break;
    case REMOVE:
        call_find(&o_take, take, s->key);
        break;
    case GET:
        call_get(s->key);
        break;
    case POP:
        call_find(&o_pop, pop, 0);
        break;
    case CEILING:
        call_find(&o_ceiling, ceiling_of, s->key);
        break;
    case FLOOR:
        call_find(&o_floor, floor_of, s->key);
        break;
    case FIRST:
        call_find(&o_ceiling, first, 1);
        break;
    case LAST:
        call_find(&o_floor, last, KEYS);
        break;
    case WALK:
        walk();
        break;
    case NOTHING:
        break;
    }
}

static void do_before(const plan_t *plan)
{
    destroyed = 0;
    for (unsigned i = 0; i <= EXPLORE_THREADS; i++)
        made[i] = 0;
    for (unsigned i = 0; i < sizeof plan->before / sizeof *plan->before; i++)
        do_step(&plan->before[i], FIRST_VALUE + i, EXPLORE_THREADS);
}

static void act(const void *p, unsigned self)
{
    const plan_t *plan = p;

    for (unsigned i = 0; i < STEPS; i++)
        do_step(&plan->steps[self][i], (self + 2) * FIRST_VALUE + i, self);
}

/* What is left is looked at, and all of it explained. */
static void explain(void)
{
    for (uintptr_t key = 1; key <= KEYS; key++)
        call_get(key);
    explore_expect_order((explore_state_t){ .count = 0 });
}

/* Its entries are destroyed when the map and its domain are. */
static void end_domain(cc_smr_t *smr, const plan_t *plan)
{
    unsigned all = 0;

    EXPLORE_CHECK(cc_smr_stats(smr).pending_count == 0);
    cc_smr_destroy(smr);
    for (unsigned i = 0; i <= EXPLORE_THREADS; i++)
        all += made[i];
    EXPLORE_CHECK(!plan->owns || destroyed == all);
}

#define PROGRAM(name, threads, bound, ...)                                             \
    {                                                                                  \
        name, threads, bound, &(const plan_t){ __VA_ARGS__ }, begin, prepare, act, end \
    }

#endif
