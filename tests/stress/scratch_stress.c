/* SPDX-License-Identifier: MIT */
/* Threads that come and go, each with scratches of its own, also in destructors that run when those
 * are gone already. Nothing is shared, and nothing is left. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ccmem/alloc.h>
#include <ccmem/scratch.h>

enum { THREADS = 8, ROUNDS = CCMEM_INSTRUMENTED ? 20 : 100, CALLS = 300 };

static pthread_key_t late;

static void check(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "scratch_stress: %s\n", what);
        exit(1);
    }
}

/* A block of each scratch on the way down; all are as they were on the way up. */
static void call(cc_scratch_t *caller, unsigned tag, int depth)
{
    cc_scratch_t *s = cc_scratch_thread(&caller, caller != NULL);
    check(s && s != caller, "a scratch is in use");
    cc_scratch_scope_t scope = cc_scratch_begin(s);
    size_t             size  = 1 + (tag * 97 + (unsigned)depth * 31) % 3000;
    unsigned char     *p     = cc_scratch_alloc(s, size, 8);

    check(p, "no memory");
    memset(p, (int)tag, size);
    if (depth > 0)
        call(s, tag + 1, depth - 1);
    check(p[0] == (unsigned char)tag && p[size - 1] == (unsigned char)tag, "a block has changed");
    cc_scratch_end(scope);
}

static void call_late(void *tag)
{
    call(NULL, *(unsigned char *)tag, 3);
}

static void *run(void *tag)
{
    for (int i = 0; i < CALLS; i++)
        call(NULL, *(unsigned char *)tag + (unsigned)i, i % 7);
    check(pthread_setspecific(late, tag) == 0, "no room for a key");
    return NULL;
}

int main(void)
{
    static unsigned char tags[THREADS];
    pthread_t            thread[THREADS];

    cc_alloc_stats_enable(true);
    check(cc_scratch_thread(NULL, 0), "no memory"); /* its key is older, and its destructor first */
    check(pthread_key_create(&late, call_late) == 0, "no key");
    uint64_t before = cc_alloc_stats_snapshot().current_allocated;
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < THREADS; i++) {
            tags[i] = (unsigned char)(i * 16 + (unsigned)round);
            check(pthread_create(&thread[i], NULL, run, &tags[i]) == 0, "no thread");
        }
        for (size_t i = 0; i < THREADS; i++)
            pthread_join(thread[i], NULL);
    }
    check(cc_alloc_stats_snapshot().current_allocated == before, "something is left");
    check(cc_alloc_stats_snapshot().alloc_count >= (uint64_t)THREADS * ROUNDS,
          "nothing was counted");
    printf("%d threads\n", THREADS * ROUNDS);
    return 0;
}
