/* SPDX-License-Identifier: MIT */
/* recorded.h - what the commands that record have in common: the trace's name, the mode, the end. */
#ifndef CCI_RECORDED_H
#define CCI_RECORDED_H
#include <stdbool.h>
#include "record/collector.h"

/* "ccmem.PROG.%p.ccm", to be freed; a % in the name of the program is one. NULL: no memory. */
char *cci_recorded_name(const char *program);

/* Read --mode into *options, whose interval is read. Returns CCI_GO_ON or a status, with a message. */
int cci_recorded_mode(const char *command, const char *mode, cci_collector_options_t *options);

/* Say why there was no recording. Returns a status. */
int cci_recorded_refuse(const char *command, const cci_collector_error_t *error);

typedef struct cci_recorded {
    const char *command;
    const char *program; /* for messages */
    const char *json;    /* file for the report, NULL = none */
    const char *html;    /* file for the dashboard, NULL = none */
    bool        quiet;   /* no summary */
    bool        force;
} cci_recorded_t;

/* The summary on stderr, and the reports. One that could not be made has said so, and changes
 * nothing: the trace is there. */
void cci_recorded_show(const cci_recorded_t *r, const cci_collector_result_t *result);

#endif
