/* SPDX-License-Identifier: MIT */
/* trace_builder.c - see trace_builder.h.
 *
 * Chunks are kept as they were begun; each has a body of the size of all, and the file is put
 * together from them when it is asked for.
 */
#include "support/trace_builder.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <zstd.h>

#include "trace/columns.h"

typedef struct chunk {
    cci_chunk_header_t header;
    uint8_t           *body; /* CCI_RECORD_MAX bytes follow */
    size_t             at;   /* in the file */
    bool               full;
} chunk_t;

/* Somebody who writes chunks: a thread, or the process. */
typedef struct writer {
    cci_chunk_header_t   header; /* of its next chunk */
    cci_trace_counters_t counters;
    cci_encoder_t        encoder;
    size_t               open; /* its chunk + 1; 0 = none */
    uint64_t             ns;
} writer_t;

struct trace_builder {
    trace_builder_options_t options;
    cci_trace_header_t      header;
    chunk_t                *chunks;
    writer_t               *threads;
    size_t                  chunk_count, thread_count;
    writer_t                process;
    uint8_t                *file;
    size_t                  file_bytes;
};

static void *must(void *p)
{
    if (p)
        return p;
    fputs("trace_builder: out of memory\n", stderr);
    abort();
}

static void check(bool fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "trace_builder: %s\n", what);
    abort();
}

static uint64_t ticks_at(const trace_builder_t *b, uint64_t ns)
{
    return b->header.start.ticks + (uint64_t)((double)ns * b->options.ticks_per_ns);
}

static uint64_t time_at(const trace_builder_t *b, uint64_t ns)
{
    return ticks_at(b, ns) >> b->header.tick_shift;
}

static cci_clock_pair_t pair_at(const trace_builder_t *b, uint64_t ns)
{
    return (cci_clock_pair_t){ ticks_at(b, ns), b->header.start.mono_ns + ns };
}

static void fill_defaults(trace_builder_options_t *o)
{
    if (!o->layout)
        o->layout = CCI_LAYOUT_STORED;
    if (!o->chunk_bytes)
        o->chunk_bytes = CCI_CHUNK_BYTES;
    if (!o->header_bytes)
        o->header_bytes = CCI_TRACE_HEADER_BYTES;
    if (!o->mode)
        o->mode = CCI_MODE_FULL;
    if (!o->clock)
        o->clock = CCI_CLOCK_MONOTONIC;
    if (o->ticks_per_ns == 0)
        o->ticks_per_ns = 1;
}

static cci_trace_header_t header_of(const trace_builder_options_t *o)
{
    return (cci_trace_header_t){ .magic           = CCI_TRACE_MAGIC,
                                 .version         = CCI_TRACE_VERSION,
                                 .endian          = CCI_TRACE_ENDIAN,
                                 .header_bytes    = o->header_bytes,
                                 .layout          = o->layout,
                                 .chunk_bytes     = o->chunk_bytes,
                                 .flags           = o->flags,
                                 .mode            = o->mode,
                                 .clock_kind      = o->clock,
                                 .tick_shift      = o->tick_shift,
                                 .pid             = o->pid,
                                 .ppid            = o->ppid,
                                 .sample_interval = o->sample_interval,
                                 .start_real_ns   = o->start_real_ns,
                                 .start = { .ticks = o->start_ticks, .mono_ns = o->start_ticks } };
}

trace_builder_t *trace_builder_create(const trace_builder_options_t *options)
{
    trace_builder_t *b = must(calloc(1, sizeof *b));

    if (options)
        b->options = *options;
    fill_defaults(&b->options);
    b->header         = header_of(&b->options);
    b->process.header = (cci_chunk_header_t){ .kind = CCI_CHUNK_PROCESS };
    return b;
}

void trace_builder_destroy(trace_builder_t *b)
{
    for (size_t i = 0; i < b->chunk_count; i++)
        free(b->chunks[i].body);
    free(b->chunks);
    free(b->threads);
    free(b->file);
    free(b);
}

static writer_t *writer_of(trace_builder_t *b, uint32_t thread)
{
    if (thread == TRACE_BUILDER_PROCESS)
        return &b->process;
    check(thread < b->thread_count, "no such thread");
    return &b->threads[thread];
}

static size_t body_bytes(const trace_builder_t *b)
{
    return b->options.chunk_bytes - CCI_CHUNK_HEADER_BYTES;
}

static chunk_t *open_chunk(trace_builder_t *b, writer_t *w)
{
    b->chunks  = must(realloc(b->chunks, (b->chunk_count + 1) * sizeof *b->chunks));
    chunk_t *c = &b->chunks[b->chunk_count++];

    *c = (chunk_t){ .header = w->header, .body = must(calloc(1, body_bytes(b) + CCI_RECORD_MAX)) };
    c->header.magic     = CCI_CHUNK_MAGIC;
    c->header.opened    = pair_at(b, w->ns);
    c->header.base_time = time_at(b, w->ns);
    c->header.used      = sizeof w->counters;
    memcpy(c->body, &w->counters, sizeof w->counters);
    cci_encoder_reset(&w->encoder, c->header.base_time);
    w->header.seq++;
    w->open = b->chunk_count;
    return c;
}

/* The writer's chunk with room for n bytes. */
static chunk_t *chunk_with_room(trace_builder_t *b, writer_t *w, size_t n)
{
    check(n <= body_bytes(b) - sizeof w->counters, "a record is longer than a chunk");
    if (w->open && body_bytes(b) - b->chunks[w->open - 1].header.used >= n)
        return &b->chunks[w->open - 1];
    if (w->open)
        b->chunks[w->open - 1].full = true;
    return open_chunk(b, w);
}

static uint8_t *begin(trace_builder_t *b, writer_t *w, size_t n)
{
    chunk_t *c = chunk_with_room(b, w, n);
    return c->body + c->header.used;
}

static void end(trace_builder_t *b, writer_t *w, const uint8_t *p)
{
    chunk_t *c     = &b->chunks[w->open - 1];
    c->header.used = (uint64_t)(p - c->body);
}

/* The same for an event at ns. */
static uint8_t *begin_event(trace_builder_t *b, uint32_t thread, uint64_t ns, writer_t **w,
                            uint64_t *time)
{
    *w = writer_of(b, thread);
    check(ns >= (*w)->ns, "time falls within a thread");
    (*w)->ns = ns;
    *time    = time_at(b, ns);
    return begin(b, *w, CCI_RECORD_MAX);
}

uint32_t trace_builder_thread(trace_builder_t *b, uint32_t tid, const char *name)
{
    b->threads  = must(realloc(b->threads, (b->thread_count + 1) * sizeof *b->threads));
    uint32_t  n = (uint32_t)b->thread_count++;
    writer_t *w = &b->threads[n];

    *w = (writer_t){ .header = { .kind         = CCI_CHUNK_THREAD,
                                 .thread       = n,
                                 .tid          = tid,
                                 .first_node   = 1,
                                 .first_module = 1 } };
    trace_builder_name(b, n, name);
    return n;
}

uint32_t trace_builder_module_with_id(trace_builder_t *b, uint32_t thread, const char *path,
                                      uint64_t start, uint64_t bytes, uint64_t bias, const void *id,
                                      size_t id_len)
{
    writer_t *w = writer_of(b, thread);
    size_t    n = strlen(path);
    uint8_t  *p = begin(b, w, 64 + id_len + n);
    end(b, w, cci_put_module(p, start, start + bytes, bias, id, id_len, path, n));
    return (uint32_t)w->header.first_module++;
}

uint32_t trace_builder_module(trace_builder_t *b, uint32_t thread, const char *path, uint64_t start,
                              uint64_t bytes)
{
    return trace_builder_module_with_id(b, thread, path, start, bytes, start, "", 0);
}

uint32_t trace_builder_node(trace_builder_t *b, uint32_t thread, uint32_t parent, uint32_t module,
                            uint64_t offset)
{
    writer_t *w = writer_of(b, thread);
    uint8_t  *p = begin(b, w, CCI_RECORD_MAX);
    end(b, w, cci_put_node(p, parent, module, offset));
    return (uint32_t)w->header.first_node++;
}

static void put_alloc(trace_builder_t *b, uint32_t thread, cci_op_t op, uint64_t ns, uint64_t ptr,
                      uint64_t size, uint32_t node)
{
    writer_t *w;
    uint64_t  time;
    uint8_t  *p = begin_event(b, thread, ns, &w, &time);
    end(b, w, cci_put_alloc(&w->encoder, p, op, time, ptr, size, node));
}

void trace_builder_malloc(trace_builder_t *b, uint32_t thread, uint64_t ns, uint64_t ptr,
                          uint64_t size, uint32_t node)
{
    put_alloc(b, thread, CCI_OP_MALLOC, ns, ptr, size, node);
}

void trace_builder_calloc(trace_builder_t *b, uint32_t thread, uint64_t ns, uint64_t ptr,
                          uint64_t size, uint32_t node)
{
    put_alloc(b, thread, CCI_OP_CALLOC, ns, ptr, size, node);
}

void trace_builder_aligned(trace_builder_t *b, uint32_t thread, uint64_t ns, uint64_t ptr,
                           uint64_t size, uint32_t node, unsigned align_log2)
{
    writer_t *w;
    uint64_t  time;
    uint8_t  *p = begin_event(b, thread, ns, &w, &time);
    end(b, w, cci_put_aligned(&w->encoder, p, time, ptr, size, node, align_log2));
}

void trace_builder_realloc(trace_builder_t *b, uint32_t thread, uint64_t ns, uint64_t ptr,
                           uint64_t old, uint64_t size, uint32_t node)
{
    writer_t *w;
    uint64_t  time;
    uint8_t  *p = begin_event(b, thread, ns, &w, &time);
    end(b, w, cci_put_realloc(&w->encoder, p, time, ptr, old, size, node));
}

void trace_builder_free(trace_builder_t *b, uint32_t thread, uint64_t ns, uint64_t ptr)
{
    writer_t *w;
    uint64_t  time;
    uint8_t  *p = begin_event(b, thread, ns, &w, &time);
    end(b, w, cci_put_free(&w->encoder, p, time, ptr));
}

void trace_builder_meta(trace_builder_t *b, uint32_t thread, const char *key, const void *value,
                        size_t value_len)
{
    writer_t *w = writer_of(b, thread);
    uint8_t  *p = begin(b, w, 32 + strlen(key) + value_len);
    end(b, w, cci_put_meta(p, key, value, value_len));
}

void trace_builder_rss(trace_builder_t *b, uint64_t ns, uint64_t bytes)
{
    uint8_t *p = begin(b, &b->process, CCI_RECORD_MAX);
    end(b, &b->process, cci_put_rss(p, time_at(b, ns), bytes, 0));
}

void trace_builder_measured(trace_builder_t *b, uint32_t thread, const cci_trace_measured_t *m)
{
    writer_t             *w = writer_of(b, thread);
    cci_trace_measured_t *at;
    uint8_t              *p = begin(b, w, sizeof *m + 16);

    end(b, w, cci_put_measured(p, &at));
    memcpy(at, m, sizeof *m);
}

void trace_builder_books(trace_builder_t *b, uint32_t thread, uint64_t ns, const cci_books_t *books)
{
    writer_t *w = writer_of(b, thread);
    uint8_t  *p = begin(b, w, CCI_BOOKS_RECORD_MAX);

    end(b, w, cci_put_books(p, time_at(b, ns), books));
}

void trace_builder_end(trace_builder_t *b, uint64_t ns, int wait_status)
{
    uint8_t *p = begin(b, &b->process, CCI_RECORD_MAX);
    end(b, &b->process, cci_put_end(p, pair_at(b, ns), wait_status));
}

void trace_builder_bytes(trace_builder_t *b, uint32_t thread, const void *bytes, size_t n)
{
    writer_t *w = writer_of(b, thread);
    uint8_t  *p = begin(b, w, n);
    memcpy(p, bytes, n);
    end(b, w, p + n);
}

void trace_builder_counters(trace_builder_t *b, uint32_t thread, const cci_trace_counters_t *now)
{
    writer_t *w = writer_of(b, thread);
    w->counters = *now;
    memcpy(chunk_with_room(b, w, 0)->body, now, sizeof *now);
}

void trace_builder_lost(trace_builder_t *b, uint32_t thread, uint64_t events)
{
    writer_of(b, thread)->header.lost = events;
}

void trace_builder_name(trace_builder_t *b, uint32_t thread, const char *name)
{
    writer_t *w = writer_of(b, thread);
    size_t    n = strlen(name);

    check(n <= sizeof w->header.name, "a name is too long");
    memset(w->header.name, 0, sizeof w->header.name);
    memcpy(w->header.name, name, n);
    if (w->open)
        memcpy(b->chunks[w->open - 1].header.name, w->header.name, sizeof w->header.name);
}

void trace_builder_next_chunk(trace_builder_t *b, uint32_t thread)
{
    writer_t *w = writer_of(b, thread);
    if (w->open)
        b->chunks[w->open - 1].full = true;
    w->open = 0;
}

/* n more bytes of the file, all zero. */
static uint8_t *extend(trace_builder_t *b, size_t n)
{
    b->file    = must(realloc(b->file, b->file_bytes + n));
    uint8_t *p = memset(b->file + b->file_bytes, 0, n);
    b->file_bytes += n;
    return p;
}

static void add_in_place(trace_builder_t *b, const chunk_t *c)
{
    cci_chunk_header_t header = c->header;
    uint8_t           *p      = extend(b, b->options.chunk_bytes);

    header.state  = c->full ? CCI_CHUNK_FULL : CCI_CHUNK_OWNED;
    header.stored = body_bytes(b);
    memcpy(p, &header, sizeof header);
    memcpy(p + sizeof header, c->body, header.used);
}

/* Into out, which has room: how many bytes, 0 when the records are none. */
static size_t put_columns(const chunk_t *c, uint8_t *out)
{
    const size_t head = sizeof(cci_trace_counters_t), records = c->header.used - head;
    uint8_t     *scratch = must(malloc(CCI_COLUMNS_SCRATCH_BYTES(records)));

    memcpy(out, c->body, head);
    size_t n = cci_columns_split(c->body + head, records, scratch, out + head);
    free(scratch);
    return n ? head + n : 0;
}

static size_t compress(uint8_t *out, size_t room, const uint8_t *bytes, size_t n)
{
    size_t packed = ZSTD_compress(out, room, bytes, n, 1);
    check(!ZSTD_isError(packed), "zstd failed");
    return packed;
}

/* The frame, to be freed, and its codec: records that are none have no columns. */
static uint8_t *pack(const chunk_t *c, uint32_t *codec, size_t *n)
{
    const size_t room    = ZSTD_compressBound(CCI_COLUMNS_BYTES_MAX(c->header.used));
    uint8_t     *packed  = must(malloc(room));
    uint8_t     *columns = must(malloc(CCI_COLUMNS_BYTES_MAX(c->header.used)));
    size_t       split   = *codec == CCI_CODEC_COLUMNS ? put_columns(c, columns) : 0;

    *codec = split ? CCI_CODEC_COLUMNS : CCI_CODEC_ZSTD;
    *n     = split ? compress(packed, room, columns, split)
                   : compress(packed, room, c->body, c->header.used);
    free(columns);
    return packed;
}

static void add_stored(trace_builder_t *b, const chunk_t *c)
{
    cci_chunk_header_t header = c->header;
    uint8_t           *packed = NULL;
    size_t             n      = header.used;

    header.state = CCI_CHUNK_FULL;
    header.codec = b->options.codec;
    if (header.codec != CCI_CODEC_RAW)
        packed = pack(c, &header.codec, &n);
    header.stored = n;
    uint8_t *p    = extend(b, (sizeof header + n + 7) & ~(size_t)7);
    memcpy(p, &header, sizeof header);
    memcpy(p + sizeof header, packed ? packed : c->body, n);
    free(packed);
}

uint8_t *trace_builder_file(trace_builder_t *b, size_t *bytes)
{
    free(b->file);
    b->file       = NULL;
    b->file_bytes = 0;
    memcpy(extend(b, b->options.header_bytes), &b->header, sizeof b->header);
    for (size_t i = 0; i < b->chunk_count; i++) {
        b->chunks[i].at = b->file_bytes;
        if (b->options.layout == CCI_LAYOUT_IN_PLACE)
            add_in_place(b, &b->chunks[i]);
        else
            add_stored(b, &b->chunks[i]);
    }
    *bytes = b->file_bytes;
    return b->file;
}

void trace_builder_write(trace_builder_t *b, const char *path)
{
    size_t   n;
    uint8_t *bytes = trace_builder_file(b, &n);
    FILE    *file  = fopen(path, "wb");
    check(file && fwrite(bytes, 1, n, file) == n && fclose(file) == 0, path);
}

size_t trace_builder_chunk_count(const trace_builder_t *b)
{
    return b->chunk_count;
}

size_t trace_builder_chunk_offset(const trace_builder_t *b, size_t i)
{
    return b->chunks[i].at;
}
