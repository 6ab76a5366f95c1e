/* SPDX-License-Identifier: MIT */
/* A callback of a barrier ends its thread, which was never in the domain. */
#include <pthread.h>
#include <ccmem/smr.h>
#include "support/misuse.h"

static cc_smr_t *domain;

static void end_thread(void *node, size_t size)
{
    cc_smr_free(node, size);
    pthread_exit(NULL);
}

static void *wait_for_all(void *unused)
{
    cc_smr_barrier(domain);
    return unused;
}

MISUSE(CACHED, "ccmem: smr: a thread ended within a callback")
{
    domain               = cc_smr_create(NULL);
    cc_smr_guard_t *g    = domain ? cc_smr_enter(domain) : NULL;
    void           *node = g ? cc_smr_alloc(g, 64) : NULL;
    pthread_t       thread;

    if (!node)
        return;
    cc_smr_retire(g, node, 64, end_thread);
    cc_smr_leave(g);
    if (pthread_create(&thread, NULL, wait_for_all, NULL) == 0)
        pthread_join(thread, NULL);
}
