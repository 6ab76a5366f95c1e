/* SPDX-License-Identifier: MIT */
/* smr_fixture.h - domains that free at once or never by themselves, nodes that are counted when they are
 * freed, and a reader in another thread that stays for as long as it is to. For cmocka's tests. */
#ifndef TEST_SMR_FIXTURE_H
#define TEST_SMR_FIXTURE_H
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include <ccmem/smr.h>

enum { MANY = 1000 };

typedef struct node {
    cc_smr_node_t smr;
    int           value;
} node_t;

static size_t callbacks;

static inline void count(void *node, size_t size)
{
    callbacks++;
    cc_smr_free(node, size);
}

/* So eager that nothing waits: eras change with each allocation, and each retired node is a sweep. */
static inline cc_smr_t *eager(cc_smr_scheme_t scheme)
{
    const cc_smr_options_t options = { .scheme = scheme, .era_step = 1, .scan_step = 1 };
    cc_smr_t              *domain  = cc_smr_create(&options);

    assert_non_null(domain);
    callbacks = 0;
    return domain;
}

static inline cc_smr_guard_t *enter(cc_smr_t *domain)
{
    cc_smr_guard_t *g = cc_smr_enter(domain);

    assert_non_null(g);
    return g;
}

static inline node_t *make(cc_smr_guard_t *g)
{
    node_t *n = cc_smr_alloc(g, sizeof *n);

    assert_non_null(n);
    n->value = 7;
    return n;
}

static inline void retire_one(cc_smr_t *domain)
{
    cc_smr_guard_t *g = enter(domain);
    cc_smr_retire(g, make(g), sizeof(node_t), count);
    cc_smr_leave(g);
}

static inline uint64_t pending(cc_smr_t *domain)
{
    return cc_smr_stats(domain).pending_count;
}

/* A thread that reads until it is told to go. */
typedef struct reader {
    cc_smr_t   *domain;
    const void *slot;
    pthread_t   thread;
    atomic_int  step; /* 1: it has read; 2: it is to leave */
    const void *seen;
} reader_t;

static inline void await(atomic_int *step, int what)
{
    while (atomic_load(step) != what)
        sched_yield();
}

static inline void *read_and_stay(void *arg)
{
    reader_t       *r = arg;
    cc_smr_guard_t *g = cc_smr_enter(r->domain);

    r->seen = g ? cc_smr_protect(g, r->slot) : NULL;
    atomic_store(&r->step, 1);
    await(&r->step, 2);
    if (g)
        cc_smr_leave(g);
    return NULL;
}

static inline void begin_reader(reader_t *r, cc_smr_t *domain, const void *slot)
{
    r->domain = domain;
    r->slot   = slot;
    atomic_init(&r->step, 0);
    assert_int_equal(pthread_create(&r->thread, NULL, read_and_stay, r), 0);
    await(&r->step, 1);
}

static inline void end_reader(reader_t *r)
{
    atomic_store(&r->step, 2);
    assert_int_equal(pthread_join(r->thread, NULL), 0);
}

/* Steps so large that nothing is freed by itself. */
static inline cc_smr_t *lazy(void)
{
    const cc_smr_options_t options = { .era_step = UINT32_MAX, .scan_step = UINT32_MAX };
    cc_smr_t              *domain  = cc_smr_create(&options);

    assert_non_null(domain);
    callbacks = 0;
    return domain;
}

#endif
