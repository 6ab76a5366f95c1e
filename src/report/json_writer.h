/* SPDX-License-Identifier: MIT */
/* report/json_writer.h - JSON, written as it comes.
 *
 * Every value takes the name of its field, or NULL inside an array. Whatever the bytes and numbers
 * given, the output is valid: strings become UTF-8, what is no finite number becomes null, 64-bit
 * integers keep all digits. Two levels are indented, deeper ones stand on one line.
 *
 * Example:
 *   cci_json_t w = { .out = stdout };
 *   cci_json_begin_object(&w, NULL);
 *   cci_json_uint(&w, "alloc_count", 3);
 *   cci_json_end_object(&w);
 *
 * Failure  none here: a failed write is kept by the FILE (ferror).
 */
#ifndef CCI_REPORT_JSON_WRITER_H
#define CCI_REPORT_JSON_WRITER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct cci_json {
    FILE    *out;
    unsigned depth;
    bool     more;    /* something stands before at this level: a comma is due */
    bool     compact; /* no blanks, one line: for who reads it by program alone */
} cci_json_t;

void cci_json_begin_object(cci_json_t *w, const char *name);
void cci_json_end_object(cci_json_t *w);
void cci_json_begin_array(cci_json_t *w, const char *name);
void cci_json_end_array(cci_json_t *w);

void cci_json_null(cci_json_t *w, const char *name);
void cci_json_bool(cci_json_t *w, const char *name, bool value);
void cci_json_uint(cci_json_t *w, const char *name, uint64_t value);
void cci_json_int(cci_json_t *w, const char *name, int64_t value);
void cci_json_double(cci_json_t *w, const char *name, double value);
void cci_json_seconds(cci_json_t *w, const char *name, uint64_t ns); /* exact */
void cci_json_hex(cci_json_t *w, const char *name, uint64_t value);  /* "0x7f..." */

/* value NULL is null. */
void cci_json_string(cci_json_t *w, const char *name, const char *value);
void cci_json_bytes(cci_json_t *w, const char *name, const char *value, size_t n);

#endif
