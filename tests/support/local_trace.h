/* SPDX-License-Identifier: MIT */
/* local_trace.h - what a local recording shows, as the bytes of a stored trace.
 *
 * Example:
 *   static local_trace_t l;
 *   local_trace_begin(&l, cci_local_own.header());
 *   exact = cci_local_own.read(local_trace_take, &l, &now);
 *   bytes = local_trace_file(&l, &size);
 *   local_trace_free(&l);
 */
#ifndef TEST_LOCAL_TRACE_H
#define TEST_LOCAL_TRACE_H
#include <stdlib.h>
#include <string.h>
#include "base/rising.h"
#include "record/local.h"

typedef struct local_chunk {
    cci_chunk_header_t header;
    uint8_t           *body;
    size_t             used;
    bool               whole;
} local_chunk_t;

typedef struct local_trace {
    cci_trace_header_t header;
    local_chunk_t     *chunk;
    size_t             chunks, capacity;
    uint8_t           *file;
    size_t             refuse_after; /* chunks shown; 0 = never */
    size_t             shown;
} local_trace_t;

static inline void local_trace_begin(local_trace_t *l, const cci_trace_header_t *header)
{
    *l               = (local_trace_t){ .header = *header };
    l->header.layout = CCI_LAYOUT_STORED;
}

static inline local_chunk_t *local_trace_slot(local_trace_t *l, const cci_chunk_header_t *h)
{
    for (size_t i = l->chunks; i-- > 0;)
        if (!l->chunk[i].whole && l->chunk[i].header.thread == h->thread &&
            l->chunk[i].header.seq == h->seq)
            return &l->chunk[i];
    if (l->chunks == l->capacity) {
        l->capacity = l->capacity ? 2 * l->capacity : 64;
        l->chunk    = realloc(l->chunk, l->capacity * sizeof *l->chunk);
        if (!l->chunk)
            abort();
    }
    l->chunk[l->chunks] = (local_chunk_t){ .whole = false };
    return &l->chunk[l->chunks++];
}

static inline bool local_trace_take(void *context, const cci_chunk_header_t *header,
                                    const uint8_t *body, size_t used, bool whole)
{
    local_trace_t *l = context;

    if (l->refuse_after && ++l->shown > l->refuse_after)
        return false;
    local_chunk_t *c = local_trace_slot(l, header);
    c->header        = *header;
    c->used          = used;
    c->whole         = whole;
    c->body          = realloc(c->body, (used + 7) & ~(size_t)7);
    if (!c->body)
        abort();
    memset(c->body, 0, used);
    (void)cci_rising_copy(c->body, body, used);
    return true;
}

static inline uint8_t *local_trace_put(uint8_t *at, const void *bytes, size_t n)
{
    memcpy(at, bytes, n);
    return at + n;
}

static inline uint8_t *local_trace_put_chunk(uint8_t *at, const local_chunk_t *c)
{
    cci_chunk_header_t h = c->header;

    h.state  = CCI_CHUNK_FULL;
    h.stored = c->used;
    h.used   = c->used;
    at       = local_trace_put(at, &h, sizeof h);
    at       = local_trace_put(at, c->body, c->used);
    return at + (8 - c->used % 8) % 8;
}

/* Until free. */
static inline const uint8_t *local_trace_file(local_trace_t *l, size_t *size)
{
    *size = CCI_TRACE_HEADER_BYTES;
    for (size_t i = 0; i < l->chunks; i++)
        *size += sizeof(cci_chunk_header_t) + ((l->chunk[i].used + 7) & ~(size_t)7);
    l->file = calloc(1, *size);
    if (!l->file)
        abort();
    local_trace_put(l->file, &l->header, sizeof l->header);
    uint8_t *at = l->file + CCI_TRACE_HEADER_BYTES;
    for (size_t i = 0; i < l->chunks; i++)
        at = local_trace_put_chunk(at, &l->chunk[i]);
    return l->file;
}

static inline void local_trace_free(local_trace_t *l)
{
    for (size_t i = 0; i < l->chunks; i++)
        free(l->chunk[i].body);
    free(l->chunk);
    free(l->file);
    *l = (local_trace_t){ .chunks = 0 };
}

#endif
