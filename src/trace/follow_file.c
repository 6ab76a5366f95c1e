/* SPDX-License-Identifier: MIT */
/* follow_file.c - the chunks of a trace that grows that stand in its file; see trace/follow.h. Apart,
 * because who follows chunks in memory alone needs nothing that reads files. */
#include "trace/follow.h"
#include "trace/follow_parts.h"

cc_result_t cci_trace_follow(cci_trace_t **out, const cci_trace_header_t *header, const char *path)
{
    cci_source_t source;
    const char  *why;
    cc_result_t  r = cci_source_open(&source, path, &why);

    if (r != CC_RESULT_OK)
        return r;
    return cci_trace_follow_source(out, header, &source, &cci_stored_loader);
}

cc_result_t cci_trace_take_stored(cci_trace_t *t, uint64_t end)
{
    if (t->status != CC_RESULT_OK || end <= t->scanned)
        return t->status;
    t->shared.source.size = t->shared.info.file_bytes = end;
    t->chunks.count                                   = 0;
    cc_result_t r =
        cci_chunks_find_more(&t->chunks, &t->shared.source, &t->scanned, &t->shared.warnings);
    for (size_t i = 0; r == CC_RESULT_OK && i < t->chunks.count; i++)
        if (t->chunks.items[i].kind == CCI_CHUNK_THREAD)
            r = cci_trace_take_chunk(t, &t->chunks.items[i]);
    return cci_trace_note(t, r);
}
