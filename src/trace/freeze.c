/* SPDX-License-Identifier: MIT */
/* freeze.c - see trace/freeze.h. */
#include "trace/freeze.h"

#include <stdlib.h>
#include <string.h>

#include "trace/reader_parts.h"

/* A copy of n items, which may be none. False: out of memory. */
static bool copy(void **out, const void *items, size_t n, size_t item_size)
{
    *out = malloc(n * item_size + 1);
    if (*out && n)
        memcpy(*out, items, n * item_size);
    return *out != NULL;
}

/* Nothing is added to them any more, so there is no index. */
static bool copy_nodes(cci_tables_t *to, const cci_tables_t *from)
{
    void *nodes;

    if (!copy(&nodes, from->nodes, from->node_count, sizeof *from->nodes))
        return false;
    free(to->nodes);
    to->nodes      = nodes;
    to->node_count = to->node_capacity = from->node_count;
    return true;
}

static bool copy_modules(cci_tables_t *to, const cci_tables_t *from)
{
    uint32_t number;

    for (size_t i = 1; i < from->module_count; i++)
        if (!cci_tables_module(to, from->modules[i], strlen(from->modules[i].path), &number))
            return false;
    return true;
}

static bool copy_process(cci_process_t *to, const cci_process_t *from)
{
    void *rss;

    if (!copy(&rss, from->rss, from->rss_count, sizeof *from->rss))
        return false;
    *to              = *from;
    to->rss          = rss;
    to->rss_capacity = from->rss_count;
    return true;
}

static bool copy_readings(cci_readings_t *to, const cci_readings_t *from)
{
    void *items;

    if (!copy(&items, from->items, from->count, sizeof *from->items))
        return false;
    *to = (cci_readings_t){ .items = items, .count = from->count, .capacity = from->count };
    return true;
}

static bool copy_strand(cci_trace_t *to, const cci_strand_t *from)
{
    cci_strand_t *s = cci_trace_add_strand(to);
    void         *measures;

    if (!s)
        return false;
    s->thread = from->thread;
    if (!from->thread.measures)
        return true;
    s->thread.measures = NULL;
    if (!copy(&measures, from->thread.measures, 1, sizeof *from->thread.measures))
        return false;
    s->thread.measures = s->cursor.measures = measures;
    return true;
}

static bool copy_strands(cci_trace_t *to, const cci_trace_t *from)
{
    for (uint32_t i = 0; i < from->strand_count; i++)
        if (!copy_strand(to, from->strands[i]))
            return false;
    return true;
}

static bool copy_shared(cci_shared_t *to, const cci_shared_t *from)
{
    to->warnings = from->warnings;
    to->info     = from->info;
    return copy_nodes(&to->tables, &from->tables) && copy_modules(&to->tables, &from->tables) &&
           cci_metas_copy(&to->metas, &from->metas) &&
           copy_readings(&to->readings, &from->readings);
}

cc_result_t cci_trace_freeze(cci_trace_t **out, const cci_trace_t *t)
{
    cci_source_t none;

    cci_source_memory(&none, NULL, 0);
    cci_trace_t *to = cci_trace_new(&none);
    if (!to || !cci_tables_init(&to->shared.tables, t->shared.tables.seed) ||
        !copy_shared(&to->shared, &t->shared) || !copy_process(&to->process, &t->process) ||
        !copy_strands(to, t)) {
        cci_trace_close(to);
        return CC_RESULT_NO_MEMORY;
    }
    to->timebase = t->timebase;
    to->now_ns   = t->now_ns;
    to->status   = t->status;
    *out         = to;
    return CC_RESULT_OK;
}
