/* SPDX-License-Identifier: MIT */
/* Prints what ccmem finds out about its malloc, one figure a line.
 *
 *     serving [--threads N] [--open BACKEND]... [REQUESTED]
 *
 * --threads: N threads ask at the same time, each its line of "serving verified". --open: ccmem
 * opens that backend first, which must change nothing. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ccmem/backend.h>
#include <ccmem/info.h>

enum { THREADS_MAX = 64, ASKS = 20 };

static const char       *requested;
static pthread_barrier_t start;

static void *ask(void *unused)
{
    cc_allocator_info_t info;
    char               *lines = malloc(ASKS * 40);
    size_t              n     = 0;

    pthread_barrier_wait(&start);
    for (int i = 0; i < ASKS; i++) {
        cc_allocator_info(requested, &info);
        n += (size_t)sprintf(lines + n, "%s %d\n", info.serving, info.verified);
    }
    fputs(lines, stdout);
    free(lines);
    return unused;
}

static void ask_at_once(unsigned threads)
{
    pthread_t thread[THREADS_MAX];

    pthread_barrier_init(&start, NULL, threads);
    for (unsigned i = 0; i < threads; i++)
        if (pthread_create(&thread[i], NULL, ask, NULL) != 0)
            abort();
    for (unsigned i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
}

int main(int argc, char **argv)
{
    cc_allocator_info_t info;
    unsigned            threads = 0;
    int                 i       = 1;

    for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
        const char *why = "";
        if (strcmp(argv[i], "--threads") == 0)
            threads = (unsigned)atoi(argv[i + 1]);
        else if (!cc_backend_find(argv[i + 1], &why))
            printf("refused=%s\n", why);
    }
    requested = i < argc ? argv[i] : NULL;
    if (threads > 0 && threads <= THREADS_MAX) {
        ask_at_once(threads);
        return 0;
    }
    cc_allocator_info(requested, &info);
    printf("requested=%s\nserving=%s\nmethod=%s\nverified=%d\nclaimed=%s\nversion=%s\nreason=%s\n",
           info.requested, info.serving, info.method, info.verified, info.claimed, info.version,
           info.reason);
    return 0;
}
