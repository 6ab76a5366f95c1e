/* SPDX-License-Identifier: MIT */
/* trace/chunks.h - where the chunks of a trace are, in both layouts, by thread and order. */
#ifndef CCI_TRACE_CHUNKS_H
#define CCI_TRACE_CHUNKS_H
#include <stdbool.h>

#include "trace/format.h"
#include "trace/source.h"
#include "trace/warnings.h"

/* A chunk's header as it can be relied on. */
typedef struct cci_chunk {
    uint64_t          body;   /* where it begins in the file */
    uint64_t          stored; /* bytes there, all of them in the file */
    uint64_t          used;   /* bytes when unpacked; no more than stored unless packed */
    uint64_t          seq, base_time, lost, first_node, first_module;
    cci_clock_pair_t  opened;
    cci_trace_codec_t codec;
    cci_chunk_kind_t  kind;
    uint32_t          thread, tid;
    char              name[16]; /* may lack a 0 */
    bool              open;     /* its thread is writing to it: there is more to come */
    bool              live;     /* it stands in memory of this process: see cci_trace_take_live */
    uint8_t          *copy; /* `used` bytes, then CCI_RECORD_MAX zeros; of a live one with room for
                                   a whole chunk, or NULL: it goes on where it was loaded */
} cci_chunk_t;

/* Chunks of threads by (thread, seq), each once; then those of the process. */
typedef struct cci_chunks {
    cci_chunk_t *items;
    size_t       count, capacity;
    size_t       thread_chunks;
} cci_chunks_t;

/* Read and check a trace's header. CC_RESULT_DAMAGED, _UNSUPPORTED, _IO, with *why as a text
 * that outlives the call. */
CC_NODISCARD cc_result_t cci_trace_header_read(const cci_source_t *s, cci_trace_header_t *out,
                                               const char **why);

/* Find the chunks. What is damaged is left out with a warning. CC_RESULT_NO_MEMORY, _IO.
 * O(n log n). */
CC_NODISCARD cc_result_t cci_chunks_find(cci_chunks_t *c, const cci_source_t *s,
                                         const cci_trace_header_t *header, cci_warnings_t *w);

/* The same for a stored trace that grows: those between *offset and the source's end, in the order
 * in which they stand there, behind those that c has. *offset becomes the end. */
CC_NODISCARD cc_result_t cci_chunks_find_more(cci_chunks_t *c, const cci_source_t *s,
                                              uint64_t *offset, cci_warnings_t *w);

/* An open chunk of which `used` bytes are known. False: the header makes no sense. */
CC_NODISCARD bool cci_chunk_of_open(cci_chunk_t *out, const cci_chunk_header_t *h, uint64_t used);

void cci_chunks_fini(cci_chunks_t *c);

#endif
