/* SPDX-License-Identifier: MIT */
/* plugin/server.h - the moments of this process, served; as profile/plugin.h has it. */
#ifndef CCI_PLUGIN_SERVER_H
#define CCI_PLUGIN_SERVER_H
#include "profile/plugin.h"

cc_result_t cci_plugin_serve(cci_plugin_server_t **out, const cci_moments_t *from,
                             const char *address, uint16_t *port);
void        cci_plugin_end(cci_plugin_server_t *server);

#endif
