/* SPDX-License-Identifier: MIT */
/* scratch.h - a directory of the test's own, which is the current one and goes when the test does,
 * with all that is in it. Call once, from main, before there are threads. */
#ifndef TEST_SCRATCH_H
#define TEST_SCRATCH_H
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char  scratch_path[PATH_MAX];
static pid_t scratch_owner; /* children that exit leave it alone */

static int scratch_remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static void scratch_remove(void)
{
    if (getpid() == scratch_owner)
        nftw(scratch_path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void scratch_enter(void)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(scratch_path, sizeof scratch_path, "%s/ccmem-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(scratch_path) || chdir(scratch_path) != 0) {
        perror(scratch_path);
        exit(1);
    }
    scratch_owner = getpid();
    atexit(scratch_remove);
}

#endif
