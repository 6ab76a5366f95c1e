/* SPDX-License-Identifier: MIT */
/* info.c - see info.h. */
#include "info.h"
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <ccmem/backend.h>
#include "backend/backend.h"
#include "cli.h"
#include "launch.h"

/* ---- an allocator that this process cannot open ---- */

/* In a child: become `ccmem info --short` under the allocator, its output into the pipe. */
static _Noreturn void become_other(const char *allocator, int pipe_end)
{
    static const char *const argv[] = { "ccmem", "info", "--short", NULL };
    int                      null   = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDERR_FILENO) >= 0 &&
        dup2(pipe_end, STDOUT_FILENO) >= 0 &&
        cci_launch_environment("info", allocator) == CCI_GO_ON)
        execv("/proc/self/exe", (char *const *)argv);
    _exit(CCI_EXIT_SYSTEM);
}

/* The first line that such a process says, "" when it cannot be started. */
static void ask_other(const char *allocator, char *line, size_t size)
{
    int ends[2];

    line[0] = '\0';
    if (pipe2(ends, O_CLOEXEC) != 0)
        return;
    pid_t child = fork();
    if (child == 0)
        become_other(allocator, ends[1]);
    close(ends[1]);
    FILE *said = fdopen(ends[0], "r");
    if (child > 0 && said && !fgets(line, (int)size, said))
        line[0] = '\0';
    if (said)
        fclose(said);
    else
        close(ends[0]);
    if (child > 0)
        waitpid(child, NULL, 0);
}

/* "jemalloc\t5.3.0\t/lib/libjemalloc.so.2". Whether the allocator serves who starts under it. */
static bool serves_at_start(const char *allocator, char version[static CC_INFO_VERSION_MAX])
{
    char line[CC_INFO_PATH_MAX + 128], serving[32], said[CC_INFO_VERSION_MAX];

    _Static_assert(CC_INFO_VERSION_MAX == 64, "the width below");
    ask_other(allocator, line, sizeof line);
    if (sscanf(line, "%31[^\t]\t%63[^\t]", serving, said) != 2 || strcmp(serving, allocator) != 0)
        return false;
    if (strcmp(said, "-") != 0)
        strcpy(version, said);
    return true;
}

/* ---- what there is ---- */

static void collect_backend(cci_info_backend_t *b, const char *name)
{
    const cci_backend_entry_t *e = cci_backend_entry(name);

    *b = (cci_info_backend_t){ .name = name, .path = "", .reason = "out of memory" };
    if (!e)
        return;
    b->path      = e->path;
    b->reason    = e->reason;
    b->cc_alloc  = e->available;
    b->available = e->available || (e->installed && serves_at_start(name, b->version));
    if (e->version[0])
        snprintf(b->version, sizeof b->version, "%s", e->version);
}

void cci_info_collect(cci_info_t *info)
{
    const char *name;

    *info = (cci_info_t){ 0 };
    cc_allocator_info(NULL, &info->allocator);
    cc_system_info(&info->system);
    info->policy  = cc_allocator_policy(&info->platform);
    info->backend = cc_backend_current(&info->backend_reason)->name;
    while (info->backend_count < CCI_INFO_BACKENDS_MAX &&
           (name = cc_backend_name(info->backend_count)) != NULL)
        collect_backend(&info->backends[info->backend_count++], name);
}
