/* SPDX-License-Identifier: MIT */
/* Threads that allocate, and free what others allocated, while a further one looks at the statistics.
 *
 *     heap_threads_stress                     every part on every backend
 *     heap_threads_stress BACKEND [PART]      on one, "test" is the test's own
 */
#include <stdatomic.h>

#include "support/heap_stress.h"

enum {
    THREADS_MAX = 32,
    OPS         = CCMEM_INSTRUMENTED ? 40000 : 400000, /* of all threads together */
    SLOTS       = 64,
    BOXES       = 64,
    SIZE_MOST   = 700,
    LARGE_MOST  = 60000
};

static unsigned threads;

/* ---- exchange: any thread frees any block ---- */

static _Atomic(own_block_t *) box[BOXES];
static _Atomic uint64_t       made, dropped, dropped_unsized;

static void drop(own_block_t *b, bool sized)
{
    own_drop(b, sized);
    atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
    if (!sized)
        atomic_fetch_add_explicit(&dropped_unsized, 1, memory_order_relaxed);
}

static void *exchange_blocks(void *arg)
{
    uint64_t     rng         = cci_random_seed((uintptr_t)arg);
    own_block_t *slot[SLOTS] = { 0 };

    for (unsigned i = 0; i < OPS / threads; i++) {
        own_block_t **s = &slot[random_below(&rng, SLOTS)];
        if (!*s) {
            *s = own_make(&rng, i % 64 ? SIZE_MOST : LARGE_MOST);
            atomic_fetch_add_explicit(&made, 1, memory_order_relaxed);
        } else if (i % 4 == 0) { /* release: the block is whole; acquire: so is what comes */
            *s =
                atomic_exchange_explicit(&box[random_below(&rng, BOXES)], *s, memory_order_acq_rel);
        } else {
            drop(*s, random_below(&rng, 4));
            *s = NULL;
        }
        if (i % 20000 == 0)
            i % 40000 ? cc_thread_idle() : cc_trim();
    }
    for (int i = 0; i < SLOTS; i++)
        if (slot[i])
            drop(slot[i], true);
    return NULL;
}

static void exchange(void)
{
    pthread_t thread[THREADS_MAX];

    for (threads = 1; threads <= THREADS_MAX; threads *= 2) {
        cc_alloc_stats_reset();
        made = dropped = dropped_unsized = 0;
        for (uintptr_t i = 0; i < threads; i++)
            start(&thread[i], exchange_blocks, (void *)(i + threads));
        for (unsigned i = 0; i < threads; i++)
            pthread_join(thread[i], NULL);
        for (int i = 0; i < BOXES; i++) {
            own_block_t *b = atomic_exchange(&box[i], NULL);
            if (b)
                drop(b, true);
        }
        cc_alloc_snapshot_t s = cc_alloc_stats_snapshot();
        CHECK(s.alloc_count == made && s.free_count == dropped);
        CHECK(s.unsized_free_count == dropped_unsized);
        check_nothing_is_left();
    }
}

/* ---- a line: one allocates, the next hands on, the last frees ---- */

enum { RING = 256 };

typedef struct ring {
    _Atomic(own_block_t *) slot[RING];
} ring_t;

static ring_t line[2];

static void put(ring_t *r, unsigned i, own_block_t *b)
{
    while (atomic_load_explicit(&r->slot[i % RING], memory_order_relaxed))
        sched_yield();
    atomic_store_explicit(&r->slot[i % RING], b, memory_order_release);
}

static own_block_t *get(ring_t *r, unsigned i)
{
    own_block_t *b;

    while (!(b = atomic_load_explicit(&r->slot[i % RING], memory_order_acquire)))
        sched_yield();
    atomic_store_explicit(&r->slot[i % RING], NULL, memory_order_relaxed);
    return b;
}

enum { PASSED = OPS / 8 };

static void *allocate_for_others(void *unused)
{
    uint64_t rng = cci_random_seed(3);

    (void)unused;
    for (unsigned i = 0; i < PASSED; i++)
        put(&line[0], i, own_make(&rng, 100));
    return NULL;
}

/* In bunches, as what is retired is freed later. */
static void *retire(void *unused)
{
    enum { BUNCH = 100 };
    own_block_t *held[BUNCH];

    (void)unused;
    for (unsigned i = 0; i < PASSED; i += BUNCH) {
        for (unsigned k = 0; k < BUNCH; k++)
            held[k] = get(&line[0], i + k);
        for (unsigned k = 0; k < BUNCH; k++)
            put(&line[1], i + k, held[k]);
    }
    return NULL;
}

static void *free_of_others(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < PASSED; i++)
        own_drop(get(&line[1], i), i % 3);
    return NULL;
}

static void pass_on(void)
{
    void *(*const work[3])(void *) = { allocate_for_others, retire, free_of_others };
    pthread_t thread[3];

    cc_alloc_stats_reset();
    for (int i = 0; i < 3; i++)
        start(&thread[i], work[i], NULL);
    for (int i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
    CHECK(cc_alloc_stats_snapshot().alloc_count == PASSED);
    check_nothing_is_left();
}

/* ---- statistics while eight threads run ---- */

static _Atomic bool stop;

static void *churn(void *arg)
{
    uint64_t     rng = cci_random_seed((uintptr_t)arg + 99);
    own_block_t *held[SLOTS * 4];

    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        size_t n = 1 + random_below(&rng, SLOTS * 4);
        for (size_t i = 0; i < n; i++)
            held[i] = own_make(&rng, 200);
        for (size_t i = 0; i < n; i++) {
            own_block_t *b = atomic_exchange_explicit(&box[random_below(&rng, BOXES)], held[i],
                                                      memory_order_acq_rel);
            if (b)
                own_drop(b, i % 2);
        }
        if (random_below(&rng, 50) == 0)
            cc_thread_idle();
    }
    return NULL;
}

/* Whenever it is taken, no free without its allocation, and no number from below 0. */
static void check_snapshot(const cc_alloc_snapshot_t *s, const cc_alloc_snapshot_t *before)
{
    const uint64_t most = UINT64_C(1) << 32; /* more than these threads ever have */

    CHECK(s->free_count <= s->alloc_count && s->free_bytes <= s->alloc_bytes);
    CHECK(s->current_allocated == s->alloc_bytes - s->free_bytes);
    CHECK(s->unsized_free_count <= s->alloc_count);
    CHECK(s->backend_free_count <= s->backend_alloc_count);
    CHECK(s->current_allocated < most && s->cached_bytes < most);
    CHECK(s->alloc_count >= before->alloc_count && s->alloc_bytes >= before->alloc_bytes);
}

/* One block at a time, which comes from the depot and goes back: a figure that is one too high shows. */
static void *move_one(void *unused)
{
    (void)unused;
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        void *p = cc_alloc(640);
        CHECK(p);
        cc_free(p, 640);
        cc_thread_idle();
    }
    return NULL;
}

static void look_on(void *(*work)(void *), unsigned workers)
{
    enum { SNAPSHOTS = CCMEM_INSTRUMENTED ? 1500 : 8000 };
    pthread_t           thread[THREADS_MAX];
    cc_alloc_snapshot_t before = { 0 };

    cc_alloc_stats_reset();
    atomic_store(&stop, false);
    for (uintptr_t i = 0; i < workers; i++)
        start(&thread[i], work, (void *)i);
    for (int i = 0; i < SNAPSHOTS; i++) {
        cc_alloc_snapshot_t s = cc_alloc_stats_snapshot();
        check_snapshot(&s, &before);
        before = s;
    }
    atomic_store(&stop, true);
    for (unsigned i = 0; i < workers; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < BOXES; i++) {
        own_block_t *b = atomic_exchange(&box[i], NULL);
        if (b)
            own_drop(b, true);
    }
    check_nothing_is_left();
}

static void snapshots(void)
{
    look_on(churn, 8);
    look_on(move_one, 1);
    look_on(move_one, 4);
}

int main(int argc, char **argv)
{
    static const stress_part_t parts[] = {
        { "exchange", exchange }, { "pass-on", pass_on }, { "snapshots", snapshots }, { 0 }
    };
    return stress_main(argc, argv, parts);
}
