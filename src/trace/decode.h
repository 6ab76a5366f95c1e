/* SPDX-License-Identifier: MIT */
/* trace/decode.h - bytes to records, the counterpart of trace/encode.h.
 *
 * Nothing about the bytes is believed. Events are taken without looking at the end of the body,
 * which CCI_RECORD_MAX readable bytes must follow: one that ran past the end is noticed when it
 * is whole. Extended records have a length and are checked against it.
 */
#ifndef CCI_TRACE_DECODE_H
#define CCI_TRACE_DECODE_H
#include "trace/encode.h"
#include "trace/reader.h"

/* What the next event's differences are relative to, as in cci_encoder_t. */
typedef struct cci_decoder {
    uint64_t time; /* ticks >> tick_shift */
    uint64_t ptr;
} cci_decoder_t;

static inline void cci_decoder_reset(cci_decoder_t *d, uint64_t base_time)
{
    *d = (cci_decoder_t){ .time = base_time };
}

static inline cci_op_t cci_record_op(uint8_t tag)
{
    return (cci_op_t)(tag & 7);
}

/* The tag's time. It stays at the end of time rather than running backwards. */
static inline bool cci_take_time(cci_decoder_t *d, const uint8_t **p)
{
    uint64_t dt = *(*p)++ >> 3, more = 0;

    if (dt == CCI_TIME_ESCAPE && !cci_take_varint(p, &more))
        return false;
    if (__builtin_add_overflow(dt, more, &dt) || __builtin_add_overflow(d->time, dt, &d->time))
        d->time = UINT64_MAX;
    return true;
}

/* The event at *p, op CCI_OP_MALLOC to CCI_OP_ALIGNED. Leaves to the caller: thread, time_ns
 * (d->time is the event's), and stack, which is the thread's own number. false: no event. */
static inline bool cci_take_event(cci_decoder_t *d, const uint8_t **p, cci_event_t *e)
{
    const cci_op_t op   = cci_record_op(**p);
    uint64_t       code = 0, size = 0, stack = 0, align = 0;

    e->op      = op;
    e->old_ptr = 0;
    if (op < CCI_OP_MALLOC || op > CCI_OP_ALIGNED || !cci_take_time(d, p))
        return false;
    if (op != CCI_OP_FREE && !cci_take_varint(p, &size))
        return false;
    if (!cci_take_varint_even(p, &code))
        return false;
    e->ptr = d->ptr = cci_ptr_decode(code, d->ptr);
    if (op == CCI_OP_REALLOC) {
        if (!cci_take_varint_even(p, &code))
            return false;
        e->old_ptr = cci_ptr_decode(code, e->ptr);
    }
    if (op != CCI_OP_FREE && !cci_take_varint(p, &stack))
        return false;
    if (op == CCI_OP_ALIGNED && !cci_take_varint(p, &align))
        return false;
    e->size       = size;
    e->stack      = (uint32_t)stack;
    e->align_log2 = (uint32_t)align;
    return stack <= UINT32_MAX && align < 64;
}

/* An extended record of any kind, also of one that is not known here. */
typedef struct cci_extended_record {
    unsigned       kind;    /* a cci_extended_t, perhaps */
    const uint8_t *p, *end; /* the payload not taken yet */
} cci_extended_record_t;

/* The extended record at *p, whose tag has been looked at; moves *p behind it. */
static inline bool cci_take_extended(const uint8_t **p, const uint8_t *end,
                                     cci_extended_record_t *out)
{
    const uint8_t *q = *p + 1;
    uint64_t       length;

    if (!cci_get_varint(&q, end, &length) || length > (uint64_t)(end - q))
        return false;
    *out = (cci_extended_record_t){ .kind = **p >> 3, .p = q, .end = q + length };
    *p   = q + length;
    return true;
}

/* The payloads, field by field. What follows the last known field is left alone: it is for
 * adding fields. */
static inline bool cci_take_number(cci_extended_record_t *r, uint64_t *out)
{
    return cci_get_varint(&r->p, r->end, out);
}

static inline bool cci_take_bytes(cci_extended_record_t *r, const uint8_t **bytes, size_t *n)
{
    uint64_t length;

    if (!cci_take_number(r, &length) || length > (uint64_t)(r->end - r->p))
        return false;
    *bytes = r->p;
    *n     = (size_t)length;
    r->p += length;
    return true;
}

/* parent and module are the thread's own numbers. */
static inline bool cci_take_node(cci_extended_record_t *r, uint64_t *parent, uint64_t *module,
                                 uint64_t *offset)
{
    return cci_take_number(r, parent) && cci_take_number(r, module) && cci_take_number(r, offset);
}

/* out's strings point into the record; the path has no 0 behind it. */
static inline bool cci_take_module(cci_extended_record_t *r, cci_trace_module_t *out,
                                   size_t *path_len)
{
    const uint8_t *path;
    uint64_t       bytes;

    if (!cci_take_number(r, &out->start) || !cci_take_number(r, &bytes) ||
        !cci_take_number(r, &out->bias) || !cci_take_bytes(r, &out->build_id, &out->build_id_len) ||
        !cci_take_bytes(r, &path, path_len))
        return false;
    out->path = (const char *)path;
    return !__builtin_add_overflow(out->start, bytes, &out->end);
}

static inline bool cci_take_meta(cci_extended_record_t *r, const uint8_t **key, size_t *key_len,
                                 const uint8_t **value, size_t *value_len)
{
    return cci_take_bytes(r, key, key_len) && cci_take_bytes(r, value, value_len);
}

/* time: ticks >> tick_shift. shared came later: UINT64_MAX where it is not there. */
static inline bool cci_take_rss(cci_extended_record_t *r, uint64_t *time, uint64_t *bytes,
                                uint64_t *shared)
{
    if (!cci_take_number(r, time) || !cci_take_number(r, bytes))
        return false;
    *shared = UINT64_MAX;
    return r->p == r->end || cci_take_number(r, shared);
}

/* time: ticks >> tick_shift. */
static inline bool cci_take_books(cci_extended_record_t *r, uint64_t *time, cci_books_t *out)
{
    uint64_t *const fields[] = { &out->held, &out->used, &out->top, &out->largest, &out->blocks };

    if (!cci_take_number(r, time) || !cci_take_number(r, &out->kind))
        return false;
    for (unsigned i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (!cci_take_number(r, fields[i]))
            return false;
        --*fields[i];
    }
    return true;
}

/* The payload stands where it stands: it is copied. */
static inline bool cci_take_measured(cci_extended_record_t *r, cci_trace_measured_t *out)
{
    if ((size_t)(r->end - r->p) < sizeof *out)
        return false;
    memcpy(out, r->p, sizeof *out);
    r->p += sizeof *out;
    return true;
}

static inline bool cci_take_end(cci_extended_record_t *r, cci_clock_pair_t *at, int *wait_status)
{
    uint64_t status;

    if (!cci_take_number(r, &at->ticks) || !cci_take_number(r, &at->mono_ns) ||
        !cci_take_number(r, &status))
        return false;
    *wait_status = status <= INT32_MAX ? (int)status - 1 : -1;
    return true;
}

#endif
