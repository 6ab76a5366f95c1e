/* SPDX-License-Identifier: MIT */
/* Block pools under threads: blocks freed by others, threads and pools that come and go, forks. Every
 * block knows what it is; memory stays within what the blocks in use and the caches explain.
 *
 *     blockpool_stress                    every part, with inline calls and with checked blocks
 *     blockpool_stress MODE [PART]        one of them: "inline", "checked"
 */
#include <stdatomic.h>
#include <sys/wait.h>

#include <ccmem/blockpool.h>
#include "support/heap_stress.h"

enum {
    THREADS = 8,
    OPS     = CCMEM_INSTRUMENTED ? 10000 : 100000, /* of each */
    BOXES   = 64,
    SLOTS   = 64,
    UNIT    = CC_BLOCKPOOL_UNIT
};

/* ---- blocks ---- */

/* The first bytes of a block; the last one is the tag again. */
typedef struct message {
    uint32_t size;
    uint8_t  align_shift, tag;
} message_t;

static message_t *try_make(cc_blockpool_t *pool, uint64_t *rng, size_t most)
{
    size_t     size  = sizeof(message_t) + 1 + random_below(rng, most);
    unsigned   shift = random_below(rng, 8) ? 4 : (unsigned)random_below(rng, 14);
    message_t *m     = shift == 4 ? cc_blockpool_alloc(pool, size)
                                  : cc_blockpool_alloc_aligned(pool, size, (size_t)1 << shift);

    if (!m)
        return NULL;
    CHECK((uintptr_t)m % ((size_t)1 << shift) == 0);
    *m = (message_t){ (uint32_t)size, (uint8_t)shift, (uint8_t)(size * 7 + shift) };
    ((uint8_t *)m)[size - 1] = m->tag;
    return m;
}

static message_t *make(cc_blockpool_t *pool, uint64_t *rng, size_t most)
{
    message_t *m = try_make(pool, rng, most);

    CHECK(m);
    return m;
}

static void drop(cc_blockpool_t *pool, message_t *m)
{
    size_t size = m->size, shift = m->align_shift;

    CHECK(m->tag == (uint8_t)(size * 7 + shift) && ((uint8_t *)m)[size - 1] == m->tag);
    if (shift == 4)
        cc_blockpool_free(pool, m, size);
    else
        cc_blockpool_free_aligned(pool, m, size, (size_t)1 << shift);
}

/* ---- pools ---- */

static void begin(cc_blockpool_t *pool, size_t limit)
{
    CHECK(cc_blockpool_init(pool, cc_allocator_system(), limit) == CC_RESULT_OK);
}

/* Everything was freed, and no other thread has blocks of the pool; they may have other pools. */
static void end(cc_blockpool_t *pool)
{
    cc_blockpool_stats_t s = cc_blockpool_stats(pool);

    CHECK(s.alloc_count == s.free_count && s.live_bytes == 0);
    cc_blockpool_trim(pool);
    s = cc_blockpool_stats(pool);
    CHECK(s.cached_bytes == 0 && s.reserved_bytes == 0);
    cc_blockpool_fini(pool);
}

static void run(unsigned threads, void *(*work)(void *))
{
    pthread_t thread[THREADS];

    for (uintptr_t i = 0; i < threads; i++)
        start(&thread[i], work, (void *)i);
    for (unsigned i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
}

static cc_blockpool_t shared;
static _Atomic bool   stop;

static bool stopped(void)
{
    return atomic_load_explicit(&stop, memory_order_relaxed);
}

/* ---- one allocates, one frees: memory stays flat ---- */

enum { RING = 256, PASSED = CCMEM_INSTRUMENTED ? 100000 : 2000000, MESSAGE = 960 };

static _Atomic(void *) ring[RING];

static void *produce(void *unused)
{
    (void)unused;
    for (size_t i = 0; i < PASSED; i++) {
        while (atomic_load_explicit(&ring[i % RING], memory_order_relaxed))
            sched_yield();
        size_t *p = cc_blockpool_alloc(&shared, MESSAGE);
        CHECK(p);
        *p = i;
        atomic_store_explicit(&ring[i % RING], p, memory_order_release);
    }
    return NULL;
}

static void *consume(void *unused)
{
    size_t *p;

    (void)unused;
    for (size_t i = 0; i < PASSED; i++) {
        while (!(p = atomic_load_explicit(&ring[i % RING], memory_order_acquire)))
            sched_yield();
        CHECK(*p == i);
        cc_blockpool_free(&shared, p, MESSAGE);
        atomic_store_explicit(&ring[i % RING], NULL, memory_order_relaxed);
    }
    return NULL;
}

static void *produce_or_consume(void *i)
{
    return i ? consume(NULL) : produce(NULL);
}

/* The producer asks for new blocks only while the depot is empty. Then all that were ever cut off are in
 * the ring and a hand on either side, in the consumer's two magazines and a third on its way to the
 * depot; it then gets up to a magazine more. Chunks are at most twice what they hold, and 64 units. */
static void flat(void)
{
    const size_t magazine = 128, block = 1024;
    const size_t bytes = (RING + 2 + 4 * magazine) * block;

    begin(&shared, 0);
    run(2, produce_or_consume);
    cc_blockpool_stats_t s = cc_blockpool_stats(&shared);
    CHECK(s.alloc_count == PASSED && s.free_count == PASSED);
    CHECK(s.peak_bytes <= 2 * bytes + 4 * UNIT);
    end(&shared);
}

/* ---- any thread frees any block, within a limit ---- */

static _Atomic(message_t *) box[BOXES];

static void empty_boxes(cc_blockpool_t *pool)
{
    for (int i = 0; i < BOXES; i++) {
        message_t *m = atomic_exchange(&box[i], NULL);
        if (m)
            drop(pool, m);
    }
}

static void exchange_messages(uint64_t *rng, unsigned ops, size_t most, bool may_fail)
{
    message_t *slot[SLOTS] = { 0 };

    for (unsigned i = 0; i < ops; i++) {
        message_t **s = &slot[random_below(rng, SLOTS)];
        if (!*s) {
            *s = try_make(&shared, rng, i % 64 ? most : 60000);
            CHECK(*s || may_fail);
        } else if (i % 4 == 0) { /* release: the block is whole; acquire: so is what comes */
            *s = atomic_exchange_explicit(&box[random_below(rng, BOXES)], *s, memory_order_acq_rel);
        } else {
            drop(&shared, *s);
            *s = NULL;
        }
        if (i % 5000 == 0)
            i % 10000 ? cc_blockpool_thread_idle(&shared) : cc_blockpool_trim(&shared);
    }
    for (int i = 0; i < SLOTS; i++)
        if (slot[i])
            drop(&shared, slot[i]);
}

static void *exchange_some(void *i)
{
    uint64_t rng = cci_random_seed((uintptr_t)i + 1);

    exchange_messages(&rng, OPS, 700, false);
    return NULL;
}

static void exchange(void)
{
    begin(&shared, 0);
    for (unsigned threads = 1; threads <= THREADS; threads *= 2) {
        run(threads, exchange_some);
        empty_boxes(&shared);
    }
    end(&shared);
}

static void *exchange_in_need(void *i)
{
    uint64_t rng = cci_random_seed((uintptr_t)i + 7);

    exchange_messages(&rng, OPS / 4, 9000, true);
    return NULL;
}

/* There is always somebody at the limit. */
static void at_the_limit(void)
{
    const size_t limit = 64 * UNIT;

    begin(&shared, limit);
    run(THREADS, exchange_in_need);
    empty_boxes(&shared);
    cc_blockpool_stats_t s = cc_blockpool_stats(&shared);
    CHECK(s.exhausted_count > 0 && s.peak_bytes <= limit);
    cc_blockpool_thread_idle(&shared);
    void *all = cc_blockpool_alloc(&shared, limit);
    if (!all) { /* not much was freed since somebody looked */
        cc_blockpool_trim(&shared);
        all = cc_blockpool_alloc(&shared, limit);
    }
    CHECK(all);
    cc_blockpool_free(&shared, all, limit);
    end(&shared);
}

/* ---- threads come and go, and so do pools ---- */

static void *live_short(void *i)
{
    uint64_t rng = cci_random_seed((uintptr_t)i + 13);

    exchange_messages(&rng, 300, 300, false);
    return NULL;
}

static void *start_others(void *i)
{
    for (uintptr_t k = 0; k < (CCMEM_INSTRUMENTED ? 30 : 300); k++) {
        pthread_t thread;
        start(&thread, live_short, (void *)((uintptr_t)i * 1000 + k));
        pthread_join(thread, NULL);
    }
    return NULL;
}

static void come_and_go(void)
{
    begin(&shared, 0);
    run(THREADS, start_others);
    empty_boxes(&shared);
    end(&shared);
}

/* Each thread makes and ends pools; all use one that stays. */
static void *make_pools(void *arg)
{
    uint64_t rng = cci_random_seed((uintptr_t)arg + 23);

    for (int round = 0; round < (CCMEM_INSTRUMENTED ? 30 : 300); round++) {
        cc_blockpool_t pool[3];
        message_t     *held[3][20];
        for (int k = 0; k < 3; k++)
            begin(&pool[k], k ? 0 : 64 * UNIT);
        for (int i = 0; i < 60; i++)
            held[i % 3][i / 3] = make(&pool[i % 3], &rng, 2000);
        for (int i = 0; i < 20; i++)
            drop(&pool[0], held[0][i]);
        end(&pool[0]);
        cc_blockpool_fini(&pool[1]); /* with all that is in use */
        for (int i = 0; i < 20; i++)
            drop(&pool[2], held[2][i]);
        end(&pool[2]);
        exchange_messages(&rng, 50, 300, false);
    }
    return NULL;
}

static void pools_come_and_go(void)
{
    begin(&shared, 0);
    run(THREADS, make_pools);
    empty_boxes(&shared);
    end(&shared);
}

/* ---- forks ---- */

enum { FORKS = CCMEM_INSTRUMENTED ? 15 : 40, OWN = 300, SECONDS = 20 };

static cc_blockpool_t upper, lower; /* the first over the second */
static message_t     *own[OWN];

static void *churn(void *arg)
{
    uint64_t   rng = cci_random_seed((uintptr_t)arg);
    message_t *held[100];

    while (!stopped()) {
        for (int i = 0; i < 100; i++)
            held[i] = make(i % 3 ? &shared : &upper, &rng, i % 25 ? 900 : 50000);
        for (int i = 0; i < 100; i++)
            drop(i % 3 ? &shared : &upper, held[i]);
        if (random_below(&rng, 4) == 0)
            cc_blockpool_trim(&shared);
    }
    return NULL;
}

static void *look(void *unused)
{
    (void)unused;
    while (!stopped()) {
        cc_blockpool_stats_t s = cc_blockpool_stats(&shared);
        CHECK(s.free_count <= s.alloc_count && s.live_bytes < (size_t)1 << 32);
        CHECK(s.reserved_bytes <= s.peak_bytes);
        sched_yield();
    }
    return NULL;
}

static void *make_others(void *arg)
{
    uint64_t rng = cci_random_seed((uintptr_t)arg);

    while (!stopped()) {
        cc_blockpool_t pool;
        begin(&pool, 0);
        drop(&pool, make(&pool, &rng, 900));
        end(&pool);
    }
    return NULL;
}

static void *live_in_child(void *unused)
{
    uint64_t rng = cci_random_seed(3);

    (void)unused;
    for (int i = 0; i < 300; i++) {
        drop(&shared, make(&shared, &rng, 900));
        drop(&upper, make(&upper, &rng, 50000));
    }
    return NULL;
}

static _Noreturn void live_on(void)
{
    uint64_t  rng = cci_random_seed(5);
    pthread_t thread;

    alarm(SECONDS);
    for (int i = 0; i < OWN; i++) {
        drop(&shared, own[i]);
        own[i] = make(&shared, &rng, i % 50 ? 900 : 50000);
        drop(&upper, make(&upper, &rng, 50000));
    }
    for (int i = 0; i < 4; i++) { /* on what other threads left */
        start(&thread, live_in_child, NULL);
        pthread_join(thread, NULL);
    }
    for (int i = 0; i < OWN; i++)
        drop(&shared, own[i]);
    cc_blockpool_trim(&shared);
    cc_blockpool_fini(&shared);
    cc_blockpool_fini(&upper);
    cc_blockpool_fini(&lower);
    begin(&shared, 0);
    drop(&shared, make(&shared, &rng, 900));
    end(&shared);
    _exit(0);
}

static void fork_once(void)
{
    int   status;
    pid_t child = fork();

    if (child == 0) {
        /* The malloc of a sanitizer may be locked here by a thread that is not. */
        if (CCMEM_INSTRUMENTED)
            _exit(0);
        live_on();
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}

/* All pools are there. */
static void fork_storm(void)
{
    void *(*const work[])(void *) = { churn, churn, churn, look, make_others };
    enum { WORKERS = sizeof work / sizeof *work };
    pthread_t thread[WORKERS];
    uint64_t  rng = cci_random_seed(77);

    for (int i = 0; i < OWN; i++)
        own[i] = make(&shared, &rng, i % 50 ? 900 : 50000);
    atomic_store(&stop, false);
    for (uintptr_t i = 0; i < WORKERS; i++)
        start(&thread[i], work[i], (void *)i);
    for (int i = 0; i < FORKS; i++)
        fork_once();
    atomic_store(&stop, true);
    for (unsigned i = 0; i < WORKERS; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < OWN; i++)
        drop(&shared, own[i]);
    end(&shared);
    end(&upper);
    end(&lower);
}

/* The pool over another has the higher index, as it has when none ended before, */
static void forks(void)
{
    begin(&lower, 0);
    begin(&shared, 0);
    CHECK(cc_blockpool_init(&upper, cc_blockpool_allocator(&lower), 0) == CC_RESULT_OK);
    fork_storm();
}

/* and the lower one. */
static void forks_of_others(void)
{
    cc_blockpool_t first;

    begin(&first, 0);
    begin(&lower, 0);
    begin(&shared, 0);
    cc_blockpool_fini(&first);
    CHECK(cc_blockpool_init(&upper, cc_blockpool_allocator(&lower), 0) == CC_RESULT_OK);
    fork_storm();
}

int main(int argc, char **argv)
{
    static const stress_part_t parts[] = {
        { "flat", flat },
        { "exchange", exchange },
        { "at-the-limit", at_the_limit },
        { "come-and-go", come_and_go },
        { "pools-come-and-go", pools_come_and_go },
        { "forks", forks },
        { "forks-of-others", forks_of_others },
        { 0 },
    };
    static const char *const variables[][2] = { { "CCMEM_HEAP_CHECK=0", NULL },
                                                { "CCMEM_HEAP_CHECK=1", NULL } };
    static const char *const modes[]        = { "inline", "checked" };
    static again_t           done;
    int                      status = 0;

    if (argc > 1)
        return stress_child(parts, argv[1], argc > 2 ? argv[2] : "");
    for (size_t i = 0; i < 2; i++) {
        again_run(&done, modes[i], variables[i]);
        fprintf(stderr, "%s%s", done.out, done.err);
        status |= done.status;
    }
    return status != 0;
}
