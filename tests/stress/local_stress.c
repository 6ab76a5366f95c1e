/* SPDX-License-Identifier: MIT */
/* Threads that tell of blocks as fast as they can, and come and go, while the process reads what it
 * records of itself, starts and stops. What was told before an exact reading is in it, without a gap
 * and once.
 *
 * A block's address says which thread told of it, and as which one.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(e)                                                    \
    do {                                                            \
        if (!(e)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #e); \
            exit(1);                                                \
        }                                                           \
    } while (0)

#include "support/local_trace.h"
#include "trace/reader.h"

enum {
    THREADS  = 6,
    ROUNDS   = CCMEM_INSTRUMENTED ? 10 : 40,
    READINGS = 10,
    STRETCH  = 2000 /* events of a thread before another takes its place */
};

static const cci_local_t *const own = &cci_local_own;

/* What thread i has told of so far, whichever threads it has been. */
static _Atomic uint64_t told[THREADS];
static atomic_bool      ending;

static void *block(uintptr_t thread, uint64_t number)
{
    return (void *)((thread + 1) << 40 | (uintptr_t)number << 4);
}

static void *tell(void *number)
{
    const uintptr_t         i    = (uintptr_t)number;
    const cci_local_event_t e    = { CCI_OP_MALLOC, 24, 0, __builtin_frame_address(0) };
    uint64_t                next = atomic_load(&told[i]);

    for (unsigned n = 0; n < STRETCH && !atomic_load(&ending); n++) {
        own->allocated(own->allocating(), block(i, next), 24, &e);
        atomic_store(&told[i], ++next);
    }
    return NULL;
}

static void *tell_on(void *number)
{
    while (!atomic_load(&ending)) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, tell, number) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
    }
    return NULL;
}

/* ---- what is shown ---- */

typedef struct seen {
    uint64_t first[THREADS], count[THREADS];
} seen_t;

/* Chunks are looked at one after the other, so of what happens meanwhile a thread's events may be there
 * and those of the one before it not: `count` is up to the first gap. */
static void note(seen_t *seen, const cci_event_t *e)
{
    uint64_t i = (e->ptr >> 40) - 1, number = (e->ptr & 0xffffffffff) >> 4;

    CHECK(i < THREADS);
    if (seen->count[i] == 0)
        seen->first[i] = number;
    CHECK(number >= seen->first[i] + seen->count[i]);
    seen->count[i] += number == seen->first[i] + seen->count[i];
}

static void see(local_trace_t *l, seen_t *seen)
{
    cci_trace_t *t;
    cci_event_t  e;
    size_t       n;

    *seen                = (seen_t){ .count = { 0 } };
    const uint8_t *bytes = local_trace_file(l, &n);
    CHECK(cci_trace_open_memory(&t, bytes, n) == CC_RESULT_OK);
    while (cci_trace_next(t, &e))
        note(seen, &e);
    CHECK(!cci_trace_info(t)->incomplete && cci_trace_info(t)->lost_events == 0);
    cci_trace_close(t);
    free(l->file);
    l->file = NULL;
}

/* Nothing that was told before it is missing. Returns whether it was exact. */
static bool read_once(local_trace_t *l)
{
    uint64_t         before[THREADS];
    cci_clock_pair_t now;
    seen_t           seen;

    own->wait(5); /* until there is something to read */
    for (unsigned i = 0; i < THREADS; i++)
        before[i] = atomic_load(&told[i]);
    bool exact = own->read(local_trace_take, l, &now);
    see(l, &seen);
    for (unsigned i = 0; exact && i < THREADS; i++)
        CHECK(seen.count[i] == 0 || seen.first[i] + seen.count[i] >= before[i]);
    return exact;
}

static unsigned record_once(bool stacks)
{
    const cci_local_options_t options = { .mode          = CCI_MODE_FULL,
                                          .stacks        = stacks,
                                          .measure_every = 64 };
    local_trace_t             l;
    unsigned                  exact = 0;

    CHECK(own->start(&options) == CC_RESULT_OK);
    local_trace_begin(&l, own->header());
    for (unsigned i = 0; i < READINGS; i++)
        exact += read_once(&l);
    own->stop();
    local_trace_free(&l);
    return exact;
}

int main(void)
{
    pthread_t thread[THREADS];
    unsigned  exact = 0;

    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&thread[i], NULL, tell_on, (void *)i) == 0);
    for (unsigned round = 0; round < ROUNDS; round++)
        exact += record_once(round % 2);
    atomic_store(&ending, true);
    for (unsigned i = 0; i < THREADS; i++)
        CHECK(pthread_join(thread[i], NULL) == 0);
    printf("%u of %u readings were exact\n", exact, ROUNDS * READINGS);
    CHECK(exact > 0);
    return 0;
}
