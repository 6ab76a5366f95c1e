/* SPDX-License-Identifier: MIT */
/* The bounded queue is never said to be full while there is room: one producer, and consumers that are
 * stopped wherever they are. Words that came out before a push began have made room for it, also when who
 * took an older one is not done with its slot. */
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <ccmem/lfqueue.h>

#include "support/alarms.h"

#define CHECK(e)                                                    \
    do {                                                            \
        if (!(e)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #e); \
            exit(1);                                                \
        }                                                           \
    } while (0)

enum { THREADS = 4, CAPACITY = 2, WORDS = CCMEM_INSTRUMENTED ? 5000 : 300000 };

static cc_lfqueue_bounded_t *queue;
static _Atomic size_t        popped; /* release pairs with has_room: the pop had ended */

static bool has_room(size_t pushed)
{
    return pushed - atomic_load_explicit(&popped, memory_order_acquire) < CAPACITY;
}

static void produce(void)
{
    for (size_t i = 0; i < WORDS;)
        if (has_room(i)) {
            CHECK(cc_lfqueue_bounded_try_push(queue, i));
            i++;
        } else {
            sched_yield();
        }
}

static void consume(void)
{
    uintptr_t word;

    while (atomic_load_explicit(&popped, memory_order_relaxed) < WORDS)
        if (cc_lfqueue_bounded_try_pop(queue, &word))
            atomic_fetch_add_explicit(&popped, 1, memory_order_release);
        else
            sched_yield();
}

static void *work(void *arg)
{
    alarms_mask(arg ? SIG_UNBLOCK : SIG_BLOCK);
    if (!arg)
        produce();
    else
        consume();
    return NULL;
}

int main(void)
{
    pthread_t thread[THREADS];

    queue = cc_lfqueue_bounded_create(CAPACITY);
    CHECK(queue);
    alarms_for_others();
    for (size_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&thread[i], NULL, work, i ? queue : NULL) == 0);
    alarms(true);
    for (size_t i = 0; i < THREADS; i++)
        CHECK(pthread_join(thread[i], NULL) == 0);
    alarms(false);
    CHECK(popped == WORDS);
    cc_lfqueue_bounded_destroy(queue);
    return 0;
}
