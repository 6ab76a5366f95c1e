/* SPDX-License-Identifier: MIT */
/* cmd_info.c - ccmem info: which allocator serves, which there are, and what machine this is.
 *
 * About another allocator ccmem asks itself, started under it as `ccmem run` would.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"
#include "info.h"
#include "launch.h"

enum { OPTIONS = 3 };

typedef struct arguments {
    const char *allocator, *format;
    bool        brief;
} arguments_t;

static int check_format(const char *format)
{
    static const char *const FORMATS[] = { "text", "json" };
    char                     what[64];

    if (strcmp(format, "text") == 0 || strcmp(format, "json") == 0)
        return CCI_GO_ON;
    snprintf(what, sizeof what, "--format %.40s", format);
    const char *near = cci_nearest(format, FORMATS, 2);
    if (near)
        return cci_fail(CCI_EXIT_USAGE, "info", what, "no such format; %s is one", near);
    return cci_fail(CCI_EXIT_USAGE, "info", what, "no such format; available: text, json");
}

static int check(const arguments_t *a)
{
    if (a->brief && a->format)
        return cci_fail(CCI_EXIT_USAGE, "info", "--short", "goes without --format");
    return a->format ? check_format(a->format) : CCI_GO_ON;
}

static int parse(arguments_t *a, int argc, char **argv)
{
    const cci_option_t options[OPTIONS] = {
        { "allocator", 0, CCI_OPTION_TEXT, &a->allocator, "NAME",
          "tell of a process under system, mimalloc, jemalloc or tcmalloc" },
        { "format", 0, CCI_OPTION_TEXT, &a->format, "FORMAT", "text (the default) or json" },
        { "short", 0, CCI_OPTION_FLAG, &a->brief, NULL,
          "one line: what serves, its version, the file malloc is in" },
    };
    const cci_command_t command = {
        .name     = "info",
        .synopsis = "[--allocator NAME] [--format text|json | --short]",
        .about    = "Tell which allocator serves this process, found by evidence; which allocators "
                    "there are;\nand what of the machine matters to them.",
        .options  = options,
        .option_count = OPTIONS,
        .operand      = "argument",
    };
    size_t operands;
    int    status = cci_options_parse(&command, argc, argv, &operands);

    return status == CCI_GO_ON ? check(a) : status;
}

/* The allocator is in the environment then, not in the arguments: it asks no further. */
static int become_other(const arguments_t *a)
{
    const char *argv[] = { "ccmem", "info", NULL, NULL, NULL };
    int         status = cci_launch_environment("info", a->allocator);

    if (status != CCI_GO_ON)
        return status;
    if (a->brief)
        argv[2] = "--short";
    if (a->format) {
        argv[2] = "--format";
        argv[3] = a->format;
    }
    execv("/proc/self/exe", (char *const *)argv);
    return cci_fail(CCI_EXIT_SYSTEM, "info", "/proc/self/exe", "%s", strerror(errno));
}

static void tell_short(FILE *out)
{
    cc_allocator_info_t allocator;

    cc_allocator_info(NULL, &allocator);
    cci_info_line(&allocator, out);
}

static void tell(const arguments_t *a, FILE *out)
{
    cci_style_t style = cci_style_of(out);
    cci_info_t  info;

    cci_info_collect(&info);
    if (a->format && strcmp(a->format, "json") == 0)
        cci_info_json(&info, out);
    else
        cci_info_text(&info, &style, out);
}

int cci_cmd_info(int argc, char **argv)
{
    arguments_t  a = { 0 };
    cci_output_t output;
    int          status = parse(&a, argc, argv);

    if (status == CCI_GO_ON && a.allocator)
        return become_other(&a);
    if (status == CCI_GO_ON)
        status = cci_output_open(&output, "info", NULL, false);
    if (status != CCI_GO_ON)
        return status;
    if (a.brief)
        tell_short(output.file);
    else
        tell(&a, output.file);
    return cci_output_commit(&output);
}
