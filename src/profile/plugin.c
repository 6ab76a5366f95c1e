/* SPDX-License-Identifier: MIT */
/* plugin.c - see profile/plugin.h: the side that looks for the plugin. */
#define _GNU_SOURCE
#include "profile/plugin.h"
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <ccmem/version.h>
#include "prim/origin.h"

static pthread_once_t             once = PTHREAD_ONCE_INIT;
static const cci_report_plugin_t *found;

/* The version comes first in every table, so it may be read in any. */
static bool is_ours(const cci_report_plugin_t *p)
{
    return p && strcmp(p->version, CC_VERSION) == 0 && p->bytes == sizeof *p;
}

static const cci_report_plugin_t *load(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (!handle)
        return NULL;
    const cci_report_plugin_t *p = dlsym(handle, CCI_REPORT_PLUGIN_SYMBOL);
    if (is_ours(p))
        return p;
    dlclose(handle);
    return NULL;
}

/* Beside the library; from a program that has the library in itself, beside its folder. */
static void look_around(const char *origin)
{
    static const char *const places[] = { "", "/../" CCMEM_LIBDIR, "/../lib" };
    char                     path[PATH_MAX + 64];

    for (size_t i = 0; i < sizeof places / sizeof *places && !found; i++) {
        snprintf(path, sizeof path, "%s%s/" CCI_REPORT_PLUGIN_FILE, origin, places[i]);
        found = load(path);
    }
}

static void look(void)
{
    char origin[PATH_MAX];

    if (!cci_origin(&once, origin))
        return;
    look_around(origin);
    if (!found)
        found = load(CCI_REPORT_PLUGIN_FILE);
}

const cci_report_plugin_t *cci_report_plugin_find(void)
{
    pthread_once(&once, look);
    return found;
}
