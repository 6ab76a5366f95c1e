/* SPDX-License-Identifier: MIT */
/* plugin.c - see profile/plugin.h: the table that libccmem_report.so exports. */
#include <ccmem/version.h>
#include "plugin/document.h"
#include "plugin/server.h"
#include "report/html.h"

#define EXPORTED __attribute__((visibility("default")))

extern EXPORTED const cci_report_plugin_t ccmem_report_plugin;

static bool shows_slices(void)
{
    return !cci_html_missing();
}

const cci_report_plugin_t ccmem_report_plugin = {
    .version      = CC_VERSION,
    .bytes        = sizeof(cci_report_plugin_t),
    .write        = cci_plugin_write,
    .forget       = cci_plugin_forget,
    .shows_slices = shows_slices,
    .serve        = cci_plugin_serve,
    .end          = cci_plugin_end,
};
