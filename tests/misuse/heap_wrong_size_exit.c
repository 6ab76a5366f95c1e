/* SPDX-License-Identifier: MIT */
/* One block is freed with a wrong size: found when the thread ends. */
#include <pthread.h>
#include <ccmem/alloc.h>
#include "support/misuse.h"

static void *free_wrongly(void *p)
{
    cc_free(p, 1000);
    return NULL;
}

MISUSE(CACHED, "ccmem: heap: block ADDRESS of 160 bytes was freed as one of 1024")
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, free_wrongly, cc_alloc(150)) == 0)
        pthread_join(thread, NULL);
}
