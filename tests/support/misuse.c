/* SPDX-License-Identifier: MIT */
/* misuse.c - see support/misuse.h. */
#include "support/misuse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/test_backend.h"

enum { TEXT_MAX = 4096 };

static _Noreturn void be_wrong(misuse_mode_t mode, void (*bug)(void), int out)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    setenv("CCMEM_HEAP_CHECK", mode == CHECKED ? "1" : "0", 1);
    setenv("CCMEM_MAGAZINES", "1", 1);
    dup2(out, STDERR_FILENO);
    test_backend_use(false);
    bug();
    _exit(0);
}

static void read_all(int in, char *text)
{
    size_t  n = 0;
    ssize_t got;

    while (n < TEXT_MAX - 1 && (got = read(in, text + n, TEXT_MAX - 1 - n)) > 0)
        n += (size_t)got;
    text[n] = '\0';
}

/* Where an emulator runs the child, it adds a line about the signal. */
static void without_emulator(char *text)
{
    char *line = strstr(text, "qemu: uncaught target signal");

    if (line)
        *line = '\0';
}

/* Every 0x... becomes ADDRESS. */
static void mask_addresses(const char *text, char *out)
{
    size_t n = 0;

    while (*text && n < TEXT_MAX - 8) {
        if (strncmp(text, "0x", 2) != 0) {
            out[n++] = *text++;
            continue;
        }
        text += 2 + strspn(text + 2, "0123456789abcdef");
        n += (size_t)sprintf(out + n, "ADDRESS");
    }
    out[n] = '\0';
}

int misuse_run(misuse_mode_t mode, void (*bug)(void), const char *line)
{
    char said[TEXT_MAX], masked[TEXT_MAX], expected[TEXT_MAX];
    int  ends[2], status;

    if (pipe(ends) != 0)
        return 2;
    pid_t child = fork();
    if (child == 0)
        be_wrong(mode, bug, ends[1]);
    close(ends[1]);
    read_all(ends[0], said);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return 2;
    without_emulator(said);
    mask_addresses(said, masked);
    snprintf(expected, sizeof expected, "%s\n", line);
    if (strcmp(masked, expected) == 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)
        return 0;
    fprintf(stderr, "expected: %sand SIGABRT\nbut status %#x and: %s", expected, (unsigned)status,
            masked);
    return 1;
}
