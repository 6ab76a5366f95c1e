/* SPDX-License-Identifier: MIT */
/* libplugin.c - a report plugin that says it is of the version $PLUGIN_VERSION, with a table of
 * $PLUGIN_BYTES, and has nothing in it. */
#include <stddef.h>
#include <stdlib.h>

struct table {
    const char *version;
    size_t      bytes;
};

extern struct table ccmem_report_plugin;
struct table        ccmem_report_plugin;

__attribute__((constructor)) static void fill(void)
{
    const char *version = getenv("PLUGIN_VERSION"), *bytes = getenv("PLUGIN_BYTES");

    ccmem_report_plugin.version = version ? version : "";
    ccmem_report_plugin.bytes   = bytes ? strtoul(bytes, NULL, 10) : 0;
}
