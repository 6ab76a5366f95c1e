/* SPDX-License-Identifier: MIT */
/* again.h - runs this test program again, as a child with another task and environment.
 *
 *     int main(int argc, char **argv)
 *     {
 *         if (argc > 1)
 *             return child(argv[1]);
 *         ...
 *     }
 */
#ifndef TEST_AGAIN_H
#define TEST_AGAIN_H
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AGAIN_TEXT_MAX = 16384 };

typedef struct again {
    int  status; /* as a shell has it */
    char out[AGAIN_TEXT_MAX], err[AGAIN_TEXT_MAX];
} again_t;

static void again_read(FILE *file, char *text)
{
    rewind(file);
    text[fread(text, 1, AGAIN_TEXT_MAX - 1, file)] = '\0';
    fclose(file);
}

/* variables: "NAME=VALUE" to set and "NAME" to take away, NULL after the last. */
static inline void again_run(again_t *a, const char *task, const char *const *variables)
{
    FILE *out = tmpfile(), *err = tmpfile();
    int   status;

    if (!out || !err)
        abort();
    pid_t child = fork();
    if (child == 0) {
        for (; *variables; variables++)
            if (putenv((char *)*variables) != 0)
                _exit(126);
        dup2(fileno(out), STDOUT_FILENO);
        dup2(fileno(err), STDERR_FILENO);
        execl("/proc/self/exe", "again", task, (char *)NULL);
        _exit(127);
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            abort();
    a->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    again_read(out, a->out);
    again_read(err, a->err);
}

#endif
