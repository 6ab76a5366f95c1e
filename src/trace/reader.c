/* SPDX-License-Identifier: MIT */
/* reader.c - see trace/reader.h for the contract: events, and what is known of their process. */
#include "trace/reader.h"

#include <math.h>
#include <stdlib.h>

#include "base/array.h"
#include "trace/reader_parts.h"

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
    if (t->shared.loader)
        t->shared.loader->fini(&t->shared.unpacker);
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
