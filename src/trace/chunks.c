/* SPDX-License-Identifier: MIT */
/* chunks.c - see trace/chunks.h.
 *
 * Only headers are read. Whatever is taken from one is checked here, against the file and against
 * sense, so that later code may rely on cci_chunk_t's comments.
 */
#include "trace/chunks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* Bodies are 128 KiB. The bounds are far above that, and low enough for a file of nothing but
 * densely packed zeros to cost time and memory in proportion to its size. */
static const uint64_t used_max = 64 << 20, used_always = 1 << 20, packing_max = 256;

/* A chunk in place has room for the counters and an event at least. */
static const uint32_t chunk_bytes_min =
    CCI_CHUNK_HEADER_BYTES + sizeof(cci_trace_counters_t) + CCI_RECORD_MAX;

typedef struct cci_scan {
    const cci_source_t *source;
    cci_chunks_t       *chunks;
    cci_warnings_t     *warnings;
    bool                in_place;
} cci_scan_t;

static const char *header_flaw(const cci_trace_header_t *h, uint64_t file_size)
{
    if (h->layout != CCI_LAYOUT_IN_PLACE && h->layout != CCI_LAYOUT_STORED)
        return "damaged header: unknown layout";
    if (h->header_bytes < sizeof *h || h->header_bytes % 8)
        return "damaged header: wrong length";
    if (h->header_bytes > file_size)
        return "cut in its header";
    if (h->layout == CCI_LAYOUT_IN_PLACE &&
        (h->chunk_bytes < chunk_bytes_min || h->chunk_bytes % 8 || h->chunk_bytes > used_max))
        return "damaged header: wrong size of chunks";
    if (h->mode < CCI_MODE_FULL || h->mode > CCI_MODE_COUNT)
        return "damaged header: unknown mode";
    if (h->clock_kind < CCI_CLOCK_TSC || h->clock_kind > CCI_CLOCK_MONOTONIC || h->tick_shift > 32)
        return "damaged header: unknown clock";
    return NULL;
}

cc_result_t cci_trace_header_read(const cci_source_t *s, cci_trace_header_t *out, const char **why)
{
    cc_result_t r = CC_RESULT_DAMAGED;

    *why = "not a ccmem trace";
    if (s->size < sizeof *out)
        return r;
    if (cci_source_read(s, 0, out, sizeof *out) != CC_RESULT_OK) {
        *why = "cannot be read";
        return CC_RESULT_IO;
    }
    if (memcmp(out->magic, CCI_TRACE_MAGIC, sizeof out->magic) != 0)
        return r;
    if (out->version != CCI_TRACE_VERSION || out->endian != CCI_TRACE_ENDIAN) {
        *why = "made by another version of ccmem, or for another kind of machine";
        return CC_RESULT_UNSUPPORTED;
    }
    *why = header_flaw(out, s->size);
    return *why ? r : CC_RESULT_OK;
}

static cci_chunk_t chunk_of_header(const cci_chunk_header_t *h, uint64_t offset)
{
    cci_chunk_t c = {
        .body         = offset + CCI_CHUNK_HEADER_BYTES,
        .stored       = h->stored,
        .used         = atomic_load_explicit(&h->used, memory_order_relaxed),
        .seq          = h->seq,
        .base_time    = h->base_time,
        .lost         = h->lost,
        .first_node   = h->first_node,
        .first_module = h->first_module,
        .opened       = h->opened,
        .codec        = (cci_trace_codec_t)h->codec,
        .kind         = (cci_chunk_kind_t)h->kind,
        .thread       = h->thread,
        .tid          = h->tid,
    };
    memcpy(c.name, h->name, sizeof c.name);
    return c;
}

static bool is_number(uint64_t first)
{
    return first >= 1 && first <= UINT32_MAX;
}

/* What makes a chunk useless, or NULL. */
static const char *chunk_flaw(const cci_chunk_t *c)
{
    if ((uint32_t)c->codec > CCI_CODEC_COLUMNS)
        return "unknown packing";
    if (c->used > used_max || (c->used > used_always && c->used / packing_max > c->stored))
        return "senseless length";
    if (c->kind == CCI_CHUNK_THREAD && (!is_number(c->first_node) || !is_number(c->first_module)))
        return "senseless numbers";
    return NULL;
}

/* A plain body that is cut is good up to there; a packed one is good for nothing. */
static bool fit_into_file(const cci_scan_t *scan, cci_chunk_t *c, uint64_t room)
{
    uint64_t wanted = c->codec == CCI_CODEC_RAW && c->used > c->stored ? c->used : c->stored;

    if (c->stored > room)
        c->stored = room;
    if (wanted > c->stored)
        cci_warn_missing(scan->warnings,
                         "the file is cut, or damaged, in the chunk at byte %" PRIu64,
                         c->body - CCI_CHUNK_HEADER_BYTES);
    if (c->codec != CCI_CODEC_RAW)
        return wanted <= c->stored;
    if (c->used > c->stored)
        c->used = c->stored;
    return true;
}

static cc_result_t keep(cci_scan_t *scan, const cci_chunk_t *c)
{
    cci_chunks_t *chunks = scan->chunks;
    void *items = cci_array_room(chunks->items, chunks->count, &chunks->capacity, sizeof *c);

    if (!items)
        return CC_RESULT_NO_MEMORY;
    chunks->items                  = items;
    chunks->items[chunks->count++] = *c;
    return CC_RESULT_OK;
}

/* room: bytes of the file that the body may take. */
static cc_result_t consider(cci_scan_t *scan, const cci_chunk_header_t *h, uint64_t offset,
                            uint64_t room)
{
    cci_chunk_t c = chunk_of_header(h, offset);
    if (c.kind != CCI_CHUNK_THREAD && c.kind != CCI_CHUNK_PROCESS)
        return CC_RESULT_OK; /* something that a later version added */
    if (scan->in_place) {
        c.codec  = CCI_CODEC_RAW;
        c.stored = c.used;
    }
    const char *flaw = chunk_flaw(&c);
    if (flaw) {
        cci_warn_missing(scan->warnings, "damaged chunk at byte %" PRIu64 ": %s", offset, flaw);
        return CC_RESULT_OK;
    }
    return fit_into_file(scan, &c, room) ? keep(scan, &c) : CC_RESULT_OK;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Free, or taken the instant before the process died: `used` is what is written last. */
static bool holds_nothing(const cci_chunk_header_t *h)
{
    uint32_t state = atomic_load_explicit(&h->state, memory_order_relaxed);
    uint64_t used  = atomic_load_explicit(&h->used, memory_order_relaxed);
    return state == CCI_CHUNK_FREE || (state == CCI_CHUNK_OWNED && used == 0);
}

static cc_result_t scan_in_place(cci_scan_t *scan, uint64_t offset, uint64_t chunk_bytes)
{
    const uint64_t     size = scan->source->size;
    cci_chunk_header_t h;
    cc_result_t        r = CC_RESULT_OK;

    for (; r == CC_RESULT_OK && size - offset >= sizeof h;
         offset += smaller(chunk_bytes, size - offset)) {
        r = cci_source_read(scan->source, offset, &h, sizeof h);
        if (r != CC_RESULT_OK)
            return r;
        if (holds_nothing(&h))
            continue;
        if (h.magic != CCI_CHUNK_MAGIC)
            cci_warn_missing(scan->warnings, "no chunk at byte %" PRIu64 ", where one should be",
                             offset);
        else
            r = consider(scan, &h, offset,
                         smaller(chunk_bytes, size - offset) - CCI_CHUNK_HEADER_BYTES);
    }
    if (offset < size)
        cci_warn_missing(scan->warnings, "the file is cut in the chunk at byte %" PRIu64, offset);
    return r;
}

/* Behind a body, where the next header is. Saturates at the end of the file. */
static uint64_t next_stored(uint64_t body, uint64_t stored, uint64_t size)
{
    if (stored > size - body)
        return size;
    return smaller((body + stored + 7) & ~UINT64_C(7), size);
}

/* From *at on; *at becomes the end of what was looked at. */
static cc_result_t scan_stored(cci_scan_t *scan, uint64_t *at)
{
    const uint64_t     size = scan->source->size;
    cci_chunk_header_t h;
    cc_result_t        r = CC_RESULT_OK;

    while (r == CC_RESULT_OK && size - *at >= sizeof h) {
        r = cci_source_read(scan->source, *at, &h, sizeof h);
        if (r != CC_RESULT_OK)
            return r;
        if (h.magic != CCI_CHUNK_MAGIC)
            break;
        const uint64_t body = *at + sizeof h;
        r                   = consider(scan, &h, *at, size - body);
        *at                 = next_stored(body, h.stored, size);
    }
    if (r == CC_RESULT_OK && *at < size)
        cci_warn_missing(scan->warnings, "no chunk at byte %" PRIu64 ": what follows is left out",
                         *at);
    return r;
}

cc_result_t cci_chunks_find_more(cci_chunks_t *c, const cci_source_t *s, uint64_t *offset,
                                 cci_warnings_t *w)
{
    cci_scan_t  scan = { s, c, w, false };
    cc_result_t r    = scan_stored(&scan, offset);

    if (r == CC_RESULT_OK)
        *offset = s->size;
    return r;
}

bool cci_chunk_of_open(cci_chunk_t *out, const cci_chunk_header_t *h, uint64_t used)
{
    *out        = chunk_of_header(h, 0);
    out->used   = used;
    out->stored = 0;
    out->codec  = CCI_CODEC_RAW;
    out->open   = true;
    return h->magic == CCI_CHUNK_MAGIC && out->kind == CCI_CHUNK_THREAD && !chunk_flaw(out);
}

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int by_thread_and_seq(const void *left, const void *right)
{
    const cci_chunk_t *a = left, *b = right;
    int                order = compare(a->kind, b->kind);

    if (!order)
        order = compare(a->thread, b->thread);
    if (!order)
        order = compare(a->seq, b->seq);
    return order ? order : compare(a->body, b->body);
}

/* Tell what is missing between two chunks of the list; before is NULL at the list's start. */
static void warn_of_gap(cci_warnings_t *w, const cci_chunk_t *before, const cci_chunk_t *c)
{
    bool     same   = before && before->thread == c->thread;
    uint64_t wanted = same ? before->seq + 1 : 0;

    if (c->seq != wanted)
        cci_warn_missing(w,
                         "thread %" PRIu32 ": %" PRIu64 " chunks are missing before chunk %" PRIu64,
                         c->tid, c->seq - wanted, c->seq);
}

static bool is_repeated(const cci_chunk_t *before, const cci_chunk_t *c)
{
    return before && before->kind == c->kind && before->thread == c->thread &&
           before->seq == c->seq;
}

/* Drop repeated chunks of threads, warn of missing ones. */
static void check_order(cci_chunks_t *chunks, cci_warnings_t *w)
{
    const cci_chunk_t *before = NULL;
    size_t             kept   = 0;

    for (size_t i = 0; i < chunks->count; i++) {
        const cci_chunk_t *c = &chunks->items[i];
        if (c->kind == CCI_CHUNK_THREAD) {
            if (is_repeated(before, c)) {
                cci_warn(w, "thread %" PRIu32 ": chunk %" PRIu64 " is there twice", c->tid, c->seq);
                continue;
            }
            warn_of_gap(w, before, c);
            chunks->thread_chunks++;
        }
        chunks->items[kept] = *c;
        before              = &chunks->items[kept++];
    }
    chunks->count = kept;
}

cc_result_t cci_chunks_find(cci_chunks_t *c, const cci_source_t *s,
                            const cci_trace_header_t *header, cci_warnings_t *w)
{
    cci_scan_t scan = { s, c, w, header->layout == CCI_LAYOUT_IN_PLACE };

    *c             = (cci_chunks_t){ 0 };
    uint64_t    at = header->header_bytes;
    cc_result_t r =
        scan.in_place ? scan_in_place(&scan, at, header->chunk_bytes) : scan_stored(&scan, &at);
    if (r != CC_RESULT_OK) {
        cci_chunks_fini(c);
        return r;
    }
    if (c->count)
        qsort(c->items, c->count, sizeof *c->items, by_thread_and_seq);
    check_order(c, w);
    return CC_RESULT_OK;
}

void cci_chunks_fini(cci_chunks_t *c)
{
    free(c->items);
    *c = (cci_chunks_t){ 0 };
}
