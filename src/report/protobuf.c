/* SPDX-License-Identifier: MIT */
/* protobuf.c - see report/protobuf.h. */
#include <stdlib.h>
#include <string.h>
#include "base/varint.h"
#include "report/protobuf.h"
#include "report/utf8.h"

enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };

/* Room for n more bytes, which are then counted; NULL when there is none. */
static uint8_t *take(cci_protobuf_t *p, size_t n)
{
    size_t capacity = p->capacity ? p->capacity : 256;

    if (p->failed || n > PTRDIFF_MAX / 2 - p->count) {
        p->failed = true;
        return NULL;
    }
    while (capacity - p->count < n)
        capacity *= 2;
    if (capacity != p->capacity) {
        uint8_t *bigger = realloc(p->bytes, capacity);
        if (!bigger) {
            p->failed = true;
            return NULL;
        }
        p->bytes    = bigger;
        p->capacity = capacity;
    }
    p->count += n;
    return p->bytes + p->count - n;
}

static void put_bytes(cci_protobuf_t *p, const void *bytes, size_t n)
{
    uint8_t *room = take(p, n);

    if (room && n > 0)
        memcpy(room, bytes, n);
}

static void put_varint(cci_protobuf_t *p, uint64_t value)
{
    uint8_t bytes[CCI_VARINT_MAX];

    put_bytes(p, bytes, (size_t)(cci_put_varint(bytes, value) - bytes));
}

static size_t varint_bytes(uint64_t value)
{
    uint8_t bytes[CCI_VARINT_MAX];

    return (size_t)(cci_put_varint(bytes, value) - bytes);
}

static void put_key(cci_protobuf_t *p, unsigned field, unsigned wire)
{
    put_varint(p, (uint64_t)field << 3 | wire);
}

void cci_protobuf_uint(cci_protobuf_t *p, unsigned field, uint64_t value)
{
    if (value == 0)
        return;
    put_key(p, field, WIRE_VARINT);
    put_varint(p, value);
}

void cci_protobuf_packed(cci_protobuf_t *p, unsigned field, const uint64_t *value, size_t n)
{
    size_t length = 0;

    if (n == 0)
        return;
    for (size_t i = 0; i < n; i++)
        length += varint_bytes(value[i]);
    put_key(p, field, WIRE_BYTES);
    put_varint(p, length);
    for (size_t i = 0; i < n; i++)
        put_varint(p, value[i]);
}

void cci_protobuf_message(cci_protobuf_t *p, unsigned field, const cci_protobuf_t *m)
{
    p->failed |= m->failed;
    put_key(p, field, WIRE_BYTES);
    put_varint(p, m->count);
    put_bytes(p, m->bytes, m->count);
}

static size_t shown_bytes(const char *text, size_t n)
{
    size_t length = 0;

    for (size_t at = 0; at < n;) {
        cci_utf8_t c = cci_utf8_first(text + at, n - at);
        length += c.length;
        at += c.used;
    }
    return length;
}

void cci_protobuf_text(cci_protobuf_t *p, unsigned field, const char *text)
{
    size_t n = strlen(text);

    put_key(p, field, WIRE_BYTES);
    put_varint(p, shown_bytes(text, n));
    for (size_t at = 0; at < n;) {
        cci_utf8_t c = cci_utf8_first(text + at, n - at);
        put_bytes(p, c.bytes, c.length);
        at += c.used;
    }
}

void cci_protobuf_clear(cci_protobuf_t *p)
{
    p->count = 0;
}

void cci_protobuf_fini(cci_protobuf_t *p)
{
    free(p->bytes);
    *p = (cci_protobuf_t){ 0 };
}
