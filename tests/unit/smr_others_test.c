/* SPDX-License-Identifier: MIT */
/* What a thread does about others: it waits for readers, frees what they hold no more, what they have and
 * what they left. One thing happens after the other here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/smr_fixture.h"

/* ---- who holds what ---- */

static void test_a_reader_holds_what_it_reads(void **state)
{
    const cc_smr_scheme_t schemes[] = { CC_SMR_IBR, CC_SMR_EBR };

    (void)state;
    for (int i = 0; i < 2; i++) {
        cc_smr_t       *domain = eager(schemes[i]);
        cc_smr_guard_t *g      = enter(domain);
        void           *slot   = make(g);
        reader_t        r;
        begin_reader(&r, domain, &slot);
        node_t *n = slot;
        __atomic_store_n(&slot, NULL, __ATOMIC_RELEASE);
        cc_smr_retire(g, n, sizeof *n, count);
        cc_smr_leave(g);
        assert_ptr_equal(r.seen, n);
        assert_int_equal(cc_smr_poll(domain), 0);
        assert_int_equal(n->value, 7);
        assert_int_equal(pending(domain), 1);
        end_reader(&r);
        assert_int_equal(cc_smr_poll(domain), 1);
        assert_int_equal(callbacks, 1);
        cc_smr_destroy(domain);
    }
}

/* IBR holds nothing that was made later; EBR does, however late. */
static void test_what_comes_after_a_reader(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        cc_smr_t *domain = eager(i ? CC_SMR_EBR : CC_SMR_IBR);
        void     *slot   = NULL;
        reader_t  r;
        begin_reader(&r, domain, &slot);
        retire_one(domain); /* of the reader's era, perhaps */
        cc_smr_poll(domain);
        for (int k = 0; k < MANY; k++)
            retire_one(domain);
        cc_smr_poll(domain);
        assert_true(i ? pending(domain) == MANY + 1 : pending(domain) <= 1);
        end_reader(&r);
        cc_smr_barrier(domain);
        assert_int_equal(pending(domain), 0);
        cc_smr_destroy(domain);
    }
}

typedef struct taker {
    cc_smr_t *domain;
    void     *slot;
} taker_t;

static void *take_it_out(void *taker)
{
    taker_t        *t = taker;
    cc_smr_guard_t *g = enter(t->domain);
    void           *n = __atomic_exchange_n(&t->slot, NULL, __ATOMIC_ACQ_REL);

    cc_smr_retire(g, n, sizeof(node_t), count);
    cc_smr_leave(g);
    cc_smr_poll(t->domain);
    return NULL;
}

/* Also what was made long after the section began. */
static void test_a_thread_holds_what_it_makes(void **state)
{
    taker_t         taker = { .domain = eager(CC_SMR_IBR) };
    cc_smr_guard_t *g     = enter(taker.domain);
    pthread_t       other;

    (void)state;
    for (int i = 0; i < MANY; i++)
        cc_smr_free(make(g), sizeof(node_t));
    node_t *mine = make(g);
    __atomic_store_n(&taker.slot, mine, __ATOMIC_RELEASE);
    assert_int_equal(pthread_create(&other, NULL, take_it_out, &taker), 0);
    pthread_join(other, NULL);
    assert_int_equal(callbacks, 0);
    assert_int_equal(mine->value, 7);
    cc_smr_leave(g);
    cc_smr_barrier(taker.domain);
    assert_int_equal(callbacks, 1);
    cc_smr_destroy(taker.domain);
}

static void test_eager_domains_keep_nothing(void **state)
{
    cc_smr_t *domain = eager(CC_SMR_IBR);

    (void)state;
    for (size_t i = 1; i <= MANY; i++) {
        retire_one(domain);
        assert_int_equal(callbacks, i);
    }
    cc_smr_destroy(domain);
}

/* ---- poll and barrier ---- */

static void test_poll_within_a_section(void **state)
{
    cc_smr_t       *domain = eager(CC_SMR_IBR);
    cc_smr_guard_t *g      = enter(domain);

    (void)state;
    cc_smr_retire(g, make(g), sizeof(node_t), count);
    assert_int_equal(cc_smr_poll(domain), 0);
    assert_int_equal(callbacks, 0);
    cc_smr_leave(g);
    assert_int_equal(callbacks, 1);
    cc_smr_destroy(domain);
}

static void *retire_many(void *domain)
{
    for (int i = 0; i < MANY; i++)
        retire_one(domain);
    return NULL;
}

static void test_poll_frees_what_others_left(void **state)
{
    cc_smr_t *domain = lazy();
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, retire_many, domain), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(cc_smr_stats(domain).thread_count, 0);
    assert_int_equal(pending(domain), MANY);
    assert_int_equal(cc_smr_poll(domain), MANY);
    assert_int_equal(callbacks, MANY);
    cc_smr_destroy(domain);
}

/* Also while it is there, and in no section. */
static void *retire_and_stay(void *arg)
{
    reader_t *r = arg;

    retire_many(r->domain);
    atomic_store(&r->step, 1);
    await(&r->step, 2);
    retire_many(r->domain);
    return NULL;
}

static void test_poll_frees_what_others_have(void **state)
{
    reader_t r = { .domain = lazy() };

    (void)state;
    assert_int_equal(pthread_create(&r.thread, NULL, retire_and_stay, &r), 0);
    await(&r.step, 1);
    assert_int_equal(cc_smr_poll(r.domain), MANY);
    end_reader(&r);
    assert_int_equal(pending(r.domain), MANY);
    cc_smr_barrier(r.domain);
    assert_int_equal(callbacks, 2 * MANY);
    cc_smr_destroy(r.domain);
}

static void *run_barrier(void *arg)
{
    reader_t *r = arg;

    cc_smr_barrier(r->domain);
    atomic_store(&r->step, 1);
    return NULL;
}

static void test_barrier_waits_for_sections(void **state)
{
    cc_smr_t       *domain = lazy();
    cc_smr_guard_t *g      = enter(domain);
    reader_t        r      = { .domain = domain };

    (void)state;
    cc_smr_retire(g, make(g), sizeof(node_t), count);
    assert_int_equal(pthread_create(&r.thread, NULL, run_barrier, &r), 0);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(atomic_load(&r.step), 0);
        sched_yield();
    }
    cc_smr_leave(g);
    assert_int_equal(pthread_join(r.thread, NULL), 0);
    assert_int_equal(callbacks, 1);
    cc_smr_destroy(domain);
}

/* A thread that is in sections nearly all of the time is met nevertheless: the program would not end. */
static void *read_all_the_time(void *arg)
{
    reader_t *r = arg;

    atomic_store(&r->step, 1);
    while (atomic_load(&r->step) != 2) {
        cc_smr_guard_t *g = cc_smr_enter(r->domain);
        for (int i = 0; g && i < 100; i++)
            sched_yield();
        if (g)
            cc_smr_leave(g);
    }
    return NULL;
}

static void test_barrier_meets_a_busy_thread(void **state)
{
    reader_t r = { .domain = lazy() };

    (void)state;
    assert_int_equal(pthread_create(&r.thread, NULL, read_all_the_time, &r), 0);
    await(&r.step, 1);
    for (int i = 0; i < 20; i++) {
        retire_one(r.domain);
        cc_smr_barrier(r.domain);
        assert_int_equal(pending(r.domain), 0);
    }
    end_reader(&r);
    cc_smr_destroy(r.domain);
}

/* ---- threads that end ---- */

static void *retire_in_a_thread(void *domain)
{
    retire_one(domain);
    return NULL;
}

/* What it could not free the next sweep of another thread does, without being asked. */
static void test_a_thread_leaves_nodes(void **state)
{
    cc_smr_t *domain = eager(CC_SMR_EBR);
    void     *slot   = NULL;
    reader_t  r;
    pthread_t thread;

    (void)state;
    begin_reader(&r, domain, &slot);
    assert_int_equal(pthread_create(&thread, NULL, retire_in_a_thread, domain), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pending(domain), 1);
    end_reader(&r);
    retire_one(domain);
    assert_int_equal(pending(domain), 0);
    cc_smr_destroy(domain);
}

static void *end_in_a_section(void *domain)
{
    cc_smr_guard_t *g = cc_smr_enter(domain);

    if (g)
        cc_smr_retire(g, cc_smr_alloc(g, sizeof(node_t)), sizeof(node_t), count);
    return g;
}

static void test_a_thread_ends_in_a_section(void **state)
{
    cc_smr_t *domain = lazy();
    pthread_t thread;
    void     *guard;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, end_in_a_section, domain), 0);
    assert_int_equal(pthread_join(thread, &guard), 0);
    assert_non_null(guard);
    assert_int_equal(cc_smr_stats(domain).reader_count, 0);
    cc_smr_barrier(domain);
    assert_int_equal(callbacks, 1);
    assert_ptr_equal(enter(domain), guard); /* which is free for others, and not nested */
    cc_smr_leave(guard);
    assert_int_equal(cc_smr_stats(domain).reader_count, 0);
    cc_smr_destroy(domain);
}

/* ---- forks ---- */

static void *retire_in_a_section(void *arg)
{
    reader_t       *r = arg;
    cc_smr_guard_t *g = enter(r->domain);

    for (int i = 0; i < MANY; i++)
        cc_smr_retire(g, make(g), sizeof(node_t), count);
    atomic_store(&r->step, 1);
    await(&r->step, 2);
    cc_smr_leave(g);
    return NULL;
}

static bool adds_up(cc_smr_t *domain, uint64_t expected_pending, uint64_t expected_lost)
{
    cc_smr_stats_t s = cc_smr_stats(domain);

    return s.pending_count == expected_pending && s.lost_count == expected_lost &&
           s.retired_count == s.freed_count + s.pending_count + s.lost_count;
}

static void expect_of_child(pid_t child)
{
    int status;

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* What others had retired that were still in a section is lost to the child, and to nobody else. */
static void test_a_fork_loses_what_was_in_hand(void **state)
{
    cc_smr_t *domain     = lazy();
    reader_t  in_section = { .domain = domain }, outside = { .domain = domain };

    (void)state;
    retire_one(domain);
    assert_int_equal(pthread_create(&in_section.thread, NULL, retire_in_a_section, &in_section), 0);
    assert_int_equal(pthread_create(&outside.thread, NULL, retire_and_stay, &outside), 0);
    await(&in_section.step, 1);
    await(&outside.step, 1);
    pid_t child = fork();
    if (child == 0) {
        bool right = adds_up(domain, MANY + 1, MANY);
        cc_smr_barrier(domain);
        _exit(right && adds_up(domain, 0, MANY) ? 0 : 1);
    }
    expect_of_child(child);
    assert_true(adds_up(domain, 2 * MANY + 1, 0));
    end_reader(&in_section);
    end_reader(&outside);
    cc_smr_destroy(domain);
}

static size_t wait_for_all(cc_smr_t *domain)
{
    cc_smr_barrier(domain);
    return 0;
}

static pid_t forked;

static void fork_once(void *node, size_t size)
{
    if (forked < 0)
        forked = fork();
    cc_smr_free(node, size);
}

/* The sweep goes on on both sides. */
static void test_a_fork_in_a_callback(void **state)
{
    size_t (*const sweep[])(cc_smr_t *) = { cc_smr_poll, wait_for_all };

    (void)state;
    for (int i = 0; i < 2; i++) {
        cc_smr_t       *domain = lazy();
        cc_smr_guard_t *g      = enter(domain);
        forked                 = -1;
        for (int k = 0; k < MANY; k++)
            cc_smr_retire(g, make(g), sizeof(node_t), fork_once);
        cc_smr_leave(g);
        sweep[i](domain);
        if (forked == 0)
            _exit(adds_up(domain, 0, 0) ? 0 : 1);
        expect_of_child(forked);
        assert_true(adds_up(domain, 0, 0));
        cc_smr_destroy(domain);
    }
}

static void test_errno_is_kept(void **state)
{
    cc_smr_t *domain = eager(CC_SMR_IBR);
    reader_t  r;
    void     *slot = NULL;

    (void)state;
    begin_reader(&r, domain, &slot); /* so that fences are needed */
    errno = 12345;
    retire_one(domain);
    cc_smr_poll(domain);
    assert_int_equal(errno, 12345);
    end_reader(&r);
    errno = 12345;
    cc_smr_barrier(domain);
    assert_int_equal(errno, 12345);
    cc_smr_destroy(domain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_reader_holds_what_it_reads),
        cmocka_unit_test(test_what_comes_after_a_reader),
        cmocka_unit_test(test_a_thread_holds_what_it_makes),
        cmocka_unit_test(test_eager_domains_keep_nothing),
        cmocka_unit_test(test_poll_within_a_section),
        cmocka_unit_test(test_poll_frees_what_others_left),
        cmocka_unit_test(test_poll_frees_what_others_have),
        cmocka_unit_test(test_barrier_waits_for_sections),
        cmocka_unit_test(test_barrier_meets_a_busy_thread),
        cmocka_unit_test(test_a_thread_leaves_nodes),
        cmocka_unit_test(test_a_thread_ends_in_a_section),
        cmocka_unit_test(test_a_fork_loses_what_was_in_hand),
        cmocka_unit_test(test_a_fork_in_a_callback),
        cmocka_unit_test(test_errno_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
