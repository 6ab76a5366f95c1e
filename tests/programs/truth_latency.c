/* SPDX-License-Identifier: MIT */
/* truth_latency THREADS PAIRS: each thread allocates and frees PAIRS blocks of 40 bytes. */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

static void *volatile block_of_main;

static void *work(void *pairs)
{
    for (long i = *(long *)pairs; i > 0; i--) {
        void *volatile block = malloc(40);
        free(block);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t thread[64];
    int       threads = argc > 1 ? atoi(argv[1]) : 1;
    long      pairs   = argc > 2 ? atol(argv[2]) : 1000;

    assert(threads <= 64);
    block_of_main = malloc(1);
    for (int i = 0; i < threads; i++)
        assert(pthread_create(&thread[i], NULL, work, &pairs) == 0);
    for (int i = 0; i < threads; i++)
        assert(pthread_join(thread[i], NULL) == 0);
    free(block_of_main);
    return 0;
}
