/* SPDX-License-Identifier: MIT */
/* gzip.c - see report/gzip.h. */
#define _GNU_SOURCE
#include "report/gzip.h"
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>

enum { BLOCK_BYTES = 16384, GZIP_WINDOW = 15 + 16 /* as zlib says "a header of gzip" */ };

bool cci_gzip_begin(cci_gzip_t *g, FILE *out)
{
    *g = (cci_gzip_t){ .out = out };
    return deflateInit2(&g->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
                        Z_DEFAULT_STRATEGY) == Z_OK;
}

/* All that zlib has to give now. */
static void drain(cci_gzip_t *g, int flush)
{
    unsigned char block[BLOCK_BYTES];

    do {
        g->stream.next_out  = block;
        g->stream.avail_out = sizeof block;
        deflate(&g->stream, flush);
        fwrite(block, 1, sizeof block - g->stream.avail_out, g->out);
    } while (g->stream.avail_out == 0);
}

void cci_gzip_write(cci_gzip_t *g, const void *bytes, size_t n)
{
    const unsigned char *next = bytes;

    while (n > 0) {
        uInt part          = n < UINT_MAX ? (uInt)n : UINT_MAX;
        g->stream.next_in  = (z_const Bytef *)(uintptr_t)next;
        g->stream.avail_in = part;
        drain(g, Z_NO_FLUSH);
        next += part;
        n -= part;
    }
}

void cci_gzip_end(cci_gzip_t *g)
{
    drain(g, Z_FINISH);
    deflateEnd(&g->stream);
}

/* ---- as a FILE ---- */

static ssize_t write_bytes(void *gzip, const char *bytes, size_t n)
{
    cci_gzip_write(gzip, bytes, n);
    return (ssize_t)n;
}

static int end(void *gzip)
{
    cci_gzip_end(gzip);
    free(gzip);
    return 0;
}

FILE *cci_gzip_open(FILE *out)
{
    cci_gzip_t *g = malloc(sizeof *g);
    FILE       *f;

    if (!g || !cci_gzip_begin(g, out)) {
        free(g);
        return NULL;
    }
    f = fopencookie(g, "w", (cookie_io_functions_t){ .write = write_bytes, .close = end });
    if (!f)
        end(g);
    return f;
}
