/* SPDX-License-Identifier: MIT */
/* A few keys that several threads fight for, with nodes that are freed as soon as can be.
 *
 * Each operation is noted, and what every key went through is explained by some order (history.h). In
 * the end the map is whole, its length is what was put less what was removed, and every entry was
 * destroyed once. Ranges that are walked through meanwhile ascend and have every key that was there
 * all the time. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <ccmem/alloc.h>
#include <ccmem/skipmap.h>

#include "base/random.h"
#include "lockfree/skipmap.h"
#include "support/history.h"

enum {
    KEYS       = 16,
    THREADS    = 4,
    OPERATIONS = CCMEM_INSTRUMENTED ? 20000 : 100000, /* of a thread */
    WALKED     = 200,                                 /* every other key stays */
    WALKS      = CCMEM_INSTRUMENTED ? 40 : 600,
    POPPED     = CCMEM_INSTRUMENTED ? 5000 : 50000
};

static const char *part = "";

#define CHECK(e)                                                              \
    do {                                                                      \
        if (!(e)) {                                                           \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, part, #e); \
            exit(1);                                                          \
        }                                                                     \
    } while (0)

static cc_skipmap_t    *map;
static history_t       *history;
static _Atomic uint64_t made, destroyed;

/* ---- the map ---- */

static int compare(uintptr_t a, uintptr_t b, void *context)
{
    (void)context;
    return (a > b) - (a < b);
}

static void destroy(uintptr_t key, uintptr_t value, void *context)
{
    (void)value;
    CHECK(key < KEYS && context == &made);
    atomic_fetch_add_explicit(&destroyed, 1, memory_order_relaxed);
}

/* They free as soon as can be. Where reads are checked they go to the library, each; where they are not,
 * the era is looked at in place. */
static const cc_smr_options_t checked     = { CC_SMR_IBR, 1, 1, .check = true };
static const cc_smr_options_t unchecked   = { CC_SMR_IBR, 1, 1, .check = false };
static const cc_smr_options_t few_eras    = { CC_SMR_IBR, 64, 1, .check = false };
static const cc_smr_options_t epoch_based = { CC_SMR_EBR, 1, 1, .check = true };

static void begin(const char *name, cc_skipmap_options_t options, const cc_smr_options_t *domain)
{
    part        = name;
    made        = 0;
    destroyed   = 0;
    options.smr = cc_smr_create(domain);
    CHECK(options.smr);
    map = cc_skipmap_create(&options);
    CHECK(map);
}

static void end(bool counts)
{
    cc_smr_t *smr = cc_skipmap_smr(map);

    CHECK(cci_skipmap_is_valid(map));
    cc_skipmap_destroy(map);
    cc_smr_stats_t s = cc_smr_stats(smr);
    CHECK(s.pending_count == 0 && s.lost_count == 0);
    CHECK(!counts || destroyed == made);
    cc_smr_destroy(smr);
}

static void in_threads(unsigned count, void *(*body)(void *))
{
    pthread_t thread[THREADS];

    for (uintptr_t i = 0; i < count; i++)
        CHECK(pthread_create(&thread[i], NULL, body, (void *)i) == 0);
    for (unsigned i = 0; i < count; i++)
        pthread_join(thread[i], NULL);
}

/* ---- histories ---- */

typedef struct actor {
    unsigned  thread;
    uint64_t  rng, began;
    uintptr_t key, next; /* a value that no other operation puts */
} actor_t;

static void note(actor_t *a, uint64_t found, uint64_t left)
{
    history_end(history, a->thread, a->began, a->key, found, left);
}

static void count_put(bool is)
{
    if (is)
        atomic_fetch_add_explicit(&made, 1, memory_order_relaxed);
}

static void get(actor_t *a)
{
    uintptr_t value = 0;
    bool      is    = cc_skipmap_get(map, a->key, &value) == CC_RESULT_OK;

    note(a, is ? value : HISTORY_ABSENT, HISTORY_SAME);
}

static void put(actor_t *a)
{
    CHECK(cc_skipmap_put(map, a->key, a->next) == CC_RESULT_OK);
    note(a, HISTORY_ANY, a->next);
    count_put(true);
}

static void put_if_absent(actor_t *a)
{
    bool is = cc_skipmap_put_if_absent(map, a->key, a->next) == CC_RESULT_OK;

    note(a, is ? HISTORY_ABSENT : HISTORY_PRESENT, is ? a->next : HISTORY_SAME);
    count_put(is);
}

static void replace(actor_t *a)
{
    uintptr_t old = 0;
    bool      is  = cc_skipmap_replace(map, a->key, a->next, &old) == CC_RESULT_OK;

    note(a, is ? old : HISTORY_ABSENT, is ? a->next : HISTORY_SAME);
    count_put(is);
}

static void take(actor_t *a)
{
    uintptr_t old = 0;
    bool      is  = cc_skipmap_remove(map, a->key, &old) == CC_RESULT_OK;

    note(a, is ? old : HISTORY_ABSENT, is ? HISTORY_ABSENT : HISTORY_SAME);
}

/* The last answer counts. */
typedef struct answer {
    actor_t             *actor;
    uint64_t             found;
    cc_skipmap_verdict_t verdict;
} answer_t;

static cc_skipmap_verdict_t toggle(uintptr_t key, const uintptr_t *value, uintptr_t *put_value,
                                   void *context)
{
    answer_t *answer = context;

    CHECK(key == answer->actor->key);
    answer->found   = value ? *value : HISTORY_ABSENT;
    *put_value      = answer->actor->next;
    answer->verdict = value && *value % 2 ? CC_SKIPMAP_REMOVE
                      : *put_value % 5    ? CC_SKIPMAP_PUT
                                          : CC_SKIPMAP_KEEP;
    return answer->verdict;
}

static void compute(actor_t *a)
{
    answer_t answer = { .actor = a };

    CHECK(cc_skipmap_compute(map, a->key, toggle, &answer) == CC_RESULT_OK);
    note(a, answer.found,
         answer.verdict == CC_SKIPMAP_PUT      ? a->next
         : answer.verdict == CC_SKIPMAP_REMOVE ? HISTORY_ABSENT
                                               : HISTORY_SAME);
    count_put(answer.verdict == CC_SKIPMAP_PUT);
}

/* What is found by order says of the key that is found that it was there. */
static void ceiling(actor_t *a)
{
    cc_skipmap_entry_t e;

    if (cc_skipmap_ceiling(map, a->key, &e) != CC_RESULT_OK || e.key != a->key)
        note(a, HISTORY_ABSENT, HISTORY_SAME);
    else
        note(a, e.value, HISTORY_SAME);
}

static void floor_of(actor_t *a)
{
    cc_skipmap_entry_t e;

    if (cc_skipmap_floor(map, a->key, &e) != CC_RESULT_OK || e.key != a->key)
        note(a, HISTORY_ABSENT, HISTORY_SAME);
    else
        note(a, e.value, HISTORY_SAME);
}

static void *act(void *number)
{
    static void (*const operations[])(actor_t *) = { get,     put,      put_if_absent, replace,
                                                     take,    take,     compute,       get,
                                                     ceiling, floor_of, put,           take };
    actor_t a                                    = { .thread = (unsigned)(uintptr_t)number };

    a.rng = cci_random_seed(a.thread);
    for (uintptr_t i = 0; i < OPERATIONS; i++) {
        uint64_t r = cci_random_next(&a.rng);
        a.key      = r >> 60;
        a.next     = i * THREADS + a.thread;
        a.began    = history_begin(history);
        operations[(r >> 32) % (sizeof operations / sizeof *operations)](&a);
    }
    return NULL;
}

static void run_histories(const char *name, cc_skipmap_options_t options,
                          const cc_smr_options_t *domain)
{
    options.destroy = destroy;
    options.context = &made;
    begin(name, options, domain);
    history = history_create(THREADS, OPERATIONS);
    in_threads(THREADS, act);
    if (history_check_map(history) != HISTORY_LEGAL) {
        fprintf(stderr, "%s: %s\n", part, history_why(history));
        exit(1);
    }
    history_destroy(history);
    end(true);
}

/* ---- ranges ---- */

static atomic_bool is_over;

/* The odd keys come and go, the even ones have a new value now and then. */
static void *disturb(void *number)
{
    uint64_t rng = cci_random_seed((uintptr_t)number);

    while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
        uint64_t  r   = cci_random_next(&rng);
        uintptr_t key = (r >> 32) % WALKED;
        if (key % 2 == 0)
            CHECK(cc_skipmap_put(map, key, key + 1) == CC_RESULT_OK);
        else if (r & 1)
            CHECK(cc_skipmap_put(map, key, key + 1) == CC_RESULT_OK);
        else
            CHECK(cc_skipmap_remove(map, key, NULL) != CC_RESULT_NO_MEMORY);
    }
    return NULL;
}

static void walk_once(uintptr_t from, uintptr_t to)
{
    cc_skipmap_iter_t  it;
    cc_skipmap_entry_t e;
    uintptr_t          next_even = from + from % 2, last = 0;

    cc_skipmap_iter_init(&it, map, &from, &to);
    for (size_t n = 0; cc_skipmap_iter_next(&it, &e) == CC_RESULT_OK; n++) {
        CHECK(e.key >= from && e.key < to && e.value == e.key + 1);
        CHECK(n == 0 || e.key > last);
        CHECK(e.key <= next_even);
        last = e.key;
        next_even += e.key == next_even ? 2 : 0;
    }
    cc_skipmap_iter_fini(&it);
    CHECK(next_even >= to);
}

/* Some are left halfway. */
static void leave_halfway(uint64_t steps)
{
    cc_skipmap_iter_t it;

    cc_skipmap_iter_init(&it, map, NULL, NULL);
    while (steps-- > 0)
        CHECK(cc_skipmap_iter_next(&it, NULL) == CC_RESULT_OK);
    cc_skipmap_iter_fini(&it);
}

static void *walk(void *number)
{
    uint64_t rng = cci_random_seed((uintptr_t)number);

    if ((uintptr_t)number > 0)
        return disturb(number);
    for (unsigned i = 0; i < WALKS; i++) {
        uint64_t r = cci_random_next(&rng);
        walk_once(r % WALKED, (r >> 32) % WALKED);
        leave_halfway(r % (WALKED / 2));
    }
    atomic_store_explicit(&is_over, true, memory_order_relaxed);
    return NULL;
}

static void run_ranges(const char *name, cc_skipmap_options_t options)
{
    begin(name, options, &checked);
    for (uintptr_t key = 0; key < WALKED; key++)
        CHECK(cc_skipmap_put(map, key, key + 1) == CC_RESULT_OK);
    atomic_store_explicit(&is_over, false, memory_order_relaxed);
    in_threads(3, walk);
    end(false);
}

/* ---- pop ---- */

static _Atomic unsigned char popped[POPPED];

static void *pop(void *number)
{
    cc_skipmap_entry_t e;
    uintptr_t          last = 0;

    for (size_t n = 0; cc_skipmap_pop_first(map, &e) == CC_RESULT_OK; n++) {
        CHECK(e.key < POPPED && (n == 0 || e.key > last));
        CHECK(atomic_fetch_add_explicit(&popped[e.key], 1, memory_order_relaxed) == 0);
        last = e.key;
    }
    (void)number;
    return NULL;
}

/* Nobody puts: each thread sees them in order, and together they see all. */
static void run_pop(void)
{
    begin("pop", (cc_skipmap_options_t){ 0 }, &checked);
    for (uintptr_t key = 0; key < POPPED; key++)
        CHECK(cc_skipmap_put(map, key, 0) == CC_RESULT_OK);
    in_threads(THREADS, pop);
    for (uintptr_t key = 0; key < POPPED; key++)
        CHECK(popped[key] == 1);
    CHECK(cc_skipmap_len(map) == 0);
    end(false);
}

int main(void)
{
    const cc_skipmap_options_t numbers = { 0 }, compared = { .compare = compare };

    run_histories("numbers", numbers, &checked);
    run_histories("numbers, unchecked", numbers, &unchecked);
    run_histories("numbers, few eras", numbers, &few_eras);
    run_histories("compared", compared, &checked);
    run_histories("ebr", numbers, &epoch_based);
    run_ranges("ranges", numbers);
    run_ranges("ranges, compared", compared);
    run_pop();
    return 0;
}
