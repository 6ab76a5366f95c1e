/* SPDX-License-Identifier: MIT */
/* A callback of a sweep ends its thread. */
#include <pthread.h>
#include <ccmem/smr.h>
#include "support/misuse.h"

static cc_smr_t *domain;

static void end_thread(void *node, size_t size)
{
    cc_smr_free(node, size);
    pthread_exit(NULL);
}

static void *retire_and_leave(void *unused)
{
    cc_smr_guard_t *g    = cc_smr_enter(domain);
    void           *node = g ? cc_smr_alloc(g, 64) : NULL;

    (void)unused;
    if (!node)
        return NULL;
    cc_smr_retire(g, node, 64, end_thread);
    cc_smr_leave(g);
    cc_smr_poll(domain);
    return NULL;
}

MISUSE(CACHED, "ccmem: smr: a thread ended within a callback")
{
    pthread_t thread;

    domain = cc_smr_create(NULL);
    if (domain && pthread_create(&thread, NULL, retire_and_leave, NULL) == 0)
        pthread_join(thread, NULL);
}
