/* SPDX-License-Identifier: MIT */
/* body.c - see trace/body.h. */
#include "trace/body.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>
#include <zstd_errors.h>

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

static cc_result_t unpack(cci_body_t *b, cci_unpacker_t *u, const cci_source_t *s,
                          const cci_chunk_t *chunk)
{
    if (!prepare(u, chunk->stored))
        return CC_RESULT_NO_MEMORY;
    cc_result_t r = cci_source_read(s, chunk->body, u->packed, chunk->stored);
    if (r != CC_RESULT_OK)
        return r;

    size_t got = ZSTD_decompressDCtx(u->zstd, b->bytes, chunk->used, u->packed, chunk->stored);
    if (ZSTD_isError(got) && ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation)
        return CC_RESULT_NO_MEMORY;
    return got == chunk->used ? CC_RESULT_OK : CC_RESULT_DAMAGED;
}

cc_result_t cci_body_load(cci_body_t *b, cci_unpacker_t *u, const cci_source_t *s,
                          const cci_chunk_t *chunk)
{
    if (!reserve(&b->bytes, &b->capacity, chunk->used + CCI_RECORD_MAX))
        return CC_RESULT_NO_MEMORY;
    memset(b->bytes + chunk->used, 0, CCI_RECORD_MAX);
    if (chunk->codec == CCI_CODEC_ZSTD)
        return unpack(b, u, s, chunk);
    return cci_source_read(s, chunk->body, b->bytes, chunk->used);
}

void cci_unpacker_fini(cci_unpacker_t *u)
{
    ZSTD_freeDCtx(u->zstd);
    free(u->packed);
    *u = (cci_unpacker_t){ 0 };
}

void cci_body_fini(cci_body_t *b)
{
    free(b->bytes);
    *b = (cci_body_t){ 0 };
}
