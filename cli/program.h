/* SPDX-License-Identifier: MIT */
/* program.h - whether a program can get a library of ours, before it runs; and those libraries. */
#ifndef CCI_PROGRAM_H
#define CCI_PROGRAM_H
#include <stdbool.h>

/* Look at what `name` runs, found as execvp finds it, through the interpreter line of a script.
 * Returns CCI_GO_ON, or a status with a message for `command`: it is not there, may not be run, or
 * is such that the system's loader takes no library before it. */
int cci_program_check(const char *command, const char *name);

/* Whether `name`, found as execvp finds it, is this very ccmem. */
bool cci_program_is_self(const char *name);

/* A library of this installation, for LD_PRELOAD: the recorder, and the one that verifies which
 * allocator serves. path has PATH_MAX bytes. Returns CCI_GO_ON, or a status with a message. */
int cci_program_preload(const char *command, char *path);
int cci_program_verify(const char *command, char *path);

/* Can LD_PRELOAD name this file? Returns CCI_GO_ON, or a status with a message. */
int cci_program_check_library(const char *command, const char *path);

#endif
