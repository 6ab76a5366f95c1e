/* SPDX-License-Identifier: MIT */
/* A block is freed by one thread and then by another: found when the second one ends. */
#include <pthread.h>
#include <ccmem/alloc.h>
#include "support/misuse.h"

static void *free_rightly(void *p)
{
    cc_free(p, 150);
    return NULL;
}

MISUSE(CACHED, "ccmem: heap: block ADDRESS was freed twice")
{
    void     *p = cc_alloc(150);
    pthread_t thread;

    cc_free(p, 150);
    cc_thread_idle();
    if (pthread_create(&thread, NULL, free_rightly, p) == 0)
        pthread_join(thread, NULL);
}
