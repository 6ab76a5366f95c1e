/* SPDX-License-Identifier: MIT */
/* Threads over one locked tree, also freeing what others allocated, while one holds the lock to read
 * the figures: they fit each other at each such moment, and in the end nothing is left. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ccmem/compose.h>
#include "base/random.h"
#include "support/failing.h"

enum { THREADS = 4, OPS = CCMEM_INSTRUMENTED ? 4000 : 100000, BOXES = 32, SIZE_MOST = 200 };

#define CHECK(e)                                                    \
    do {                                                            \
        if (!(e)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #e); \
            exit(1);                                                \
        }                                                           \
    } while (0)

typedef struct block {
    size_t        size;
    unsigned char bytes[];
} block_t;

static cc_limit_t         room;
static cc_fallback_t      fallback;
static cc_track_t         track;
static cc_locked_t        locked;
static cc_allocator_t     a;
static _Atomic(block_t *) box[BOXES];
static atomic_bool        is_over;

static block_t *make(uint64_t *rng)
{
    const size_t size = sizeof(block_t) + (cci_random_next(rng) >> 40) % SIZE_MOST;
    block_t     *b    = cc_allocator_alloc(a, size, _Alignof(block_t));

    CHECK(b);
    b->size = size;
    memset(b->bytes, (int)(size & 0xFF), size - sizeof *b);
    return b;
}

static void drop(block_t *b)
{
    for (size_t i = 0; i < b->size - sizeof *b; i++)
        CHECK(b->bytes[i] == (b->size & 0xFF));
    cc_allocator_free(a, b, b->size, _Alignof(block_t));
}

/* Acquire and release: a block is whole in the hands of whoever takes it out. */
static void *exchange_blocks(void *arg)
{
    uint64_t rng = cci_random_seed((uintptr_t)arg);

    for (int i = 0; i < OPS; i++) {
        const size_t at   = (cci_random_next(&rng) >> 40) % BOXES;
        block_t     *mine = i % 3 ? make(&rng) : NULL;
        block_t     *b    = atomic_exchange_explicit(&box[at], mine, memory_order_acq_rel);
        if (b)
            drop(b);
    }
    return NULL;
}

static void *watch(void *arg)
{
    while (!atomic_load(&is_over)) {
        cc_locked_hold(&locked);
        const cc_track_stats_t s = cc_track_stats(&track);
        const cc_limit_stats_t r = cc_limit_stats(&room);
        cc_locked_release(&locked);
        CHECK(s.live_bytes == s.alloc_bytes - s.free_bytes);
        CHECK(s.live_count <= BOXES + 2 * THREADS);
        CHECK(r.used <= s.live_bytes);
    }
    return arg;
}

int main(void)
{
    failing_t first = { .fail_at = FAILING_NEVER }, second = first;
    pthread_t thread[THREADS], watcher;

    cc_limit_init(&room, failing_allocator(&first), BOXES / 3 * SIZE_MOST / 2);
    cc_fallback_init(&fallback, cc_limit_allocator(&room), failing_allocator(&second),
                     failing_allocator(&second));
    cc_track_init(&track, cc_fallback_allocator(&fallback));
    CHECK(cc_locked_init(&locked, cc_track_allocator(&track)) == CC_RESULT_OK);
    a = cc_locked_allocator(&locked);

    CHECK(pthread_create(&watcher, NULL, watch, NULL) == 0);
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&thread[i], NULL, exchange_blocks, (void *)i) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    atomic_store(&is_over, true);
    pthread_join(watcher, NULL);
    for (int i = 0; i < BOXES; i++)
        if (box[i])
            drop(box[i]);

    cc_locked_fini(&locked);
    CHECK(cc_track_stats(&track).live_count == 0);
    CHECK(first.requests > 0 && second.requests > 0);
    cc_fallback_fini(&fallback);
    CHECK(first.live_blocks == 0 && second.live_blocks == 0);
    return 0;
}
