/* SPDX-License-Identifier: MIT */
/* told.h - an observer of the heap that keeps what its thread was told, and the ways in which a
 * process can be served, in each of which the test program runs again.
 *
 * Include it in one source of a test program, after cmocka.h.
 *
 * Example:
 *   static int child(const char *task)
 *   {
 *       test_backend_use(strcmp(task, "irregular") == 0);
 *       return cmocka_run_group_tests(tests, NULL, NULL);
 *   }
 *   int main(int argc, char **argv)
 *   {
 *       return told_main(argc, argv, child);
 *   }
 */
#ifndef TEST_TOLD_H
#define TEST_TOLD_H
#include <ccmem/alloc.h>
#include "heap/heap.h"
#include "heap/mode.h"
#include "heap/observer.h"
#include "heap/stats.h"
#include "heap/threads.h"
#include "heap/totals.h"
#include "support/again.h"
#include "support/opens_libraries.h"
#include "support/test_backend.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- what was told ---- */

typedef enum { ALLOCATION, RELEASE, CHANGE } what_t;

typedef struct told {
    what_t        what;
    const void   *ptr, *old;
    size_t        usable;
    cci_request_t request;
    const void   *callers_frame;
    cci_totals_t  before, after; /* the heap's counts when it began and ended */
} told_t;

static __thread told_t   told[1000]; /* by the calling thread */
static __thread size_t   told_count;
static __thread uint64_t open_call; /* what the first of a pair returned, 0: none */
static _Atomic uint64_t  calls;
static _Atomic size_t    told_by_all;
static _Atomic size_t    mistakes; /* that the test is to find, whichever thread made them */

static cci_totals_t totals(void)
{
    cci_stats_lock();
    cci_totals_t t = cci_heap_totals(&cci_heap_main);
    cci_stats_unlock();
    return t;
}

static told_t *entry(void)
{
    return &told[told_count < COUNT(told) ? told_count : 0];
}

static uint64_t begin(what_t what, const void *old)
{
    if (open_call)
        atomic_fetch_add(&mistakes, 1); /* one within another */
    *entry()  = (told_t){ .what = what, .old = old, .before = totals() };
    open_call = atomic_fetch_add(&calls, 1) + 1;
    return open_call;
}

static void end(uint64_t began, what_t what)
{
    if (began == 0 || began != open_call || entry()->what != what)
        atomic_fetch_add(&mistakes, 1);
    entry()->after = totals();
    open_call      = 0;
    told_count++;
    atomic_fetch_add(&told_by_all, 1);
}

static void note(void *ptr, size_t usable, const cci_request_t *r)
{
    told_t *t        = entry();
    t->ptr           = ptr;
    t->usable        = usable;
    t->request       = *r;
    t->callers_frame = *(const void *const *)r->frame;
}

static uint64_t allocating(void)
{
    return begin(ALLOCATION, NULL);
}

static void allocated(uint64_t began, void *ptr, size_t usable, const cci_request_t *r)
{
    note(ptr, usable, r);
    end(began, ALLOCATION);
}

/* The block is there: the backend would not know one that is not. */
static uint64_t freeing(void *ptr)
{
    uint64_t call   = begin(RELEASE, ptr);
    entry()->usable = cc_backend_current(NULL)->usable_size(ptr);
    return call;
}

static void freed(uint64_t began)
{
    end(began, RELEASE);
}

static uint64_t resizing(void *old)
{
    return begin(CHANGE, old);
}

static void resized(uint64_t began, void *old, void *ptr, size_t usable, const cci_request_t *r)
{
    if (old != entry()->old)
        atomic_fetch_add(&mistakes, 1);
    note(ptr, usable, r);
    end(began, CHANGE);
}

static const cci_observer_t observer = { allocating, allocated, freeing, freed, resizing, resized };

static void observe(void)
{
    cci_heap_observe(&observer);
    told_count = 0;
    atomic_store(&told_by_all, 0);
}

static void observe_no_more(void)
{
    cci_heap_observe(NULL);
    assert_int_equal(atomic_load(&mistakes), 0);
}

/* The one thing that was told since it was last asked for. */
static inline const told_t *only(what_t what)
{
    assert_int_equal(told_count, 1);
    told_count = 0;
    assert_int_equal(told[0].what, what);
    return &told[0];
}

static inline void assert_nothing_told(void)
{
    assert_int_equal(told_count, 0);
}

static inline bool cached(void)
{
    return cci_heap_mode() == CCI_HEAP_CACHE;
}

/* A thread's own code may pop and push. */
static inline bool bins_are_shown(void)
{
    return cci_cache_peek() && cc_heap_bins_ == cci_cache_peek()->bins;
}

/* The last of a group. */
static void test_nothing_is_left(void **state)
{
    (void)state;
    cc_trim();
    assert_int_equal(cc_alloc_stats_snapshot().current_allocated, 0);
    assert_int_equal(test_backend.live, 0);
}

/* ---- the kinds of process ---- */

typedef struct kind {
    const char *task;
    const char *variables[3];
} kind_t;

static const kind_t kinds[] = {
    { "regular", { "CCMEM_MAGAZINES=1", "CCMEM_HEAP_CHECK=0" } },
    { "irregular", { "CCMEM_MAGAZINES=1", "CCMEM_HEAP_CHECK=0" } },
    { "regular", { "CCMEM_MAGAZINES=0", "CCMEM_HEAP_CHECK=0" } },
    { "regular", { "CCMEM_MAGAZINES=1", "CCMEM_HEAP_CHECK=1" } },
};

static void test_kind(void **state)
{
    static again_t done;
    const kind_t  *kind = *state;

    again_run(&done, kind->task, kind->variables);
    if (done.status != 0)
        print_error("%s%s", done.out, done.err);
    assert_int_equal(done.status, 0);
}

static inline int told_main(int argc, char **argv, int (*child)(const char *task))
{
    struct CMUnitTest tests[COUNT(kinds)];
    char              names[COUNT(kinds)][80];

    if (argc > 1)
        return child(argv[1]);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        snprintf(names[i], sizeof names[i], "%s, %s, %s", kinds[i].task, kinds[i].variables[0],
                 kinds[i].variables[1]);
        tests[i] = (struct CMUnitTest){ names[i], test_kind, NULL, NULL, (void *)&kinds[i] };
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
