/* SPDX-License-Identifier: MIT */
/* Property: whatever is changed while an operation is on its way, its result is one that the tree before,
 * between or after these changes would have given, and both took place.
 *
 * One thread is enough: the comparison, which is called at each step of a search, makes the changes. So
 * every run can be run again. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ccmem/bst.h>
#include "base/random.h"
#include "lockfree/bst.h"

enum {
    SEEDS   = CCMEM_INSTRUMENTED ? 20000 : 1000000,
    KEYS    = 8,
    MOST    = 4, /* changes at a time */
    NOTHING = 1000
};

typedef enum {
    PUT,
    ABSENT,
    REPLACE,
    REMOVE,
    POP,
    GET,
    FIRST,
    LAST,
    FLOOR,
    LOWER,
    CEILING,
    HIGHER,
    OPERATIONS,
    CHANGES = GET
} operation_t;

typedef struct task {
    operation_t what;
    uintptr_t   key, value;
} task_t;

/* What was found: a key and a value, of NOTHING when there was none. */
typedef cc_bst_entry_t found_t;

typedef struct table {
    uintptr_t value[KEYS]; /* 0: none */
} table_t;

static unsigned  seed;
static uint64_t  rng;
static cc_bst_t *tree;
static uintptr_t last_value;

static _Noreturn void fail_at(int line, const char *what)
{
    fprintf(stderr, "%s:%d: seed %u: %s\n", __FILE__, line, seed, what);
    exit(1);
}

#define CHECK(e) ((e) ? (void)0 : fail_at(__LINE__, #e))

static unsigned below(unsigned n)
{
    return (unsigned)((cci_random_next(&rng) >> 33) % n);
}

/* ---- the model ---- */

static found_t entry_of(const table_t *t, unsigned key)
{
    if (key >= KEYS)
        return (found_t){ NOTHING, NOTHING };
    return (found_t){ key, t->value[key] ? t->value[key] : NOTHING };
}

static found_t next_from(const table_t *t, unsigned key, int by)
{
    while (key < KEYS && !t->value[key])
        key += (unsigned)by;
    return entry_of(t, key);
}

static void change(table_t *t, const task_t *task, found_t was)
{
    uintptr_t *value = &t->value[was.key < KEYS ? was.key : task->key];

    if (task->what == PUT || (task->what == ABSENT && !*value) || (task->what == REPLACE && *value))
        *value = task->value;
    if ((task->what == REMOVE || task->what == POP) && was.key < KEYS)
        *value = 0;
}

static found_t expect(table_t *t, const task_t *task)
{
    const unsigned k   = (unsigned)task->key;
    found_t        was = task->what == FIRST || task->what == POP ? next_from(t, 0, 1)
                         : task->what == LAST                     ? next_from(t, KEYS - 1, -1)
                         : task->what == FLOOR                    ? next_from(t, k, -1)
                         : task->what == LOWER                    ? next_from(t, k - 1, -1)
                         : task->what == CEILING                  ? next_from(t, k, 1)
                         : task->what == HIGHER                   ? next_from(t, k + 1, 1)
                                                                  : entry_of(t, k);

    change(t, task, was);
    if (task->what == PUT)
        was.value = NOTHING; /* it does not tell */
    if (task->what == ABSENT && was.value != NOTHING)
        was.value = 1; /* nor which */
    return was;
}

/* ---- the tree ---- */

static found_t perform(const task_t *task)
{
    typedef cc_result_t    order_fn(cc_bst_t *, uintptr_t, cc_bst_entry_t *);
    static order_fn *const order[] = { cc_bst_floor, cc_bst_lower, cc_bst_ceiling, cc_bst_higher };
    found_t                found = { task->key, NOTHING }, entry = { NOTHING, NOTHING };
    cc_result_t            r;

    switch (task->what) {
    case PUT:
        CHECK(cc_bst_put(tree, task->key, task->value) == CC_RESULT_OK);
        return found;
    case ABSENT:
        if (cc_bst_put_if_absent(tree, task->key, task->value) == CC_RESULT_EXISTS)
            found.value = 1;
        return found;
    case REPLACE:
        r = cc_bst_replace(tree, task->key, task->value, &found.value);
        break;
    case REMOVE:
        r = cc_bst_remove(tree, task->key, &found.value);
        break;
    case GET:
        r = cc_bst_get(tree, task->key, &found.value);
        break;
    default:
        r     = task->what == POP     ? cc_bst_pop_first(tree, &entry)
                : task->what == FIRST ? cc_bst_first(tree, &entry)
                : task->what == LAST  ? cc_bst_last(tree, &entry)
                                      : order[task->what - FLOOR](tree, task->key, &entry);
        found = entry;
    }
    CHECK(r == CC_RESULT_OK || (r == CC_RESULT_NOT_FOUND && found.value == NOTHING));
    return found;
}

/* ---- meanwhile ---- */

static struct {
    unsigned in, count; /* comparisons until then; changes */
    task_t   task[MOST];
    found_t  found[MOST];
} meanwhile;

static int compare(uintptr_t a, uintptr_t b, void *context)
{
    (void)context;
    if (meanwhile.in > 0 && --meanwhile.in == 0)
        for (unsigned i = 0; i < meanwhile.count; i++)
            meanwhile.found[i] = perform(&meanwhile.task[i]);
    return (a > b) - (a < b);
}

static task_t some_task(unsigned of)
{
    return (task_t){ (operation_t)below(of), below(KEYS), last_value += 2 };
}

static void plan(void)
{
    meanwhile.count = 1 + below(MOST);
    for (unsigned i = 0; i < meanwhile.count; i++)
        meanwhile.task[i] = some_task(CHANGES);
    meanwhile.in = 1 + below(6);
}

static bool is_as(const table_t *t)
{
    bool is = cci_bst_is_valid(tree);

    for (uintptr_t k = 0; is && k < KEYS; k++) {
        uintptr_t value = 0;
        is = cc_bst_get(tree, k, &value) == (t->value[k] ? CC_RESULT_OK : CC_RESULT_NOT_FOUND) &&
             value == t->value[k];
    }
    return is;
}

/* All results, when the task took place after so many of the changes. */
static bool is_explained_at(table_t t, const task_t *task, found_t found, unsigned after)
{
    bool is = true;

    for (unsigned i = 0; is && i <= meanwhile.count; i++) {
        const task_t *next = i == after ? task : &meanwhile.task[i - (i > after)];
        found_t had = expect(&t, next), got = i == after ? found : meanwhile.found[i - (i > after)];
        is = had.key == got.key && had.value == got.value;
    }
    return is && is_as(&t);
}

static void run_one(table_t *t)
{
    task_t task = some_task(OPERATIONS);

    if (below(2)) /* what takes most to be right */
        task.what = (operation_t)(FLOOR + below(OPERATIONS - FLOOR));
    plan();
    const found_t found  = perform(&task);
    const bool    is_met = meanwhile.in == 0;
    meanwhile.in         = 0;
    if (!is_met)
        meanwhile.count = 0;
    bool is = false;
    for (unsigned i = 0; !is && i <= meanwhile.count; i++)
        is = is_explained_at(*t, &task, found, i);
    CHECK(is);
    for (uintptr_t k = 0; k < KEYS; k++)
        if (cc_bst_get(tree, k, &t->value[k]) == CC_RESULT_NOT_FOUND)
            t->value[k] = 0;
}

int main(void)
{
    const cc_smr_options_t eager   = { .era_step = 1, .scan_step = 1, .check = true };
    cc_bst_options_t       options = { .compare = compare, .smr = cc_smr_create(&eager) };
    table_t                t       = { { 0 } };

    tree = cc_bst_create(&options);
    CHECK(tree);
    for (seed = 1; seed <= SEEDS; seed++) {
        rng = cci_random_seed(seed);
        run_one(&t);
    }
    cc_bst_destroy(tree);
    cc_smr_destroy(options.smr);
    return 0;
}
