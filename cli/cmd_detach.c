/* SPDX-License-Identifier: MIT */
/* cmd_detach.c - ccmem detach: end the recording of a process that ccmem attach began. */
#include <time.h>
#include "cli.h"
#include "pid.h"
#include "record/collector_attach.h"

enum { WAIT_MS = 60000, POLL_MS = 5 };

static int parse(const char **pid_text, int *pid, int argc, char **argv)
{
    const cci_command_t command = {
        .name         = "detach",
        .synopsis     = "PID",
        .about        = "End the recording that ccmem attach began, and wait for its trace to be "
                        "whole. The process\ngoes on.",
        .operands_min = 1,
        .operands_max = 1,
        .operand      = "PID",
    };
    size_t operands;
    int    status = cci_options_parse(&command, argc, argv, &operands);

    if (status != CCI_GO_ON)
        return status;
    *pid_text = argv[1];
    return cci_pid_read("detach", argv[1], pid);
}

/* False: who recorded takes too long. */
static bool wait_for_trace(const cci_attach_t *process)
{
    const struct timespec pause = { .tv_nsec = POLL_MS * 1000000 };

    for (int waited = 0; waited < WAIT_MS; waited += POLL_MS) {
        if (!cci_attach_is_locked(process))
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

int cci_cmd_detach(int argc, char **argv)
{
    cci_attach_t         process;
    cci_attach_refusal_t refusal;
    const char          *pid_text;
    int                  pid, status = parse(&pid_text, &pid, argc, argv);

    if (status != CCI_GO_ON)
        return status;
    if (!cci_attach_find(&process, pid, &refusal) || !cci_attach_end_any(&process, &refusal))
        status = cci_pid_refuse("detach", pid_text, &refusal);
    else if (!wait_for_trace(&process))
        status = cci_fail(CCI_EXIT_SYSTEM, "detach", pid_text,
                          "recording has ended, but its ccmem does not end the trace");
    else
        status = CCI_EXIT_DONE;
    cci_attach_close(&process);
    return status;
}
