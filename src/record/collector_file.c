/* SPDX-License-Identifier: MIT */
/* record/collector_file.c - see record/collector_file.h. */
#include "record/collector_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zstd.h>

/* The program is worth more of the processor than a few bytes are. */
enum { LEVEL = 1, SKIP_MAX = 64 };

int cci_packer_init(cci_packer_t *p)
{
    p->size   = ZSTD_compressBound(CCI_CHUNK_BYTES);
    p->buffer = malloc(p->size);
    p->zstd   = ZSTD_createCCtx();
    if (p->buffer && p->zstd && !ZSTD_isError(ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_compressionLevel, LEVEL)) &&
        !ZSTD_isError(ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_checksumFlag, 1)))
        return 0;
    cci_packer_fini(p);
    return ENOMEM;
}

void cci_packer_fini(cci_packer_t *p)
{
    free(p->buffer);
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

/* The size of the packed body in p->buffer, 0 when it is to be stored as it is. */
static size_t pack(cci_packer_t *p, const uint8_t *body, size_t used)
{
    if (p->skipped < p->skip) {
        p->skipped++;
        return 0;
    }
    size_t n   = ZSTD_compress2(p->zstd, p->buffer, p->size, body, used);
    bool   bad = ZSTD_isError(n) || n > used - used / 8;
    p->skipped = 0;
    p->skip    = !bad ? 0 : p->skip == 0 ? 1 : p->skip < SKIP_MAX ? 2 * p->skip : SKIP_MAX;
    return bad ? 0 : n;
}

int cci_trace_file_put(cci_trace_file_t *f, cci_packer_t *p, const cci_chunk_header_t *header,
                       const uint8_t *body, size_t used)
{
    static const char  zeros[8];
    cci_chunk_header_t h      = *header;
    size_t             packed = pack(p, body, used);
    const void        *bytes  = packed ? p->buffer : body;

    h.codec  = packed ? CCI_CODEC_ZSTD : CCI_CODEC_RAW;
    h.state  = CCI_CHUNK_FULL;
    h.used   = used;
    h.stored = packed ? packed : used;
    struct iovec part[3] = { { &h, sizeof h }, { (void *)bytes, h.stored }, { (void *)zeros, -h.stored & 7 } };
    return write_whole(f, part, 3);
}

int cci_trace_file_close(cci_trace_file_t *f)
{
    int r = f->fd >= 0 && close(f->fd) != 0 ? errno : 0;
    f->fd = -1;
    return r;
}
