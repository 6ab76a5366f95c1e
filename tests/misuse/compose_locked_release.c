/* SPDX-License-Identifier: MIT */
/* A thread releases what another one holds. */
#include <pthread.h>
#include <ccmem/compose.h>
#include "support/misuse.h"

static void *release(void *locked)
{
    cc_locked_release(locked);
    return NULL;
}

MISUSE(CACHED, "ccmem: locked: released by a thread that does not hold it")
{
    cc_locked_t locked;
    pthread_t   other;

    if (cc_locked_init(&locked, cc_allocator_heap()) != CC_RESULT_OK)
        return;
    cc_locked_hold(&locked);
    if (pthread_create(&other, NULL, release, &locked) == 0)
        pthread_join(other, NULL);
}
