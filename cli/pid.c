/* SPDX-License-Identifier: MIT */
/* pid.c - see pid.h. */
#include "pid.h"
#include <errno.h>
#include <stdlib.h>
#include "cli.h"

int cci_pid_read(const char *command, const char *text, int *pid)
{
    char *end;

    errno  = 0;
    long n = strtol(text, &end, 10);
    if (errno || *end || *text < '0' || *text > '9' || n <= 0 || n > INT32_MAX)
        return cci_fail(CCI_EXIT_USAGE, command, text, "is not the number of a process");
    *pid = (int)n;
    return CCI_GO_ON;
}

int cci_pid_refuse(const char *command, const char *text, const cci_attach_refusal_t *refusal)
{
    return cci_fail(refusal->no_process ? CCI_EXIT_INPUT : CCI_EXIT_SYSTEM, command, text, "%s",
                    refusal->why);
}
