/* SPDX-License-Identifier: MIT */
/* report/protobuf.h - a message of Protocol Buffers, written field by field into memory.
 *
 * One format here wants it, with messages of a few fields, so these functions stand in for a
 * library that would come with a compiler, generated sources and something to install where ccmem
 * runs. A field that is 0 or empty is left out, as proto3 has it.
 *
 * Example:
 *   cci_protobuf_t line = { 0 }, location = { 0 };
 *   cci_protobuf_uint(&line, 1, 7);
 *   cci_protobuf_message(&location, 4, &line);
 *   ...
 *   cci_protobuf_fini(&line);
 *
 * Failure  out of memory makes the message `failed` for good; what is added to it is dropped, and
 *          a message that it is put into has failed, too.
 * Source   protobuf.dev/programming-guides/encoding.
 */
#ifndef CCI_REPORT_PROTOBUF_H
#define CCI_REPORT_PROTOBUF_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is an empty message. */
typedef struct cci_protobuf {
    uint8_t *bytes;
    size_t   count, capacity;
    bool     failed;
} cci_protobuf_t;

void cci_protobuf_uint(cci_protobuf_t *p, unsigned field, uint64_t value);
void cci_protobuf_packed(cci_protobuf_t *p, unsigned field, const uint64_t *value, size_t n);
void cci_protobuf_message(cci_protobuf_t *p, unsigned field, const cci_protobuf_t *m);

/* Bytes that are not UTF-8 become U+FFFD each, as a field of type string must be. Written also
 * when it is empty: an element of a repeated field. */
void cci_protobuf_text(cci_protobuf_t *p, unsigned field, const char *text);

/* Empty it; its memory and its failure stay. */
void cci_protobuf_clear(cci_protobuf_t *p);
void cci_protobuf_fini(cci_protobuf_t *p);

#endif
