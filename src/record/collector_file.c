/* SPDX-License-Identifier: MIT */
/* record/collector_file.c - see record/collector_file.h. */
#include "record/collector_file.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zstd.h>
#include "trace/columns.h"

/* The program is worth more of the processor than a few bytes are. */
enum { LEVEL = 1, SKIP_MAX = 64 };

enum { COUNTERS = sizeof(cci_trace_counters_t), RECORDS_MAX = CCI_CHUNK_BYTES - COUNTERS };

/* What packing a body needs. The body is copied, for the program can still write to its chunk: what
 * is walked over must not change. */
typedef struct cci_packer_room {
    uint8_t body[CCI_CHUNK_BYTES + CCI_RECORD_MAX];
    uint8_t columns[COUNTERS + CCI_COLUMNS_BYTES_MAX(RECORDS_MAX)];
    uint8_t scratch[CCI_COLUMNS_SCRATCH_BYTES(RECORDS_MAX)];
    uint8_t packed[ZSTD_COMPRESSBOUND(CCI_CHUNK_BYTES)];
} cci_packer_room_t;

int cci_packer_init(cci_packer_t *p)
{
    p->room = malloc(sizeof *p->room);
    p->zstd = ZSTD_createCCtx();
    if (p->room && p->zstd &&
        !ZSTD_isError(ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_compressionLevel, LEVEL)) &&
        !ZSTD_isError(ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_checksumFlag, 1)))
        return 0;
    cci_packer_fini(p);
    return ENOMEM;
}

void cci_packer_fini(cci_packer_t *p)
{
    free(p->room);
    ZSTD_freeCCtx(p->zstd);
    *p = (cci_packer_t){ 0 };
}

int cci_trace_file_create(cci_trace_file_t *f, const char *path, int force)
{
    f->end = 0;
    f->fd  = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL), 0666);
    return f->fd < 0 ? errno : 0;
}

/* All of it or none. */
static int write_whole(cci_trace_file_t *f, struct iovec *part, int parts)
{
    off_t end = f->end;

    while (parts > 0) {
        ssize_t n = pwritev(f->fd, part, parts, end);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            int error = n < 0 ? errno : ENOSPC;
            return ftruncate(f->fd, f->end) == 0 ? error : errno;
        }
        end += n;
        for (; parts > 0 && (size_t)n >= part->iov_len; part++, parts--)
            n -= (ssize_t)part->iov_len;
        if (parts > 0) {
            part->iov_base = (char *)part->iov_base + n;
            part->iov_len -= (size_t)n;
        }
    }
    f->end = end;
    return 0;
}

int cci_trace_file_begin(cci_trace_file_t *f, const cci_trace_header_t *header)
{
    char               page[CCI_TRACE_HEADER_BYTES] = { 0 };
    cci_trace_header_t h                            = *header;

    h.layout      = CCI_LAYOUT_STORED;
    h.chunk_bytes = 0;
    memcpy(page, &h, sizeof h);
    struct iovec all = { page, sizeof page };
    return write_whole(f, &all, 1);
}

/* A body as it goes into the file. */
typedef struct stored {
    cci_trace_codec_t codec;
    const uint8_t    *bytes;
    size_t            n;
} stored_t;

/* The copied body with its records as columns: how many bytes, 0 when they are no whole records. */
static size_t split(cci_packer_room_t *room, size_t used)
{
    if (used < COUNTERS)
        return 0;
    memcpy(room->columns, room->body, COUNTERS);
    size_t n = cci_columns_split(room->body + COUNTERS, used - COUNTERS, room->scratch,
                                 room->columns + COUNTERS);
    return n ? COUNTERS + n : 0;
}

/* n is an error of zstd where that fails. */
static stored_t compress(cci_packer_t *p, const uint8_t *body, size_t used)
{
    cci_packer_room_t *room = p->room;

    memcpy(room->body, body, used);
    memset(room->body + used, 0, CCI_RECORD_MAX);
    size_t   n = split(room, used);
    stored_t s = { n ? CCI_CODEC_COLUMNS : CCI_CODEC_ZSTD, room->packed, 0 };
    s.n = ZSTD_compress2(p->zstd, room->packed, sizeof room->packed, n ? room->columns : room->body,
                         n ? n : used);
    return s;
}

static stored_t pack(cci_packer_t *p, const uint8_t *body, size_t used)
{
    const stored_t plain = { CCI_CODEC_RAW, body, used };

    if (p->skipped < p->skip) {
        p->skipped++;
        return plain;
    }
    stored_t s   = compress(p, body, used);
    bool     bad = ZSTD_isError(s.n) || s.n > used - used / 8;
    p->skipped   = 0;
    p->skip      = !bad ? 0 : p->skip == 0 ? 1 : p->skip < SKIP_MAX ? 2 * p->skip : SKIP_MAX;
    return bad ? plain : s;
}

int cci_trace_file_put(cci_trace_file_t *f, cci_packer_t *p, const cci_chunk_header_t *header,
                       const uint8_t *body, size_t used)
{
    assert(used <= CCI_CHUNK_BYTES);

    static const char  zeros[8];
    const stored_t     s = pack(p, body, used);
    cci_chunk_header_t h = *header;

    h.codec              = s.codec;
    h.state              = CCI_CHUNK_FULL;
    h.used               = used;
    h.stored             = s.n;
    struct iovec part[3] = { { &h, sizeof h },
                             { (void *)s.bytes, s.n },
                             { (void *)zeros, -s.n & 7 } };
    return write_whole(f, part, 3);
}

int cci_trace_file_close(cci_trace_file_t *f)
{
    int r = f->fd >= 0 && close(f->fd) != 0 ? errno : 0;
    f->fd = -1;
    return r;
}
