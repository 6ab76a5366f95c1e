/* SPDX-License-Identifier: MIT */
/* program.h - whether a program can be recorded, before it runs. */
#ifndef CCI_PROGRAM_H
#define CCI_PROGRAM_H

/* Look at what `name` runs, found as execvp finds it, through the interpreter line of a script.
 * Returns CCI_GO_ON, or a status with a message for `command`: it is not there, may not be run, or
 * is such that the system's loader takes no library before it. */
int cci_program_check(const char *command, const char *name);

/* The preload library of this installation, for LD_PRELOAD; path has PATH_MAX bytes. Returns
 * CCI_GO_ON, or a status with a message. */
int cci_program_preload(const char *command, char *path);

#endif
