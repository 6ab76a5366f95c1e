/* SPDX-License-Identifier: MIT */
/* launch.c - see launch.h. */
#include "launch.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <ccmem/backend.h>
#include <ccmem/info.h>
#include "backend/backend.h"
#include "backend/run.h"
#include "cli.h"
#include "program.h"

#define RECORDER_NAME "libccmem_preload.so"

/* ---- names ---- */

static const char *debian_package(const char *allocator)
{
    static const char *const PACKAGES[][2] = { { "mimalloc", "libmimalloc2.0" },
                                               { "jemalloc", "libjemalloc2" },
                                               { "tcmalloc", "libtcmalloc-minimal4" } };

    for (size_t i = 0; i < sizeof PACKAGES / sizeof *PACKAGES; i++)
        if (strcmp(PACKAGES[i][0], allocator) == 0)
            return PACKAGES[i][1];
    return "its package";
}

int cci_launch_check_name(const char *command, const char *allocator)
{
    enum { NAMES = 16 };
    const char *names[NAMES];
    size_t      n = 0;

    for (const char *name; n < NAMES && (name = cc_backend_name(n)) != NULL; n++) {
        names[n] = name;
        if (strcmp(name, allocator) == 0)
            return CCI_GO_ON;
    }
    const char *near = cci_nearest(allocator, names, n);
    if (near)
        return cci_fail(CCI_EXIT_USAGE, command, allocator, "no such allocator; %s is one", near);
    return cci_fail(CCI_EXIT_USAGE, command, allocator,
                    "no such allocator; expected system, mimalloc, jemalloc or tcmalloc");
}

/* ---- the allocator's library ---- */

static int refuse_missing(const char *command, const cci_backend_entry_t *e, bool by_policy)
{
    return cci_fail(CCI_EXIT_SYSTEM, command, e->backend.name,
                    "%s%s; install %s (Debian's name for it), or choose with --allocator",
                    by_policy ? "the allocator of this platform's policy is " : "", e->reason,
                    debian_package(e->backend.name));
}

/* *path becomes what LD_PRELOAD needs, "" for the system's allocator. */
static int find_allocator(const char *command, const char *name, bool by_policy, const char **path)
{
    *path = "";
    if (strcmp(name, "system") == 0)
        return CCI_GO_ON;
    const cci_backend_entry_t *e = cci_backend_entry(name);
    if (!e)
        return cci_fail(CCI_EXIT_SYSTEM, command, name, "%s", strerror(ENOMEM));
    if (!e->installed)
        return refuse_missing(command, e, by_policy);
    *path = e->path;
    return cci_program_check_library(command, e->path);
}

/* ---- LD_PRELOAD ---- */

static bool is_recorder(const char *item, size_t n)
{
    size_t length = strlen(RECORDER_NAME);

    return n >= length && memcmp(item + n - length, RECORDER_NAME, length) == 0 &&
           (n == length || item[n - length - 1] == '/');
}

static bool is_item(const char *item, size_t n, const char *path)
{
    return strlen(path) == n && memcmp(item, path, n) == 0;
}

static void put_item(FILE *list, const char *item, size_t n)
{
    if (n > 0)
        fprintf(list, "%s%.*s", ftell(list) > 0 ? ":" : "", (int)n, item);
}

typedef struct preload {
    const char *allocator; /* "" = none */
    const char *verify;
    const char *before; /* LD_PRELOAD as it was, items apart by colons or blanks */
} preload_t;

/* The items of before that are, or are not, the recorder, without those that we add ourselves. */
static void put_before(FILE *list, const preload_t *p, bool recorder)
{
    for (const char *item = p->before; *item;) {
        size_t n = strcspn(item, ": ");
        if (is_recorder(item, n) == recorder && !is_item(item, n, p->allocator) &&
            !is_item(item, n, p->verify))
            put_item(list, item, n);
        item += n + (item[n] != '\0');
    }
}

/* The first malloc in the list is the program's. The recorder forwards to the next, so it
 * stays in front; the allocator comes before whatever else there was. Libraries are initialised
 * from the last to the first, and some allocators do not know their own blocks before that: so the
 * one that verifies stands in front of them. NULL: out of memory. */
static char *preload_list(const preload_t *p)
{
    char  *text = NULL;
    size_t size;
    FILE  *list = open_memstream(&text, &size);

    if (!list)
        return NULL;
    put_before(list, p, true);
    put_item(list, p->verify, strlen(p->verify));
    put_item(list, p->allocator, strlen(p->allocator));
    put_before(list, p, false);
    if (fclose(list) == 0)
        return text;
    free(text);
    return NULL;
}

static int set_environment(const char *command, const char *allocator, const preload_t *p)
{
    char *list = preload_list(p);
    bool  done = list && setenv("LD_PRELOAD", list, 1) == 0 &&
                setenv(CCI_ENV_RUN_ALLOCATOR, allocator, 1) == 0 &&
                setenv(CCI_ENV_RUN_CHECK, "1", 1) == 0;

    free(list);
    return done ? CCI_GO_ON
                : cci_fail(CCI_EXIT_SYSTEM, command, "LD_PRELOAD", "%s", strerror(ENOMEM));
}

int cci_launch_environment(const char *command, const char *allocator)
{
    const char *name   = allocator ? allocator : cc_allocator_policy(NULL);
    const char *before = getenv("LD_PRELOAD");
    char        verify[PATH_MAX];
    preload_t   p = { .verify = verify, .before = before ? before : "" };

    int status = cci_launch_check_name(command, name);
    if (status == CCI_GO_ON)
        status = find_allocator(command, name, !allocator, &p.allocator);
    if (status == CCI_GO_ON)
        status = cci_program_verify(command, verify);
    return status == CCI_GO_ON ? set_environment(command, name, &p) : status;
}
