/* SPDX-License-Identifier: MIT */
/* Buffers that threads share: whoever needs one takes the one that was used last, which is warm, and
 * makes another only when there is none. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <ccmem/alloc.h>
#include <ccmem/lfstack.h>

enum { THREADS = 4, REQUESTS = 20000, BUFFER_BYTES = 4096 };

static cc_lfstack_t *idle;

static void *take_buffer(void)
{
    uintptr_t buffer;

    return cc_lfstack_try_pop(idle, &buffer) ? (void *)buffer : cc_alloc(BUFFER_BYTES);
}

static void give_buffer(void *buffer)
{
    if (cc_lfstack_push(idle, (uintptr_t)buffer) != CC_RESULT_OK)
        cc_free(buffer, BUFFER_BYTES);
}

/* Counts the answers that somebody else has written over. */
static void *serve(void *argument)
{
    const int number = *(const int *)argument;
    size_t    wrong  = 0;

    for (int i = 0; i < REQUESTS; i++) {
        unsigned char *buffer = take_buffer();
        if (!buffer)
            return argument;
        memset(buffer, number, 64);
        wrong += buffer[63] != number;
        give_buffer(buffer);
    }
    return wrong ? argument : NULL;
}

static void free_buffer(uintptr_t buffer, void *unused)
{
    (void)unused;
    cc_free((void *)buffer, BUFFER_BYTES);
}

int main(void)
{
    pthread_t thread[THREADS];
    int       number[THREADS], failed = 0;

    idle = cc_lfstack_create(NULL);
    if (!idle)
        return 1;
    for (int t = 0; t < THREADS; t++) {
        number[t] = t;
        if (pthread_create(&thread[t], NULL, serve, &number[t]) != 0)
            return 1;
    }
    for (int t = 0; t < THREADS; t++) {
        void *result;
        pthread_join(thread[t], &result);
        failed |= result != NULL;
    }
    size_t made = cc_lfstack_pop_all(idle, free_buffer, NULL);
    printf("%d requests, few buffers: %s\n", THREADS * REQUESTS, made <= THREADS ? "yes" : "no");
    cc_lfstack_destroy(idle);
    return failed || made > THREADS;
}
