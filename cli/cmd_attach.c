/* SPDX-License-Identifier: MIT */
/* cmd_attach.c - ccmem attach: record a dormant process for a while. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"
#include "pid.h"
#include "recorded.h"

enum { OPTIONS = 7 };

typedef struct arguments {
    const char             *out, *mode, *json, *pid_text;
    int                     pid;
    bool                    quiet;
    cci_collector_options_t collect;
} arguments_t;

static int parse(arguments_t *a, int argc, char **argv)
{
    const cci_option_t options[OPTIONS] = {
        { "output", 'o', CCI_OPTION_TEXT, &a->out, "FILE",
          "the trace (default ccmem.PROG.PID.ccm, or the next free name); %p is the pid, %h the "
          "host" },
        { "mode", 0, CCI_OPTION_TEXT, &a->mode, "MODE", "full (the default), sample or count" },
        { "interval", 0, CCI_OPTION_BYTES, &a->collect.sample_interval, "BYTES",
          "sample: mean bytes between samples (default 512k)" },
        { "for", 0, CCI_OPTION_SECONDS, &a->collect.duration_ns, "SECONDS",
          "detach after so long (default: when told to)" },
        { "json", 0, CCI_OPTION_TEXT, &a->json, "FILE", "write the report as JSON too" },
        { "force", 'f', CCI_OPTION_FLAG, &a->collect.force, NULL, "replace existing files" },
        { "quiet", 'q', CCI_OPTION_FLAG, &a->quiet, NULL, "record only: no summary, no progress" },
    };
    const cci_command_t command = {
        .name     = "attach",
        .synopsis = "[-o FILE] [--mode full|sample|count] [--for SECONDS] [--json FILE] [-f] [-q] "
                    "PID",
        .about   = "Record what a running process allocates, until ccmem detach PID, an interrupt, "
                   "or its end.\n"
                   "The process must have been started by ccmem profile --dormant. It goes on, and "
                   "can be\nattached to again.",
        .options = options,
        .option_count = OPTIONS,
        .operands_min = 1,
        .operands_max = 1,
        .operand      = "PID",
    };
    size_t operands;
    int    status = cci_options_parse(&command, argc, argv, &operands);

    if (status != CCI_GO_ON)
        return status;
    a->pid_text = argv[1];
    status      = cci_pid_read("attach", argv[1], &a->pid);
    return status == CCI_GO_ON ? cci_recorded_mode("attach", a->mode, &a->collect) : status;
}

/* What it runs, as its trace is to be called. */
static char *default_output(int pid)
{
    char    path[64], program[PATH_MAX];
    ssize_t n;

    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    n                      = readlink(path, program, sizeof program - 1);
    program[n > 0 ? n : 0] = '\0';
    char *deleted          = strstr(program, " (deleted)");
    if (deleted)
        *deleted = '\0';
    return cci_recorded_name(n > 0 ? program : "process");
}

static int refuse(const arguments_t *a, const cci_collector_error_t *error)
{
    if (error->error == ECANCELED)
        return cci_fail(CCI_EXIT_SYSTEM, "attach", a->pid_text, "%s", error->what);
    return cci_recorded_refuse("attach", error);
}

/* Why it ended early, when the process had a reason. */
static int tell_error(const arguments_t *a, const cci_attach_t *process, bool begun)
{
    int error = cci_attach_error(process);

    if (error == 0)
        return CCI_EXIT_DONE;
    return cci_fail(CCI_EXIT_SYSTEM, "attach", a->pid_text,
                    begun ? "recording ended early: %s" : "could not begin to record: %s",
                    strerror(error));
}

static int record(arguments_t *a, cci_attach_t *process)
{
    cci_collector_error_t  error;
    cci_collector_result_t result;
    char                  *name = a->out ? NULL : default_output(a->pid);

    if (!a->out && !name)
        return cci_fail(CCI_EXIT_SYSTEM, "attach", NULL, "%s", strerror(ENOMEM));
    a->collect.output   = a->out ? a->out : name;
    a->collect.numbered = !a->out && !a->collect.force;
    bool begun          = cci_collector_attach(&a->collect, process, &result, &error);
    int  status         = begun ? tell_error(a, process, result.trace_path[0]) : refuse(a, &error);
    cci_attach_close(process); /* the trace is whole: who detached may know */
    free(name);
    if (begun)
        cci_recorded_show(&(cci_recorded_t){ .command = "attach",
                                             .program = a->pid_text,
                                             .json    = a->json,
                                             .quiet   = a->quiet,
                                             .force   = a->collect.force },
                          &result);
    return status;
}

int cci_cmd_attach(int argc, char **argv)
{
    arguments_t          a = { .mode = "full" };
    cci_attach_t         process;
    cci_attach_refusal_t refusal;
    int                  status = parse(&a, argc, argv);

    if (status != CCI_GO_ON)
        return status;
    if (cci_attach_find(&process, a.pid, &refusal) && cci_attach_lock(&process, &refusal))
        return record(&a, &process);
    cci_attach_close(&process);
    return cci_pid_refuse("attach", a.pid_text, &refusal);
}
