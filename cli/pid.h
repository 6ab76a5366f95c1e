/* SPDX-License-Identifier: MIT */
/* pid.h - a process as it is named on the command line. */
#ifndef CCI_PID_H
#define CCI_PID_H
#include "record/collector_attach.h"

/* Returns CCI_GO_ON or a status, with a message. */
int cci_pid_read(const char *command, const char *text, int *pid);

/* Say why the process was not attached to. Returns a status. */
int cci_pid_refuse(const char *command, const char *text, const cci_attach_refusal_t *refusal);

#endif
