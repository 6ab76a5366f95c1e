/* SPDX-License-Identifier: MIT */
/* A table of settings that many threads read all the time and one replaces now and then: readers take no
 * lock, and the table that was replaced is freed once nobody reads it. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <ccmem/smr.h>

enum { READERS = 3, TABLES = 2000 };

typedef struct settings {
    cc_smr_node_t smr; /* first */
    int           version, width, height;
} settings_t;

static cc_smr_t   *domain;
static settings_t *current;
static atomic_bool is_over;

/* All or nothing of a table is seen, however long it takes to look. */
static void *read_settings(void *count)
{
    while (!atomic_load(&is_over)) {
        cc_smr_guard_t *g = cc_smr_enter(domain);
        if (!g)
            return NULL;
        const settings_t *s = cc_smr_protect(g, &current);
        if (s->height != 2 * s->width || s->width != s->version)
            abort();
        cc_smr_leave(g); /* s is not to be looked at any more */
        ++*(long *)count;
    }
    return NULL;
}

/* False: out of memory, and the old table stays. */
static bool replace(int version)
{
    cc_smr_guard_t *g = cc_smr_enter(domain);
    settings_t     *s = g ? cc_smr_alloc(g, sizeof *s) : NULL;

    if (s) {
        s->version = s->width = version;
        s->height             = 2 * version;
        settings_t *old       = __atomic_exchange_n(&current, s, __ATOMIC_ACQ_REL);
        if (old)
            cc_smr_retire(g, old, sizeof *old, NULL);
    }
    if (g)
        cc_smr_leave(g);
    return s != NULL;
}

int main(void)
{
    pthread_t readers[READERS];
    long      counts[READERS] = { 0 };

    domain = cc_smr_create(NULL);
    if (!domain || !replace(1))
        return 1;
    for (int i = 0; i < READERS; i++)
        if (pthread_create(&readers[i], NULL, read_settings, &counts[i]) != 0)
            return 1;
    for (int version = 2; version <= TABLES; version++)
        if (!replace(version))
            return 1;
    atomic_store(&is_over, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);

    cc_smr_barrier(domain);
    cc_smr_stats_t stats = cc_smr_stats(domain);
    printf("%d tables, %llu freed, %llu pending\n", current->version,
           (unsigned long long)stats.freed_count, (unsigned long long)stats.pending_count);
    cc_smr_free(current, sizeof *current);
    cc_smr_destroy(domain);
    return stats.freed_count == TABLES - 1 ? 0 : 1;
}
