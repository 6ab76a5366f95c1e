/* SPDX-License-Identifier: MIT */
/* Property: for any sequence of calls of one thread a tree is a table of keys and values, of numbers or
 * of what it owns; the latter is destroyed once, when it is out. A call that has no memory changes
 * nothing, whichever allocation it is that fails; and nothing is left when the tree is gone. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ccmem/bst.h>
#include "base/random.h"
#include "lockfree/bst.h"
#include "support/lost_nodes.h"
#include "support/test_backend.h"

enum {
    SEEDS    = CCMEM_INSTRUMENTED ? 30 : 200,
    REFUSALS = CCMEM_INSTRUMENTED ? 2 : 6, /* seeds of which every allocation is refused */
    STEPS    = 300,
    KEYS     = 24,
    OBJECTS  = 2 * STEPS + KEYS
};

static unsigned seed, step;

#define CHECK(e)                                                                                  \
    do {                                                                                          \
        if (!(e)) {                                                                               \
            fprintf(stderr, "%s:%d: seed %u, step %u: %s\n", __FILE__, __LINE__, seed, step, #e); \
            exit(1);                                                                              \
        }                                                                                         \
    } while (0)

static uint64_t rng;

static unsigned below(unsigned n)
{
    return (unsigned)((cci_random_next(&rng) >> 33) % n);
}

/* ---- what a tree may own ---- */

/* A key that is a pointer, and the value that was given along with it. */
typedef struct object {
    unsigned  number;
    uintptr_t value;
    bool      is_owned, is_destroyed;
} object_t;

static object_t object[OBJECTS];
static unsigned objects;
static bool     owns, is_refusing;

static object_t *object_of(uintptr_t key)
{
    object_t *o = (object_t *)key;

    CHECK(o >= object && o < object + objects && !o->is_destroyed);
    return o;
}

static int compare(uintptr_t a, uintptr_t b, void *context)
{
    CHECK(context == &object);
    return (int)object_of(a)->number - (int)object_of(b)->number;
}

static void destroy(uintptr_t key, uintptr_t value, void *context)
{
    object_t *o = object_of(key);

    CHECK(context == &object && o->is_owned && o->value == value);
    o->is_destroyed = true;
}

static uintptr_t make_key(unsigned number, uintptr_t value)
{
    if (!owns)
        return number;
    CHECK(objects < OBJECTS);
    object[objects] = (object_t){ .number = number, .value = value };
    return (uintptr_t)&object[objects++];
}

static unsigned number_of(uintptr_t key)
{
    return owns ? object_of(key)->number : (unsigned)key;
}

/* The tree has taken it. */
static void give(uintptr_t key)
{
    if (owns)
        object_of(key)->is_owned = true;
}

/* ---- the model ---- */

static cc_bst_t *tree;
static bool      has[KEYS];
static uintptr_t value[KEYS], key_in[KEYS], last_value;

static bool is_excused(cc_result_t r)
{
    return r == CC_RESULT_NO_MEMORY && is_refusing;
}

static void note_put(unsigned k, uintptr_t key, uintptr_t v)
{
    give(key);
    has[k]    = true;
    value[k]  = v;
    key_in[k] = key;
}

static unsigned count(void)
{
    unsigned n = 0;

    for (unsigned k = 0; k < KEYS; k++)
        n += has[k];
    return n;
}

/* The next key that is there from k on, in steps of by; KEYS or more: none. */
static unsigned seek(unsigned k, int by)
{
    while (k < KEYS && !has[k])
        k += (unsigned)by;
    return k;
}

static void expect(cc_result_t r, cc_bst_entry_t e, unsigned k)
{
    if (k >= KEYS) {
        CHECK(r == CC_RESULT_NOT_FOUND && e.key == 1 && e.value == 2);
        return;
    }
    CHECK(r == CC_RESULT_OK && e.key == key_in[k] && number_of(e.key) == k && e.value == value[k]);
}

/* ---- one key ---- */

static void put(void)
{
    unsigned    k = below(KEYS);
    uintptr_t   v = ++last_value, key = make_key(k, v);
    cc_result_t r = cc_bst_put(tree, key, v);

    if (is_excused(r))
        return;
    CHECK(r == CC_RESULT_OK);
    note_put(k, key, v);
}

static void put_if_absent(void)
{
    unsigned    k = below(KEYS);
    uintptr_t   v = ++last_value, key = make_key(k, v);
    cc_result_t r = cc_bst_put_if_absent(tree, key, v);

    if (is_excused(r))
        return;
    CHECK(r == (has[k] ? CC_RESULT_EXISTS : CC_RESULT_OK));
    if (!has[k])
        note_put(k, key, v);
}

static void replace(void)
{
    unsigned    k = below(KEYS);
    uintptr_t   v = ++last_value, key = make_key(k, v), old = 0;
    cc_result_t r = cc_bst_replace(tree, key, v, below(4) ? &old : NULL);

    if (is_excused(r))
        return;
    CHECK(r == (has[k] ? CC_RESULT_OK : CC_RESULT_NOT_FOUND));
    CHECK(old == 0 || old == value[k]);
    if (has[k])
        note_put(k, key, v);
}

static void remove_one(void)
{
    unsigned    k   = below(KEYS);
    uintptr_t   old = 0;
    cc_result_t r   = cc_bst_remove(tree, make_key(k, 0), below(4) ? &old : NULL);

    if (is_excused(r))
        return;
    CHECK(r == (has[k] ? CC_RESULT_OK : CC_RESULT_NOT_FOUND));
    CHECK(old == 0 || (has[k] && old == value[k]));
    has[k] = false;
}

typedef struct plan {
    cc_bst_verdict_t verdict;
    uintptr_t        put;
    unsigned         k;
} plan_t;

static cc_bst_verdict_t follow(uintptr_t key, const uintptr_t *found, uintptr_t *put, void *context)
{
    const plan_t *p = context;

    CHECK(number_of(key) == p->k && (found != NULL) == has[p->k]);
    CHECK(!found || *found == value[p->k]);
    *put = p->put;
    return p->verdict;
}

static void compute(void)
{
    plan_t      p   = { (cc_bst_verdict_t)below(3), ++last_value, below(KEYS) };
    uintptr_t   key = make_key(p.k, p.put);
    cc_result_t r   = cc_bst_compute(tree, key, follow, &p);

    if (is_excused(r))
        return;
    CHECK(r == CC_RESULT_OK);
    if (p.verdict == CC_BST_PUT)
        note_put(p.k, key, p.put);
    if (p.verdict == CC_BST_REMOVE)
        has[p.k] = false;
}

static void get(void)
{
    unsigned    k = below(KEYS);
    uintptr_t   v = 0, key = make_key(k, 0);
    bool        is = !has[k];
    cc_result_t r  = cc_bst_get(tree, key, &v);

    CHECK(r == (has[k] ? CC_RESULT_OK : CC_RESULT_NOT_FOUND) && v == (has[k] ? value[k] : 0));
    CHECK(cc_bst_get(tree, key, NULL) == r);
    CHECK(cc_bst_contains(tree, key, &is) == CC_RESULT_OK && is == has[k]);
}

/* ---- by order ---- */

static void ask_ends(void)
{
    cc_bst_entry_t e = { 1, 2 };

    expect(cc_bst_first(tree, &e), e, seek(0, 1));
    e = (cc_bst_entry_t){ 1, 2 };
    expect(cc_bst_last(tree, &e), e, seek(KEYS - 1, -1));
}

static void ask_neighbours(void)
{
    unsigned       k   = below(KEYS);
    uintptr_t      key = make_key(k, 0);
    cc_bst_entry_t e   = { 1, 2 };

    expect(cc_bst_floor(tree, key, &e), e, seek(k, -1));
    e = (cc_bst_entry_t){ 1, 2 };
    expect(cc_bst_lower(tree, key, &e), e, seek(k - 1, -1));
    e = (cc_bst_entry_t){ 1, 2 };
    expect(cc_bst_ceiling(tree, key, &e), e, seek(k, 1));
    e = (cc_bst_entry_t){ 1, 2 };
    expect(cc_bst_higher(tree, key, &e), e, seek(k + 1, 1));
}

/* In a section, or the key would be gone. */
static void pop_first(void)
{
    cc_smr_guard_t *g = cc_smr_enter(cc_bst_smr(tree));
    cc_bst_entry_t  e = { 1, 2 };
    unsigned        k = seek(0, 1);
    cc_result_t     r = cc_bst_pop_first(tree, &e);

    if (!is_excused(r)) {
        expect(r, e, k);
        if (k < KEYS)
            has[k] = false;
    }
    cc_smr_leave(g);
}

/* Some of what comes is removed, now and then; what the iterator is at is not destroyed. */
static void iterate(void)
{
    unsigned       from = below(KEYS), to = below(KEYS + 1), n = 0, k;
    bool           has_from = below(3), has_to = below(3), stops = below(4) == 0;
    uintptr_t      first = make_key(from, 0), last = make_key(to, 0);
    cc_bst_entry_t e = { 1, 2 };
    cc_bst_iter_t  i;

    cc_bst_iter_init(&i, tree, has_from ? &first : NULL, has_to ? &last : NULL);
    for (k = seek(has_from ? from : 0, 1); k < (has_to ? to : KEYS); k = seek(k + 1, 1)) {
        if (stops && n++ == 3)
            break;
        expect(cc_bst_iter_next(&i, &e), e, k);
        if (below(4) == 0 && !is_refusing) {
            CHECK(cc_bst_remove(tree, e.key, NULL) == CC_RESULT_OK);
            has[k] = false;
            cc_smr_barrier(cc_bst_smr(tree));
            CHECK(number_of(e.key) == k);
        }
    }
    if (k >= (has_to ? to : KEYS))
        for (int again = 0; again < 2; again++)
            CHECK(cc_bst_iter_next(&i, &e) == CC_RESULT_NOT_FOUND);
    cc_bst_iter_fini(&i);
    cc_bst_iter_fini(&i);
}

/* ---- runs ---- */

/* Into the empty tree. */
static void load(void)
{
    cc_bst_entry_t e[KEYS];
    unsigned       n = 0;

    for (unsigned k = below(KEYS / 2); k < KEYS; k += 1 + below(4)) {
        uintptr_t v = ++last_value;
        e[n++]      = (cc_bst_entry_t){ make_key(k, v), v };
    }
    cc_result_t r = cc_bst_load(tree, e, n);
    if (is_excused(r))
        return;
    CHECK(r == CC_RESULT_OK);
    for (unsigned i = 0; i < n; i++)
        note_put(number_of(e[i].key), e[i].key, e[i].value);
    CHECK(cc_bst_load(tree, e, n) == (n ? CC_RESULT_INVALID : CC_RESULT_OK));
}

static void steps(void)
{
    static void (*const what[])(
        void) = { put,        put, put_if_absent, replace,        compute,   compute,
                  remove_one, get, ask_ends,      ask_neighbours, pop_first, iterate };

    for (step = 0; step < STEPS; step++) {
        what[below(sizeof what / sizeof *what)]();
        CHECK(cc_bst_len(tree) == count());
        for (unsigned k = 0; owns && k < KEYS; k++)
            CHECK(!has[k] || !object_of(key_in[k])->is_destroyed);
    }
    CHECK(cci_bst_is_valid(tree));
}

/* Without memory to note them retired nodes are lost, and with them their entries. */
static void check_destroyed(size_t lost)
{
    size_t left = 0;

    for (unsigned i = 0; owns && i < objects; i++)
        left += object[i].is_owned && !object[i].is_destroyed;
    CHECK(left <= lost);
}

/* Returns how many blocks are lost. Every other tree has the domain of somebody else. */
static size_t run(unsigned s)
{
    const cc_smr_options_t eager   = { .era_step = 1, .scan_step = 1, .check = true };
    cc_bst_options_t       options = { .scheme = s % 3 == 0 ? CC_SMR_EBR : CC_SMR_IBR };

    seed    = s;
    rng     = cci_random_seed(s);
    owns    = s / 2 % 2;
    objects = 0;
    memset(has, 0, sizeof has);
    if (owns)
        options = (cc_bst_options_t){ compare, destroy, &object, NULL, options.scheme };
    if (s % 2 && !(options.smr = cc_smr_create(&eager)))
        return 0;
    tree = cc_bst_create(&options);
    if (!tree) {
        CHECK(is_refusing);
        cc_smr_destroy(options.smr);
        return 0;
    }
    if (below(2))
        load();
    steps();
    cc_smr_barrier(cc_bst_smr(tree));
    const size_t lost = cc_smr_stats(cc_bst_smr(tree)).lost_count;
    cc_bst_destroy(tree);
    check_destroyed(lost);
    cc_smr_destroy(options.smr);
    return lost;
}

/* Returns how many were asked for. */
static size_t refuse(unsigned s, size_t at)
{
    const size_t live = test_backend.live, before = test_backend.asked;

    test_backend_refuse(at, 1);
    const size_t lost = run(s);
    test_backend_refuse(0, 0);
    /* A node that is lost has an entry, too. */
    CHECK(test_backend.live >= live + lost && test_backend.live <= live + 2 * lost);
    return test_backend.asked - before;
}

int main(void)
{
    setenv("CCMEM_HEAP_CHECK", "1", 1); /* every allocation comes to the backend */
    test_backend_use(false);
    CHECK(run(1) == 0); /* what is allocated once a process */
    for (unsigned s = 0; s < SEEDS; s++) {
        const size_t live = test_backend.live;
        CHECK(run(s) == 0);
        CHECK(test_backend.live == live || s % 2);
    }
    is_refusing = true;
    for (unsigned s = 0; s < REFUSALS; s++)
        for (size_t at = 0; at < refuse(s, at);)
            at += 1 + at / 50;
    return 0;
}
