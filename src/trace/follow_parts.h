/* SPDX-License-Identifier: MIT */
/* trace/follow_parts.h - between follow.c and follow_file.c. */
#ifndef CCI_TRACE_FOLLOW_PARTS_H
#define CCI_TRACE_FOLLOW_PARTS_H
#include "trace/reader_parts.h"

/* A trace that grows. Takes the source over, also on failure. */
CC_NODISCARD cc_result_t cci_trace_follow_source(cci_trace_t             **out,
                                                 const cci_trace_header_t *header,
                                                 const cci_source_t       *source,
                                                 const cci_loader_t       *loader);

/* Takes the chunk's copy over. */
CC_NODISCARD cc_result_t cci_trace_take_chunk(cci_trace_t *t, const cci_chunk_t *c);

/* The first thing that went wrong stays, and is the answer. */
cc_result_t cci_trace_note(cci_trace_t *t, cc_result_t r);

#endif
