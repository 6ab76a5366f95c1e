/* SPDX-License-Identifier: MIT */
/* tables.h - the tables of a report in a folder, one file each. */
#ifndef CCI_TABLES_H
#define CCI_TABLES_H
#include "analysis.h"

/* Could they be written? To ask before long work. Returns CCI_GO_ON or a status, with a message. */
int cci_tables_check(const char *command, const char *folder, bool force);

/* Write FOLDER/TABLE.csv for every table: all of them, or none, and then no folder either that was
 * not there before. Other files in it stay. Returns 0 or a status, with a message. */
int cci_tables_write(cci_analysis_t *a, const char *folder, bool force);

#endif
