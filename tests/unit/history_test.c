/* SPDX-License-Identifier: MIT */
/* The checker of histories: those written by hand, many small ones against trying every order, and
 * runs of real threads, right ones and falsified ones. */
#include "support/history.h"
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/random.h"

enum { ROOM = 64, THREADS = 4, KEYS = 16 };

#define ABSENT  HISTORY_ABSENT
#define PRESENT HISTORY_PRESENT
#define ANY     HISTORY_ANY
#define SAME    HISTORY_SAME

typedef history_verdict_t check_fn(history_t *h);

static void note(history_t *h, history_operation_t o)
{
    h->log[o.thread].at[h->log[o.thread].count++] = o;
}

#define VERDICT(check, ...)                                         \
    verdict_of(check, (const history_operation_t[]){ __VA_ARGS__ }, \
               sizeof((const history_operation_t[]){ __VA_ARGS__ }) / sizeof(history_operation_t))

static history_verdict_t verdict_of(check_fn *check, const history_operation_t *o, size_t count)
{
    history_t *h = history_create(THREADS, ROOM);

    for (size_t i = 0; i < count; i++)
        note(h, o[i]);
    history_verdict_t v = check(h);
    assert_true((v == HISTORY_LEGAL) == (strcmp(history_why(h), "nothing is wrong\n") == 0));
    history_destroy(h);
    return v;
}

/* Key 1: from, to, found, left, thread. */
#define ON(from, to, found, left, thread) \
    {                                     \
        from, to, 1, found, left, thread  \
    }
#define LEGAL(check, ...)   assert_int_equal(VERDICT(check, __VA_ARGS__), HISTORY_LEGAL)
#define ILLEGAL(check, ...) assert_int_equal(VERDICT(check, __VA_ARGS__), HISTORY_ILLEGAL)

/* ---- by hand ---- */

static void test_map_by_hand(void **state)
{
    (void)state;
    check_fn *const map = history_check_map;

    LEGAL(map, ON(0, 1, ABSENT, 7, 0), ON(2, 3, 7, SAME, 1), ON(4, 5, 7, ABSENT, 0));
    ILLEGAL(map, ON(0, 1, ABSENT, 7, 0), ON(2, 3, ABSENT, SAME, 1));
    /* While it is put, it may be found or not; once found it stays. */
    LEGAL(map, ON(0, 9, ABSENT, 7, 0), ON(1, 2, ABSENT, SAME, 1), ON(3, 4, 7, SAME, 1));
    ILLEGAL(map, ON(0, 9, ABSENT, 7, 0), ON(1, 2, 7, SAME, 1), ON(3, 4, ABSENT, SAME, 1));
    /* One that begins when another ends may be before it. */
    LEGAL(map, ON(0, 5, ABSENT, 7, 0), ON(5, 6, ABSENT, SAME, 1));
    /* Of two that put if absent one does; of two that remove, too. */
    ILLEGAL(map, ON(0, 5, ABSENT, 7, 0), ON(0, 6, ABSENT, 8, 1));
    LEGAL(map, ON(0, 5, ABSENT, 7, 0), ON(0, 6, PRESENT, SAME, 1));
    ILLEGAL(map, ON(0, 1, ANY, 7, 0), ON(2, 5, 7, ABSENT, 0), ON(2, 6, 7, ABSENT, 1));
    LEGAL(map, ON(0, 1, ANY, 7, 0), ON(2, 5, ABSENT, ABSENT, 0), ON(2, 6, 7, ABSENT, 1));
    /* Two that add one to the same value: an update is lost. */
    ILLEGAL(map, ON(0, 1, ABSENT, 1, 0), ON(2, 5, 1, 2, 0), ON(2, 6, 1, 2, 1));
}

static void test_keys_go_their_own_ways(void **state)
{
    (void)state;
    LEGAL(history_check_map, { 0, 1, 1, ABSENT, 7, 0 }, { 2, 3, 2, ABSENT, SAME, 0 });
    ILLEGAL(history_check_map, { 0, 1, 1, ABSENT, 7, 0 }, { 2, 3, 2, ABSENT, SAME, 0 },
            { 4, 5, 3, ABSENT, 9, 0 }, { 6, 7, 3, 8, SAME, 0 });
}

/* What holds of a queue, by both ways of checking. */
static void test_queue_by_hand(void **state)
{
    (void)state;
    check_fn *const ways[] = { history_check_queue, history_check_queue_values };

    for (int i = 0; i < 2; i++) {
        check_fn *const queue = ways[i];
        LEGAL(queue, ON(0, 1, ANY, 7, 0), ON(2, 3, ANY, 8, 0), ON(4, 5, 7, ABSENT, 1));
        ILLEGAL(queue, ON(0, 1, ANY, 7, 0), ON(2, 3, ANY, 8, 0), ON(4, 5, 8, ABSENT, 1));
        LEGAL(queue, ON(0, 3, ANY, 7, 0), ON(1, 4, ANY, 8, 1), ON(5, 6, 8, ABSENT, 1));
        ILLEGAL(queue, ON(0, 1, ANY, 7, 0), ON(2, 3, 7, ABSENT, 0), ON(4, 5, 7, ABSENT, 1));
        ILLEGAL(queue, ON(0, 1, ANY, 7, 0), ON(2, 3, 9, ABSENT, 0));
        ILLEGAL(queue, ON(0, 1, 7, ABSENT, 0), ON(2, 3, ANY, 7, 1));
        ILLEGAL(queue, ON(0, 1, ANY, 7, 0), ON(2, 3, ABSENT, ABSENT, 1));
        /* 7 is there until 8 is: there was no moment without either. */
        ILLEGAL(queue, ON(0, 1, ANY, 7, 0), ON(2, 3, ANY, 8, 0), ON(4, 9, 7, ABSENT, 0),
                ON(2, 8, ABSENT, ABSENT, 1));
        LEGAL(queue, ON(0, 1, ANY, 7, 0), ON(2, 7, ANY, 8, 0), ON(5, 9, 7, ABSENT, 1),
              ON(2, 8, ABSENT, ABSENT, 2));
    }
}

static void test_stack_by_hand(void **state)
{
    (void)state;
    check_fn *const ways[] = { history_check_stack, history_check_stack_values };

    for (int i = 0; i < 2; i++) {
        check_fn *const stack = ways[i];
        LEGAL(stack, ON(0, 1, ANY, 7, 0), ON(2, 3, ANY, 8, 0), ON(4, 5, 8, ABSENT, 1));
        ILLEGAL(stack, ON(0, 1, ANY, 7, 0), ON(2, 3, ANY, 8, 0), ON(4, 5, 7, ABSENT, 1));
        LEGAL(stack, ON(0, 1, ANY, 7, 0), ON(2, 5, ANY, 8, 0), ON(4, 6, 7, ABSENT, 1));
        ILLEGAL(stack, ON(0, 1, ANY, 7, 0), ON(2, 3, ABSENT, ABSENT, 1));
        ILLEGAL(stack, ON(0, 1, ANY, 7, 0), ON(2, 5, 7, ABSENT, 0), ON(3, 6, 7, ABSENT, 1));
        LEGAL(stack, ON(0, 1, ANY, 7, 0), ON(2, 3, 7, SAME, 0), ON(4, 5, 7, ABSENT, 1));
    }
    ILLEGAL(history_check_stack, ON(0, 1, ANY, 7, 0), ON(2, 3, ANY, 8, 0), ON(4, 5, 7, SAME, 1));
}

static void test_too_much_to_decide(void **state)
{
    (void)state;
    history_t *h = history_create(1, ROOM);

    for (uint64_t i = 0; i <= HISTORY_HELD_MAX; i++)
        history_end(h, 0, history_begin(h), 0, ANY, i);
    assert_int_equal(history_check_queue(h), HISTORY_UNDECIDED);
    assert_non_null(strstr(history_why(h), "to decide"));
    assert_int_equal(history_check_queue_values(h), HISTORY_LEGAL);
    history_destroy(h);
}

static void test_says_what_is_wrong(void **state)
{
    (void)state;
    history_t *h = history_create(2, ROOM);

    note(h, (history_operation_t)ON(0, 1, ABSENT, 7, 0));
    note(h, (history_operation_t)ON(2, 5, 6, SAME, 1));
    note(h, (history_operation_t)ON(3, 9, 7, ABSENT, 0));
    assert_int_equal(history_check_map(h), HISTORY_ILLEGAL);
    assert_string_equal(history_why(h), "key 1: no order explains this operation:\n"
                                        "  thread 1, from 2 to 5: found 6, left same\n"
                                        "under way with it were:\n"
                                        "  thread 0, from 3 to 9: found 7, left absent\n"
                                        "and the last before it:\n"
                                        "  thread 0, from 0 to 1: found absent, left 7\n");
    history_destroy(h);
}

/* ---- small ones, against every order ---- */

enum { OPERATIONS = 7 };

typedef struct small {
    history_operation_t o[OPERATIONS];
    char                kind; /* map, queue, stack */
} small_t;

typedef struct row {
    uint64_t at[OPERATIONS];
    unsigned count;
} row_t;

/* Of a map, at[0]. */
static bool apply(char kind, row_t *r, const history_operation_t *o)
{
    if (kind == 'm') {
        if (o->found != r->at[0] && o->found != ANY && !(o->found == PRESENT && r->at[0] != ABSENT))
            return false;
        r->at[0] = o->left == SAME ? r->at[0] : o->left;
        return true;
    }
    if (o->left != ABSENT) {
        r->at[r->count++] = o->left;
        return true;
    }
    if (r->count == 0)
        return o->found == ABSENT;
    unsigned at = kind == 'q' ? 0 : r->count - 1;
    if (r->at[at] != o->found)
        return false;
    memmove(&r->at[at], &r->at[at + 1], (r->count - at - 1) * sizeof *r->at);
    r->count--;
    return true;
}

static bool may_be_next(const small_t *s, unsigned done, unsigned i)
{
    for (unsigned j = 0; j < OPERATIONS; j++)
        if (!(done >> j & 1) && s->o[j].end < s->o[i].begin)
            return false;
    return !(done >> i & 1);
}

static bool has_order(const small_t *s, unsigned done, row_t r)
{
    bool found = done == (1u << OPERATIONS) - 1;

    for (unsigned i = 0; !found && i < OPERATIONS; i++) {
        row_t after = r;
        if (may_be_next(s, done, i) && apply(s->kind, &after, &s->o[i]))
            found = has_order(s, done | 1u << i, after);
    }
    return found;
}

static uint64_t rng = 1;

static uint64_t below(uint64_t n)
{
    return (cci_random_next(&rng) >> 33) % n;
}

/* Results as they would be in one order, around which the operations lie; then, for half, one of
 * them is another. */
static void make_operation(small_t *s, row_t *r, unsigned i)
{
    history_operation_t *o = &s->o[i];

    *o       = (history_operation_t){ .key = 1, .thread = i % THREADS };
    o->begin = 2 * i - below(2 * i + 1 < 8 ? 2 * i + 1 : 8);
    o->end   = 2 * i + 1 + below(7);
    if (s->kind == 'm') {
        o->found = below(4) == 0 ? (r->at[0] == ABSENT ? ANY : PRESENT) : r->at[0];
        o->left  = below(3) == 0 ? SAME : below(3) == 0 ? ABSENT : below(3);
    } else {
        o->left  = below(2) ? i : ABSENT;
        o->found = o->left != ABSENT ? ANY
                   : r->count == 0   ? ABSENT
                                     : r->at[s->kind == 'q' ? 0 : r->count - 1];
    }
    apply(s->kind, r, o);
}

static void falsify(small_t *s)
{
    history_operation_t *o = &s->o[below(OPERATIONS)];

    if (s->kind == 'm')
        o->found = below(4) ? below(3) : ABSENT;
    else if (o->left == ABSENT)
        o->found = below(4) ? below(OPERATIONS) : ABSENT;
}

static void make(small_t *s, char kind)
{
    row_t r = { { kind == 'm' ? ABSENT : 0 }, 0 };

    s->kind = kind;
    for (unsigned i = 0; i < OPERATIONS; i++)
        make_operation(s, &r, i);
    for (uint64_t times = below(3); times > 0; times--)
        falsify(s);
}

/* Returns how often there was no order; missed: where by_values says legal all the same. */
static unsigned compare(char kind, check_fn *full, check_fn *by_values, unsigned *missed)
{
    const unsigned runs    = CCMEM_INSTRUMENTED ? 200 : 6000;
    unsigned       illegal = 0;
    small_t        s;

    for (unsigned i = 0; i < runs; i++) {
        make(&s, kind);
        row_t first = { { kind == 'm' ? ABSENT : 0 }, 0 };
        bool  legal = has_order(&s, 0, first);
        assert_int_equal(verdict_of(full, s.o, OPERATIONS),
                         legal ? HISTORY_LEGAL : HISTORY_ILLEGAL);
        if (by_values) {
            bool seems = verdict_of(by_values, s.o, OPERATIONS) == HISTORY_LEGAL;
            assert_true(seems || !legal);
            *missed += seems && !legal;
        }
        illegal += !legal;
    }
    assert_in_range(illegal, runs / 10, runs * 9 / 10);
    return illegal;
}

static void test_agrees_with_trying_every_order(void **state)
{
    (void)state;
    unsigned queue = 0, stack = 0;

    compare('m', history_check_map, NULL, NULL);
    compare('q', history_check_queue, history_check_queue_values, &queue);
    unsigned illegal = compare('s', history_check_stack, history_check_stack_values, &stack);
    print_message("of %u illegal stacks %u look right value by value\n", illegal, stack);
    assert_int_equal(queue, 0);
    assert_true(stack < illegal / 4);
}

/* ---- real threads ---- */

typedef struct run {
    history_t      *h;
    pthread_mutex_t lock;
    uint64_t        value[KEYS];
    size_t          each;
} run_t;

typedef struct worker {
    run_t    *run;
    unsigned  thread;
    pthread_t id;
} worker_t;

/* A map that is right: an operation reads and writes under a lock. */
static void *work(void *argument)
{
    worker_t *w      = argument;
    run_t    *r      = w->run;
    uint64_t  random = cci_random_seed(w->thread);

    for (size_t i = 0; i < r->each; i++) {
        const uint64_t n = cci_random_next(&random) >> 20, key = n % KEYS, what = n / KEYS % 4;
        const uint64_t left = what == 0 ? (uint64_t)w->thread << 32 | i : what == 1 ? ABSENT : SAME;
        const uint64_t began = history_begin(r->h);
        pthread_mutex_lock(&r->lock);
        const uint64_t found = r->value[key];
        if (left != SAME)
            r->value[key] = left;
        pthread_mutex_unlock(&r->lock);
        history_end(r->h, w->thread, began, key, found, left);
    }
    return NULL;
}

static history_t *run_map(size_t each)
{
    run_t    r = { history_create(THREADS, each + 1), PTHREAD_MUTEX_INITIALIZER, { 0 }, each };
    worker_t w[THREADS];

    for (unsigned i = 0; i < KEYS; i++)
        r.value[i] = ABSENT;
    for (unsigned i = 0; i < THREADS; i++) {
        w[i] = (worker_t){ .run = &r, .thread = i };
        assert_int_equal(pthread_create(&w[i].id, NULL, work, &w[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(w[i].id, NULL);
    return r.h;
}

static void test_real_run_is_legal(void **state)
{
    (void)state;
    history_t *h = run_map(CCMEM_INSTRUMENTED ? 8000 : 250000);

    if (history_check_map(h) != HISTORY_LEGAL)
        fail_msg("%s", history_why(h));
    history_destroy(h);
}

/* The next operation of the thread on that key which found another value. */
static history_operation_t *other(history_log_t *log, const history_operation_t *o)
{
    for (history_operation_t *p = log->at; p < log->at + log->count; p++)
        if (p > o && p->key == o->key && p->found != o->found)
            return p;
    return NULL;
}

/* Two operations of a thread change results; no other thread works meanwhile, so one order alone is
 * left for each. */
static void test_swapped_results_are_found(void **state)
{
    (void)state;
    unsigned swapped = 0;

    for (unsigned i = 0; i < 200; i++) {
        run_t    r = { history_create(THREADS, 300), PTHREAD_MUTEX_INITIALIZER, { 0 }, 300 };
        worker_t w = { .run = &r, .thread = i % THREADS };
        for (unsigned k = 0; k < KEYS; k++)
            r.value[k] = ABSENT;
        work(&w);
        history_log_t       *log = &r.h->log[w.thread];
        history_operation_t *a = &log->at[below(log->count)], *b = other(log, a);
        assert_int_equal(history_check_map(r.h), HISTORY_LEGAL);
        if (b) {
            uint64_t found = a->found;
            a->found       = b->found;
            b->found       = found;
            assert_int_equal(history_check_map(r.h), HISTORY_ILLEGAL);
            swapped++;
        }
        history_destroy(r.h);
    }
    assert_true(swapped > 100);
}

/* Among many threads: one value that nobody ever left, one removal twice. */
static void test_falsified_runs_are_found(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        history_t           *h   = run_map(2000);
        history_log_t       *log = &h->log[i % THREADS];
        history_operation_t *o   = &log->at[below(log->count)];
        const uint64_t       was = o->found;

        o->found = UINT64_C(1) << 60;
        assert_int_equal(history_check_map(h), HISTORY_ILLEGAL);
        o->found = was;
        while (o > log->at && (o->left != ABSENT || o->found == ABSENT))
            o--;
        if (o->left == ABSENT && o->found != ABSENT) {
            note(h, *o);
            assert_int_equal(history_check_map(h), HISTORY_ILLEGAL);
        }
        history_destroy(h);
    }
}

/* ---- long runs of containers ---- */

/* One thread: sizes go up and down; every value comes out. */
static history_t *run_container(size_t count, bool fifo)
{
    history_t *h     = history_create(1, 2 * count + 2);
    uint64_t  *held  = malloc(count * sizeof *held);
    size_t     first = 0, last = 0, pushed = 0;

    assert_non_null(held);
    while (pushed < count || first < last) {
        uint64_t began  = history_begin(h);
        bool     pushes = pushed < count && (first == last || below(2));
        uint64_t found = ANY, left = ABSENT;
        if (pushes)
            held[last++] = left = pushed++;
        else
            found = fifo ? held[first++] : held[--last];
        history_end(h, 0, began, 0, found, left);
    }
    history_end(h, 0, history_begin(h), 0, ABSENT, ABSENT);
    free(held);
    return h;
}

/* Two pops next to each other change values: wrong in both kinds. */
static void swap_two(history_t *h)
{
    history_operation_t *o = h->log[0].at;

    for (size_t i = below(h->log[0].count / 2);; i++)
        if (o[i].left == ABSENT && o[i + 1].left == ABSENT && o[i + 1].found != ABSENT) {
            uint64_t found = o[i].found;
            o[i].found     = o[i + 1].found;
            o[i + 1].found = found;
            return;
        }
}

/* A value is gone: nobody pops it. */
static void lose_one(history_t *h)
{
    history_log_t *log = &h->log[0];
    size_t         i   = below(log->count - 1);

    while (log->at[i].left != ABSENT)
        i++;
    memmove(&log->at[i], &log->at[i + 1], (log->count - i - 1) * sizeof *log->at);
    log->count--;
}

static void check_container(check_fn *check, bool fifo)
{
    const size_t count = CCMEM_INSTRUMENTED ? 8000 : 250000;

    for (int i = 0; i < 3; i++) {
        history_t *h = run_container(count, fifo);
        assert_int_equal(check(h), HISTORY_LEGAL);
        if (i == 1)
            swap_two(h);
        if (i == 2)
            lose_one(h);
        assert_int_equal(check(h), i == 0 ? HISTORY_LEGAL : HISTORY_ILLEGAL);
        history_destroy(h);
    }
}

static void test_long_runs_of_containers(void **state)
{
    (void)state;
    check_container(history_check_queue_values, true);
    check_container(history_check_stack_values, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map_by_hand),
        cmocka_unit_test(test_keys_go_their_own_ways),
        cmocka_unit_test(test_queue_by_hand),
        cmocka_unit_test(test_stack_by_hand),
        cmocka_unit_test(test_too_much_to_decide),
        cmocka_unit_test(test_says_what_is_wrong),
        cmocka_unit_test(test_agrees_with_trying_every_order),
        cmocka_unit_test(test_real_run_is_legal),
        cmocka_unit_test(test_swapped_results_are_found),
        cmocka_unit_test(test_falsified_runs_are_found),
        cmocka_unit_test(test_long_runs_of_containers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
