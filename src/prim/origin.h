/* SPDX-License-Identifier: MIT */
/* prim/origin.h - where a piece of code came from, to find what is installed with it. */
#ifndef CCI_PRIM_ORIGIN_H
#define CCI_PRIM_ORIGIN_H
#include <limits.h>
#include <stdbool.h>

/* The folder of the loaded file that holds this address. False: it is in no file, its folder is not
 * known, or the process is one that no library can be loaded into without a second C library. */
bool cci_origin(const void *code, char folder[PATH_MAX]);

#endif
