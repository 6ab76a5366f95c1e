/* SPDX-License-Identifier: MIT */
/* recorded.c - see recorded.h. */
#include "recorded.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "analysis.h"

char *cci_recorded_name(const char *program)
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

int cci_recorded_mode(const char *command, const char *mode, cci_collector_options_t *options)
{
    static const struct {
        const char      *name;
        cci_trace_mode_t mode;
    } MODES[] = { { "full", CCI_MODE_FULL },
                  { "sample", CCI_MODE_SAMPLE },
                  { "count", CCI_MODE_COUNT } };

    for (size_t i = 0; i < sizeof MODES / sizeof *MODES; i++)
        if (strcmp(mode, MODES[i].name) == 0)
            options->mode = MODES[i].mode;
    if (!options->mode)
        return cci_fail(CCI_EXIT_USAGE, command, "--mode", "'%s': expected full, sample or count",
                        mode);
    if (options->sample_interval && options->mode != CCI_MODE_SAMPLE)
        return cci_fail(CCI_EXIT_USAGE, command, "--interval", "goes with --mode sample");
    return CCI_GO_ON;
}

int cci_recorded_refuse(const char *command, const cci_collector_error_t *error)
{
    struct stat st;

    if (error->error != EEXIST)
        return cci_fail(CCI_EXIT_SYSTEM, command, error->what, "%s", strerror(error->error));
    if (stat(error->what, &st) == 0 && S_ISDIR(st.st_mode))
        return cci_fail(CCI_EXIT_SYSTEM, command, error->what, "%s", strerror(EISDIR));
    return cci_fail(CCI_EXIT_SYSTEM, command, error->what, "exists already; -f replaces it");
}

static void tell_where(const cci_collector_result_t *result)
{
    fprintf(stderr, "\n%s", result->trace_path);
    if (result->processes > 1)
        fprintf(stderr, " and %u more trace%s of its child processes beside it",
                result->processes - 1, result->processes == 2 ? "" : "s");
    fprintf(stderr, "\nAll of it: ccmem report %s\n", result->trace_path);
}

static void say_nothing_seen(const cci_recorded_t *r, const char *more)
{
    cci_fail(0, r->command, r->program,
             "no allocation was seen: it makes none, or brings a malloc of its own%s", more);
}

static void show(const cci_recorded_t *r, const cci_collector_result_t *result)
{
    cci_analysis_request_t request  = { .command = r->command,
                                        .path    = result->trace_path,
                                        .slices  = r->html != NULL,
                                        .quiet   = r->quiet };
    cci_analysis_t         analysis = { 0 };

    if (cci_analysis_open(&analysis, &request) != CCI_GO_ON)
        return;
    if (r->json)
        cci_analysis_write(&analysis, cci_report_json, r->json, r->force);
    if (r->html)
        cci_analysis_write(&analysis, cci_report_html, r->html, r->force);
    if (!r->quiet) {
        analysis.report.style = cci_style_of(stderr);
        fputc('\n', stderr);
        cci_report_summary(&analysis.report, stderr);
        tell_where(result);
        if (analysis.profile->total.alloc_count == 0 && !result->failed)
            say_nothing_seen(r, "");
    }
    cci_analysis_close(&analysis);
}

void cci_recorded_show(const cci_recorded_t *r, const cci_collector_result_t *result)
{
    if (result->trace_path[0] && (!r->quiet || r->json || r->html))
        show(r, result);
    else if (!result->trace_path[0] && !result->failed)
        say_nothing_seen(r, "; no trace was written");
}
