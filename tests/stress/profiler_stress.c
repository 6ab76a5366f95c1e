/* SPDX-License-Identifier: MIT */
/* Threads that allocate, hand over and end, while others start, look at, reset and stop profilers: every
 * look is consistent with itself, and one that lasted from before the first block to after the last
 * knows them all.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <ccmem/alloc.h>
#include <ccmem/profiler.h>

enum {
    WORKERS = 6,
    LOOKERS = 3,
    ROUNDS  = CCMEM_INSTRUMENTED ? 40 : 150,
    BLOCKS  = 200,
    LOOKS   = CCMEM_INSTRUMENTED ? 25 : 60
};

#define CHECK(e)                                                    \
    do {                                                            \
        if (!(e)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #e); \
            abort();                                                \
        }                                                           \
    } while (0)

static void *_Atomic    mailbox[WORKERS * BLOCKS];
static _Atomic uint64_t allocs, frees;

static void swap(size_t slot, void *block)
{
    void *old = atomic_exchange(&mailbox[slot], block);

    if (!old)
        return;
    cc_free(old, 40);
    atomic_fetch_add(&frees, 1);
}

/* Each block goes where any thread finds and frees it. */
static void *allocate(void *seed)
{
    uint64_t state = (uintptr_t)seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

    for (size_t i = 0; i < BLOCKS; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        void *block = cc_alloc(40);
        CHECK(block);
        atomic_fetch_add(&allocs, 1);
        swap(state % (WORKERS * BLOCKS), block);
    }
    return NULL;
}

static void *come_and_go(void *number)
{
    for (uintptr_t i = 0; i < ROUNDS; i++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, allocate,
                             (void *)((uintptr_t)number * ROUNDS + i + 1)) == 0);
        pthread_join(thread, NULL);
    }
    return NULL;
}

static void check(const cc_profiler_report_t *r)
{
    uint64_t count = 0, sent = 0, received = 0, thread_allocs = 0;

    for (size_t i = 0; i < r->size_histogram.bucket_count; i++)
        count += r->size_histogram.buckets[i].count;
    for (size_t i = 0; i < r->thread_count; i++) {
        thread_allocs += r->thread_stats[i].alloc_count;
        sent += r->thread_stats[i].cross_thread_frees_sent;
        received += r->thread_stats[i].cross_thread_frees_received;
    }
    CHECK(count == r->alloc_count && thread_allocs == r->alloc_count);
    CHECK(sent == received && sent == r->cross_thread_free_count);
    CHECK(r->alloc_bytes == 40 * r->alloc_count);
    if (!(r->current_allocated <= r->peak_allocated && r->peak_allocated <= r->alloc_bytes)) {
        fprintf(stderr, "cur %lu peak %lu ab %lu ac %lu fc %lu fb %lu\n", r->current_allocated,
                r->peak_allocated, r->alloc_bytes, r->alloc_count, r->free_count, r->free_bytes);
        abort();
    }
    CHECK(r->current_allocated == r->alloc_bytes - r->free_bytes);
    CHECK(r->lost_events == 0);
}

static void look(cc_profiler_t *p)
{
    const cc_profiler_report_t *r;

    CHECK(cc_profiler_snapshot(p, &r) == CC_RESULT_OK);
    check(r);
    cc_profiler_report_destroy(r);
}

static cc_profiler_t *create(bool leaks)
{
    cc_profiler_options_t options = CC_PROFILER_OPTIONS_DEFAULT;
    cc_profiler_t        *p;

    options.track_per_thread = true;
    options.detect_leaks     = leaks;
    CHECK(cc_profiler_create(&p, &options) == CC_RESULT_OK);
    return p;
}

static void *watch(void *leaks)
{
    cc_profiler_t *p = create(leaks != NULL);

    for (size_t i = 0; i < LOOKS; i++) {
        CHECK(cc_profiler_start(p) == CC_RESULT_OK);
        look(p);
        CHECK(cc_profiler_reset(p) == CC_RESULT_OK);
        look(p);
        cc_profiler_stop(p);
        look(p);
    }
    cc_profiler_destroy(p);
    return NULL;
}

int main(void)
{
    pthread_t      worker[WORKERS], looker[LOOKERS];
    cc_profiler_t *whole = create(false);

    CHECK(cc_profiler_start(whole) == CC_RESULT_OK);
    for (uintptr_t i = 0; i < WORKERS; i++)
        CHECK(pthread_create(&worker[i], NULL, come_and_go, (void *)i) == 0);
    for (uintptr_t i = 0; i < LOOKERS; i++)
        CHECK(pthread_create(&looker[i], NULL, watch, (void *)i) == 0);
    for (size_t i = 0; i < LOOKERS; i++)
        pthread_join(looker[i], NULL);
    for (size_t i = 0; i < WORKERS; i++)
        pthread_join(worker[i], NULL);
    for (size_t i = 0; i < WORKERS * BLOCKS; i++)
        swap(i, NULL);

    const cc_profiler_report_t *r;
    cc_profiler_stop(whole);
    CHECK(cc_profiler_report(whole, &r) == CC_RESULT_OK);
    check(r);
    CHECK(r->alloc_count == atomic_load(&allocs) && r->free_count == atomic_load(&frees));
    CHECK(r->current_allocated == 0);
    cc_profiler_report_destroy(r);
    cc_profiler_destroy(whole);
    return 0;
}
