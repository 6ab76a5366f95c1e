/* SPDX-License-Identifier: MIT */
/* ccmem/lfqueue.h with others: who waits and what wakes him, threads that end, and a fork. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <ccmem/lfqueue.h>

#include "lockfree/lfqueue_segment.h"

enum { SLOTS = CCI_SEGMENT_SLOTS, CAPACITY = 8, MANY = 3 * SLOTS + 5 };

#define MS UINT64_C(1000000)

static uint64_t live_bytes(void)
{
    return cc_alloc_stats_snapshot().current_allocated;
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static cc_lfqueue_t *new_queue(void)
{
    cc_lfqueue_t *q = cc_lfqueue_create(NULL);

    assert_non_null(q);
    return q;
}

static cc_lfqueue_bounded_t *new_bounded(size_t capacity)
{
    cc_lfqueue_bounded_t *q = cc_lfqueue_bounded_create(capacity);

    assert_non_null(q);
    return q;
}

static void push(cc_lfqueue_t *q, uintptr_t word)
{
    assert_int_equal(cc_lfqueue_push(q, word), CC_RESULT_OK);
}

static void expect(cc_lfqueue_t *q, uintptr_t word)
{
    uintptr_t got = ~word;

    assert_true(cc_lfqueue_try_pop(q, &got));
    assert_int_equal(got, word);
}

static void fill(cc_lfqueue_bounded_t *q, uintptr_t first)
{
    for (size_t i = 0; i < cc_lfqueue_bounded_capacity(q); i++)
        assert_true(cc_lfqueue_bounded_try_push(q, first + i));
}

/* ---- waiting ---- */

static void test_timeouts(void **state)
{
    uintptr_t             word = 7;
    cc_lfqueue_t         *q    = new_queue();
    cc_lfqueue_bounded_t *b    = new_bounded(CAPACITY);

    (void)state;
    uint64_t began = now_ns();
    assert_int_equal(cc_lfqueue_pop(q, 3 * MS, &word), CC_RESULT_NOT_FOUND);
    assert_true(now_ns() - began >= 3 * MS);
    began = now_ns();
    assert_int_equal(cc_lfqueue_bounded_pop(b, 3 * MS, &word), CC_RESULT_NOT_FOUND);
    assert_true(now_ns() - began >= 3 * MS);
    assert_int_equal(word, 7);
    fill(b, 0);
    began = now_ns();
    assert_int_equal(cc_lfqueue_bounded_push(b, 3 * MS, 1), CC_RESULT_FULL);
    assert_true(now_ns() - began >= 3 * MS);
    cc_lfqueue_destroy(q);
    cc_lfqueue_bounded_destroy(b);
}

typedef struct consumer {
    pthread_t             thread;
    cc_lfqueue_t         *queue; /* or */
    cc_lfqueue_bounded_t *bounded;
    size_t                count;
    uintptr_t             sum;
    cc_result_t           end;
} consumer_t;

static cc_result_t consume_one(const consumer_t *c, uintptr_t *word)
{
    return c->queue ? cc_lfqueue_pop(c->queue, CC_LFQUEUE_FOREVER, word)
                    : cc_lfqueue_bounded_pop(c->bounded, CC_LFQUEUE_FOREVER, word);
}

static void *consume(void *arg)
{
    consumer_t *c = arg;
    uintptr_t   word;

    while ((c->end = consume_one(c, &word)) == CC_RESULT_OK) {
        c->count++;
        c->sum += word;
    }
    return NULL;
}

enum { CONSUMERS = 3, WORDS = 300 };

static void start(consumer_t *c, cc_lfqueue_t *queue, cc_lfqueue_bounded_t *bounded)
{
    for (int i = 0; i < CONSUMERS; i++) {
        c[i] = (consumer_t){ .queue = queue, .bounded = bounded };
        assert_int_equal(pthread_create(&c[i].thread, NULL, consume, &c[i]), 0);
    }
}

static void expect_all(consumer_t *c, size_t count)
{
    size_t    got = 0;
    uintptr_t sum = 0;

    for (int i = 0; i < CONSUMERS; i++) {
        assert_int_equal(pthread_join(c[i].thread, NULL), 0);
        assert_int_equal(c[i].end, CC_RESULT_STALE);
        got += c[i].count;
        sum += c[i].sum;
    }
    assert_int_equal(got, count);
    assert_int_equal(sum, count * (count - 1) / 2);
}

/* Every word reaches one, and close ends all. */
static void test_close_with_waiters(void **state)
{
    consumer_t    c[CONSUMERS];
    cc_lfqueue_t *q = new_queue();

    (void)state;
    start(c, q, NULL);
    for (uintptr_t i = 0; i < WORDS; i++) {
        push(q, i);
        if (i % 32 == 0)
            sched_yield();
    }
    assert_int_equal(cc_lfqueue_close(q), CC_RESULT_OK);
    expect_all(c, WORDS);
    cc_lfqueue_destroy(q);
}

static void test_bounded_with_waiters(void **state)
{
    consumer_t            c[CONSUMERS];
    cc_lfqueue_bounded_t *q = new_bounded(2);

    (void)state;
    start(c, NULL, q);
    for (uintptr_t i = 0; i < WORDS; i++) {
        assert_int_equal(cc_lfqueue_bounded_push(q, CC_LFQUEUE_FOREVER, i), CC_RESULT_OK);
        if (i % 32 == 0)
            sched_yield();
    }
    cc_lfqueue_bounded_close(q);
    expect_all(c, WORDS);
    cc_lfqueue_bounded_destroy(q);
}

/* ---- one that sleeps, and what wakes it ---- */

typedef struct sleeper {
    pthread_t             thread;
    _Atomic pid_t         id;
    cc_lfqueue_t         *queue;
    cc_lfqueue_bounded_t *bounded;
    cc_result_t           end;
    uintptr_t             word;
} sleeper_t;

static void *pop_once(void *arg)
{
    sleeper_t *s = arg;

    s->id  = gettid();
    s->end = s->queue ? cc_lfqueue_pop(s->queue, CC_LFQUEUE_FOREVER, &s->word)
                      : cc_lfqueue_bounded_pop(s->bounded, CC_LFQUEUE_FOREVER, &s->word);
    return NULL;
}

static void *push_once(void *arg)
{
    sleeper_t *s = arg;

    s->id  = gettid();
    s->end = cc_lfqueue_bounded_push(s->bounded, CC_LFQUEUE_FOREVER, s->word);
    return NULL;
}

/* Of a thread that does nothing else which would put it to sleep. */
static bool is_asleep(pid_t id)
{
    char  path[64], state = 0;
    FILE *f;

    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)id);
    f = fopen(path, "r");
    if (!f)
        return false;
    if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
        state = 0;
    fclose(f);
    return state == 'S';
}

static void fall_asleep(sleeper_t *s, void *(*how)(void *))
{
    assert_int_equal(pthread_create(&s->thread, NULL, how, s), 0);
    while (s->id == 0 || !is_asleep(s->id))
        sched_yield();
}

static void expect_end(sleeper_t *s, cc_result_t end)
{
    assert_int_equal(pthread_join(s->thread, NULL), 0);
    assert_int_equal(s->end, end);
}

static void test_woken_by_push(void **state)
{
    const uintptr_t word = 5;
    cc_lfqueue_t   *q    = new_queue();

    (void)state;
    for (int many = 0; many < 2; many++) {
        sleeper_t s = { .queue = q };
        fall_asleep(&s, pop_once);
        if (many)
            assert_int_equal(cc_lfqueue_push_many(q, &word, 1), 1);
        else
            push(q, word);
        expect_end(&s, CC_RESULT_OK);
        assert_int_equal(s.word, word);
    }
    cc_lfqueue_destroy(q);
}

/* As many as there are words, and all when it is closed. */
static void expect_all_woken(cc_lfqueue_t *q, cc_lfqueue_bounded_t *b, bool close)
{
    const uintptr_t words[CONSUMERS] = { 1, 2, 3 };
    sleeper_t       s[CONSUMERS];

    for (int i = 0; i < CONSUMERS; i++) {
        s[i] = (sleeper_t){ .queue = q, .bounded = b };
        fall_asleep(&s[i], pop_once);
    }
    if (close && q)
        assert_int_equal(cc_lfqueue_close(q), CC_RESULT_OK);
    else if (close)
        cc_lfqueue_bounded_close(b);
    else
        assert_int_equal(q ? cc_lfqueue_push_many(q, words, CONSUMERS)
                           : cc_lfqueue_bounded_push_many(b, words, CONSUMERS),
                         CONSUMERS);
    for (int i = 0; i < CONSUMERS; i++)
        expect_end(&s[i], close ? CC_RESULT_STALE : CC_RESULT_OK);
}

static void test_all_woken(void **state)
{
    cc_lfqueue_t         *q = new_queue();
    cc_lfqueue_bounded_t *b = new_bounded(CAPACITY);

    (void)state;
    for (int close = 0; close < 2; close++) {
        expect_all_woken(q, NULL, close);
        expect_all_woken(NULL, b, close);
    }
    cc_lfqueue_destroy(q);
    cc_lfqueue_bounded_destroy(b);
}

static void test_woken_by_close(void **state)
{
    cc_lfqueue_t *q = new_queue();
    sleeper_t     s = { .queue = q };

    (void)state;
    fall_asleep(&s, pop_once);
    assert_int_equal(cc_lfqueue_close(q), CC_RESULT_OK);
    expect_end(&s, CC_RESULT_STALE);
    cc_lfqueue_destroy(q);
}

static void test_bounded_woken_by_push(void **state)
{
    const uintptr_t       word = 5;
    cc_lfqueue_bounded_t *q    = new_bounded(2);

    (void)state;
    for (int how = 0; how < 3; how++) {
        sleeper_t s = { .bounded = q };
        fall_asleep(&s, pop_once);
        if (how == 0)
            assert_true(cc_lfqueue_bounded_try_push(q, word));
        else if (how == 1)
            assert_int_equal(cc_lfqueue_bounded_push_many(q, &word, 1), 1);
        else
            cc_lfqueue_bounded_close(q);
        expect_end(&s, how < 2 ? CC_RESULT_OK : CC_RESULT_STALE);
    }
    cc_lfqueue_bounded_destroy(q);
}

static void test_bounded_woken_by_pop(void **state)
{
    uintptr_t             got;
    cc_lfqueue_bounded_t *q = new_bounded(2);

    (void)state;
    fill(q, 0);
    for (uintptr_t how = 0; how < 3; how++) {
        sleeper_t s = { .bounded = q, .word = how + 2 };
        fall_asleep(&s, push_once);
        if (how == 0)
            assert_true(cc_lfqueue_bounded_try_pop(q, &got));
        else if (how == 1)
            assert_int_equal(cc_lfqueue_bounded_pop_many(q, &got, 1), 1);
        else
            cc_lfqueue_bounded_close(q);
        expect_end(&s, how < 2 ? CC_RESULT_OK : CC_RESULT_STALE);
        assert_int_equal(got, how < 2 ? how : 1);
    }
    cc_lfqueue_bounded_destroy(q);
}

/* ---- threads that go, processes that fork ---- */

static void *push_some(void *queue)
{
    for (uintptr_t i = 0; i < SLOTS + 1; i++)
        push(queue, i);
    return NULL;
}

static void test_threads_that_ended(void **state)
{
    const uint64_t before = live_bytes();
    cc_lfqueue_t  *q      = new_queue();

    (void)state;
    for (int t = 0; t < 5; t++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, push_some, q), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    for (int t = 0; t < 5; t++)
        for (uintptr_t i = 0; i < SLOTS + 1; i++)
            expect(q, i);
    assert_int_equal(cc_lfqueue_len(q), 0);
    cc_lfqueue_destroy(q);
    assert_int_equal(live_bytes(), before);
}

/* ---- segments that are seen ---- */

/* Leaves as many words as it found. */
static void *pass_segments(void *arg)
{
    uintptr_t word;

    for (int i = 0; i < MANY; i++)
        push(arg, 1);
    for (int i = 0; i < MANY; i++)
        assert_true(cc_lfqueue_try_pop(arg, &word));
    return NULL;
}

static void pass_segments_elsewhere(cc_lfqueue_t *q)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, pass_segments, q), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void push_one(cc_lfqueue_t *q)
{
    push(q, 2);
}

static void pop_one(cc_lfqueue_t *q)
{
    expect(q, 1);
}

static void look_at_nothing(cc_lfqueue_t *q)
{
    (void)q;
}

/* Segments that are kept when others pass on, after a call within a section that is older than they are. */
static uint64_t kept_after(void call(cc_lfqueue_t *q))
{
    cc_smr_options_t     eager   = CC_SMR_OPTIONS_DEFAULT;
    cc_lfqueue_options_t options = CC_LFQUEUE_OPTIONS_DEFAULT;

    eager.era_step = eager.scan_step = 1;
    options.smr                      = cc_smr_create(&eager);
    assert_non_null(options.smr);
    cc_lfqueue_t   *q = cc_lfqueue_create(&options);
    cc_smr_guard_t *g = cc_smr_enter(options.smr);
    assert_true(q && g);
    push(q, 1);
    pass_segments_elsewhere(q);
    call(q);
    const uint64_t before = cc_smr_stats(options.smr).pending_count;
    pass_segments_elsewhere(q);
    const uint64_t kept = cc_smr_stats(options.smr).pending_count - before;
    cc_smr_leave(g);
    cc_lfqueue_destroy(q);
    cc_smr_destroy(options.smr);
    return kept;
}

/* A thread that was stopped within such a call would read it. */
static void test_seen_segments_are_kept(void **state)
{
    (void)state;
    assert_int_equal(kept_after(look_at_nothing), 0);
    assert_true(kept_after(pop_one) > 0);
    assert_true(kept_after(push_one) > 0);
}

static int use_in_child(cc_lfqueue_t *q)
{
    uintptr_t word;

    for (uintptr_t i = 0; i < MANY; i++)
        if (cc_lfqueue_push(q, i) != CC_RESULT_OK)
            return 1;
    for (uintptr_t i = 0; i < MANY; i++)
        if (!cc_lfqueue_try_pop(q, &word) || word != i)
            return 2;
    cc_lfqueue_destroy(q);
    return 0;
}

static void test_fork(void **state)
{
    int           status;
    consumer_t    c[CONSUMERS];
    cc_lfqueue_t *q = new_queue();

    (void)state;
    start(c, q, NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(use_in_child(q));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(cc_lfqueue_close(q), CC_RESULT_OK);
    expect_all(c, 0);
    cc_lfqueue_destroy(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_close_with_waiters),
        cmocka_unit_test(test_bounded_with_waiters),
        cmocka_unit_test(test_woken_by_push),
        cmocka_unit_test(test_all_woken),
        cmocka_unit_test(test_woken_by_close),
        cmocka_unit_test(test_bounded_woken_by_push),
        cmocka_unit_test(test_bounded_woken_by_pop),
        cmocka_unit_test(test_threads_that_ended),
        cmocka_unit_test(test_seen_segments_are_kept),
        cmocka_unit_test(test_fork),
    };
    cc_alloc_stats_enable(true);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
