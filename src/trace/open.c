/* SPDX-License-Identifier: MIT */
/* open.c - a trace that is whole; see trace/reader.h for the contract.
 *
 * Opening goes from the outside in: header, chunk headers, chunks about the process, which tell
 * the clock's rate, then threads. From there on cursors decode and a merge puts them in order.
 */
#include "trace/reader_parts.h"

static _Thread_local const char *open_error = "";

const char *cci_trace_open_error(void)
{
    return open_error;
}

static void calibrate(cci_trace_t *t, const cci_trace_header_t *header)
{
    cci_timebase_init(&t->timebase, header);
    for (size_t i = 0; i < t->chunks.count; i++)
        cci_timebase_see(&t->timebase, t->chunks.items[i].opened);
    if (t->process.ended)
        cci_timebase_see(&t->timebase, t->process.end);
    const char *doubt = cci_timebase_fit(&t->timebase);
    if (doubt)
        cci_warn(&t->shared.warnings, "%s", doubt);
    cci_process_convert(&t->process, &t->timebase);
}

static void describe(cci_trace_t *t, const cci_trace_header_t *header)
{
    cci_trace_describe(t, header);
    for (size_t i = 0; i < t->chunks.count; i++)
        t->stored_bytes += t->chunks.items[i].stored;
    if (!t->process.ended)
        cci_warn(&t->shared.warnings, "the end of the process was not recorded");
}

/* One behind the last chunk of the thread whose first one is chunks[i]. */
static size_t end_of_thread(const cci_chunks_t *chunks, size_t i)
{
    uint32_t thread = chunks->items[i].thread;

    while (i < chunks->thread_chunks && chunks->items[i].thread == thread)
        i++;
    return i;
}

static cc_result_t add_thread(cci_trace_t *t, cci_chunk_t *first, cci_chunk_t *end)
{
    cci_strand_t *s = cci_trace_add_strand(t);

    if (!s)
        return CC_RESULT_NO_MEMORY;
    s->thread.tid      = first->tid;
    s->thread.first_ns = cci_timebase_ns(&t->timebase, first->base_time);
    cci_cursor_init(&s->cursor, first, end, &s->thread, t->strand_count - 1);
    for (; first != end; first++)
        cci_trace_learn(t, s, first);
    return cci_merge_add(&t->merge, &s->cursor) ? CC_RESULT_OK : CC_RESULT_NO_MEMORY;
}

static cc_result_t make_threads(cci_trace_t *t)
{
    const cci_chunks_t *chunks = &t->chunks;
    cc_result_t         r      = CC_RESULT_OK;

    for (size_t i = 0, end; r == CC_RESULT_OK && i < chunks->thread_chunks; i = end) {
        end = end_of_thread(chunks, i);
        r   = add_thread(t, chunks->items + i, chunks->items + end);
    }
    return r;
}

/* All but the events. */
static cc_result_t read_frame(cci_trace_t *t, const cci_trace_header_t *header)
{
    cc_result_t r = cci_chunks_find(&t->chunks, &t->shared.source, header, &t->shared.warnings);

    if (r == CC_RESULT_OK)
        r = cci_process_read(&t->process, &t->shared, &t->chunks);
    if (r != CC_RESULT_OK)
        return r;
    calibrate(t, header);
    describe(t, header);
    return make_threads(t);
}

/* Up to the first event, so that what the first thread says about the process is known too. */
static cc_result_t start(cci_trace_t *t)
{
    cci_trace_header_t header;
    cc_result_t        r = cci_trace_header_read(&t->shared.source, &header, &open_error);

    if (r != CC_RESULT_OK)
        return r;
    open_error = "cannot be read";
    if (!cci_tables_init(&t->shared.tables, (uintptr_t)t))
        return CC_RESULT_NO_MEMORY;
    r = read_frame(t, &header);
    if (r == CC_RESULT_OK)
        r = cci_merge_find(&t->merge, &t->shared);
    t->shared.info.incomplete = t->shared.warnings.incomplete;
    return r;
}

/* Takes the source over. */
static cc_result_t open_source(cci_trace_t **out, const cci_source_t *source)
{
    cci_trace_t *t = cci_trace_new(source);
    cc_result_t  r = CC_RESULT_NO_MEMORY;

    if (t) {
        t->shared.loader = &cci_stored_loader;
        r                = start(t);
    }
    if (r == CC_RESULT_NO_MEMORY)
        open_error = "out of memory";
    if (r == CC_RESULT_OK)
        *out = t;
    else
        cci_trace_close(t);
    return r;
}

cc_result_t cci_trace_open(cci_trace_t **out, const char *path)
{
    cci_source_t source;
    cc_result_t  r = cci_source_open(&source, path, &open_error);
    return r == CC_RESULT_OK ? open_source(out, &source) : r;
}

cc_result_t cci_trace_open_memory(cci_trace_t **out, const void *bytes, size_t size)
{
    cci_source_t source;
    cci_source_memory(&source, bytes, size);
    return open_source(out, &source);
}
