/* SPDX-License-Identifier: MIT */
/* main.c - ccmem: finds the subcommand and hands over. */
#include <errno.h>
#include <locale.h>
#include <string.h>
#include <ccmem/version.h>
#include "cli.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
} COMMANDS[] = {
    { "profile", cci_cmd_profile, "run a program and record what it allocates" },
    { "attach", cci_cmd_attach, "record a process that was started dormant" },
    { "detach", cci_cmd_detach, "end that recording" },
    { "report", cci_cmd_report, "show what a recorded program allocated" },
    { "diff", cci_cmd_diff, "show what changed between two runs, and fail if it is too much" },
    { "run", cci_cmd_run, "run a program under another allocator" },
    { "info", cci_cmd_info, "tell which allocator serves, and which there are" },
};

enum { COMMAND_COUNT = sizeof COMMANDS / sizeof COMMANDS[0] };

static void put_help(FILE *out)
{
    fputs("usage: ccmem COMMAND [OPTION...] [ARGUMENT...]\n\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-9s %s\n", COMMANDS[i].name, COMMANDS[i].about);
    fputs("\nccmem COMMAND --help says more of each; ccmem --version says which this is.\n", out);
}

/* What was asked for and could not be said is a failure. */
static int said(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return CCI_EXIT_DONE;
    return cci_fail(CCI_EXIT_SYSTEM, NULL, "standard output", "%s", strerror(errno));
}

static int say_help(void)
{
    put_help(stdout);
    return said();
}

static int say_version(void)
{
    printf("ccmem %s\n", cc_version());
    return said();
}

static int refuse(const char *word)
{
    const char *names[COMMAND_COUNT];

    if (word[0] == '-')
        return cci_fail(CCI_EXIT_USAGE, NULL, word, "no such option; see ccmem --help");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = COMMANDS[i].name;
    const char *near = cci_nearest(word, names, COMMAND_COUNT);
    if (near)
        return cci_fail(CCI_EXIT_USAGE, NULL, word, "no such command; %s is one", near);
    return cci_fail(CCI_EXIT_USAGE, NULL, word, "no such command; see ccmem --help");
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, ""); /* only to know whether the terminal takes UTF-8 */
    if (argc < 2) {
        put_help(stderr);
        return CCI_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return say_help();
    if (strcmp(argv[1], "--version") == 0)
        return say_version();
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(argv[1], COMMANDS[i].name) == 0)
            return COMMANDS[i].run(argc - 1, argv + 1);
    return refuse(argv[1]);
}
