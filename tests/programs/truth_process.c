/* SPDX-License-Identifier: MIT */
/* truth_process.c - programs that do to themselves what a recorder must survive. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "truth.h"

extern char **environ;

NOINLINE static void work(int count, size_t size)
{
    for (int i = 0; i < count; i++)
        free(malloc(size));
    KEEP_FRAME();
}

NOINLINE static void *keep(size_t size)
{
    void *p = malloc(size);
    KEEP_FRAME();
    return p;
}

static int status_of(pid_t child)
{
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- forks ---- */

static void *parents;

/* 7 of 33 bytes, one of which stays, and the parent's block goes. */
static _Noreturn void be_child(void)
{
    keep(33);
    work(6, 33);
    free(parents);
    exit(5);
}

static int after_fork(pid_t child)
{
    if (child == 0)
        be_child();
    say("%d\n", child);
    work(10, 44);
    int status = status_of(child);
    free(parents);
    return status == 5 ? 0 : 1;
}

static int forks(void)
{
    parents = keep(22);
    return after_fork(fork());
}

static int forks_raw(void)
{
    parents = keep(22);
    return after_fork((pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
}

static void *fork_in_thread(void *arg)
{
    *(int *)arg = after_fork(fork());
    return NULL;
}

static int forks_in_thread(void)
{
    pthread_t thread;
    int       result = 1;

    parents = keep(22);
    pthread_create(&thread, NULL, fork_in_thread, &result);
    pthread_join(thread, NULL);
    return result;
}

/* Forks while other threads allocate: whatever they were at must not matter in the child. */
static _Atomic int stop;

static void *allocate_until_stop(void *arg)
{
    while (!stop)
        work(1, 55);
    return arg;
}

static int forks_among_threads(void)
{
    enum { THREADS = 3, FORKS = 50 };
    pthread_t thread[THREADS];
    int       failed = 0;

    for (int i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, allocate_until_stop, NULL);
    for (int i = 0; i < FORKS; i++) {
        pid_t child = fork();
        if (child == 0) {
            work(1000, 33);
            _exit(5);
        }
        failed |= status_of(child) != 5;
    }
    stop = 1;
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    return failed;
}

/* The child of vfork is in its parent's memory. */
static int vforks(void)
{
    char *const argv[] = { "true", NULL };

    work(5, 22);
    pid_t child = vfork();
    if (child == 0) {
        execve("/bin/true", argv, environ);
        _exit(1);
    }
    work(10, 44);
    return status_of(child);
}

static int spawns(void)
{
    char *const argv[] = { "true", NULL };
    pid_t       child;

    work(5, 22);
    if (posix_spawn(&child, "/bin/true", NULL, NULL, argv, environ) != 0)
        return 1;
    work(10, 44);
    return status_of(child);
}

/* ---- exec ---- */

static int ends_quietly(void)
{
    work(3, 66);
    return 6;
}

static int execs(void)
{
    char *const argv[] = { "truth_process", "ends_quietly", NULL };

    work(5, 22);
    execv("/proc/self/exe", argv);
    return 1;
}

/* As many programs, one after the other in this process, as TRUTH_EXECS says; the last but n
 * allocates n times. */
static int execs_often(void)
{
    char *const argv[] = { "truth_process", "execs_often", NULL };
    const char *times  = getenv("TRUTH_EXECS");
    int         left   = times ? atoi(times) : 0;
    char        less[16];

    work(left, 66);
    if (left <= 1)
        return 6;
    snprintf(less, sizeof less, "%d", left - 1);
    setenv("TRUTH_EXECS", less, 1);
    execv("/proc/self/exe", argv);
    return 1;
}

/* An exec that fails leaves all as it is. */
static int exec_fails(void)
{
    char *const argv[] = { "nothing", NULL };

    work(5, 22);
    execv("/nonexistent/nothing", argv);
    work(5, 22);
    return 0;
}

/* ---- surroundings; enough work that the recorder needs more of them than at the start ---- */

enum { MUCH = 200000 };

static int closes_everything(void)
{
    work(1, 77);
    for (int fd = 3; fd < 1024; fd++)
        close(fd);
    work(MUCH, 77);
    return 0;
}

/* The descriptors it then opens are its own, whatever was there before. */
static int uses_every_descriptor(void)
{
    work(1, 77);
    for (int fd = 3; fd < 100; fd++)
        dup2(STDOUT_FILENO, fd);
    work(MUCH, 77);
    say("whole\n");
    return 0;
}

static int changes_directory(void)
{
    work(1, 77);
    if (chdir("/") != 0)
        return 1;
    work(MUCH, 77);
    return 0;
}

static int drops_environment(void)
{
    work(1, 77);
    clearenv();
    work(MUCH, 77);
    return 0;
}

/* The environment as the program sees it. */
static int shows_environment(void)
{
    for (char **e = environ; *e; e++)
        say("%s\n", *e);
    work(1, 77);
    return 0;
}

/* ---- ends ---- */

static int aborts(void)
{
    keep(88);
    work(MUCH, 77);
    abort();
}

static int is_killed(void)
{
    keep(88);
    work(MUCH, 77);
    return kill(getpid(), SIGKILL);
}

static int crashes(void)
{
    volatile int *nowhere = NULL;

    keep(88);
    work(MUCH, 77);
    return *nowhere;
}

static int leaves_at_once(void)
{
    keep(88);
    work(MUCH, 77);
    _exit(9);
}

/* Says that it is ready, and waits for a signal. */
static int waits(void)
{
    keep(88);
    work(MUCH, 77);
    say("ready\n");
    for (;;)
        pause();
}

/* Goes on when it is told so, by the end of its standard input, and says how much it then did. */
static int goes_on(void)
{
    char byte;

    keep(88);
    work(MUCH, 77);
    say("ready\n");
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    work(4 * MUCH, 77);
    say("done\n");
    return 7;
}

/* ---- children left behind, which allocate when standard input ends ---- */

static int be_left_behind(void)
{
    char byte;

    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    work(10, 33);
    return 0;
}

/* It has not allocated before. */
static int leaves_silent_child(void)
{
    pid_t child = fork();

    if (child == 0)
        return be_left_behind();
    say("%d\n", child);
    return child < 0;
}

/* It has allocated before. */
static int leaves_child(void)
{
    int  ready[2];
    char byte;

    if (pipe(ready) != 0)
        return 1;
    pid_t child = fork();
    if (child != 0) {
        bool is_ready = child > 0 && read(ready[0], &byte, 1) == 1;
        say("%d\n", child);
        return !is_ready;
    }
    work(10, 33);
    return write(ready[1], "", 1) == 1 ? be_left_behind() : 1;
}

static const struct scenario LIST[] = {
    { "forks", forks },
    { "forks_raw", forks_raw },
    { "forks_in_thread", forks_in_thread },
    { "forks_among_threads", forks_among_threads },
    { "vforks", vforks },
    { "spawns", spawns },
    { "ends_quietly", ends_quietly },
    { "execs", execs },
    { "execs_often", execs_often },
    { "exec_fails", exec_fails },
    { "closes_everything", closes_everything },
    { "uses_every_descriptor", uses_every_descriptor },
    { "changes_directory", changes_directory },
    { "drops_environment", drops_environment },
    { "shows_environment", shows_environment },
    { "aborts", aborts },
    { "is_killed", is_killed },
    { "crashes", crashes },
    { "leaves_at_once", leaves_at_once },
    { "waits", waits },
    { "goes_on", goes_on },
    { "leaves_child", leaves_child },
    { "leaves_silent_child", leaves_silent_child },
};

TRUTH_MAIN(LIST)
