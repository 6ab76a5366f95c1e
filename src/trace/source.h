/* SPDX-License-Identifier: MIT */
/* trace/source.h - the bytes of a trace: a file, or memory.
 *
 * A file is read, not mapped: it may shrink under the reader, which would be SIGBUS.
 */
#ifndef CCI_TRACE_SOURCE_H
#define CCI_TRACE_SOURCE_H
#include <stddef.h>
#include <stdint.h>

#include <ccmem/result.h>

typedef struct cci_source {
    int            fd; /* -1: memory */
    const uint8_t *bytes;
    uint64_t       size; /* when it was opened */
} cci_source_t;

/* CC_RESULT_NOT_FOUND, _DENIED, _IO, _NO_MEMORY, with *why as words that outlive the call. */
CC_NODISCARD cc_result_t cci_source_open(cci_source_t *s, const char *path, const char **why);

/* bytes stay the caller's, and readable. */
void cci_source_memory(cci_source_t *s, const void *bytes, size_t size);

void cci_source_close(cci_source_t *s);

/* n bytes from offset on, all of them within size. CC_RESULT_IO: the system says no, or the file
 * is not as long as it was. */
CC_NODISCARD cc_result_t cci_source_read(const cci_source_t *s, uint64_t offset, void *to,
                                         size_t n);

#endif
