/* SPDX-License-Identifier: MIT */
/* prim/checker.h - whether a tool that finds wrong uses of memory watches this process' malloc. */
#ifndef CCI_PRIM_CHECKER_H
#define CCI_PRIM_CHECKER_H
#include <stdbool.h>

/* Its name, "AddressSanitizer" or "Valgrind"; NULL where there is none. Takes the loader's lock. */
const char *cci_checker(void);

/* Whether Valgrind puts its own functions in place of all that are called malloc, free and the
 * like, in libraries with malloc in their names too, and also where they are called by address. */
bool cci_valgrind_replaces_malloc(void);

#endif
