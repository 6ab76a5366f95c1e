/* SPDX-License-Identifier: MIT */
/* trace/body.h - the body of a chunk in memory, unpacked. */
#ifndef CCI_TRACE_BODY_H
#define CCI_TRACE_BODY_H
#include "trace/chunks.h"

/* What unpacking needs; one serves all bodies of a trace. All zero is a good start. */
typedef struct cci_unpacker {
    struct ZSTD_DCtx_s *zstd;
    uint8_t            *packed, *columns;
    size_t              packed_capacity, columns_capacity;
} cci_unpacker_t;

/* Room for a body, used again and again. All zero is empty. */
typedef struct cci_body {
    uint8_t *bytes; /* `used` of the chunk, then CCI_RECORD_MAX zeros */
    size_t   capacity;
} cci_body_t;

/* How bodies come out of a file. */
typedef struct cci_loader {
    /* Read and unpack. CC_RESULT_DAMAGED: the chunk is; _NO_MEMORY, _IO: it could not be had. */
    cc_result_t (*load)(cci_body_t *b, cci_unpacker_t *u, const cci_source_t *s,
                        const cci_chunk_t *chunk);
    void (*fini)(cci_unpacker_t *u);
} cci_loader_t;

extern const cci_loader_t cci_stored_loader;

/* bytes, from malloc, are the body from now on: with CCI_RECORD_MAX zeros behind `used`. */
void cci_body_take(cci_body_t *b, uint8_t *bytes, size_t used);

void cci_body_fini(cci_body_t *b);

#endif
