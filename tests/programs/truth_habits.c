/* SPDX-License-Identifier: MIT */
/* truth_habits HABIT: does something that a recommendation is about, as often as it takes. */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { TIMES = 100000, BATCH = 64 };

static void *volatile kept[BATCH];

static void temporary(void)
{
    for (int i = 0; i < TIMES; i++) {
        kept[0] = malloc(100 + i % 50);
        free(kept[0]);
    }
}

static void uniform(void)
{
    for (int i = 0; i < TIMES; i++) {
        free(kept[i % BATCH]);
        kept[i % BATCH] = malloc(64);
    }
}

/* A string that grows by a few bytes at a time, between other things. */
static void growth(void)
{
    for (int i = 1; i <= TIMES; i++) {
        kept[0] = realloc(kept[0], i % 5000 == 0 ? 8 : 8 + 4 * (size_t)(i % 5000));
        free(kept[1]);
        kept[1] = malloc(100 + i % 50);
    }
}

static void alignment(void)
{
    for (int i = 0; i < TIMES / 50; i++)
        kept[i % BATCH] = aligned_alloc(256, 64);
}

static void *many[TIMES];

static void *free_all(void *unused)
{
    (void)unused;
    for (int i = 0; i < TIMES; i++)
        free(many[i]);
    return NULL;
}

static void handover(void)
{
    pthread_t thread;

    for (int i = 0; i < TIMES; i++)
        many[i] = malloc(100 + i % 50);
    assert(pthread_create(&thread, NULL, free_all, NULL) == 0);
    assert(pthread_join(thread, NULL) == 0);
}

static const struct {
    const char *name;
    void (*run)(void);
} HABITS[] = { { "temporary", temporary },
               { "uniform", uniform },
               { "growth", growth },
               { "alignment", alignment },
               { "handover", handover } };

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof HABITS / sizeof HABITS[0]; i++)
        if (strcmp(argv[1], HABITS[i].name) == 0) {
            HABITS[i].run();
            return 0;
        }
    return 2;
}
