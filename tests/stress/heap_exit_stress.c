/* SPDX-License-Identifier: MIT */
/* Threads that end: with full arrays, with blocks that others free later, and in destructors that
 * allocate and free when the heap has already closed the thread's arrays.
 *
 *     heap_exit_stress                     every part on every backend
 *     heap_exit_stress BACKEND [PART]      on one, "test" is the test's own
 */
#include <stdatomic.h>

#include "heap/heap.h"
#include "support/heap_stress.h"

enum {
    STORM   = CCMEM_INSTRUMENTED ? 100 : 1000, /* threads, one after another, a few at a time */
    AT_ONCE = 8,
    KEPT    = 64 /* blocks that a thread leaves to others */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static own_block_t    *left[2 * STORM * KEPT];
static size_t          left_count;

static void leave_to_others(own_block_t *b)
{
    pthread_mutex_lock(&lock);
    CHECK(left_count < sizeof left / sizeof *left);
    left[left_count++] = b;
    pthread_mutex_unlock(&lock);
}

static own_block_t *take_from_others(void)
{
    pthread_mutex_lock(&lock);
    own_block_t *b = left_count ? left[--left_count] : NULL;
    pthread_mutex_unlock(&lock);
    return b;
}

static void drop_all_that_is_left(void)
{
    for (own_block_t *b; (b = take_from_others()) != NULL;)
        own_drop(b, left_count % 2);
}

static size_t count_caches(void)
{
    size_t n = 0;

    for (const cci_cache_t *c = cci_heap_caches(&cci_heap_main); c; c = c->next)
        n++;
    return n;
}

/* STORM threads, AT_ONCE of them at a time. */
static void run_storm(void *(*work)(void *))
{
    pthread_t thread[AT_ONCE];

    cc_alloc_stats_reset();
    for (uintptr_t i = 0; i < STORM; i++) {
        if (i >= AT_ONCE)
            pthread_join(thread[i % AT_ONCE], NULL);
        start(&thread[i % AT_ONCE], work, (void *)i);
    }
    for (unsigned i = 0; i < AT_ONCE; i++)
        pthread_join(thread[i], NULL);
    drop_all_that_is_left();
    check_nothing_is_left();
    CHECK(cci_heap_users(&cci_heap_main) <= 1);
    CHECK(count_caches() <= AT_ONCE + 3); /* ended threads' caches serve again */
}

/* ---- full arrays ---- */

static void *fill_and_end(void *arg)
{
    uint64_t     rng = cci_random_seed((uintptr_t)arg);
    own_block_t *b[8 * KEPT];

    for (int i = 0; i < 8 * KEPT; i++)
        b[i] = own_make(&rng, 600);
    for (int i = 0; i < 8 * KEPT; i++)
        if (i % 8 == 0)
            leave_to_others(b[i]);
        else
            own_drop(b[i], i % 3);
    for (int i = 0; i < KEPT / 2; i++) {
        own_block_t *other = take_from_others();
        if (other)
            own_drop(other, i % 2);
    }
    return NULL;
}

static void full_arrays(void)
{
    run_storm(fill_and_end);
}

/* ---- destructors ---- */

/* What a C++ compiler makes of the destructor of a thread_local. */
extern int   __cxa_thread_atexit_impl(void (*destroy)(void *), void *object, void *library);
extern void *__dso_handle;

/* A destructor may set its key again; the system plays along four times, of which a sanitizer's
 * run-time needs the last for itself. */
enum { ROUNDS = CCMEM_INSTRUMENTED ? 2 : 3 };

static pthread_key_t early_key, late_key;
static _Atomic int   destroyed;

typedef struct luggage {
    uint64_t       rng;
    own_block_t   *block[KEPT];
    pthread_key_t *key;
    int            rounds;
} luggage_t;

/* Frees what the thread had, makes new blocks, frees most of them. */
static void use_late(luggage_t *l)
{
    for (int i = 0; i < KEPT; i++) {
        own_drop(l->block[i], i % 2);
        l->block[i] = own_make(&l->rng, i % 16 ? 600 : 50000);
    }
    for (int i = 0; i < KEPT; i += 8)
        leave_to_others(own_make(&l->rng, 600));
    void *p = cc_calloc(3, 100), *q = cc_realloc(cc_alloc(10), 10, 3000);
    CHECK(p && q && !memcmp(p, (char[300]){ 0 }, 300));
    q = cc_realloc(q, 3000, 60000);
    CHECK(q);
    cc_free(q, 60000);
    cc_free(p, 300);
    cc_thread_idle();
}

static void unpack(luggage_t *l)
{
    for (int i = 0; i < KEPT; i++)
        own_drop(l->block[i], i % 3);
    cc_free(l, sizeof *l);
    atomic_fetch_add(&destroyed, 1);
}

static void destroy(void *given)
{
    luggage_t *l = given;

    use_late(l);
    if (l->key && l->rounds++ < ROUNDS)
        pthread_setspecific(*l->key, l);
    else
        unpack(l);
}

static luggage_t *pack(pthread_key_t *key, uintptr_t seed)
{
    luggage_t *l = cc_alloc(sizeof *l);

    CHECK(l);
    *l = (luggage_t){ .rng = cci_random_seed(seed), .key = key };
    for (int i = 0; i < KEPT; i++)
        l->block[i] = own_make(&l->rng, 600);
    return l;
}

static void *end_with_destructors(void *arg)
{
    uintptr_t i = (uintptr_t)arg;

    pthread_setspecific(early_key, pack(&early_key, i));
    pthread_setspecific(late_key, pack(&late_key, i + STORM));
    __cxa_thread_atexit_impl(destroy, pack(NULL, i + 2 * STORM), &__dso_handle);
    return NULL;
}

/* Has used nothing before its destructor runs. */
static void make_and_drop(void *unused)
{
    uint64_t rng = cci_random_seed(1);

    (void)unused;
    for (int i = 0; i < KEPT; i++)
        own_drop(own_make(&rng, 600), i % 2);
    atomic_fetch_add(&destroyed, 1);
}

static pthread_key_t only_key;

static void *end_without_use(void *arg)
{
    pthread_setspecific(only_key, arg ? arg : (void *)1);
    return NULL;
}

static void destructors(void)
{
    atomic_store(&destroyed, 0);
    run_storm(end_with_destructors);
    CHECK(atomic_load(&destroyed) == 3 * STORM);
}

static void destructor_is_first_use(void)
{
    atomic_store(&destroyed, 0);
    run_storm(end_without_use);
    CHECK(atomic_load(&destroyed) == STORM);
}

/* ---- the first thread ends and the others go on ---- */

static pthread_key_t gone_key;
static _Atomic bool  gone;

/* Its key is younger than the heap's, so the heap is done with the thread. */
static void be_gone(void *unused)
{
    (void)unused;
    atomic_store(&gone, true);
}

static void *go_on(void *unused)
{
    (void)unused;
    while (!atomic_load(&gone))
        sched_yield();
    drop_all_that_is_left();
    check_nothing_is_left();
    CHECK(cci_heap_users(&cci_heap_main) == 1); /* this one */
    fprintf(stderr, "%s: ok\n", part);
    exit(0);
}

/* The last part. */
static void first_thread_ends(void)
{
    pthread_t thread;

    pthread_setspecific(gone_key, &gone);
    fill_and_end(NULL);
    start(&thread, go_on, NULL);
    pthread_exit(NULL);
}

int main(int argc, char **argv)
{
    static const stress_part_t parts[] = { { "full-arrays", full_arrays },
                                           { "destructors", destructors },
                                           { "destructor-is-first-use", destructor_is_first_use },
                                           { "first-thread-ends", first_thread_ends },
                                           { 0 } };

    CHECK(pthread_key_create(&early_key, destroy) == 0);
    CHECK(pthread_key_create(&late_key, destroy) == 0);
    CHECK(pthread_key_create(&only_key, make_and_drop) == 0);
    CHECK(pthread_key_create(&gone_key, be_gone) == 0);
    return stress_main(argc, argv, parts);
}
