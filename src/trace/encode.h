/* SPDX-License-Identifier: MIT */
/* trace/encode.h - records to bytes. Inline, because the recorder runs it inside malloc.
 *
 * Each function writes one record at p, which has room for it (CCI_RECORD_MAX, or the bound stated),
 * and returns where the next one goes. The state is that of one thread: addresses and times are
 * written as differences to the record before, so most events take 3 to 7 bytes.
 */
#ifndef CCI_TRACE_ENCODE_H
#define CCI_TRACE_ENCODE_H
#include "base/varint.h"
#include "trace/format.h"

typedef struct cci_encoder {
    uint64_t last_time; /* ticks >> tick_shift */
    uint64_t last_ptr;
} cci_encoder_t;

/* Begin a chunk: nothing is carried over, so each chunk decodes by itself. */
static inline void cci_encoder_reset(cci_encoder_t *e, uint64_t base_time)
{
    e->last_time = base_time;
    e->last_ptr  = 0;
}

/* From here on all sizes fall into the last counter. */
#define CCI_SIZE_BUCKETS_END (INT64_C(1) << (CCI_SIZE_BUCKETS + 1))

/* Which counter a request of size bytes falls into: 0, 1-8, 9-16, 17-32, ...; size is below
 * CCI_SIZE_BUCKETS_END. */
static inline unsigned cci_size_bucket_below(uint64_t size)
{
    return size == 0 ? 0 : 62u - (unsigned)__builtin_clzll((size - 1) | 7);
}

/* The same of any size. */
static inline unsigned cci_size_bucket(uint64_t size)
{
    return size < CCI_SIZE_BUCKETS_END ? cci_size_bucket_below(size) : CCI_SIZE_BUCKETS - 1;
}

/* Addresses are almost always multiples of 16: the low 4 bits of a difference travel on top. */
static inline uint64_t cci_ptr_code(uint64_t ptr, uint64_t base)
{
    uint64_t d = ptr - base;
    return cci_zigzag((int64_t)d >> 4) ^ (d & 15) << 60;
}

static inline uint64_t cci_ptr_decode(uint64_t code, uint64_t base)
{
    int64_t d = cci_unzigzag(code & ~(UINT64_C(15) << 60));
    return base + ((uint64_t)d << 4) + (code >> 60);
}

/* time may lie before last_time when a thread changed processors: it counts as the same instant. */
static inline uint8_t *cci_put_tag(cci_encoder_t *e, uint8_t *p, cci_op_t op, uint64_t time)
{
    uint64_t dt = time - e->last_time;

    if (__builtin_expect(dt < CCI_TIME_ESCAPE, 1)) {
        e->last_time = time;
        *p           = (uint8_t)(op | dt << 3);
        return p + 1;
    }
    if ((int64_t)dt < 0)
        dt = 0;
    e->last_time += dt;
    if (dt < CCI_TIME_ESCAPE) {
        *p = (uint8_t)(op | dt << 3);
        return p + 1;
    }
    *p = (uint8_t)(op | CCI_TIME_ESCAPE << 3);
    return cci_put_varint(p + 1, dt - CCI_TIME_ESCAPE);
}

static inline uint8_t *cci_put_ptr(cci_encoder_t *e, uint8_t *p, uint64_t ptr)
{
    p           = cci_put_varint_even(p, cci_ptr_code(ptr, e->last_ptr));
    e->last_ptr = ptr;
    return p;
}

/* op: CCI_OP_MALLOC or CCI_OP_CALLOC. */
static inline uint8_t *cci_put_alloc(cci_encoder_t *e, uint8_t *p, cci_op_t op, uint64_t time,
                                     uint64_t ptr, uint64_t size, uint32_t stack)
{
    p = cci_put_tag(e, p, op, time);
    p = cci_put_varint(p, size);
    p = cci_put_ptr(e, p, ptr);
    return cci_put_varint(p, stack);
}

static inline uint8_t *cci_put_aligned(cci_encoder_t *e, uint8_t *p, uint64_t time, uint64_t ptr,
                                       uint64_t size, uint32_t stack, unsigned align_log2)
{
    p = cci_put_alloc(e, p, CCI_OP_ALIGNED, time, ptr, size, stack);
    return cci_put_varint(p, align_log2);
}

static inline uint8_t *cci_put_realloc(cci_encoder_t *e, uint8_t *p, uint64_t time, uint64_t ptr,
                                       uint64_t old, uint64_t size, uint32_t stack)
{
    p = cci_put_tag(e, p, CCI_OP_REALLOC, time);
    p = cci_put_varint(p, size);
    p = cci_put_ptr(e, p, ptr);
    p = cci_put_varint_even(p, cci_ptr_code(old, ptr));
    return cci_put_varint(p, stack);
}

static inline uint8_t *cci_put_free(cci_encoder_t *e, uint8_t *p, uint64_t time, uint64_t ptr)
{
    p = cci_put_tag(e, p, CCI_OP_FREE, time);
    return cci_put_ptr(e, p, ptr);
}

/* Extended records: kind, length of the payload, payload. */
static inline uint8_t *cci_put_extended(uint8_t *p, cci_extended_t kind, uint64_t payload_bytes)
{
    *p++ = (uint8_t)(CCI_OP_EXTENDED | kind << 3);
    return cci_put_varint(p, payload_bytes);
}

/* One more stack node; its number is one more than the last one of this thread, the first is 1.
 * parent is the caller's node, 0 for none; module 0 means that offset is an absolute address. */
static inline uint8_t *cci_put_node(uint8_t *p, uint32_t parent, uint32_t module, uint64_t offset)
{
    uint8_t  body[3 * CCI_VARINT_MAX];
    uint8_t *q = cci_put_varint(body, parent);
    q          = cci_put_varint(q, module);
    q          = cci_put_varint(q, offset);
    p          = cci_put_extended(p, CCI_EXT_NODE, (uint64_t)(q - body));
    memcpy(p, body, (size_t)(q - body));
    return p + (q - body);
}

static inline size_t cci_varint_bytes(uint64_t v)
{
    return 1 + (size_t)(63 - __builtin_clzll(v | 1)) / 7;
}

static inline uint8_t *cci_put_bytes(uint8_t *p, const void *bytes, size_t n)
{
    p = cci_put_varint(p, n);
    memcpy(p, bytes, n);
    return p + n;
}

/* One more module of this thread, numbered like nodes. Needs 64 + id_len + path_len bytes. */
static inline uint8_t *cci_put_module(uint8_t *p, uint64_t start, uint64_t end, uint64_t bias,
                                      const void *id, size_t id_len, const char *path,
                                      size_t path_len)
{
    size_t n = cci_varint_bytes(start) + cci_varint_bytes(end - start) + cci_varint_bytes(bias) +
               cci_varint_bytes(id_len) + id_len + cci_varint_bytes(path_len) + path_len;
    p = cci_put_extended(p, CCI_EXT_MODULE, n);
    p = cci_put_varint(p, start);
    p = cci_put_varint(p, end - start);
    p = cci_put_varint(p, bias);
    p = cci_put_bytes(p, id, id_len);
    return cci_put_bytes(p, path, path_len);
}

/* Text about the process. Needs 32 + key_len + value_len bytes. Keys are in docs/formats/trace.md. */
static inline uint8_t *cci_put_meta(uint8_t *p, const char *key, const char *value,
                                    size_t value_len)
{
    size_t key_len = strlen(key);
    size_t n       = cci_varint_bytes(key_len) + key_len + cci_varint_bytes(value_len) + value_len;
    p              = cci_put_extended(p, CCI_EXT_META, n);
    p              = cci_put_bytes(p, key, key_len);
    return cci_put_bytes(p, value, value_len);
}

/* shared: of the bytes, those in pages of files, which others may have too. */
static inline uint8_t *cci_put_rss(uint8_t *p, uint64_t time, uint64_t bytes, uint64_t shared)
{
    p = cci_put_extended(p, CCI_EXT_RSS,
                         cci_varint_bytes(time) + cci_varint_bytes(bytes) +
                             cci_varint_bytes(shared));
    p = cci_put_varint(p, time);
    p = cci_put_varint(p, bytes);
    return cci_put_varint(p, shared);
}

/* time: ticks >> tick_shift. What is not known is 0, the rest is one more. */
static inline uint8_t *cci_put_books(uint8_t *p, uint64_t time, const cci_books_t *b)
{
    const uint64_t fields[] = { time,       b->kind,        b->held + 1,  b->used + 1,
                                b->top + 1, b->largest + 1, b->blocks + 1 };
    enum { FIELDS = sizeof fields / sizeof fields[0] };
    uint8_t  body[FIELDS * CCI_VARINT_MAX];
    uint8_t *q = body;

    for (unsigned i = 0; i < FIELDS; i++)
        q = cci_put_varint(q, fields[i]);
    p = cci_put_extended(p, CCI_EXT_BOOKS, (uint64_t)(q - body));
    memcpy(p, body, (size_t)(q - body));
    return p + (q - body);
}

enum { CCI_BOOKS_RECORD_MAX = 2 + 7 * CCI_VARINT_MAX };

/* v in n bytes, of which the last may be zeros; n is at least as long as v needs. */
static inline uint8_t *cci_put_varint_wide(uint8_t *p, uint64_t v, size_t n)
{
    for (; n > 1; n--, v >>= 7)
        *p++ = (uint8_t)(v | 0x80);
    *p = (uint8_t)v;
    return p + 1;
}

/* Needs sizeof(cci_trace_measured_t) + 16 bytes. The payload, of zeros, is left to be counted in:
 * *out, which is aligned because the length before it is spelled as wide as that takes. */
static inline uint8_t *cci_put_measured(uint8_t *p, cci_trace_measured_t **out)
{
    enum { LENGTH_MIN = 2, ALIGN = _Alignof(cci_trace_measured_t) };
    size_t wide = LENGTH_MIN + (-((uintptr_t)p + 1 + LENGTH_MIN) & (ALIGN - 1));

    *p++ = CCI_OP_EXTENDED | CCI_EXT_MEASURED << 3;
    p    = cci_put_varint_wide(p, sizeof **out, wide);
    memset(p, 0, sizeof **out);
    *out = (cci_trace_measured_t *)(void *)p;
    return p + sizeof **out;
}

/* wait_status as from waitpid, or -1 when nobody knows it. */
static inline uint8_t *cci_put_end(uint8_t *p, cci_clock_pair_t at, int wait_status)
{
    uint64_t status = (uint64_t)((int64_t)wait_status + 1);
    p               = cci_put_extended(p, CCI_EXT_END,
                                       cci_varint_bytes(at.ticks) + cci_varint_bytes(at.mono_ns) +
                                           cci_varint_bytes(status));
    p               = cci_put_varint(p, at.ticks);
    p               = cci_put_varint(p, at.mono_ns);
    return cci_put_varint(p, status);
}

#endif
