/* SPDX-License-Identifier: MIT */
/* columns.c - see trace/columns.h.
 *
 * Splitting and joining walk the same fields in the same order and differ only in which side bytes
 * are taken from, so both are one walk. Fields are moved by words, without looking at the ends:
 * after each event they are compared with what it took. It moves less than CCI_RECORD_MAX bytes
 * in any place, and so much room is behind every end.
 *
 * Only where bytes are taken from has ends to look at: splitting, each column has room for all
 * records; joining, what is left in the columns is together as long as what is left to be written.
 *
 * Invariant: before each record, at <= end in every lane.
 */
#include "trace/columns.h"

#include "base/inline.h"
#include "trace/decode.h"

/* A place where bytes are taken from, or put. */
typedef struct lane {
    uint8_t *at, *end;
} lane_t;

typedef struct lanes {
    lane_t records, column[CCI_COLUMNS];
} lanes_t;

typedef enum { SPLIT, JOIN } direction_t;

/* 9 or 10 bytes; more are no varint. */
static bool move_long_varint(lane_t *from, lane_t *to)
{
    size_t n = 8;

    while (n < CCI_VARINT_MAX && from->at[n] >= 0x80)
        n++;
    if (n == CCI_VARINT_MAX)
        return false;
    memcpy(to->at, from->at, n + 1);
    from->at += n + 1;
    to->at += n + 1;
    return true;
}

/* The word is moved whole: what is too much of it is overwritten by what comes next, or lies
 * behind the end. */
CCI_SPECIALISED bool move_varint(lane_t *from, lane_t *to)
{
    uint64_t word;
    memcpy(&word, from->at, sizeof word);

    uint64_t stops = ~word & UINT64_C(0x8080808080808080);
    if (__builtin_expect(stops == 0, 0))
        return move_long_varint(from, to);
    memcpy(to->at, &word, sizeof word);
    unsigned n = ((unsigned)__builtin_ctzll(stops) + 1) / 8;
    from->at += n;
    to->at += n;
    return true;
}

/* Length and payload. What is left in from has room in to. */
static bool move_extended(lane_t *from, lane_t *to)
{
    const uint8_t *p = from->at;
    uint64_t       length;

    if (!cci_get_varint(&p, from->end, &length) || length > (uint64_t)(from->end - p))
        return false;
    size_t n = (size_t)(p - from->at) + (size_t)length;
    memcpy(to->at, from->at, n);
    from->at += n;
    to->at += n;
    return true;
}

CCI_SPECIALISED bool move_field(lanes_t *l, direction_t to, cci_column_t column)
{
    return to == SPLIT ? move_varint(&l->records, &l->column[column])
                       : move_varint(&l->column[column], &l->records);
}

/* What stands behind the tag of an event. */
CCI_SPECIALISED bool move_fields(lanes_t *l, direction_t to, uint8_t tag)
{
    const cci_op_t op       = cci_record_op(tag);
    const bool     has_size = op != CCI_OP_FREE;

    return (tag >> 3 != CCI_TIME_ESCAPE || move_field(l, to, CCI_COLUMN_TIMES)) &&
           (!has_size || move_field(l, to, CCI_COLUMN_SIZES)) &&
           move_field(l, to, CCI_COLUMN_ADDRESSES) &&
           (op != CCI_OP_REALLOC || move_field(l, to, CCI_COLUMN_ADDRESSES)) &&
           (!has_size || move_field(l, to, CCI_COLUMN_STACKS)) &&
           (op != CCI_OP_ALIGNED || move_field(l, to, CCI_COLUMN_SIZES));
}

CCI_SPECIALISED bool is_within(const lane_t *lane)
{
    return lane->at <= lane->end;
}

CCI_SPECIALISED bool is_done(const lane_t *lane)
{
    return lane->at == lane->end;
}

/* Whether no more was taken than there is. */
CCI_SPECIALISED bool all_within(const lanes_t *l, direction_t to)
{
    if (to == SPLIT)
        return is_within(&l->records);
    bool within = true;
    for (int i = 0; i < CCI_COLUMNS; i++)
        within &= is_within(&l->column[i]);
    return within;
}

CCI_SPECIALISED uint8_t move_tag(lane_t *from, lane_t *to)
{
    return *to->at++ = *from->at++;
}

/* There is a tag to take. */
CCI_SPECIALISED bool move_record(lanes_t *l, direction_t to)
{
    lane_t       *records = &l->records, *stacks = &l->column[CCI_COLUMN_STACKS];
    lane_t       *tags = &l->column[CCI_COLUMN_TIMES];
    const uint8_t tag  = to == SPLIT ? move_tag(records, tags) : move_tag(tags, records);

    if (cci_record_op(tag) == CCI_OP_EXTENDED)
        return to == SPLIT ? move_extended(records, stacks) : move_extended(stacks, records);
    return cci_record_op(tag) <= CCI_OP_ALIGNED && move_fields(l, to, tag) && all_within(l, to);
}

/* Nothing is written to what is only read: a lane is either's. */
static lane_t lane(const uint8_t *at, size_t n)
{
    return (lane_t){ (uint8_t *)at, (uint8_t *)at + n };
}

/* The lengths of the columns, and the columns, which begin every stride bytes of scratch. */
static size_t put_columns(const lanes_t *l, const uint8_t *scratch, size_t stride, uint8_t *out)
{
    size_t   n[CCI_COLUMNS];
    uint8_t *p = out;

    for (size_t i = 0; i < CCI_COLUMNS; i++) {
        n[i] = (size_t)(l->column[i].at - (scratch + i * stride));
        p    = cci_put_varint(p, n[i]);
    }
    for (size_t i = 0; i < CCI_COLUMNS; i++) {
        memcpy(p, scratch + i * stride, n[i]);
        p += n[i];
    }
    return (size_t)(p - out);
}

size_t cci_columns_split(const uint8_t *records, size_t n, uint8_t *scratch, uint8_t *out)
{
    const size_t stride = n + CCI_RECORD_MAX;
    lanes_t      l      = { .records = lane(records, n) };

    for (size_t i = 0; i < CCI_COLUMNS; i++)
        l.column[i] = lane(scratch + i * stride, n);
    while (!is_done(&l.records))
        if (!move_record(&l, SPLIT))
            return 0;
    return put_columns(&l, scratch, stride, out);
}

/* Where the columns are, which fill size bytes with their lengths, and without them n. */
static bool find_columns(lanes_t *l, const uint8_t *columns, size_t size, size_t n)
{
    const uint8_t *p = columns, *end = columns + size;
    uint64_t       length[CCI_COLUMNS];

    for (size_t i = 0; i < CCI_COLUMNS; i++)
        if (!cci_get_varint(&p, end, &length[i]))
            return false;
    if ((size_t)(end - p) != n)
        return false;
    for (size_t i = 0; i < CCI_COLUMNS; i++) {
        if (length[i] > (uint64_t)(end - p))
            return false;
        l->column[i] = lane(p, (size_t)length[i]);
        p += length[i];
    }
    return p == end;
}

bool cci_columns_join(const uint8_t *columns, size_t size, uint8_t *records, size_t n)
{
    lanes_t       l    = { .records = lane(records, n) };
    const lane_t *tags = &l.column[CCI_COLUMN_TIMES];

    if (!find_columns(&l, columns, size, n))
        return false;
    while (!is_done(tags))
        if (!move_record(&l, JOIN))
            return false;
    return is_done(&l.records); /* then all columns are used up */
}
