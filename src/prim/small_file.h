/* SPDX-License-Identifier: MIT */
/* prim/small_file.h - files of a few lines, as the kernel describes itself in. No allocation. */
#ifndef CCI_PRIM_SMALL_FILE_H
#define CCI_PRIM_SMALL_FILE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The beginning of the file as a text; "" and false when it cannot be read. */
bool cci_small_file_read(const char *path, char *text, size_t capacity);

/* The number that the file begins with. False: it does not begin with one, or is not there. */
bool cci_small_file_number(const char *path, uint64_t *number);

/* The number behind the first word of the line that begins with it, "MemTotal:". */
bool cci_small_file_field(const char *path, const char *word, uint64_t *number);

#endif
