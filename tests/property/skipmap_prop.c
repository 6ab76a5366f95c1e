/* SPDX-License-Identifier: MIT */
/* Property: for any sequence of operations, a map holds what a sorted array holds, and finds what it
 * finds. Then every sequence again with each request for memory refused once: what fails changes
 * nothing. In the end nothing is left. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ccmem/alloc.h>
#include <ccmem/skipmap.h>

#include "base/random.h"
#include "lockfree/skipmap.h"
#include "support/lost_nodes.h"
#include "support/test_backend.h"

enum { SEEDS = CCMEM_INSTRUMENTED ? 4 : 16, STEPS = 300, KEYS = 48 };

typedef struct run {
    unsigned      seed, step;
    size_t        refused; /* the request, or SIZE_MAX */
    bool          compares;
    uint64_t      rng;
    cc_skipmap_t *map;
    bool          has[KEYS]; /* the model: by key */
    uintptr_t     value[KEYS];
    size_t        destroyed, owed; /* entries that were given up, and how many should be */
    size_t        lost;
} run_t;

static run_t run;

static _Noreturn void fail_at(int line, const char *what)
{
    fprintf(stderr, "%s:%d: seed %u, step %u, request %zd refused: %s\n", __FILE__, line, run.seed,
            run.step, (ssize_t)run.refused, what);
    exit(1);
}

#define CHECK(e) ((e) ? (void)0 : fail_at(__LINE__, #e))

static size_t below(size_t n)
{
    return (size_t)(cci_random_next(&run.rng) >> 33) % n;
}

/* The keys of the map: both ends of the numbers are among them. */
static uintptr_t key_of(size_t i)
{
    return i == KEYS - 1 ? UINTPTR_MAX : i * 3;
}

static size_t index_of(uintptr_t key)
{
    return key == UINTPTR_MAX ? KEYS - 1 : key / 3;
}

/* ---- the model ---- */

static bool is_entry(cc_result_t r, cc_skipmap_entry_t e, size_t i)
{
    if (r == CC_RESULT_NO_MEMORY)
        return run.refused != SIZE_MAX;
    if (i >= KEYS)
        return r == CC_RESULT_NOT_FOUND;
    return r == CC_RESULT_OK && e.key == key_of(i) && e.value == run.value[i];
}

/* The first key that is there from i on; KEYS: none. */
static size_t up_from(size_t i)
{
    while (i < KEYS && !run.has[i])
        i++;
    return i;
}

/* The last one below i; KEYS: none. */
static size_t down_from(size_t i)
{
    while (i > 0)
        if (run.has[--i])
            return i;
    return KEYS;
}

static void set(size_t i, uintptr_t value)
{
    run.owed += run.has[i];
    run.has[i]   = true;
    run.value[i] = value;
}

static void unset(size_t i)
{
    run.owed += run.has[i];
    run.has[i] = false;
}

/* ---- operations ---- */

static bool may_fail(cc_result_t r)
{
    return r == CC_RESULT_NO_MEMORY && run.refused != SIZE_MAX;
}

static void put(size_t i, uintptr_t value)
{
    cc_result_t r = cc_skipmap_put(run.map, key_of(i), value);

    if (may_fail(r))
        return;
    CHECK(r == CC_RESULT_OK);
    set(i, value);
}

static void put_if_absent(size_t i, uintptr_t value)
{
    cc_result_t r = cc_skipmap_put_if_absent(run.map, key_of(i), value);

    if (may_fail(r))
        return;
    CHECK(r == (run.has[i] ? CC_RESULT_EXISTS : CC_RESULT_OK));
    if (r == CC_RESULT_OK)
        set(i, value);
}

static void replace(size_t i, uintptr_t value)
{
    uintptr_t   old = 0;
    cc_result_t r   = cc_skipmap_replace(run.map, key_of(i), value, &old);

    if (may_fail(r))
        return;
    CHECK(r == (run.has[i] ? CC_RESULT_OK : CC_RESULT_NOT_FOUND));
    CHECK(r != CC_RESULT_OK || old == run.value[i]);
    if (r == CC_RESULT_OK)
        set(i, value);
}

static void take(size_t i, uintptr_t unused)
{
    uintptr_t   old = 0;
    cc_result_t r   = cc_skipmap_remove(run.map, key_of(i), &old);

    (void)unused;
    if (may_fail(r))
        return;
    CHECK(r == (run.has[i] ? CC_RESULT_OK : CC_RESULT_NOT_FOUND));
    CHECK(r != CC_RESULT_OK || old == run.value[i]);
    unset(i);
}

static cc_skipmap_verdict_t next_state(uintptr_t key, const uintptr_t *value, uintptr_t *out,
                                       void *context)
{
    size_t i = index_of(key);

    CHECK(run.has[i] == (value != NULL) && (!value || *value == run.value[i]));
    *out = *(const uintptr_t *)context;
    return *out % 3 == 0 ? CC_SKIPMAP_KEEP : *out % 3 == 1 ? CC_SKIPMAP_PUT : CC_SKIPMAP_REMOVE;
}

static void compute(size_t i, uintptr_t value)
{
    cc_result_t r = cc_skipmap_compute(run.map, key_of(i), next_state, &value);

    if (may_fail(r))
        return;
    CHECK(r == CC_RESULT_OK);
    if (value % 3 == 1)
        set(i, value);
    else if (value % 3 == 2)
        unset(i);
}

static void pop(size_t unused, uintptr_t unused_too)
{
    cc_skipmap_entry_t e = { 0, 0 };
    cc_result_t        r = cc_skipmap_pop_first(run.map, &e);

    (void)unused;
    (void)unused_too;
    CHECK(is_entry(r, e, up_from(0)));
    if (r == CC_RESULT_OK)
        unset(up_from(0));
}

static void get(size_t i, uintptr_t unused)
{
    uintptr_t   value = 0;
    cc_result_t r     = cc_skipmap_get(run.map, key_of(i), &value);

    (void)unused;
    CHECK(may_fail(r) || r == (run.has[i] ? CC_RESULT_OK : CC_RESULT_NOT_FOUND));
    CHECK(r != CC_RESULT_OK || value == run.value[i]);
}

static void find(size_t i, uintptr_t unused)
{
    cc_skipmap_entry_t e = { 0, 0 };
    const uintptr_t    k = key_of(i);

    (void)unused;
    CHECK(is_entry(cc_skipmap_ceiling(run.map, k, &e), e, up_from(i)));
    CHECK(is_entry(cc_skipmap_higher(run.map, k, &e), e, up_from(i + 1)));
    CHECK(is_entry(cc_skipmap_floor(run.map, k, &e), e, down_from(i + 1)));
    CHECK(is_entry(cc_skipmap_lower(run.map, k, &e), e, down_from(i)));
    CHECK(is_entry(cc_skipmap_first(run.map, &e), e, up_from(0)));
    CHECK(is_entry(cc_skipmap_last(run.map, &e), e, down_from(KEYS)));
}

/* With a change after a few steps, which the iterator sees if it is ahead. */
static void iterate(size_t i, uintptr_t value)
{
    const uintptr_t    from = key_of(i), to = key_of(KEYS - 1 - i / 2);
    cc_skipmap_iter_t  it;
    cc_skipmap_entry_t e    = { 0, 0 };
    size_t             next = up_from(i), steps = below(8);
    cc_result_t        r;

    cc_skipmap_iter_init(&it, run.map, &from, &to);
    while ((r = cc_skipmap_iter_next(&it, &e)) == CC_RESULT_OK) {
        CHECK(e.key == key_of(next) && e.key < to && e.value == run.value[next]);
        if (steps-- == 0) {
            take(next, 0);
            put(below(KEYS), value);
        }
        next = up_from(next + 1);
    }
    CHECK(may_fail(r) || (r == CC_RESULT_NOT_FOUND && (next == KEYS || key_of(next) >= to)));
    cc_skipmap_iter_fini(&it);
}

static void step(void)
{
    static void (*const operations[])(size_t, uintptr_t) = { put,  put,     put_if_absent, replace,
                                                             take, compute, pop,           get,
                                                             find, iterate };
    size_t which = below(sizeof operations / sizeof *operations);

    operations[which](below(KEYS), below(1000));
}

/* ---- a run ---- */

static int compare(uintptr_t a, uintptr_t b, void *context)
{
    CHECK(context == &run);
    return a < b ? -7 : a > b;
}

static void destroy(uintptr_t key, uintptr_t value, void *context)
{
    CHECK(index_of(key) < KEYS && value < 1000 && context == &run);
    run.destroyed++;
}

static void load(void)
{
    cc_skipmap_entry_t entries[KEYS];
    size_t             n = 0;

    for (size_t i = below(3); i < KEYS; i += 1 + below(4))
        entries[n++] = (cc_skipmap_entry_t){ key_of(i), i };
    cc_result_t r = cc_skipmap_load(run.map, entries, n);
    CHECK(may_fail(r) || r == CC_RESULT_OK);
    for (size_t i = 0; i < n && r == CC_RESULT_OK; i++)
        set(index_of(entries[i].key), entries[i].value);
}

static void check_all(void)
{
    size_t n = 0;

    for (size_t i = 0; i < KEYS; i++)
        n += run.has[i];
    CHECK(cc_skipmap_len(run.map) == n);
    CHECK(cci_skipmap_is_valid(run.map));
}

static void use_map(void)
{
    if (run.seed % 2)
        load();
    for (run.step = 0; run.step < STEPS; run.step++)
        step();
    check_all();
    for (size_t i = 0; i < KEYS; i++)
        unset(i);
}

/* A node that cannot even be noted as retired is lost, and said to be. */
static void finish_map(void)
{
    use_map();
    cc_smr_barrier(cc_skipmap_smr(run.map));
    run.lost = (size_t)cc_smr_stats(cc_skipmap_smr(run.map)).lost_count;
    CHECK(run.lost <= (run.refused != SIZE_MAX));
    cc_skipmap_destroy(run.map);
    CHECK(run.destroyed + run.lost == run.owed);
}

static void run_once(unsigned seed, size_t refused)
{
    uint64_t live = cc_alloc_stats_snapshot().current_allocated;

    run                    = (run_t){ .seed = seed, .refused = refused };
    run.rng                = cci_random_seed(seed);
    cc_smr_options_t eager = CC_SMR_OPTIONS_DEFAULT;
    eager.era_step = eager.scan_step = 1 + seed % 5;
    cc_smr_t *smr                    = seed % 4 < 2 ? cc_smr_create(&eager) : NULL;
    CHECK(smr || seed % 4 >= 2 || refused != SIZE_MAX);
    cc_skipmap_options_t o = {
        .compare = seed % 3 ? compare : NULL, .destroy = destroy, .context = &run, .smr = smr
    };
    run.map = cc_skipmap_create(&o);
    CHECK(run.map || refused != SIZE_MAX);
    if (run.map)
        finish_map();
    cc_smr_destroy(smr);
    CHECK(run.lost > 0 || cc_alloc_stats_snapshot().current_allocated == live);
}

/* Returns whether the request was made. */
static bool run_refusing(unsigned seed, size_t refused)
{
    cc_trim();
    size_t before = test_backend.asked;

    test_backend_refuse(refused == SIZE_MAX ? 0 : refused, refused == SIZE_MAX ? 0 : 1);
    run_once(seed, refused);
    test_backend_refuse(0, 0);
    return refused != SIZE_MAX && test_backend.asked - before > refused;
}

int main(void)
{
    setenv("CCMEM_MAGAZINES", "0", 1); /* each node is a request */
    test_backend_use(false);
    cc_alloc_stats_enable(true);
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        run_refusing(seed, SIZE_MAX);
        for (size_t at = 0; run_refusing(seed, at); at++)
            ;
    }
    return 0;
}
