/* SPDX-License-Identifier: MIT */
/* cmd_profile.c - ccmem profile: run a program, record what it allocates, show the summary.
 *
 * The program's standard output stays its own: the summary goes to stderr.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "analysis.h"
#include "program.h"
#include "record/collector.h"

enum { OPTIONS = 9 };

typedef struct arguments {
    const char             *out, *mode, *html, *json, *live;
    bool                    quiet;
    cci_collector_options_t collect;
    char                    preload[PATH_MAX];
    char                  **program; /* ends with NULL */
    char                   *default_out;
} arguments_t;

/* "ccmem.PROG.%p.ccm"; a % in the name of the program is one. */
static char *default_output(const char *program)
{
    const char *slash = strrchr(program, '/');
    char       *name  = strdup(slash ? slash + 1 : program);
    char       *out   = NULL;

    for (char *p = name; p && *p; p++)
        if (*p == '%')
            *p = '_';
    if (name && asprintf(&out, "ccmem.%s.%%p.ccm", name) < 0)
        out = NULL;
    free(name);
    return out;
}

static int read_mode(arguments_t *a)
{
    static const struct {
        const char      *name;
        cci_trace_mode_t mode;
    } MODES[] = { { "full", CCI_MODE_FULL },
                  { "sample", CCI_MODE_SAMPLE },
                  { "count", CCI_MODE_COUNT } };

    for (size_t i = 0; i < sizeof MODES / sizeof *MODES; i++)
        if (strcmp(a->mode, MODES[i].name) == 0)
            a->collect.mode = MODES[i].mode;
    if (!a->collect.mode)
        return cci_fail(CCI_EXIT_USAGE, "profile", "--mode", "'%s': expected full, sample or count",
                        a->mode);
    if (a->collect.sample_interval && a->collect.mode != CCI_MODE_SAMPLE)
        return cci_fail(CCI_EXIT_USAGE, "profile", "--interval", "goes with --mode sample");
    return CCI_GO_ON;
}

static int refuse_later(const arguments_t *a)
{
    if (a->html)
        return cci_fail(CCI_EXIT_USAGE, "profile", "--html",
                        "comes with the dashboard; available now: --json");
    if (a->live)
        return cci_fail(CCI_EXIT_USAGE, "profile", "--live",
                        "comes with the live metrics; not in this version");
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
          "write the dashboard too (a later version)" },
        { "live", 0, CCI_OPTION_TEXT, &a->live, "ADDR:PORT",
          "serve live metrics (a later version)" },
        { "follow", 0, CCI_OPTION_FLAG, &a->collect.follow, NULL,
          "record the programs it starts, too" },
        { "force", 'f', CCI_OPTION_FLAG, &a->collect.force, NULL, "replace existing files" },
        { "quiet", 'q', CCI_OPTION_FLAG, &a->quiet, NULL, "record only: no summary, no progress" },
    };
    const cci_command_t command = {
        .name     = "profile",
        .synopsis = "[-o FILE] [--mode full|sample|count] [--json FILE] [--follow] [-f] [-q] -- "
                    "PROG [ARG...]",
        .about   = "Run PROG and record what it allocates; exits as PROG does. The summary goes to "
                   "stderr.\n"
                   "A child that PROG forks gets a trace of its own, FILE with its pid.",
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
        status             = refuse_later(a);
    }
    if (status == CCI_GO_ON)
        status = read_mode(a);
    /* Of `ccmem run` it is not ccmem that is to be recorded. */
    if (status == CCI_GO_ON)
        status = cci_run_unwrap(&a->program);
    if (status == CCI_GO_ON)
        status = cci_program_check("profile", a->program[0]);
    return status == CCI_GO_ON ? cci_program_preload("profile", a->preload) : status;
}

static int run(arguments_t *a, cci_collector_result_t *result)
{
    cci_collector_error_t error;
    struct stat           st;

    a->default_out = a->out ? NULL : default_output(a->program[0]);
    if (!a->out && !a->default_out)
        return cci_fail(CCI_EXIT_SYSTEM, "profile", NULL, "%s", strerror(ENOMEM));
    a->collect.output  = a->out ? a->out : a->default_out;
    a->collect.preload = a->preload;
    if (cci_collector_run(&a->collect, a->program, result, &error))
        return CCI_GO_ON;
    if (error.error == EEXIST && stat(error.what, &st) == 0 && S_ISDIR(st.st_mode))
        error.error = EISDIR;
    if (error.error == EEXIST)
        return cci_fail(CCI_EXIT_SYSTEM, "profile", error.what, "exists already; -f replaces it");
    return cci_fail(CCI_EXIT_SYSTEM, "profile", error.what, "%s", strerror(error.error));
}

static void tell_where(const cci_collector_result_t *result)
{
    fprintf(stderr, "\n%s", result->trace_path);
    if (result->processes > 1)
        fprintf(stderr, " and %u more trace%s of its child processes beside it",
                result->processes - 1, result->processes == 2 ? "" : "s");
    fprintf(stderr, "\nAll of it: ccmem report %s\n", result->trace_path);
}

static void say_nothing_seen(const char *program, const char *more)
{
    cci_fail(0, "profile", program,
             "no allocation was seen: it makes none, or brings a malloc of its own%s", more);
}

/* A report that could not be made does not change how the program ended; its message is out. */
static void report(const arguments_t *a, const cci_collector_result_t *result)
{
    cci_analysis_request_t request = { .command = "profile",
                                       .path    = result->trace_path,
                                       .quiet   = a->quiet };
    cci_analysis_t         analysis;

    if ((a->quiet && !a->json) || cci_analysis_open(&analysis, &request) != CCI_GO_ON)
        return;
    if (a->json)
        cci_analysis_write(&analysis, cci_report_json, a->json, a->collect.force);
    if (!a->quiet) {
        analysis.report.style = cci_style_of(stderr);
        fputc('\n', stderr);
        cci_report_summary(&analysis.report, stderr);
        tell_where(result);
        if (analysis.profile->total.alloc_count == 0 && !result->failed)
            say_nothing_seen(a->program[0], "");
    }
    cci_analysis_close(&analysis);
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

    if (status == CCI_GO_ON)
        status = run(&a, &result);
    if (status == CCI_GO_ON) {
        if (result.trace_path[0])
            report(&a, &result);
        else if (!result.failed)
            say_nothing_seen(a.program[0], "; no trace was written");
        status = exit_status(result.wait_status);
    }
    free(a.default_out);
    return status;
}
