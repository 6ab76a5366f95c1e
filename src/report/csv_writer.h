/* SPDX-License-Identifier: MIT */
/* report/csv_writer.h - tables of comma-separated values, cell by cell.
 *
 * The first row is the header: of its cells the names are written, of all others the values. So
 * what puts a row also says what its columns are called, once, beside each value; a table begins
 * with a row of nothing.
 *
 * Example:
 *   cci_csv_t w = { .out = stdout };
 *   put_row(&w, &nothing);               // thread,bytes
 *   put_row(&w, &row);                   // worker,42
 * with
 *   cci_csv_text(w, "thread", row->name);
 *   cci_csv_uint(w, "bytes", row->bytes);
 *   cci_csv_end_row(w);
 *
 * An unknown value is an empty cell; an empty text is "". Bytes that are not UTF-8 are U+FFFD.
 *
 * Failure  none here: a failed write is kept by the FILE (ferror).
 * Source   RFC 4180.
 */
#ifndef CCI_REPORT_CSV_WRITER_H
#define CCI_REPORT_CSV_WRITER_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct cci_csv {
    FILE *out;
    bool  named;  /* the header is written */
    bool  inside; /* a row: a comma is due */
} cci_csv_t;

void cci_csv_uint(cci_csv_t *w, const char *name, uint64_t value);
void cci_csv_known(cci_csv_t *w, const char *name, uint64_t value, bool known);
void cci_csv_double(cci_csv_t *w, const char *name, double value);    /* not finite: unknown */
void cci_csv_seconds(cci_csv_t *w, const char *name, uint64_t ns);    /* exact */
void cci_csv_hex(cci_csv_t *w, const char *name, uint64_t value);     /* 0x7f... */
void cci_csv_text(cci_csv_t *w, const char *name, const char *value); /* NULL: unknown */
void cci_csv_unknown(cci_csv_t *w, const char *name);
void cci_csv_end_row(cci_csv_t *w);

#endif
