/* SPDX-License-Identifier: MIT */
/* base64.c - see report/base64.h. */
#define _GNU_SOURCE
#include "report/base64.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>

/* Three bytes make four characters: fewer wait for the next ones. */
typedef struct base64 {
    FILE    *out;
    uint32_t bits;
    unsigned waiting; /* bytes in bits, 0 to 2 */
} base64_t;

static void put_group(base64_t *b, unsigned characters)
{
    static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789+/";
    char              text[4]    = { '=', '=', '=', '=' };

    for (unsigned i = 0; i < characters; i++)
        text[i] = ALPHABET[b->bits >> (18 - 6 * i) & 63];
    fwrite(text, 1, sizeof text, b->out);
    b->bits    = 0;
    b->waiting = 0;
}

static void put_byte(base64_t *b, unsigned char byte)
{
    b->bits |= (uint32_t)byte << (16 - 8 * b->waiting);
    if (++b->waiting == 3)
        put_group(b, 4);
}

static ssize_t write_bytes(void *base64, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_byte(base64, (unsigned char)bytes[i]);
    return (ssize_t)n;
}

static int end(void *base64)
{
    base64_t *b = base64;

    if (b->waiting)
        put_group(b, b->waiting + 1);
    free(b);
    return 0;
}

FILE *cci_base64_open(FILE *out)
{
    base64_t *b = malloc(sizeof *b);
    FILE     *f = NULL;

    if (b) {
        *b = (base64_t){ .out = out };
        f  = fopencookie(b, "w", (cookie_io_functions_t){ .write = write_bytes, .close = end });
    }
    if (!f)
        free(b);
    return f;
}
