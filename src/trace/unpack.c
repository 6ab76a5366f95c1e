/* SPDX-License-Identifier: MIT */
/* unpack.c - bodies of chunks out of a trace file: see trace/body.h. Whoever has no file needs none of
 * this, and no zstd. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "trace/body.h"
#include "trace/columns.h"

/* At least n bytes, whose contents do not matter. On failure: no buffer. */
static bool reserve(uint8_t **buffer, size_t *capacity, size_t n)
{
    if (n <= *capacity)
        return true;
    free(*buffer);
    *buffer   = malloc(n);
    *capacity = *buffer ? n : 0;
    return *buffer != NULL;
}

static bool prepare(cci_unpacker_t *u, size_t packed)
{
    if (!u->zstd)
        u->zstd = ZSTD_createDCtx();
    return u->zstd && reserve(&u->packed, &u->packed_capacity, packed);
}

/* The content of the frame, for which there is room for *n bytes, and how many it has. */
static cc_result_t unpack(cci_unpacker_t *u, const cci_source_t *s, const cci_chunk_t *chunk,
                          uint8_t *to, size_t *n)
{
    if (!prepare(u, chunk->stored))
        return CC_RESULT_NO_MEMORY;
    cc_result_t r = cci_source_read(s, chunk->body, u->packed, chunk->stored);
    if (r != CC_RESULT_OK)
        return r;
    *n = ZSTD_decompressDCtx(u->zstd, to, *n, u->packed, chunk->stored);
    return ZSTD_isError(*n) ? CC_RESULT_DAMAGED : CC_RESULT_OK;
}

static cc_result_t load_packed(cci_body_t *b, cci_unpacker_t *u, const cci_source_t *s,
                               const cci_chunk_t *chunk)
{
    size_t      n = chunk->used;
    cc_result_t r = unpack(u, s, chunk, b->bytes, &n);

    return r == CC_RESULT_OK && n != chunk->used ? CC_RESULT_DAMAGED : r;
}

/* The counters as they are, the records from their columns. */
static bool join(const uint8_t *content, size_t n, uint8_t *body, size_t used)
{
    const size_t head = sizeof(cci_trace_counters_t);

    if (n < head)
        return false;
    memcpy(body, content, head);
    return cci_columns_join(content + head, n - head, body + head, used - head);
}

static cc_result_t load_columns(cci_body_t *b, cci_unpacker_t *u, const cci_source_t *s,
                                const cci_chunk_t *chunk)
{
    const size_t head = sizeof(cci_trace_counters_t);

    if (chunk->used < head)
        return CC_RESULT_DAMAGED;
    size_t n = head + CCI_COLUMNS_BYTES_MAX(chunk->used - head);
    if (!reserve(&u->columns, &u->columns_capacity, n + CCI_RECORD_MAX))
        return CC_RESULT_NO_MEMORY;
    cc_result_t r = unpack(u, s, chunk, u->columns, &n);
    if (r != CC_RESULT_OK)
        return r;
    memset(u->columns + n, 0, CCI_RECORD_MAX);
    return join(u->columns, n, b->bytes, chunk->used) ? CC_RESULT_OK : CC_RESULT_DAMAGED;
}

static cc_result_t load(cci_body_t *b, cci_unpacker_t *u, const cci_source_t *s,
                        const cci_chunk_t *chunk)
{
    switch (chunk->codec) {
    case CCI_CODEC_ZSTD:
        return load_packed(b, u, s, chunk);
    case CCI_CODEC_COLUMNS:
        return load_columns(b, u, s, chunk);
    default:
        return cci_source_read(s, chunk->body, b->bytes, chunk->used);
    }
}

static cc_result_t load_stored(cci_body_t *b, cci_unpacker_t *u, const cci_source_t *s,
                               const cci_chunk_t *chunk)
{
    if (!reserve(&b->bytes, &b->capacity, chunk->used + CCI_RECORD_MAX))
        return CC_RESULT_NO_MEMORY;
    cc_result_t r = load(b, u, s, chunk);
    memset(b->bytes + chunk->used, 0, CCI_RECORD_MAX); /* joining columns writes there, too */
    return r;
}

static void fini(cci_unpacker_t *u)
{
    ZSTD_freeDCtx(u->zstd);
    free(u->packed);
    free(u->columns);
    *u = (cci_unpacker_t){ 0 };
}

const cci_loader_t cci_stored_loader = { load_stored, fini };
