/* SPDX-License-Identifier: MIT */
/* output.c - results into a file that appears whole or not at all.
 *
 * A regular file is written under another name in the same folder and renamed when every byte is
 * there. Devices, pipes and the like are written directly: renaming would replace them.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cli.h"

static int fail(const cci_output_t *o, int error)
{
    const char *what = o->path ? o->path : "standard output";
    return cci_fail(CCI_EXIT_SYSTEM, o->command, what, "%s", strerror(error));
}

static int fail_exists(const cci_output_t *o)
{
    return cci_fail(CCI_EXIT_SYSTEM, o->command, o->path, "exists already; -f replaces it");
}

static void forget(cci_output_t *o)
{
    free(o->target);
    free(o->temporary);
    o->target = o->temporary = NULL;
    o->file                  = NULL;
}

void cci_output_discard(cci_output_t *o)
{
    if (o->file && o->path)
        fclose(o->file);
    if (o->temporary)
        unlink(o->temporary);
    forget(o);
}

/* mkstemp makes it readable for the owner alone; a result is like any other new file. */
static void give_usual_mode(int fd)
{
    mode_t mask = umask(0);

    umask(mask);
    (void)fchmod(fd, 0666 & ~mask); /* refused by some file systems; then it stays private */
}

static int open_temporary(cci_output_t *o)
{
    size_t length = strlen(o->target) + sizeof ".XXXXXX";
    o->temporary  = malloc(length);
    if (!o->temporary)
        return fail(o, ENOMEM);
    snprintf(o->temporary, length, "%s.XXXXXX", o->target);

    int fd = mkstemp(o->temporary);
    if (fd < 0) {
        int error = errno;
        free(o->temporary);
        o->temporary = NULL;
        return fail(o, error);
    }
    give_usual_mode(fd);
    o->file = fdopen(fd, "w");
    if (o->file)
        return CCI_GO_ON;
    int error = errno;
    close(fd);
    return fail(o, error);
}

static int open_directly(cci_output_t *o)
{
    o->file = fopen(o->path, "w");
    return o->file ? CCI_GO_ON : fail(o, errno);
}

static int open_path(cci_output_t *o)
{
    struct stat st;
    bool        exists = stat(o->path, &st) == 0;

    if (exists && !S_ISREG(st.st_mode))
        return open_directly(o);
    /* A link stays one: its target is what is replaced. */
    o->target = exists ? realpath(o->path, NULL) : strdup(o->path);
    return o->target ? open_temporary(o) : fail(o, errno);
}

int cci_output_check(const char *command, const char *path, bool force)
{
    const cci_output_t o = { .command = command, .path = path };
    struct stat        st;

    if (!path || stat(path, &st) != 0)
        return CCI_GO_ON;
    if (S_ISDIR(st.st_mode))
        return fail(&o, EISDIR);
    return S_ISREG(st.st_mode) && !force ? fail_exists(&o) : CCI_GO_ON;
}

int cci_output_open(cci_output_t *o, const char *command, const char *path, bool force)
{
    *o = (cci_output_t){ .command = command, .path = path, .force = force };
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is a failed write, with a message */
    if (!path) {
        o->file = stdout;
        return CCI_GO_ON;
    }
    int status = cci_output_check(command, path, force);
    if (status == CCI_GO_ON)
        status = open_path(o);
    if (status != CCI_GO_ON)
        cci_output_discard(o);
    return status;
}

/* A FILE remembers that a write failed, not why; one more byte fails for the same reason. It does no
 * harm to what is not whole anyway. Returns an errno. */
static int find_reason(FILE *file)
{
    clearerr(file);
    putc('\n', file);
    return fflush(file) != 0 ? errno : EIO;
}

/* 0 or an errno. */
static int flush(cci_output_t *o)
{
    if (fflush(o->file) != 0)
        return errno;
    return ferror(o->file) ? find_reason(o->file) : 0;
}

int cci_output_flush(cci_output_t *o)
{
    int error = flush(o);

    return error == 0 ? CCI_GO_ON : fail(o, error);
}

/* 0 or an errno. */
static int flush_all(cci_output_t *o)
{
    int error = flush(o);

    if (error != 0)
        return error;
    if (!o->path)
        return 0;
    FILE *file = o->file;
    o->file    = NULL;
    return fclose(file) == 0 ? 0 : errno;
}

/* Without force, a file that came into being meanwhile is kept: link refuses, rename would not. */
static int publish(cci_output_t *o)
{
    if (o->force)
        return rename(o->temporary, o->target) == 0 ? 0 : errno;
    if (link(o->temporary, o->target) == 0) {
        unlink(o->temporary);
        return 0;
    }
    if (errno == EEXIST)
        return EEXIST;
    return rename(o->temporary, o->target) == 0 ? 0 : errno; /* no links on this file system */
}

int cci_output_commit(cci_output_t *o)
{
    int error = flush_all(o);

    if (error == 0 && o->temporary)
        error = publish(o);
    if (error != 0) {
        int status = error == EEXIST ? fail_exists(o) : fail(o, error);
        cci_output_discard(o);
        return status;
    }
    forget(o);
    return CCI_EXIT_DONE;
}
