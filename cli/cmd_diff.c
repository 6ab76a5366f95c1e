/* SPDX-License-Identifier: MIT */
/* cmd_diff.c - ccmem diff: what changed between two runs, and whether that is too much. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "analysis.h"
#include "report/diff_report.h"

enum { OPTIONS = 9, NAMES_MAX = 256, SUGGESTIONS = 3, WIDTH = 80 };

typedef bool (*writer_t)(const cci_diff_report_t *r, FILE *out);

typedef struct arguments {
    cci_analysis_request_t request; /* of either trace, but for its path */
    const char            *path[CCI_SIDES];
    const char            *format, *out;
    bool                   force;
    writer_t               write;
    cci_list_t             fail_if;
    cci_gate_t             gate[CCI_LIST_MAX]; /* one for each of fail_if */
} arguments_t;

/* ---- the command line ---- */

/* The name that was meant: one with the word in it, or one that is almost the word. */
static const char *likely(const char *word, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count && *word; i++)
        if (strstr(names[i], word))
            return names[i];
    return cci_nearest(word, names, count);
}

static size_t collect_names(cci_gate_unknown_t kind, const char *names[NAMES_MAX])
{
    size_t count = 0;

    while (count < NAMES_MAX && (names[count] = cci_gate_name(kind, count)) != NULL)
        count++;
    return count;
}

static size_t without(const char *name, const char **names, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (names[i] != name)
            names[kept++] = names[i];
    return kept;
}

/* "; A, B and C are", or where the names stand when none is near to what was written. */
static void suggest(const cci_gate_error_t *e, const char *written, char *out, size_t size)
{
    const char *names[NAMES_MAX], *name;
    char        word[64];
    size_t      count = collect_names(e->unknown, names), at = 0;

    snprintf(word, sizeof word, "%.*s", (int)(e->length < 60 ? e->length : 60), written);
    for (int n = 0; n < SUGGESTIONS && at < size; n++) {
        name = likely(word, names, count);
        if (!name)
            break;
        at += (size_t)snprintf(out + at, size - at, "%s%s", n ? ", " : "; near: ", name);
        count = without(name, names, count);
    }
    if (at == 0)
        snprintf(out, size, "; names are those of ccmem %s --format json",
                 e->unknown == CCI_GATE_NO_CHANGE ? "diff" : "report");
}

static int refuse_gate(const char *text, const cci_gate_error_t *e)
{
    char near[256] = "";

    if (e->unknown != CCI_GATE_NAME_IS_KNOWN)
        suggest(e, text + e->column - 1, near, sizeof near);
    return cci_fail(CCI_EXIT_USAGE, "diff", "--fail-if", "'%s': column %zu: %s%s", text, e->column,
                    e->why, near);
}

static int parse_gates(arguments_t *a)
{
    cci_gate_error_t error;

    for (size_t i = 0; i < a->fail_if.count; i++)
        if (!cci_gate_parse(&a->gate[i], a->fail_if.item[i], &error))
            return refuse_gate(a->fail_if.item[i], &error);
    return CCI_GO_ON;
}

static writer_t writer_of(const char *format)
{
    static const struct {
        const char *name;
        writer_t    write;
    } FORMATS[] = { { "text", cci_diff_text },
                    { "json", cci_diff_json },
                    { "html", cci_diff_html } };

    for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++)
        if (strcmp(format, FORMATS[i].name) == 0)
            return FORMATS[i].write;
    return NULL;
}

static bool wants_page(const arguments_t *a)
{
    return a->write == cci_diff_html;
}

static int find_format(arguments_t *a)
{
    char what[64];

    a->write = writer_of(a->format);
    snprintf(what, sizeof what, "--format %.40s", a->format);
    if (!a->write)
        return cci_fail(CCI_EXIT_USAGE, "diff", what, "no such format; text, json and html are");
    int status = wants_page(a) ? cci_html_check("diff", a->format) : CCI_GO_ON;
    if (status != CCI_GO_ON)
        return status;
    if (wants_page(a) && !a->out && isatty(STDOUT_FILENO))
        return cci_fail(CCI_EXIT_USAGE, "diff", what, "is not for a terminal; -o FILE");
    return cci_output_check("diff", a->out, a->force);
}

static int parse(arguments_t *a, int argc, char **argv)
{
    const cci_option_t options[OPTIONS] = {
        { "fail-if", 0, CCI_OPTION_LIST, &a->fail_if, "GATE",
          "exit with 1 if this holds, such as 'peak_allocated>+5%'" },
        { "format", 0, CCI_OPTION_TEXT, &a->format, "FORMAT",
          "text (the default), json or html, a page for a browser" },
        { "output", 'o', CCI_OPTION_TEXT, &a->out, "OUT",
          "write to this file, not to the terminal" },
        { "force", 'f', CCI_OPTION_FLAG, &a->force, NULL, "replace an existing OUT" },
        { "top", 0, CCI_OPTION_COUNT, &a->request.top, "N", "show so many sites of each order" },
        { "suppress", 0, CCI_OPTION_LIST, &a->request.suppress, "FILE",
          "do not count as leaked what the patterns in FILE match" },
        { "all-leaks", 0, CCI_OPTION_FLAG, &a->request.all_leaks, NULL,
          "count what the C library itself does not free, too" },
        { "debuginfod", 0, CCI_OPTION_FLAG, &a->request.debuginfod, NULL,
          "ask the servers of $DEBUGINFOD_URLS for symbols" },
        { "quiet", 'q', CCI_OPTION_FLAG, &a->request.quiet, NULL, "no progress, no remarks" },
    };
    const cci_command_t command = {
        .name     = "diff",
        .synopsis = "OLD NEW [--fail-if GATE]... [--format text|json|html] [-o OUT] [--top N]",
        .about   = "Show what changed from one recorded run to another. OLD and NEW are traces of\n"
                   "ccmem profile. GATE is FIELD OP VALUE: FIELD one of the JSON report, or\n"
                   "site:FUNCTION:FIELD; OP one of > >= < <= == !=; VALUE such as 64MiB, or with\n"
                   "a sign to compare with OLD, such as +5% or +1000.",
        .options = options,
        .option_count = OPTIONS,
        .operands_min = 2,
        .operands_max = 2,
        .operand      = "trace",
    };
    size_t operands;
    int    status = cci_options_parse(&command, argc, argv, &operands);

    if (status != CCI_GO_ON)
        return status;
    a->path[CCI_OLD] = argv[1];
    a->path[CCI_NEW] = argv[2];
    status           = find_format(a);
    return status == CCI_GO_ON ? parse_gates(a) : status;
}

/* ---- the two runs ---- */

typedef struct runs {
    cci_analysis_t    analysis[CCI_SIDES];
    cci_places_t     *places;
    cci_diff_t       *diff;
    cci_verdict_t     verdict[CCI_LIST_MAX];
    cci_diff_report_t report;
} runs_t;

static int fail_memory(void)
{
    return cci_fail(CCI_EXIT_SYSTEM, "diff", NULL, "%s", cc_result_text(CC_RESULT_NO_MEMORY));
}

static int read_runs(runs_t *r, const arguments_t *a)
{
    for (int side = 0; side < CCI_SIDES; side++) {
        cci_analysis_request_t request = a->request;
        request.path                   = a->path[side];
        request.slices                 = wants_page(a) && side == CCI_NEW;
        int status                     = cci_analysis_open(&r->analysis[side], &request);
        if (status != CCI_GO_ON)
            return status;
        r->report.side[side] = &r->analysis[side].report;
        r->report.path[side] = a->path[side];
    }
    return CCI_GO_ON;
}

static int compare_runs(runs_t *r)
{
    cci_run_t       run[CCI_SIDES];
    const uint32_t *place[CCI_SIDES];

    r->places = cci_places_create(r->report.side[CCI_OLD], r->report.side[CCI_NEW]);
    if (!r->places)
        return fail_memory();
    for (int side = 0; side < CCI_SIDES; side++) {
        run[side]   = cci_report_run(r->report.side[side]);
        place[side] = cci_places_of(r->places, (cci_side_t)side);
    }
    r->diff = cci_diff_create(run, place, cci_places_count(r->places));
    if (!r->diff)
        return fail_memory();
    r->report.places = r->places;
    r->report.diff   = r->diff;
    return CCI_GO_ON;
}

static int judge_gates(runs_t *r, const arguments_t *a)
{
    for (size_t i = 0; i < a->fail_if.count; i++)
        if (!cci_verdict_find(&r->report, &a->gate[i], &r->verdict[i]))
            return fail_memory();
    r->report.verdict       = r->verdict;
    r->report.verdict_count = a->fail_if.count;
    return CCI_GO_ON;
}

static int write_result(runs_t *r, const arguments_t *a)
{
    cci_output_t out;
    int          status = cci_output_open(&out, "diff", a->out, a->force);

    if (status != CCI_GO_ON)
        return status;
    r->report.top   = (size_t)a->request.top;
    r->report.style = cci_style_of(out.file);
    if (!isatty(fileno(out.file)))
        r->report.style.width = WIDTH;
    if (a->write(&r->report, out.file))
        return cci_output_commit(&out);
    cci_output_discard(&out);
    return fail_memory();
}

/* A line for each gate that failed, that nothing can be said of, or that nothing is like. A gate that
 * failed stays failed whatever the others are. */
static int tell_verdicts(const runs_t *r)
{
    int  status = CCI_EXIT_DONE;
    char text[CCI_VERDICT_BYTES];

    for (size_t i = 0; i < r->report.verdict_count; i++) {
        const cci_verdict_t *v        = &r->verdict[i];
        bool                 no_sites = v->gate->subject == CCI_GATE_SITES && v->places == 0;
        if (v->outcome == CCI_GATE_PASSES && !no_sites)
            continue;
        cci_fail(0, "diff", v->gate->text, "%s%s",
                 v->outcome == CCI_GATE_UNKNOWN ? "cannot be decided: " : "",
                 cci_verdict_text(v, text));
        if (v->outcome == CCI_GATE_FAILS)
            status = CCI_EXIT_GATE;
        else if (v->outcome == CCI_GATE_UNKNOWN && status == CCI_EXIT_DONE)
            status = CCI_EXIT_INPUT;
    }
    return status;
}

static int run(runs_t *r, const arguments_t *a)
{
    int status = read_runs(r, a);

    if (status == CCI_GO_ON)
        status = compare_runs(r);
    if (status == CCI_GO_ON)
        status = judge_gates(r, a);
    if (status == CCI_GO_ON)
        status = write_result(r, a);
    return status == CCI_EXIT_DONE ? tell_verdicts(r) : status;
}

int cci_cmd_diff(int argc, char **argv)
{
    arguments_t a      = { .request = { .command = "diff" }, .format = "text" };
    runs_t     *r      = calloc(1, sizeof *r);
    int         status = r ? parse(&a, argc, argv) : fail_memory();

    if (status == CCI_GO_ON)
        status = run(r, &a);
    if (r) {
        cci_diff_destroy(r->diff);
        cci_places_destroy(r->places);
        cci_analysis_close(&r->analysis[CCI_OLD]);
        cci_analysis_close(&r->analysis[CCI_NEW]);
    }
    free(r);
    return status;
}
