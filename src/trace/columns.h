/* SPDX-License-Identifier: MIT */
/* trace/columns.h - the records of a chunk, sorted by kind of field.
 *
 * Sizes resemble sizes and stacks resemble stacks: put side by side they compress to three quarters
 * of what the records they came from do. Nothing is decoded or changed on the way: every byte of a
 * record goes to one of the columns as it is, and the tags say in which order to fetch them back.
 * docs/formats/trace.md says what is where.
 *
 * Cost: one pass over the bytes, no allocation.
 */
#ifndef CCI_TRACE_COLUMNS_H
#define CCI_TRACE_COLUMNS_H
#include <stdbool.h>
#include "base/varint.h"
#include "trace/format.h"

typedef enum {
    CCI_COLUMN_TIMES     = 0, /* tags, and the rest of a time that has one */
    CCI_COLUMN_SIZES     = 1, /* sizes and alignments                      */
    CCI_COLUMN_ADDRESSES = 2,
    CCI_COLUMN_STACKS    = 3, /* and extended records, less their tags     */
    CCI_COLUMNS          = 4
} cci_column_t;

/* What n bytes of records become takes at most this: their lengths stand before the columns. */
#define CCI_COLUMNS_BYTES_MAX(n) ((n) + CCI_COLUMNS * CCI_VARINT_MAX)

/* Bytes that splitting n bytes needs for itself: each column may get all of them. */
#define CCI_COLUMNS_SCRATCH_BYTES(n) (CCI_COLUMNS * ((n) + CCI_RECORD_MAX))

/* The columns of n bytes of records, which CCI_RECORD_MAX readable bytes follow. out has room for
 * CCI_COLUMNS_BYTES_MAX. Returns how many it took, 0 when these are no whole records. */
size_t cci_columns_split(const uint8_t *records, size_t n, uint8_t *scratch, uint8_t *out);

/* The n bytes of records that were split into size bytes of columns, which CCI_RECORD_MAX readable
 * bytes follow; so many more may be written behind the records. false: they are no columns of n
 * bytes, whatever they are. */
bool cci_columns_join(const uint8_t *columns, size_t size, uint8_t *records, size_t n);

#endif
