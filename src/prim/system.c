/* SPDX-License-Identifier: MIT */
/* prim/system.c - see prim/system.h. */
#define _GNU_SOURCE
#include "prim/system.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "prim/small_file.h"

/* The kernel refuses a set that is smaller than its own. */
unsigned cci_cpu_count(void)
{
    enum { SETS = 16 };
    cpu_set_t set[SETS];

    memset(set, 0, sizeof set);
    if (sched_getaffinity(0, sizeof set, set) == 0)
        return (unsigned)CPU_COUNT_S(sizeof set, set);
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (unsigned)n : 0;
}

unsigned cci_cache_line(void)
{
    uint64_t line = 0;
    long     n    = sysconf(_SC_LEVEL1_DCACHE_LINESIZE);

    if (n > 0)
        return (unsigned)n;
    cci_small_file_number("/sys/devices/system/cpu/cpu0/cache/index0/coherency_line_size", &line);
    return line <= 4096 ? (unsigned)line : 0;
}

void cci_huge_pages(char *out, size_t capacity)
{
    char text[64];

    cci_small_file_read("/sys/kernel/mm/transparent_hugepage/enabled", text, sizeof text);
    const char *chosen = strchr(text, '[');
    chosen             = chosen ? chosen + 1 : "";
    snprintf(out, capacity, "%.*s", (int)strcspn(chosen, "]"), chosen);
}

const char *cci_platform(void)
{
#if defined(__APPLE__)
    return "macOS";
#elif defined(_WIN32)
    return "Windows";
#elif defined(__linux__)
    return "Linux";
#else
    return "Unix";
#endif
}

/* ---- memory ---- */

enum { PATH_SIZE = 1024 };

/* How the two versions of control groups name the same things. */
typedef struct group_kind {
    const char *mark; /* of the line in /proc/self/cgroup, between the number and the path */
    const char *mount;
    const char *limit, *usage;
    const char *cache; /* word in memory.stat of what is given up before anything is refused */
} group_kind_t;

static const group_kind_t group_kinds[] = {
    { "::", "/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file" },
    { ":memory:", "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
      "total_inactive_file" },
};

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What one group lets its members have. A group without a limit says "max", or a huge number. */
static void apply_group(cci_memory_t *m, const group_kind_t *kind, const char *folder)
{
    char     path[PATH_SIZE + 64];
    uint64_t limit, usage = 0, cache = 0;

    snprintf(path, sizeof path, "%s/%s", folder, kind->limit);
    if (!cci_small_file_number(path, &limit))
        return;
    snprintf(path, sizeof path, "%s/%s", folder, kind->usage);
    cci_small_file_number(path, &usage);
    snprintf(path, sizeof path, "%s/memory.stat", folder);
    cci_small_file_field(path, kind->cache, &cache);
    usage        = usage > cache ? usage - cache : 0;
    m->total     = lesser(m->total, limit);
    m->available = lesser(m->available, limit > usage ? limit - usage : 0);
}

/* Every group from the process' own up to the mount's root may have a limit. The path may be one
 * outside this container: then nothing is there but the root. */
static void apply_groups(cci_memory_t *m, const group_kind_t *kind, const char *root,
                         const char *group)
{
    char folder[PATH_SIZE];
    int  mount = snprintf(folder, sizeof folder, "%s%s", root, kind->mount);
    int  n     = snprintf(folder, sizeof folder, "%s%s%s", root, kind->mount, group);

    if (n < 0 || (size_t)n >= sizeof folder)
        return;
    for (char *end = folder + n; end >= folder + mount; end--) {
        if (*end != '/' && *end != '\0')
            continue;
        *end = '\0';
        apply_group(m, kind, folder);
    }
}

/* The path behind mark in the lines "NUMBER:NAMES:PATH"; NULL when there is none. */
static char *find_group(char *text, const char *mark)
{
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char *at = strchr(line, ':');
        if (at && strncmp(at, mark, strlen(mark)) == 0)
            return at + strlen(mark);
    }
    return NULL;
}

cci_memory_t cci_memory(const char *root)
{
    char         path[PATH_SIZE], text[4096];
    cci_memory_t m = { 0, 0 };

    snprintf(path, sizeof path, "%s/proc/meminfo", root);
    cci_small_file_field(path, "MemTotal:", &m.total);
    cci_small_file_field(path, "MemAvailable:", &m.available);
    m.total *= 1024;
    m.available *= 1024;
    for (size_t i = 0; i < sizeof group_kinds / sizeof *group_kinds; i++) {
        snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
        cci_small_file_read(path, text, sizeof text);
        const char *group = find_group(text, group_kinds[i].mark);
        if (group)
            apply_groups(&m, &group_kinds[i], root, group);
    }
    return m;
}
