/* SPDX-License-Identifier: MIT */
/* cmd_run.c - ccmem run: become a program that is served by a chosen allocator.
 *
 * ccmem makes itself the program by exec, so that its process, its status and its signals are the
 * program's own.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"
#include "launch.h"
#include "program.h"

enum { OPTIONS = 1 };

/* argv[1] and on become the program's vector, and our environment what it is to have. */
static int prepare(int argc, char **argv)
{
    const char        *allocator        = NULL;
    const cci_option_t options[OPTIONS] = {
        { "allocator", 0, CCI_OPTION_TEXT, &allocator, "NAME",
          "system, mimalloc, jemalloc or tcmalloc (default: the platform's policy)" },
    };
    const cci_command_t command = {
        .name     = "run",
        .synopsis = "[--allocator NAME] -- PROG [ARG...]",
        .about = "Run PROG under another allocator; exits as PROG does. If another one serves it\n"
                 "all the same, PROG ends before its main, with status 4.",
        .options      = options,
        .option_count = OPTIONS,
        .operands_min = 1,
        .operands_max = SIZE_MAX,
        .operand      = "PROG",
        .program      = true,
    };
    size_t operands;
    int    status = cci_options_parse(&command, argc, argv, &operands);

    if (status != CCI_GO_ON)
        return status;
    argv[1 + operands] = NULL;
    if (allocator)
        status = cci_launch_check_name("run", allocator);
    if (status == CCI_GO_ON)
        status = cci_program_check("run", argv[1]);
    return status == CCI_GO_ON ? cci_launch_environment("run", allocator) : status;
}

int cci_cmd_run(int argc, char **argv)
{
    int status = prepare(argc, argv);

    if (status != CCI_GO_ON)
        return status;
    execvp(argv[1], argv + 1);
    return cci_fail(errno == ENOENT ? CCI_EXIT_INPUT : CCI_EXIT_SYSTEM, "run", argv[1], "%s",
                    strerror(errno));
}

int cci_run_unwrap(char ***program)
{
    char **argv = *program + 1;
    int    argc = 0;

    if (!argv[0] || strcmp(argv[0], "run") != 0 || !cci_program_is_self(**program))
        return CCI_GO_ON;
    while (argv[argc])
        argc++;
    int status = prepare(argc, argv);
    if (status == CCI_GO_ON)
        *program = argv + 1;
    return status;
}
