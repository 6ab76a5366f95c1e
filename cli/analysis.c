/* SPDX-License-Identifier: MIT */
/* analysis.c - see analysis.h. */
#include <string.h>
#include "analysis.h"
#include "report/html.h"

/* ---- formats ---- */

enum { FORMATS_MAX = 16 };

static size_t format_names(const char *names[FORMATS_MAX])
{
    size_t                     count, n = 0;
    const cci_report_format_t *formats = cci_report_formats(&count);

    for (size_t i = 0; i < count && n < FORMATS_MAX; i++)
        names[n++] = formats[i].name;
    return n;
}

int cci_html_check(const char *command, const char *what)
{
    const char *missing = cci_html_missing();

    return missing ? cci_fail(CCI_EXIT_SYSTEM, command, what, "%s", missing) : CCI_GO_ON;
}

static int refuse_format(const char *command, const char *name)
{
    const char *names[FORMATS_MAX];
    char        what[64], available[256];
    size_t      n    = format_names(names);
    const char *near = cci_nearest(name, names, n);

    snprintf(what, sizeof what, "--format %.40s", name);
    if (near)
        return cci_fail(CCI_EXIT_USAGE, command, what, "no such format; %s is one", near);
    cci_join(names, n, available, sizeof available);
    return cci_fail(CCI_EXIT_USAGE, command, what, "no such format; available now: %s", available);
}

int cci_format_find(const char *command, const char *name, const cci_report_format_t **out)
{
    const cci_report_format_t *format = cci_report_format(name);

    if (!format)
        return refuse_format(command, name);
    *out = format;
    if (format->missing && format->missing())
        return cci_fail(CCI_EXIT_SYSTEM, command, name, "%s", format->missing());
    return CCI_GO_ON;
}

/* ---- reading ---- */

static int open_trace(cci_analysis_t *a, const cci_analysis_request_t *q)
{
    cc_result_t result = cci_trace_open(&a->trace, q->path);

    if (result != CC_RESULT_OK)
        return cci_fail(cci_exit_code(result), q->command, q->path, "%s", cci_trace_open_error());
    if (cci_trace_info(a->trace)->mode == CCI_MODE_COUNT && (q->from_ns || q->to_ns))
        return cci_fail(
            CCI_EXIT_USAGE, q->command, q->path,
            "recorded with --mode count: --from and --to have no events to choose from");
    return CCI_GO_ON;
}

static int read_profile(cci_analysis_t *a, const cci_analysis_request_t *q)
{
    cci_progress_t progress;

    cci_progress_begin(&progress, "reading the trace", q->quiet);
    cci_profile_options_t options = { .from_ns          = q->from_ns,
                                      .to_ns            = q->to_ns,
                                      .slices           = q->slices,
                                      .progress         = cci_progress_update,
                                      .progress_context = &progress };
    cc_result_t           result  = cci_profile_create(&a->profile, a->trace, &options);
    cci_progress_end(&progress);
    if (result != CC_RESULT_OK)
        return cci_fail(cci_exit_code(result), q->command, q->path, "%s", cc_result_text(result));
    if (q->from_ns && a->profile->to_ns <= q->from_ns)
        return cci_fail(CCI_EXIT_USAGE, q->command, "--from",
                        "the trace ends before, after %.3f seconds",
                        (double)cci_trace_info(a->trace)->end_ns / 1e9);
    return CCI_GO_ON;
}

static void warn_about_module(void *command, const char *path, const char *why)
{
    cci_fail(0, command, path, "%s", why);
}

static int prepare_report(cci_analysis_t *a, const cci_analysis_request_t *q)
{
    /* The command's name is only read, whatever the callback's type says. */
    cci_symbolizer_options_t options = { .debuginfod   = q->debuginfod,
                                         .warn         = q->quiet ? NULL : warn_about_module,
                                         .warn_context = (void *)(uintptr_t)q->command };

    a->report = (cci_report_t){ .trace   = a->trace,
                                .profile = a->profile,
                                .frames  = cci_frames_create(a->trace, &options),
                                .top     = (size_t)q->top };
    if (a->report.frames)
        return CCI_GO_ON;
    return cci_fail(CCI_EXIT_SYSTEM, q->command, q->path, "%s",
                    cc_result_text(CC_RESULT_NO_MEMORY));
}

/* ---- leaks that nobody wants to hear of ---- */

static int refuse_file(const cci_analysis_request_t *q, const char *path, cc_result_t result,
                       size_t line, const char *why)
{
    if (result == CC_RESULT_NO_MEMORY)
        why = cc_result_text(result);
    if (line == 0)
        return cci_fail(cci_exit_code(result), q->command, path, "%s", why);
    return cci_fail(cci_exit_code(result), q->command, path, "line %zu %s", line, why);
}

static int read_suppressions(cci_analysis_t *a, const cci_analysis_request_t *q)
{
    size_t      line;
    const char *why = "";

    for (size_t i = 0; i < q->suppress.count; i++) {
        const char *path   = q->suppress.item[i];
        cc_result_t result = cci_suppressions_add_file(&a->suppressions, path, &line, &why);
        if (result != CC_RESULT_OK)
            return refuse_file(q, path, result, line, why);
    }
    return CCI_GO_ON;
}

static int suppress(cci_analysis_t *a, const cci_analysis_request_t *q)
{
    cc_result_t result = cci_suppressions_apply(&a->suppressions, a->profile, a->report.frames);

    if (result == CC_RESULT_OK)
        return CCI_GO_ON;
    return cci_fail(cci_exit_code(result), q->command, q->path, "%s", cc_result_text(result));
}

static int prepare_suppressions(cci_analysis_t *a, const cci_analysis_request_t *q)
{
    if (!q->all_leaks && cci_suppressions_add_defaults(&a->suppressions) != CC_RESULT_OK)
        return cci_fail(CCI_EXIT_SYSTEM, q->command, q->path, "%s",
                        cc_result_text(CC_RESULT_NO_MEMORY));
    return read_suppressions(a, q);
}

int cci_analysis_open(cci_analysis_t *a, const cci_analysis_request_t *q)
{
    *a         = (cci_analysis_t){ .command = q->command };
    int status = prepare_suppressions(a, q);

    if (status == CCI_GO_ON)
        status = open_trace(a, q);
    if (status == CCI_GO_ON)
        status = read_profile(a, q);
    if (status == CCI_GO_ON)
        status = prepare_report(a, q);
    if (status == CCI_GO_ON)
        status = suppress(a, q);
    if (status != CCI_GO_ON)
        cci_analysis_close(a);
    return status;
}

void cci_analysis_close(cci_analysis_t *a)
{
    cci_frames_destroy(a->report.frames);
    cci_profile_destroy(a->profile);
    cci_trace_close(a->trace);
    cci_suppressions_fini(&a->suppressions);
    *a = (cci_analysis_t){ 0 };
}

/* ---- writing ---- */

int cci_analysis_write(cci_analysis_t *a, cci_report_writer_t write, const char *path, bool force)
{
    cci_output_t out;
    int          status = cci_output_open(&out, a->command, path, force);

    if (status != CCI_GO_ON)
        return status;
    a->report.style = cci_style_of(out.file);
    if (write(&a->report, out.file))
        return cci_output_commit(&out);
    cci_output_discard(&out);
    return cci_fail(CCI_EXIT_SYSTEM, a->command, path, "%s", cc_result_text(CC_RESULT_NO_MEMORY));
}
