/* SPDX-License-Identifier: MIT */
/* Does what it is told, line by line, and says when it has: so a test knows what must be seen of it
 * while it runs.
 *
 *     alloc N SIZE    N blocks
 *     free N          the newest N, by this thread
 *     cross N         the newest N, by another thread, which lives as long as the program
 *     spin N          N times malloc and free
 *     fork N          a child that allocates N blocks and ends
 *     end             returns from main
 */
#include <pthread.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCKS_MAX = 100000 };

static void *block[BLOCKS_MAX];
static long  blocks;

static pthread_mutex_t lock    = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t  changed = PTHREAD_COND_INITIALIZER;
static long            to_free;

static void allocate(long n, size_t size)
{
    for (; n > 0 && blocks < BLOCKS_MAX; n--)
        block[blocks++] = malloc(size);
}

static void release(long n)
{
    for (; n > 0 && blocks > 0; n--)
        free(block[--blocks]);
}

static void *release_what_is_asked(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    for (;;) {
        while (to_free == 0)
            pthread_cond_wait(&changed, &lock);
        release(to_free);
        to_free = 0;
        pthread_cond_broadcast(&changed);
    }
}

static void release_elsewhere(long n)
{
    static pthread_t thread;

    if (!thread && pthread_create(&thread, NULL, release_what_is_asked, NULL) != 0)
        exit(2);
    pthread_mutex_lock(&lock);
    to_free = n;
    pthread_cond_broadcast(&changed);
    while (to_free)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static void spin(long n)
{
    for (; n > 0; n--) {
        void *volatile p = malloc(32);
        free(p);
    }
}

static void fork_one(long n)
{
    pid_t child = fork();

    if (child == 0) {
        allocate(n, 10);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

/* No stdio: it would allocate. */
static int read_line(char *line, size_t size)
{
    size_t n = 0;

    while (n + 1 < size && read(STDIN_FILENO, line + n, 1) == 1) {
        if (line[n] == '\n') {
            line[n] = '\0';
            return 1;
        }
        n++;
    }
    return 0;
}

static void obey(const char *line)
{
    char   verb[16];
    long   n    = 0;
    size_t size = 0;

    sscanf(line, "%15s %ld %zu", verb, &n, &size);
    if (strcmp(verb, "alloc") == 0)
        allocate(n, size);
    else if (strcmp(verb, "free") == 0)
        release(n);
    else if (strcmp(verb, "cross") == 0)
        release_elsewhere(n);
    else if (strcmp(verb, "spin") == 0)
        spin(n);
    else if (strcmp(verb, "fork") == 0)
        fork_one(n);
}

int main(void)
{
    char line[64];

    while (read_line(line, sizeof line) && strcmp(line, "end") != 0) {
        obey(line);
        if (write(STDOUT_FILENO, "done\n", 5) != 5)
            return 1;
    }
    return 0;
}
