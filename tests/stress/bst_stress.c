/* SPDX-License-Identifier: MIT */
/* Threads that put, replace, remove and read at once, in a tree of few keys, whose nodes are freed as
 * early as can be: for every key there is an order that explains what they saw; neighbours are those that
 * some moment had; entries are destroyed once; and nothing is left. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ccmem/alloc.h>
#include <ccmem/bst.h>
#include "base/random.h"
#include "lockfree/bst.h"
#include "support/disturb.h"
#include "support/history.h"

enum { THREADS = 4, EACH = CCMEM_INSTRUMENTED ? 6000 : 100000, KEYS = 16, PARTS = 3 };

static const char *part = "";

#define CHECK(e)                                                              \
    do {                                                                      \
        if (!(e)) {                                                           \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, part, #e); \
            exit(1);                                                          \
        }                                                                     \
    } while (0)

typedef struct worker {
    unsigned number;
    uint64_t rng;
} worker_t;

static cc_bst_t  *tree;
static history_t *history;

static uint64_t below(worker_t *w, uint64_t n)
{
    return (cci_random_next(&w->rng) >> 33) % n;
}

static void expect_either(cc_result_t r)
{
    CHECK(r == CC_RESULT_OK || r == CC_RESULT_NOT_FOUND);
}

static void run_threads(void *work(void *))
{
    worker_t w[THREADS];

    for (unsigned i = 0; i < THREADS; i++)
        w[i] = (worker_t){ .number = i, .rng = cci_random_seed(i + 1) };
    disturb_run(THREADS, work, w, sizeof *w);
}

static void begin(const char *name, cc_bst_options_t options, uint32_t step)
{
    const cc_smr_options_t smr = {
        .scheme = options.scheme, .era_step = step, .scan_step = step, .check = step == 1
    };

    part        = name;
    options.smr = cc_smr_create(&smr);
    CHECK(options.smr);
    tree = cc_bst_create(&options);
    CHECK(tree);
}

static void end(void)
{
    cc_smr_t *smr = cc_bst_smr(tree);

    CHECK(cci_bst_is_valid(tree));
    cc_bst_destroy(tree);
    CHECK(cc_smr_stats(smr).pending_count == 0);
    cc_smr_destroy(smr);
}

/* ---- one key at a time ---- */

/* What compute was given last, and what it answered. */
typedef struct computed {
    uintptr_t found, left;
} computed_t;

static cc_bst_verdict_t turn_over(uintptr_t key, const uintptr_t *value, uintptr_t *put,
                                  void *context)
{
    computed_t *c = context;

    (void)key;
    c->found = value ? *value : HISTORY_ABSENT;
    *put     = c->left;
    return value ? CC_BST_REMOVE : CC_BST_PUT;
}

static void operate(worker_t *w, uint64_t fresh)
{
    uintptr_t  key = below(w, KEYS), found = HISTORY_ABSENT, left = fresh;
    uint64_t   what = below(w, 16), began = history_begin(history);
    computed_t c = { 0, fresh };

    if (what < 4) {
        CHECK(cc_bst_put(tree, key, fresh) == CC_RESULT_OK);
        found = HISTORY_ANY;
    } else if (what < 6) {
        if (cc_bst_put_if_absent(tree, key, fresh) == CC_RESULT_EXISTS)
            found = HISTORY_PRESENT, left = HISTORY_SAME;
    } else if (what < 8) {
        if (cc_bst_replace(tree, key, fresh, &found) != CC_RESULT_OK)
            left = HISTORY_SAME;
    } else if (what < 12) {
        expect_either(cc_bst_remove(tree, key, &found));
        left = HISTORY_ABSENT;
    } else if (what < 13) {
        CHECK(cc_bst_compute(tree, key, turn_over, &c) == CC_RESULT_OK);
        found = c.found;
        left  = c.found == HISTORY_ABSENT ? fresh : HISTORY_ABSENT;
    } else {
        expect_either(cc_bst_get(tree, key, &found));
        left = HISTORY_SAME;
    }
    history_end(history, w->number, began, key, found, left);
}

static void *work_on_keys(void *argument)
{
    worker_t *w = argument;

    for (uint64_t i = 0; i < EACH; i++)
        operate(w, (uint64_t)w->number << 32 | i);
    return NULL;
}

static void check_histories(const char *name, cc_smr_scheme_t scheme, uint32_t step)
{
    history = history_create(THREADS, EACH);
    begin(name, (cc_bst_options_t){ .scheme = scheme }, step);
    run_threads(work_on_keys);
    end();
    if (history_check_map(history) != HISTORY_LEGAL) {
        fprintf(stderr, "%s: %s", name, history_why(history));
        exit(1);
    }
    history_destroy(history);
}

/* ---- neighbours ---- */

/* Keys that are multiples of 4 stay; each thread has others that come and go. */
enum { GAPS = 64 };

static void look_around(worker_t *w)
{
    uintptr_t      key = below(w, 4 * GAPS);
    cc_bst_entry_t e;

    CHECK(cc_bst_floor(tree, key, &e) == CC_RESULT_OK && e.key <= key && e.key >= key / 4 * 4);
    CHECK(cc_bst_ceiling(tree, key, &e) == CC_RESULT_OK && e.key >= key &&
          e.key <= (key + 3) / 4 * 4);
    CHECK(cc_bst_higher(tree, key, &e) == CC_RESULT_OK && e.key > key && e.key <= key / 4 * 4 + 4);
    if (key > 0)
        CHECK(cc_bst_lower(tree, key, &e) == CC_RESULT_OK && e.key < key &&
              e.key >= (key - 1) / 4 * 4);
    CHECK(cc_bst_first(tree, &e) == CC_RESULT_OK && e.key == 0);
    CHECK(cc_bst_last(tree, &e) == CC_RESULT_OK && e.key == 4 * GAPS);
}

/* What stays is met once, in order. */
static void walk(void)
{
    cc_bst_iter_t  i;
    cc_bst_entry_t e;
    uintptr_t      next = 0, above = 0;

    cc_bst_iter_init(&i, tree, NULL, NULL);
    while (cc_bst_iter_next(&i, &e) == CC_RESULT_OK) {
        CHECK(e.key >= above && e.key <= next);
        next += e.key == next ? 4 : 0;
        above = e.key + 1;
    }
    CHECK(next == 4 * GAPS + 4);
}

/* The key of its own, between two that stay. Its other neighbour there is its own, too, and comes and goes
 * the other way round: so one of the two is always there. */
static void *work_on_neighbours(void *argument)
{
    worker_t *w = argument;

    for (uint64_t i = 0; i < EACH / 20; i++) {
        uintptr_t      gap = THREADS * below(w, GAPS / THREADS) + w->number, key = 4 * gap;
        cc_bst_entry_t e;
        CHECK(cc_bst_put(tree, key + 1, i) == CC_RESULT_OK);
        CHECK(cc_bst_higher(tree, key, &e) == CC_RESULT_OK && e.key == key + 1 && e.value == i);
        CHECK(cc_bst_put(tree, key + 3, i) == CC_RESULT_OK);
        look_around(w);
        CHECK(cc_bst_remove(tree, key + 1, NULL) == CC_RESULT_OK);
        CHECK(cc_bst_lower(tree, key + 4, &e) == CC_RESULT_OK && e.key == key + 3);
        CHECK(cc_bst_remove(tree, key + 3, NULL) == CC_RESULT_OK);
        CHECK(cc_bst_higher(tree, key, &e) == CC_RESULT_OK && e.key == key + 4);
        if (i % 64 == 0)
            walk();
    }
    return NULL;
}

static void check_neighbours(void)
{
    begin("neighbours", (cc_bst_options_t){ .scheme = CC_SMR_IBR }, 1);
    for (uintptr_t k = 0; k <= GAPS; k++)
        CHECK(cc_bst_put(tree, 4 * (k * 37 % (GAPS + 1)), k) == CC_RESULT_OK);
    run_threads(work_on_neighbours);
    CHECK(cc_bst_len(tree) == GAPS + 1);
    end();
}

/* A gap is never empty: its key moves up and down in it, one put before the other is removed. */
enum { MOVERS = 2 };

static _Atomic unsigned has_ended;

static void *work_on_one_gap(void *argument)
{
    worker_t      *w = argument;
    cc_bst_entry_t e;

    for (uint64_t i = 0; w->number < MOVERS && i < EACH / 4; i++) {
        CHECK(cc_bst_put(tree, 10 * w->number + 1 + i % 8, i) == CC_RESULT_OK);
        if (i > 0)
            CHECK(cc_bst_remove(tree, 10 * w->number + 1 + (i - 1) % 8, NULL) == CC_RESULT_OK);
    }
    if (w->number < MOVERS)
        atomic_fetch_add(&has_ended, 1);
    while (w->number >= MOVERS && !atomic_load(&has_ended)) {
        uintptr_t bottom = 10 * (w->number - MOVERS);
        CHECK(cc_bst_higher(tree, bottom, &e) == CC_RESULT_OK && e.key < bottom + 10);
        CHECK(cc_bst_lower(tree, bottom + 10, &e) == CC_RESULT_OK && e.key > bottom);
    }
    return NULL;
}

static void check_gaps(void)
{
    begin("gaps", (cc_bst_options_t){ .scheme = CC_SMR_IBR }, 1);
    for (uintptr_t k = 0; k <= MOVERS; k++)
        CHECK(cc_bst_put(tree, 10 * k, k) == CC_RESULT_OK);
    for (uintptr_t k = 0; k < MOVERS; k++) /* where the first one is put, too */
        CHECK(cc_bst_put(tree, 10 * k + 1, k) == CC_RESULT_OK);
    atomic_store(&has_ended, 0);
    run_threads(work_on_one_gap);
    end();
}

/* ---- what the tree owns ---- */

typedef struct object {
    uint64_t    key;
    _Atomic int alive;
} object_t;

static _Atomic uint64_t made, destroyed;

static int compare(uintptr_t a, uintptr_t b, void *context)
{
    const object_t *x = (const object_t *)a, *y = (const object_t *)b;

    (void)context;
    CHECK(atomic_load_explicit(&x->alive, memory_order_relaxed) == 1);
    CHECK(atomic_load_explicit(&y->alive, memory_order_relaxed) == 1);
    return (x->key > y->key) - (x->key < y->key);
}

static void destroy(uintptr_t key, uintptr_t value, void *context)
{
    object_t *o = (object_t *)key;

    (void)value, (void)context;
    CHECK(atomic_exchange(&o->alive, 0) == 1);
    atomic_fetch_add(&destroyed, 1);
    cc_free(o, sizeof *o);
}

static object_t *make(uint64_t key)
{
    object_t *o = cc_alloc(sizeof *o);

    CHECK(o);
    o->key = key;
    atomic_init(&o->alive, 1);
    return o;
}

static void put_object(uint64_t key, bool is_if_absent)
{
    object_t *o = make(key);

    if (!is_if_absent)
        CHECK(cc_bst_put(tree, (uintptr_t)o, 0) == CC_RESULT_OK);
    else if (cc_bst_put_if_absent(tree, (uintptr_t)o, 0) == CC_RESULT_EXISTS) {
        cc_free(o, sizeof *o);
        return;
    }
    atomic_fetch_add(&made, 1);
}

static void *work_on_objects(void *argument)
{
    worker_t      *w = argument;
    cc_bst_iter_t  i;
    cc_bst_entry_t e;

    for (uint64_t n = 0; n < EACH / 4; n++) {
        object_t probe = { below(w, 2 * KEYS), 1 };
        switch (below(w, 6)) {
        case 0:
        case 1:
            put_object(probe.key, below(w, 2));
            break;
        case 2:
            expect_either(cc_bst_pop_first(tree, NULL));
            break;
        case 3:
            cc_bst_iter_init(&i, tree, NULL, NULL);
            for (int steps = 0; steps < 8 && cc_bst_iter_next(&i, &e) == CC_RESULT_OK; steps++)
                CHECK(atomic_load(&((object_t *)e.key)->alive) == 1);
            cc_bst_iter_fini(&i);
            break;
        default:
            expect_either(cc_bst_remove(tree, (uintptr_t)&probe, NULL));
        }
    }
    return NULL;
}

static void check_objects(cc_smr_scheme_t scheme)
{
    begin("objects", (cc_bst_options_t){ .compare = compare, .destroy = destroy, .scheme = scheme },
          1);
    run_threads(work_on_objects);
    end();
    CHECK(made == destroyed);
}

int main(void)
{
    cc_alloc_stats_enable(true);
    const uint64_t live = cc_alloc_stats_snapshot().current_allocated;

    check_histories("eager", CC_SMR_IBR, 1);
    check_histories("usual", CC_SMR_IBR, 128);
    check_histories("EBR", CC_SMR_EBR, 1);
    check_neighbours();
    check_gaps();
    check_objects(CC_SMR_IBR);
    check_objects(CC_SMR_EBR);
    CHECK(cc_alloc_stats_snapshot().current_allocated == live);
    return 0;
}
