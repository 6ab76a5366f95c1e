/* SPDX-License-Identifier: MIT */
/* report/gzip.h - bytes into a FILE, compressed on the way. No time and no name are in the header,
 * so that the same bytes always give the same file.
 *
 * Failure  a failed write is kept by the FILE (ferror).
 * Source   RFC 1952, by zlib.
 */
#ifndef CCI_REPORT_GZIP_H
#define CCI_REPORT_GZIP_H
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <zlib.h>

/* Fields are private. */
typedef struct cci_gzip {
    z_stream stream;
    FILE    *out;
} cci_gzip_t;

/* False: out of memory, and there is nothing to end. */
bool cci_gzip_begin(cci_gzip_t *g, FILE *out);
void cci_gzip_write(cci_gzip_t *g, const void *bytes, size_t n);

/* Write what is left, and release. */
void cci_gzip_end(cci_gzip_t *g);

/* The same as a FILE of its own: all of it is in out after fclose, which leaves out open. NULL: out
 * of memory. */
FILE *cci_gzip_open(FILE *out);

#endif
