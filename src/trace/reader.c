/* SPDX-License-Identifier: MIT */
/* reader.c - see trace/reader.h for the contract.
 *
 * Opening goes from the outside in: header, chunk headers, chunks about the process, which tell
 * the clock's rate, then threads. From there on cursors decode and a merge puts them in order.
 */
#include "trace/reader.h"

#include <math.h>
#include <stdlib.h>

#include "base/array.h"
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

void cci_trace_describe(cci_trace_t *t, const cci_trace_header_t *header)
{
    t->shared.info = (cci_trace_info_t){ .pid             = header->pid,
                                         .ppid            = header->ppid,
                                         .flags           = header->flags,
                                         .mode            = (cci_trace_mode_t)header->mode,
                                         .sample_interval = header->sample_interval,
                                         .start_real_ns   = header->start_real_ns,
                                         .end_ns          = cci_timebase_latest_ns(&t->timebase),
                                         .wait_status     = t->process.wait_status,
                                         .file_bytes      = t->shared.source.size };
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

cci_strand_t *cci_trace_add_strand(cci_trace_t *t)
{
    void *strands =
        cci_array_room(t->strands, t->strand_count, &t->strand_capacity, sizeof *t->strands);
    if (!strands)
        return NULL;
    t->strands      = strands;
    cci_strand_t *s = calloc(1, sizeof *s);
    if (s)
        t->strands[t->strand_count++] = s;
    return s;
}

static void add_lost(cci_trace_info_t *info, uint64_t events)
{
    if (__builtin_add_overflow(info->lost_events, events, &info->lost_events))
        info->lost_events = UINT64_MAX;
}

/* Names are given late: the last one counts. */
void cci_trace_learn(cci_trace_t *t, cci_strand_t *strand, const cci_chunk_t *chunk)
{
    cci_trace_thread_t *thread = &strand->thread;
    uint64_t            begun  = cci_timebase_ns(&t->timebase, chunk->base_time);

    if (begun > thread->last_ns)
        thread->last_ns = begun;
    if (chunk->lost > thread->lost) {
        add_lost(&t->shared.info, chunk->lost - thread->lost);
        thread->lost = chunk->lost;
    }
    if (chunk->name[0])
        memcpy(thread->name, chunk->name, sizeof chunk->name);
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

cci_trace_t *cci_trace_new(const cci_source_t *source)
{
    cci_trace_t *t = calloc(1, sizeof *t);

    if (!t) {
        cci_source_t unused = *source;
        cci_source_close(&unused);
        return NULL;
    }
    t->shared.source       = *source;
    t->process.wait_status = -1;
    t->until               = UINT64_MAX;
    return t;
}

/* Takes the source over. */
static cc_result_t open_source(cci_trace_t **out, const cci_source_t *source)
{
    cci_trace_t *t = cci_trace_new(source);
    cc_result_t  r = t ? start(t) : CC_RESULT_NO_MEMORY;

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

static void free_strand(cci_strand_t *s)
{
    cci_cursor_fini(&s->cursor);
    for (size_t i = 0; i < s->queued; i++)
        free(s->queue[i].copy);
    free(s->queue);
    free(s);
}

void cci_trace_close(cci_trace_t *t)
{
    if (!t)
        return;
    cci_merge_fini(&t->merge);
    for (uint32_t i = 0; i < t->strand_count; i++)
        free_strand(t->strands[i]);
    free(t->strands);
    cci_index_fini(&t->by_number);
    cci_process_fini(&t->process);
    cci_chunks_fini(&t->chunks);
    cci_metas_fini(&t->shared.metas);
    free(t->shared.readings.items);
    cci_tables_fini(&t->shared.tables);
    cci_unpacker_fini(&t->shared.unpacker);
    cci_source_close(&t->shared.source);
    free(t);
}

bool cci_trace_next(cci_trace_t *t, cci_event_t *out)
{
    cci_cursor_t *c = cci_merge_first(&t->merge);
    if (!c || c->time > t->until)
        return false;

    uint64_t ns = cci_timebase_ns(&t->timebase, c->time);
    if (ns < t->now_ns) /* the rate became known better, or it came late */
        ns = t->now_ns;
    t->now_ns          = ns;
    *out               = c->event;
    out->time_ns       = ns;
    c->thread->last_ns = ns;
    if (ns > t->shared.info.end_ns)
        t->shared.info.end_ns = ns;
    t->shared.info.events++;
    t->status                 = cci_merge_next(&t->merge, &t->shared);
    t->shared.info.incomplete = t->shared.warnings.incomplete;
    return true;
}

cc_result_t cci_trace_status(const cci_trace_t *t)
{
    return t->status;
}

double cci_trace_progress(const cci_trace_t *t)
{
    if (!cci_merge_first(&t->merge) || !t->stored_bytes)
        return 1;
    return (double)t->shared.stored_done / (double)t->stored_bytes;
}

const cci_trace_info_t *cci_trace_info(const cci_trace_t *t)
{
    return &t->shared.info;
}

const char *cci_trace_meta(const cci_trace_t *t, const char *key, size_t *len)
{
    return cci_metas_find(&t->shared.metas, key, len);
}

uint32_t cci_trace_thread_count(const cci_trace_t *t)
{
    return t->strand_count;
}

const cci_trace_thread_t *cci_trace_thread(const cci_trace_t *t, uint32_t index)
{
    return &t->strands[index]->thread;
}

uint32_t cci_trace_node_count(const cci_trace_t *t)
{
    return (uint32_t)t->shared.tables.node_count;
}

const cci_stack_node_t *cci_trace_node(const cci_trace_t *t, uint32_t index)
{
    return &t->shared.tables.nodes[index];
}

uint32_t cci_trace_module_count(const cci_trace_t *t)
{
    return (uint32_t)t->shared.tables.module_count;
}

const cci_trace_module_t *cci_trace_module(const cci_trace_t *t, uint32_t index)
{
    return &t->shared.tables.modules[index];
}

double cci_trace_tick_ns(const cci_trace_t *t)
{
    return ldexp(t->timebase.ns_per_unit, -(int)t->timebase.shift);
}

size_t cci_trace_rss(const cci_trace_t *t, const cci_rss_sample_t **out)
{
    *out = t->process.rss;
    return t->process.rss_count;
}

size_t cci_trace_books_count(const cci_trace_t *t)
{
    return t->shared.readings.count;
}

cci_books_reading_t cci_trace_books(const cci_trace_t *t, size_t index)
{
    cci_books_reading_t r = t->shared.readings.items[index];
    r.time_ns             = cci_timebase_ns(&t->timebase, r.time_ns);
    return r;
}

size_t cci_trace_warning_count(const cci_trace_t *t)
{
    return t->shared.warnings.count;
}

const char *cci_trace_warning(const cci_trace_t *t, size_t index)
{
    return t->shared.warnings.line[index];
}
