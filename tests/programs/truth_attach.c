/* SPDX-License-Identifier: MIT */
/* truth_attach.c - does what it is told to, word by word on standard input, and says when it is done:
 *
 *     once            malloc and free of one byte
 *     burst N         N blocks of 777 bytes, of which 5 stay
 *     keep N, drop    N blocks of 88 bytes that stay, and their end
 *     threads N       N threads from now on that allocate, write, check and free all the time; each
 *                     of them begins and ends a thread now and then
 *     rest            waits for all of them to end
 *     fork            a child that takes over standard input while it lives; "pid P"
 *     start           it records itself from now on; "busy" when it may not
 *     write FILE      what it recorded of itself so far; "inexact" when some thread was in the middle
 *     tell N          N blocks of 99 bytes that it tells of, each within one of malloc's
 *     stop            it does no longer record itself
 *     exit            ends this process
 *
 * A thread that finds a block changed ends the program with status 3.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include "truth.h"
#include "truth_local.h"

enum { BURST_BYTES = 777, BURST_STAY = 5, KEEP_BYTES = 88, KEPT_MAX = 100000, THREADS_MAX = 64 };

static void       *kept[KEPT_MAX];
static unsigned    kept_count;
static pthread_t   thread[THREADS_MAX];
static unsigned    threads;
static atomic_bool resting;

NOINLINE static void *burst_one(void)
{
    void *p = malloc(BURST_BYTES);
    KEEP_FRAME();
    return p;
}

NOINLINE static void *keep_one(void)
{
    void *p = malloc(KEEP_BYTES);
    KEEP_FRAME();
    return p;
}

static void burst(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        void *p = burst_one();
        if (i >= BURST_STAY)
            free(p);
    }
}

static void keep(unsigned n)
{
    while (n-- > 0 && kept_count < KEPT_MAX)
        kept[kept_count++] = keep_one();
}

static void drop(void)
{
    while (kept_count > 0)
        free(kept[--kept_count]);
}

/* ---- threads ---- */

enum { BLOCKS = 64, ROUNDS_A_THREAD = 2000 };

struct block {
    unsigned char *at;
    size_t         size;
    unsigned char  mark;
};

static void check(const struct block *b)
{
    for (size_t i = 0; i < b->size; i++)
        if (b->at[i] != b->mark)
            _exit(3);
}

static void renew(struct block *b, uint32_t *random)
{
    check(b);
    *random = *random * 1664525 + 1013904223;
    b->size = 1 + (*random >> 16) % 600;
    b->mark = (unsigned char)(*random >> 8);
    if (*random & 1) {
        free(b->at);
        b->at = malloc(b->size);
    } else {
        b->at = realloc(b->at, b->size);
    }
    if (!b->at)
        _exit(4);
    memset(b->at, b->mark, b->size);
}

static void work(uint32_t seed, unsigned rounds)
{
    struct block block[BLOCKS] = { { 0 } };

    for (unsigned i = 0; i < rounds; i++)
        renew(&block[i % BLOCKS], &seed);
    for (unsigned i = 0; i < BLOCKS; i++) {
        check(&block[i]);
        free(block[i].at);
    }
}

static void *short_life(void *arg)
{
    work((uint32_t)(uintptr_t)arg, 100);
    return NULL;
}

static void *long_life(void *arg)
{
    for (uint32_t seed = (uint32_t)(uintptr_t)arg; !atomic_load(&resting); seed += THREADS_MAX) {
        pthread_t child;
        work(seed, ROUNDS_A_THREAD);
        if (pthread_create(&child, NULL, short_life, (void *)(uintptr_t)seed) == 0)
            pthread_join(child, NULL);
    }
    return NULL;
}

static void start_threads(unsigned n)
{
    while (n-- > 0 && threads < THREADS_MAX) {
        if (pthread_create(&thread[threads], NULL, long_life, (void *)(uintptr_t)threads) != 0)
            _exit(5);
        threads++;
    }
}

static void rest(void)
{
    atomic_store(&resting, true);
    while (threads > 0)
        pthread_join(thread[--threads], NULL);
    atomic_store(&resting, false);
}

/* ---- orders ---- */

static bool read_line(char *line, size_t size)
{
    size_t n = 0;

    while (n + 1 < size && read(STDIN_FILENO, &line[n], 1) == 1) {
        if (line[n] == '\n') {
            line[n] = '\0';
            return true;
        }
        n++;
    }
    return false;
}

static void fork_one(void)
{
    pid_t child = fork();

    if (child == 0) {
        threads = 0; /* none came along */
        say("pid %d\n", getpid());
    } else {
        int status;
        waitpid(child, &status, 0);
        say("status %d\n", status);
    }
}

/* Returns the answer, NULL for another order. */
static const char *obey_local(const char *line)
{
    unsigned n = 0;

    if (strcmp(line, "start") == 0)
        return local_start();
    if (strncmp(line, "write ", 6) == 0)
        return local_write(line + 6);
    if (strcmp(line, "stop") == 0)
        local_table()->stop();
    else if (sscanf(line, "tell %u", &n) == 1)
        local_tell(n);
    else
        return NULL;
    return "done";
}

static void obey(const char *line)
{
    unsigned n = 0;

    if (strcmp(line, "once") == 0)
        free(malloc(1));
    else if (sscanf(line, "burst %u", &n) == 1)
        burst(n);
    else if (sscanf(line, "keep %u", &n) == 1)
        keep(n);
    else if (strcmp(line, "drop") == 0)
        drop();
    else if (sscanf(line, "threads %u", &n) == 1)
        start_threads(n);
    else if (strcmp(line, "rest") == 0)
        rest();
}

int main(void)
{
    char line[512];

    while (read_line(line, sizeof line)) {
        if (strcmp(line, "exit") == 0)
            return 0;
        if (strcmp(line, "fork") == 0) {
            fork_one();
        } else {
            const char *answer = obey_local(line);
            if (!answer)
                obey(line);
            say("%s\n", answer ? answer : "done");
        }
    }
    return 0;
}
