/* SPDX-License-Identifier: MIT */
/* plugin/document.h - a moment in the formats of reports; as profile/plugin.h has it. */
#ifndef CCI_PLUGIN_DOCUMENT_H
#define CCI_PLUGIN_DOCUMENT_H
#include "profile/plugin.h"

cc_result_t cci_plugin_write(const cci_moment_t *m, cci_plugin_names_t **names, const char *format,
                             FILE *out);
void        cci_plugin_forget(cci_plugin_names_t *names);

#endif
