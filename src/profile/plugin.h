/* SPDX-License-Identifier: MIT */
/* profile/plugin.h - what libccmem_report.so does for the profiler in the library.
 *
 * Names of functions need libdw, which programs that only allocate should not have to load. So all
 * that turns figures into documents is a library of its own, found beside the one that asks for it.
 * Both are of one build: traces and profiles pass between them as they are.
 *
 * Threads  write and forget: one at a time per names; all else any.
 */
#ifndef CCI_PROFILE_PLUGIN_H
#define CCI_PROFILE_PLUGIN_H
#include <stdio.h>
#include <ccmem/result.h>
#include "profile/moment.h"

typedef struct cci_plugin_names  cci_plugin_names_t; /* of the stacks of one program */
typedef struct cci_plugin_server cci_plugin_server_t;

typedef struct cci_report_plugin {
    const char *version; /* CC_VERSION; no other's is used */
    size_t      bytes;   /* of this table, the same */
    /* Formats are those of `ccmem report`; "csv" is its table summary, "csv:TABLE" any. *names, NULL at
     * first, is kept between calls for one program. CC_RESULT_INVALID: no such format; _UNSUPPORTED: it
     * is of stacks, and there are none; _NO_MEMORY; _IO: out, which is flushed, says so. */
    cc_result_t (*write)(const cci_moment_t *m, cci_plugin_names_t **names, const char *format,
                         FILE *out);
    void (*forget)(cci_plugin_names_t *names); /* NULL is fine */
    /* Whether what is served shows slices of moments: not in a build without the dashboard. */
    bool (*shows_slices)(void);
    /* from is copied. Results of cc_profiler_serve. */
    cc_result_t (*serve)(cci_plugin_server_t **out, const cci_moments_t *from, const char *address,
                         uint16_t *port);
    /* Afterwards no moment is taken any more; it waits for those that are being taken. In the child of
     * a fork, where nothing is served, it waits for nobody. NULL is fine. */
    void (*end)(cci_plugin_server_t *server);
} cci_report_plugin_t;

/* By this name the plugin exports its table. */
#define CCI_REPORT_PLUGIN_SYMBOL "ccmem_report_plugin"
#define CCI_REPORT_PLUGIN_FILE   "libccmem_report.so"

/* The one that is installed with the library or program that this is linked into, or where the loader
 * looks. It is looked for once, and stays loaded. NULL: there is none, or of another version. */
const cci_report_plugin_t *cci_report_plugin_find(void);

#endif
