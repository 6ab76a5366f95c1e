/* SPDX-License-Identifier: MIT */
/* cmd_profile.c - ccmem profile: run a program, record what it allocates, show the summary.
 *
 * The program's standard output stays its own: the summary goes to stderr.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "analysis.h"
#include "program.h"
#include "recorded.h"
#include "watching.h"

enum { OPTIONS = 10 };

typedef struct arguments {
    const char             *out, *mode, *html, *json, *live;
    bool                    quiet, dormant;
    cci_collector_options_t collect;
    char                    preload[PATH_MAX];
    cci_watching_t          watching;
    char                  **program; /* ends with NULL */
    char                   *default_out;
} arguments_t;

/* What says how to record comes with attach. */
static int refuse_with_dormant(const arguments_t *a)
{
    const bool records = a->out || a->json || a->html || a->live || a->collect.sample_interval ||
                         a->collect.mode != CCI_MODE_FULL || a->collect.force || a->quiet;

    if (a->dormant && records)
        return cci_fail(CCI_EXIT_USAGE, "profile", "--dormant",
                        "goes with no other option but --follow; ccmem attach takes them");
    return CCI_GO_ON;
}

static int parse(arguments_t *a, int argc, char **argv)
{
    const cci_option_t options[OPTIONS] = {
        { "output", 'o', CCI_OPTION_TEXT, &a->out, "FILE",
          "the trace (default ccmem.PROG.PID.ccm); %p is the pid, %h the host" },
        { "mode", 0, CCI_OPTION_TEXT, &a->mode, "MODE", "full (the default), sample or count" },
        { "interval", 0, CCI_OPTION_BYTES, &a->collect.sample_interval, "BYTES",
          "sample: mean bytes between samples (default 512k)" },
        { "json", 0, CCI_OPTION_TEXT, &a->json, "FILE", "write the report as JSON too" },
        { "html", 0, CCI_OPTION_TEXT, &a->html, "FILE",
          "write the dashboard too, a page for a browser" },
        { "live", 0, CCI_OPTION_TEXT, &a->live, "ADDR:PORT",
          "serve metrics and the report while it runs" },
        { "follow", 0, CCI_OPTION_FLAG, &a->collect.follow, NULL,
          "record the programs it starts, too" },
        { "dormant", 0, CCI_OPTION_FLAG, &a->dormant, NULL,
          "record nothing until ccmem attach; becomes PROG" },
        { "force", 'f', CCI_OPTION_FLAG, &a->collect.force, NULL, "replace existing files" },
        { "quiet", 'q', CCI_OPTION_FLAG, &a->quiet, NULL, "record only: no summary, no progress" },
    };
    const cci_command_t command = {
        .name     = "profile",
        .synopsis = "[-o FILE] [--mode full|sample|count] [--json FILE] [--html FILE] "
                    "[--live ADDR:PORT] [--follow] [-f] [-q] -- PROG [ARG...]",
        .about   = "Run PROG and record what it allocates; exits as PROG does. The summary goes to "
                   "stderr.\n"
                   "A child that PROG forks gets a trace of its own, FILE with its pid.\n"
                   "With --dormant ccmem becomes PROG, and ccmem attach can record it while it runs.",
        .options = options,
        .option_count = OPTIONS,
        .operands_min = 1,
        .operands_max = SIZE_MAX,
        .operand      = "PROG",
        .program      = true,
    };
    size_t operands;
    int    status = cci_options_parse(&command, argc, argv, &operands);

    if (status == CCI_GO_ON) {
        argv[1 + operands] = NULL;
        a->program         = argv + 1;
        status             = a->html ? cci_html_check("profile", "--html") : CCI_GO_ON;
    }
    if (status == CCI_GO_ON)
        status = cci_recorded_mode("profile", a->mode, &a->collect);
    if (status == CCI_GO_ON)
        status = refuse_with_dormant(a);
    /* Of `ccmem run` it is not ccmem that is to be recorded. */
    if (status == CCI_GO_ON)
        status = cci_run_unwrap(&a->program);
    if (status == CCI_GO_ON)
        status = cci_program_check("profile", a->program[0]);
    if (status == CCI_GO_ON)
        status = cci_program_preload("profile", a->preload);
    if (status != CCI_GO_ON || !a->live)
        return status;
    return cci_watching_open(&a->watching, a->live, a->out, a->program[0], a->quiet);
}

static int run(arguments_t *a, cci_collector_result_t *result)
{
    cci_collector_error_t error;

    a->default_out = a->out ? NULL : cci_recorded_name(a->program[0]);
    if (!a->out && !a->default_out)
        return cci_fail(CCI_EXIT_SYSTEM, "profile", NULL, "%s", strerror(ENOMEM));
    a->collect.output  = a->out ? a->out : a->default_out;
    a->collect.preload = a->preload;
    a->collect.view    = cci_watching_view(&a->watching);
    if (cci_collector_run(&a->collect, a->program, result, &error))
        return CCI_GO_ON;
    return cci_recorded_refuse("profile", &error);
}

/* Returns only when that fails. */
static int become_dormant(arguments_t *a)
{
    a->collect.preload = a->preload;
    int error          = cci_collector_become_dormant(&a->collect, a->program);
    return cci_fail(CCI_EXIT_SYSTEM, "profile", a->program[0], "%s", strerror(error));
}

static int exit_status(int wait_status)
{
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

int cci_cmd_profile(int argc, char **argv)
{
    arguments_t            a = { .mode = "full" };
    cci_collector_result_t result;
    int                    status = parse(&a, argc, argv);

    if (status == CCI_GO_ON && a.dormant)
        return become_dormant(&a);
    if (status == CCI_GO_ON)
        status = run(&a, &result);
    cci_watching_close(&a.watching);
    if (status == CCI_GO_ON) {
        cci_recorded_show(&(cci_recorded_t){ .command = "profile",
                                             .program = a.program[0],
                                             .json    = a.json,
                                             .html    = a.html,
                                             .quiet   = a.quiet,
                                             .force   = a.collect.force },
                          &result);
        status = exit_status(result.wait_status);
    }
    free(a.default_out);
    return status;
}
