/* SPDX-License-Identifier: MIT */
/* process.c - see trace/process.h. */
#include "trace/process.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/array.h"

static cc_result_t take_rss(cci_process_t *process, cci_extended_record_t *record)
{
    cci_rss_sample_t sample;

    if (!cci_take_rss(record, &sample.time_ns, &sample.bytes, &sample.shared))
        return CC_RESULT_DAMAGED;
    void *rss = cci_array_room(process->rss, process->rss_count, &process->rss_capacity,
                               sizeof *process->rss);
    if (!rss)
        return CC_RESULT_NO_MEMORY;
    process->rss                       = rss;
    process->rss[process->rss_count++] = sample;
    return CC_RESULT_OK;
}

static cc_result_t take_end(cci_process_t *process, cci_extended_record_t *record)
{
    if (!cci_take_end(record, &process->end, &process->wait_status))
        return CC_RESULT_DAMAGED;
    process->ended = true;
    return CC_RESULT_OK;
}

static cc_result_t take_record(cci_process_t *process, cci_shared_t *shared, const uint8_t **p,
                               const uint8_t *end)
{
    cci_extended_record_t record;

    if (cci_record_op(**p) != CCI_OP_EXTENDED || !cci_take_extended(p, end, &record))
        return CC_RESULT_DAMAGED;
    switch (record.kind) {
    case CCI_EXT_META:
        return cci_metas_take(&shared->metas, record);
    case CCI_EXT_RSS:
        return take_rss(process, &record);
    case CCI_EXT_END:
        return take_end(process, &record);
    default:
        return CC_RESULT_OK;
    }
}

static cc_result_t take_records(cci_process_t *process, cci_shared_t *shared,
                                const cci_body_t *body, uint64_t used)
{
    const uint8_t *p = body->bytes + sizeof(cci_trace_counters_t), *end = body->bytes + used;
    cc_result_t    r = CC_RESULT_OK;

    if (used < sizeof(cci_trace_counters_t))
        return used ? CC_RESULT_DAMAGED : CC_RESULT_OK;
    while (r == CC_RESULT_OK && p < end)
        r = take_record(process, shared, &p, end);
    return r;
}

cc_result_t cci_process_read(cci_process_t *process, cci_shared_t *shared,
                             const cci_chunks_t *chunks)
{
    cci_body_t  body = { 0 };
    cc_result_t r    = CC_RESULT_OK;

    for (size_t i = chunks->thread_chunks; r == CC_RESULT_OK && i < chunks->count; i++) {
        const cci_chunk_t *chunk = &chunks->items[i];
        shared->stored_done += chunk->stored;
        r = shared->loader->load(&body, &shared->unpacker, &shared->source, chunk);
        if (r == CC_RESULT_OK)
            r = take_records(process, shared, &body, chunk->used);
        if (r == CC_RESULT_DAMAGED) {
            cci_warn_missing(&shared->warnings, "the chunk at byte %" PRIu64 " is damaged",
                             chunk->body - CCI_CHUNK_HEADER_BYTES);
            r = CC_RESULT_OK;
        }
    }
    cci_body_fini(&body);
    return r;
}

static int by_time(const void *left, const void *right)
{
    const cci_rss_sample_t *a = left, *b = right;
    return (a->time_ns > b->time_ns) - (a->time_ns < b->time_ns);
}

void cci_process_convert(cci_process_t *process, const cci_timebase_t *timebase)
{
    for (size_t i = 0; i < process->rss_count; i++)
        process->rss[i].time_ns = cci_timebase_ns(timebase, process->rss[i].time_ns);
    if (process->rss_count)
        qsort(process->rss, process->rss_count, sizeof *process->rss, by_time);
}

void cci_process_fini(cci_process_t *process)
{
    free(process->rss);
    *process = (cci_process_t){ .wait_status = -1 };
}
