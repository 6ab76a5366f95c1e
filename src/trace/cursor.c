/* SPDX-License-Identifier: MIT */
/* cursor.c - see trace/cursor.h.
 *
 * A damaged record ends its chunk: where the next record would begin is not known. The next chunk
 * decodes by itself, and its header says which numbers its nodes have, so no stack is ever taken
 * for another one; stacks that were defined in what is lost are node 0.
 */
#include "trace/cursor.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/rising.h"

/* A position: what follows in the chunk is not to be understood. */
#define SKIP_CHUNK UINT64_MAX

void cci_cursor_init(cci_cursor_t *c, cci_chunk_t *chunks, cci_chunk_t *chunks_end,
                     cci_trace_thread_t *thread, uint32_t thread_index)
{
    *c = (cci_cursor_t){ .event      = { .thread = thread_index },
                         .time       = chunks->base_time,
                         .next       = chunks,
                         .chunks_end = chunks_end,
                         .thread     = thread,
                         .number     = chunks->thread };
    cci_ids_init(&c->nodes);
    cci_ids_init(&c->modules);
}

void cci_cursor_fini(cci_cursor_t *c)
{
    cci_ids_fini(&c->nodes);
    cci_ids_fini(&c->modules);
    cci_body_fini(&c->body);
    free(c->measures);
    free(c->rising);
}

/* ---- measures ---- */

static void add_measured(cci_trace_measures_t *sum, const cci_trace_measured_t *m)
{
    sum->sized += m->sized;
    sum->requested += m->requested;
    sum->usable += m->usable;
    for (unsigned kind = 0; kind < CCI_MEASURED_KINDS; kind++) {
        cci_histogram_t *h = &sum->ticks[kind];
        h->sum += m->ticks[kind];
        for (unsigned b = 0; b < CCI_HISTOGRAM_BUCKETS; b++) {
            h->count += m->calls[kind][b];
            h->bucket[b] += m->calls[kind][b];
        }
    }
}

/* What m has more than before. */
static cci_trace_measured_t risen_by(const cci_trace_measured_t *m,
                                     const cci_trace_measured_t *before)
{
    cci_trace_measured_t more = *m;

    more.sized -= before->sized;
    more.requested -= before->requested;
    more.usable -= before->usable;
    for (unsigned kind = 0; kind < CCI_MEASURED_KINDS; kind++) {
        more.ticks[kind] -= before->ticks[kind];
        for (unsigned b = 0; b < CCI_HISTOGRAM_BUCKETS; b++)
            more.calls[kind][b] = (uint16_t)(m->calls[kind][b] - before->calls[kind][b]);
    }
    return more;
}

/* These may be counted on after they were taken. */
static cc_result_t keep_rising(cci_cursor_t *c, const uint8_t *payload,
                               const cci_trace_measured_t *m)
{
    if (!c->rising && !(c->rising = malloc(sizeof *c->rising)))
        return CC_RESULT_NO_MEMORY;
    *c->rising = (cci_rising_t){ .at = (size_t)(payload - c->body.bytes), .taken = *m };
    return CC_RESULT_OK;
}

/* The chunk has come again: what was counted since in the measures that were taken? */
static void take_risen(cci_cursor_t *c)
{
    cci_trace_measured_t now;

    if (!c->rising || !c->rising->at)
        return;
    memcpy(&now, c->body.bytes + c->rising->at, sizeof now);
    cci_trace_measured_t more = risen_by(&now, &c->rising->taken);
    add_measured(c->measures, &more);
    c->rising->taken = now;
}

static cc_result_t take_measured(cci_cursor_t *c, cci_trace_info_t *info,
                                 cci_extended_record_t *record)
{
    const uint8_t       *payload = record->p;
    cci_trace_measured_t m;

    if (!cci_take_measured(record, &m))
        return CC_RESULT_DAMAGED;
    if (!c->measures && !(c->measures = calloc(1, sizeof *c->measures)))
        return CC_RESULT_NO_MEMORY;
    if (c->open && keep_rising(c, payload, &m) != CC_RESULT_OK)
        return CC_RESULT_NO_MEMORY;
    c->thread->measures  = c->measures;
    info->measured_every = m.every;
    info->timer_ticks    = m.timer_ticks;
    add_measured(c->measures, &m);
    return CC_RESULT_OK;
}

static cc_result_t take_books(cci_readings_t *r, cci_extended_record_t *record)
{
    cci_books_reading_t reading;

    if (!cci_take_books(record, &reading.time_ns, &reading.books))
        return CC_RESULT_DAMAGED;
    void *items = cci_array_room(r->items, r->count, &r->capacity, sizeof *r->items);
    if (!items)
        return CC_RESULT_NO_MEMORY;
    r->items             = items;
    r->items[r->count++] = reading;
    return CC_RESULT_OK;
}

/* ---- chunks ---- */

bool cci_cursor_refresh(cci_cursor_t *c, const uint8_t *body, size_t used)
{
    uint8_t *mine = c->body.bytes;
    size_t   from = c->p ? (size_t)(c->p - mine) : c->position;

    if (c->position == SKIP_CHUNK || used < from)
        return false;
    bool news = cci_rising_copy(mine, body, sizeof(cci_trace_counters_t));
    if (c->rising && c->rising->at)
        news |=
            cci_rising_copy(mine + c->rising->at, body + c->rising->at, sizeof c->rising->taken);
    cci_rising_copy(mine + from, body + from, used - from);
    memset(mine + used, 0, CCI_RECORD_MAX);
    return news || used > from;
}

static cc_result_t load_body(cci_cursor_t *c, cci_shared_t *shared, cci_chunk_t *chunk)
{
    if (chunk->live && !chunk->copy)
        return CC_RESULT_OK;
    if (!chunk->copy)
        return shared->loader->load(&c->body, &shared->unpacker, &shared->source, chunk);
    cci_body_take(&c->body, chunk->copy, chunk->used);
    chunk->copy = NULL;
    return CC_RESULT_OK;
}

/* Begin to decode a body that was loaded. */
static cc_result_t enter(cci_cursor_t *c, const cci_chunk_t *chunk)
{
    const size_t counters = sizeof c->thread->counters;

    c->position = 0;
    if (chunk->used == 0) /* taken, and the thread ended there */
        return CC_RESULT_OK;
    if (chunk->used < counters)
        return CC_RESULT_DAMAGED;
    if (!cci_ids_begin(&c->nodes, chunk->first_node) ||
        !cci_ids_begin(&c->modules, chunk->first_module))
        return CC_RESULT_NO_MEMORY;
    memcpy(&c->thread->counters, c->body.bytes, counters);
    cci_decoder_reset(&c->decoder, chunk->base_time);
    if (c->rising)
        c->rising->at = 0;
    c->p   = c->body.bytes + counters;
    c->end = c->body.bytes + chunk->used;
    return CC_RESULT_OK;
}

/* Go on with a body that was decoded up to c->position when it was shorter. */
static cc_result_t go_on(cci_cursor_t *c, const cci_chunk_t *chunk)
{
    if (c->position == SKIP_CHUNK)
        return CC_RESULT_OK;
    if (chunk->used < c->position)
        return CC_RESULT_DAMAGED;
    memcpy(&c->thread->counters, c->body.bytes, sizeof c->thread->counters);
    take_risen(c);
    c->p   = c->body.bytes + c->position;
    c->end = c->body.bytes + chunk->used;
    return CC_RESULT_OK;
}

static cc_result_t load_next(cci_cursor_t *c, cci_shared_t *shared)
{
    cci_chunk_t *chunk   = c->next++;
    const bool   goes_on = c->open;
    cc_result_t  r       = load_body(c, shared, chunk);

    c->open = chunk->open;
    c->live = chunk->live;
    shared->stored_done += chunk->stored;
    if (r == CC_RESULT_OK)
        r = goes_on ? go_on(c, chunk) : enter(c, chunk);
    if (c->p)
        shared->info.raw_bytes += (uint64_t)(c->end - c->p);
    return r;
}

/* A node whose parent is lost is known all the same: its stack lacks the outer end. Without its
 * module it means nothing. */
static cc_result_t define_node(cci_cursor_t *c, cci_tables_t *tables, cci_extended_record_t *record)
{
    uint64_t parent, module, offset;
    uint32_t number = CCI_IDS_UNKNOWN;

    if (!cci_take_node(record, &parent, &module, &offset))
        return CC_RESULT_DAMAGED;
    cci_stack_node_t node = { .parent = cci_ids_find(&c->nodes, parent),
                              .module = cci_ids_find(&c->modules, module),
                              .offset = offset };
    if (node.parent == CCI_IDS_UNKNOWN)
        node.parent = 0;
    if (node.module != CCI_IDS_UNKNOWN && !cci_tables_node(tables, node, &number))
        return CC_RESULT_NO_MEMORY;
    return cci_ids_add(&c->nodes, number) ? CC_RESULT_OK : CC_RESULT_NO_MEMORY;
}

static cc_result_t define_module(cci_cursor_t *c, cci_tables_t *tables,
                                 cci_extended_record_t *record)
{
    cci_trace_module_t module;
    size_t             path_len;
    uint32_t           number;

    if (!cci_take_module(record, &module, &path_len))
        return CC_RESULT_DAMAGED;
    if (!cci_tables_module(tables, module, path_len, &number) || !cci_ids_add(&c->modules, number))
        return CC_RESULT_NO_MEMORY;
    return CC_RESULT_OK;
}

/* Kinds that are not known, or have no meaning in a thread's chunk, are passed over. */
static cc_result_t take_extended(cci_cursor_t *c, cci_shared_t *shared)
{
    cci_extended_record_t record;

    if (!cci_take_extended(&c->p, c->end, &record))
        return CC_RESULT_DAMAGED;
    switch (record.kind) {
    case CCI_EXT_NODE:
        return define_node(c, &shared->tables, &record);
    case CCI_EXT_MODULE:
        return define_module(c, &shared->tables, &record);
    case CCI_EXT_META:
        return cci_metas_take(&shared->metas, record);
    case CCI_EXT_MEASURED:
        return take_measured(c, &shared->info, &record);
    case CCI_EXT_BOOKS:
        return take_books(&shared->readings, &record);
    default:
        return CC_RESULT_OK;
    }
}

static void note_unknown_stack(cci_cursor_t *c, cci_shared_t *shared)
{
    c->event.stack = 0;
    if (c->told_of_unknown)
        return;
    c->told_of_unknown = true;
    cci_warn(&shared->warnings, "thread %" PRIu32 ": some of its stacks are lost", c->thread->tid);
}

static bool take_event(cci_cursor_t *c, cci_shared_t *shared)
{
    if (!cci_take_event(&c->decoder, &c->p, &c->event) || c->p > c->end)
        return false;
    c->event.stack = cci_ids_find(&c->nodes, c->event.stack);
    if (__builtin_expect(c->event.stack == CCI_IDS_UNKNOWN, 0))
        note_unknown_stack(c, shared);
    if (c->decoder.time > c->time) /* a chunk may begin a little before the one before ended */
        c->time = c->decoder.time;
    return true;
}

/* To the next event of the chunk that is loaded; has_event says whether there is one. */
static cc_result_t step_inside(cci_cursor_t *c, cci_shared_t *shared)
{
    while (c->p < c->end) {
        if (cci_record_op(*c->p) != CCI_OP_EXTENDED) {
            c->has_event = take_event(c, shared);
            return c->has_event ? CC_RESULT_OK : CC_RESULT_DAMAGED;
        }
        cc_result_t r = take_extended(c, shared);
        if (r != CC_RESULT_OK)
            return r;
    }
    return CC_RESULT_OK;
}

/* Only wait for the next chunk: others may have events before it. */
static cc_result_t leave_chunk(cci_cursor_t *c)
{
    if (c->p && c->position != SKIP_CHUNK)
        c->position = (uint64_t)(c->end - c->body.bytes);
    c->p = c->end = NULL;
    if (c->next == c->chunks_end) {
        if (!c->open || !c->live)
            cci_body_fini(&c->body); /* threads may be many, and end one after the other */
        return CC_RESULT_NOT_FOUND;
    }
    if (c->next->base_time > c->time)
        c->time = c->next->base_time;
    return CC_RESULT_OK;
}

cc_result_t cci_cursor_step(cci_cursor_t *c, cci_shared_t *shared)
{
    cc_result_t r = CC_RESULT_OK;

    c->has_event = false;
    if (!c->p && c->next != c->chunks_end)
        r = load_next(c, shared);
    if (r == CC_RESULT_OK && c->p)
        r = step_inside(c, shared);
    if (r == CC_RESULT_DAMAGED) {
        cci_warn_missing(&shared->warnings, "thread %" PRIu32 ": chunk %" PRIu64 " is damaged",
                         c->thread->tid, c->next[-1].seq);
        c->position = SKIP_CHUNK;
        r           = CC_RESULT_OK;
    }
    return r == CC_RESULT_OK && !c->has_event ? leave_chunk(c) : r;
}
