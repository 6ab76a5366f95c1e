/* SPDX-License-Identifier: MIT */
/* truth_flow: 16 threads, of which thread i allocates 1 + (3 * i + 5 * j) % 17 blocks of 32 + i bytes
 * for each thread j, which frees them when all have allocated. Threads are named by their number. */
#define _GNU_SOURCE
#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 16, MOST = 17 };

static void             *blocks[THREADS][THREADS][MOST];
static pthread_barrier_t all_allocated;

static int blocks_for(int from, int to)
{
    return 1 + (3 * from + 5 * to) % MOST;
}

static void *work(void *argument)
{
    int  me = (int)(intptr_t)argument;
    char name[16];

    snprintf(name, sizeof name, "%d", me);
    pthread_setname_np(pthread_self(), name);
    for (int to = 0; to < THREADS; to++)
        for (int n = 0; n < blocks_for(me, to); n++)
            blocks[me][to][n] = malloc(32 + me);
    pthread_barrier_wait(&all_allocated);
    for (int from = 0; from < THREADS; from++)
        for (int n = 0; n < blocks_for(from, me); n++)
            free(blocks[from][me][n]);
    return NULL;
}

int main(void)
{
    pthread_t thread[THREADS];

    assert(pthread_barrier_init(&all_allocated, NULL, THREADS) == 0);
    for (intptr_t i = 0; i < THREADS; i++)
        assert(pthread_create(&thread[i], NULL, work, (void *)i) == 0);
    for (int i = 0; i < THREADS; i++)
        assert(pthread_join(thread[i], NULL) == 0);
    return 0;
}
