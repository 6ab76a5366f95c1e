/* SPDX-License-Identifier: MIT */
/* cli.h - what the subcommands share: exit codes, messages, options, output files, progress. */
#ifndef CCI_CLI_H
#define CCI_CLI_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <ccmem/result.h>
#include "report/style.h"

enum {
    CCI_EXIT_DONE   = 0,
    CCI_EXIT_GATE   = 1, /* a gate failed                  */
    CCI_EXIT_USAGE  = 2, /* wrong usage                    */
    CCI_EXIT_INPUT  = 3, /* input missing or damaged       */
    CCI_EXIT_SYSTEM = 4  /* the system refused             */
};

/* ---- messages (message.c) ---- */

/* Print "ccmem: command: what: why" on stderr, unprintable bytes as '?'; command or what may be
 * NULL. Returns status, so that a caller may `return cci_fail(...)`. */
int cci_fail(int status, const char *command, const char *what, const char *why, ...)
    __attribute__((format(printf, 4, 5)));

/* The exit code for a failed call on an input. */
int cci_exit_code(cc_result_t result);

/* The word of the list nearest to `word`, or NULL when none is near enough to be meant. */
const char *cci_nearest(const char *word, const char *const *list, size_t count);

/* "a, b, c", as far as there is room. size > 0. */
void cci_join(const char *const *names, size_t n, char *out, size_t size);

/* How much `out` can show: a terminal has colours unless NO_COLOR is set. */
cci_style_t cci_style_of(FILE *out);

/* ---- options (options.c) ---- */

typedef enum {
    CCI_OPTION_FLAG,    /* bool: set                          */
    CCI_OPTION_TEXT,    /* const char *: as given             */
    CCI_OPTION_COUNT,   /* uint64_t: 1 or more                */
    CCI_OPTION_BYTES,   /* uint64_t: 1 or more, k M G allowed */
    CCI_OPTION_SECONDS, /* uint64_t: nanoseconds              */
    CCI_OPTION_LIST     /* cci_list_t: each use adds one      */
} cci_option_kind_t;

typedef struct cci_option {
    const char       *name;   /* without dashes, NULL = only the letter */
    char              letter; /* 0 = only the name */
    cci_option_kind_t kind;
    void             *value;
    const char       *argument; /* as the help calls it, NULL for a flag */
    const char       *help;
} cci_option_t;

enum { CCI_LIST_MAX = 16 };

typedef struct cci_list {
    const char *item[CCI_LIST_MAX];
    size_t      count;
} cci_list_t;

typedef struct cci_command {
    const char         *name;
    const char         *synopsis; /* what follows the name */
    const char         *about;    /* one or more lines for --help */
    const cci_option_t *options;
    size_t              option_count;
    size_t              operands_min, operands_max;
    const char         *operand; /* what one is called */
    bool program; /* operands are a program with its arguments: its options are not ours */
} cci_command_t;

enum { CCI_GO_ON = -1 };

/* Read argv (argv[0] is the command). The operands are moved to argv[1] and on, *operands of them.
 * Returns CCI_GO_ON, or the status to exit with: help was asked for, or a message was printed. */
int cci_options_parse(const cci_command_t *c, int argc, char **argv, size_t *operands);

/* ---- output (output.c) ---- */

/* A file that appears whole or not at all, or stdout. */
typedef struct cci_output {
    const char *command;
    const char *path; /* as given; NULL = stdout */
    FILE       *file;
    char       *target;    /* path, links resolved; NULL = written directly */
    char       *temporary; /* beside it, renamed at the end */
    bool        force;
} cci_output_t;

/* Could path be written? To ask before long work. Returns CCI_GO_ON or a status, with a message. */
int cci_output_check(const char *command, const char *path, bool force);

/* force: an existing file is replaced. Returns CCI_GO_ON or a status, with a message. */
int cci_output_open(cci_output_t *o, const char *command, const char *path, bool force);

/* Have what was written so far in the file, to know that it fits. Returns CCI_GO_ON or a status, with
 * a message. */
int cci_output_flush(cci_output_t *o);

/* All was written: make it the file. Returns 0 or a status, with a message. */
int cci_output_commit(cci_output_t *o);

/* Nothing stays. */
void cci_output_discard(cci_output_t *o);

/* ---- progress (progress.c) ---- */

/* A bar on stderr, when that is a terminal and the work takes longer than half a second. */
typedef struct cci_progress {
    const char *label;
    bool        on, shown;
    cci_style_t style;
    uint64_t    start_ns, last_ns;
} cci_progress_t;

void cci_progress_begin(cci_progress_t *p, const char *label, bool quiet);
void cci_progress_update(void *progress, double done); /* a cci_progress_t; done from 0 to 1 */
void cci_progress_end(cci_progress_t *p);

/* ---- subcommands, one a file ---- */

int cci_cmd_profile(int argc, char **argv);
int cci_cmd_attach(int argc, char **argv);
int cci_cmd_detach(int argc, char **argv);
int cci_cmd_report(int argc, char **argv);
int cci_cmd_diff(int argc, char **argv);
int cci_cmd_run(int argc, char **argv);
int cci_cmd_info(int argc, char **argv);

/* When *program, which ends with NULL, is this ccmem's `run`: do as it would, and let *program be
 * what it would become. Returns CCI_GO_ON or a status, with a message. */
int cci_run_unwrap(char ***program);

#endif
