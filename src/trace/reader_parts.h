/* SPDX-License-Identifier: MIT */
/* trace/reader_parts.h - what a trace consists of while it is read. Private to reader.c, which reads
 * one that is whole, and follow.c, which reads one that grows. */
#ifndef CCI_TRACE_READER_PARTS_H
#define CCI_TRACE_READER_PARTS_H
#include "trace/merge.h"
#include "trace/process.h"

/* One thread; stays where it is. */
typedef struct cci_strand {
    cci_trace_thread_t thread;
    cci_cursor_t       cursor;
    cci_chunk_t *queue; /* of a trace that grows, by seq: some that were loaded, then others */
    size_t       queued, queue_capacity;
} cci_strand_t;

struct cci_trace {
    cci_shared_t   shared;
    cci_chunks_t   chunks;
    cci_timebase_t timebase;
    cci_process_t  process;
    cci_strand_t **strands;
    size_t         strand_capacity;
    uint32_t       strand_count;
    cci_index_t    by_number; /* of a trace that grows: strands by their threads' */
    cci_merge_t    merge;
    uint64_t       until;  /* events after this, in ticks >> tick_shift, are not given yet */
    uint64_t       now_ns; /* of the last event */
    cc_result_t    status;
    uint64_t       stored_bytes; /* of all chunks */
    uint64_t       scanned;      /* of a trace that grows: where the next chunk will stand */
};

/* Takes the source over. NULL: out of memory, and it is closed. */
cci_trace_t *cci_trace_new(const cci_source_t *source);

/* All that is known from the header and what was seen of the clock. */
void cci_trace_describe(cci_trace_t *t, const cci_trace_header_t *header);

/* A thread without chunks. NULL: out of memory. */
cci_strand_t *cci_trace_add_strand(cci_trace_t *t);

/* What the header of one more chunk tells of its thread. */
void cci_trace_learn(cci_trace_t *t, cci_strand_t *strand, const cci_chunk_t *chunk);

#endif
