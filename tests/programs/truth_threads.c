/* SPDX-License-Identifier: MIT */
/* truth_threads.c - threads that allocate, and free each other's blocks; each keeps a ledger of
 * what it did, and main says them all. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include "truth.h"

enum { THREADS_MAX = 64, SLOTS = 256 };

typedef struct ledger {
    long     tid, allocs, frees, bytes, received;
    unsigned random;
} ledger_t;

typedef struct block {
    int  owner;
    char rest[];
} block_t;

static struct {
    ledger_t           ledger[THREADS_MAX];
    _Atomic long       sent[THREADS_MAX]; /* of a thread's blocks, freed by others */
    _Atomic(block_t *) slot[SLOTS];
    pthread_barrier_t  barrier;
    int                threads, rounds;
} all;

static unsigned next_random(ledger_t *l)
{
    l->random = l->random * 1664525u + 1013904223u;
    return l->random >> 8;
}

NOINLINE static block_t *take(ledger_t *l, int owner)
{
    size_t   size = sizeof(block_t) + next_random(l) % 1000;
    block_t *b    = malloc(size);

    b->owner = owner;
    l->allocs++;
    l->bytes += (long)size;
    return b;
}

NOINLINE static void give(ledger_t *l, int me, block_t *b)
{
    if (!b)
        return;
    if (b->owner != me) {
        l->received++;
        atomic_fetch_add(&all.sent[b->owner], 1);
    }
    l->frees++;
    free(b);
}

/* Blocks lie in slots that all threads exchange: whoever finds one frees it. */
static void *exchange(void *arg)
{
    int       me = (int)(long)arg;
    ledger_t *l  = &all.ledger[me];

    l->tid    = syscall(SYS_gettid);
    l->random = (unsigned)me + 1;
    pthread_barrier_wait(&all.barrier);
    for (int i = 0; i < all.rounds; i++)
        give(l, me, atomic_exchange(&all.slot[next_random(l) % SLOTS], take(l, me)));
    return NULL;
}

static void run_exchange(void)
{
    pthread_t thread[THREADS_MAX];

    pthread_barrier_init(&all.barrier, NULL, (unsigned)all.threads);
    for (long i = 1; i < all.threads; i++)
        pthread_create(&thread[i], NULL, exchange, (void *)i);
    exchange(NULL);
    for (int i = 1; i < all.threads; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < SLOTS; i++)
        give(&all.ledger[0], 0, atomic_exchange(&all.slot[i], NULL));
}

static void say_ledgers(void)
{
    say("[");
    for (int i = 0; i < all.threads; i++) {
        const ledger_t *l = &all.ledger[i];
        say("%s{\"tid\": %ld, \"allocs\": %ld, \"frees\": %ld, \"bytes\": %ld, \"sent\": %ld, "
            "\"received\": %ld}",
            i ? ",\n " : "", l->tid, l->allocs, l->frees, l->bytes, atomic_load(&all.sent[i]),
            l->received);
    }
    say("]\n");
}

/* ---- many short threads ---- */

static void *be_short(void *arg)
{
    (void)arg;
    void *leaves = malloc(40);
    free(malloc(50));
    void *other = malloc(60);
    free(other);
    return leaves;
}

static void run_short(int count)
{
    enum { AT_ONCE = 8 };
    pthread_t      thread[AT_ONCE];
    pthread_attr_t small; /* libc keeps all their stacks to use them again */
    void          *left;

    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 * 1024);
    for (int done = 0; done < count; done += AT_ONCE) {
        for (int i = 0; i < AT_ONCE; i++)
            pthread_create(&thread[i], &small, be_short, NULL);
        for (int i = 0; i < AT_ONCE; i++) {
            pthread_join(thread[i], &left);
            free(left);
        }
    }
}

/* "exchange THREADS ROUNDS" or "short COUNT" (a multiple of 8). */
int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "exchange") == 0) {
        all.threads = atoi(argv[2]);
        all.rounds  = atoi(argv[3]);
        if (all.threads < 1 || all.threads > THREADS_MAX)
            return 2;
        run_exchange();
        say_ledgers();
    } else if (argc == 3 && strcmp(argv[1], "short") == 0) {
        run_short(atoi(argv[2]));
    } else {
        return 2;
    }
    return 0;
}
