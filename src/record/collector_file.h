/* SPDX-License-Identifier: MIT */
/* record/collector_file.h - a trace file in the layout "stored", written chunk by chunk.
 *
 * After every call the file is a whole trace as far as it goes: a chunk that could not be written
 * to its end is cut off again.
 */
#ifndef CCI_RECORD_COLLECTOR_FILE_H
#define CCI_RECORD_COLLECTOR_FILE_H
#include <stddef.h>
#include <sys/types.h>
#include "trace/format.h"

/* Compresses bodies, their records as columns. What turns out to be noise is stored as it is, and
 * then, for a while that doubles each time, it is not even tried: the processor is the program's. */
typedef struct cci_packer {
    struct ZSTD_CCtx_s     *zstd;
    struct cci_packer_room *room;
    uint32_t                skip, skipped;
} cci_packer_t;

/* 0 or ENOMEM. */
int  cci_packer_init(cci_packer_t *p);
void cci_packer_fini(cci_packer_t *p);

typedef struct cci_trace_file {
    int   fd;
    off_t end; /* of the last whole chunk */
} cci_trace_file_t;

/* All return 0 or an errno. create: an existing file is EEXIST, unless force. put: a body is
 * CCI_CHUNK_BYTES at most. */
int cci_trace_file_create(cci_trace_file_t *f, const char *path, int force);
int cci_trace_file_begin(cci_trace_file_t *f, const cci_trace_header_t *header);
int cci_trace_file_put(cci_trace_file_t *f, cci_packer_t *p, const cci_chunk_header_t *header,
                       const uint8_t *body, size_t used);
int cci_trace_file_close(cci_trace_file_t *f);

#endif
