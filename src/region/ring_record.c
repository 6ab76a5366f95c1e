/* SPDX-License-Identifier: MIT */
/* ring_record.c - records through a ring.
 *
 * A record is a word that says its size, and its bytes, rounded up to a word; so a header never
 * wraps. In a ring that is not mirrored a record that would not fit before the end begins at the
 * start; a word in front of what is left over says so. Both become the reader's at once, so no
 * reader ever finds a gap with nothing behind it. A record of up to half of the ring fits into an
 * empty one wherever it begins.
 *
 * The reader copies a header once, checks it, and uses the copy: another process may change it.
 */
#include "region/ring_parts.h"

#include "prim/fault.h"

#define GAP (~UINT64_C(0))

size_t cc_ring_record_max(const cc_ring_t *ring)
{
    const bool in_one_piece = ring->reach > ring->capacity || cci_ring_overwrites(ring);

    return (in_one_piece ? ring->capacity : ring->capacity / 2) - CCI_RING_WORD;
}

size_t cc_ring_record_room(const cc_ring_t *ring, size_t size)
{
    if (size > cc_ring_record_max(ring))
        return SIZE_MAX;
    const size_t bytes = cci_ring_record_bytes(size), piece = cci_ring_piece(ring, ring->writer.at);
    return bytes <= piece ? bytes : piece + bytes;
}

static void put_header(cc_ring_t *ring, uint64_t at, uint64_t header)
{
    if (ring->is_watched)
        cci_ring_lend(ring, at, CCI_RING_WORD);
    memcpy(cci_ring_place(ring, at), &header, sizeof header);
}

/* Where the record's header goes, or false. */
static bool find_place(cc_ring_t *ring, size_t size, uint64_t *header_at)
{
    cc_ring_writer_t_ *w    = &ring->writer;
    const size_t       need = cc_ring_record_room(ring, size);

    if (!cci_ring_is_aligned(w->at)) {
        cci_ring_note_damage(&w->is_damaged);
        return false;
    }
    if (need == SIZE_MAX || !cci_ring_has_room(ring, need))
        return cci_ring_refuse(ring);
    const size_t gap = need - cci_ring_record_bytes(size);
    if (gap)
        put_header(ring, w->at, GAP);
    *header_at = w->at + gap;
    return true;
}

void *cc_ring_try_reserve_record(cc_ring_t *ring, size_t size)
{
    cc_ring_writer_t_ *w = &ring->writer;

    if (cci_ring_overwrites(ring))
        cci_fault("ring", "reserve of a ring that overwrites");
    w->has_record = false;
    w->reserved   = 0;
    if (!find_place(ring, size, &w->record))
        return NULL;
    w->has_record  = true;
    w->reserved    = size;
    w->reserved_at = w->at;
    if (ring->is_watched)
        cci_ring_lend(ring, w->record + CCI_RING_WORD, size);
    return cci_ring_place(ring, w->record) + CCI_RING_WORD;
}

void cc_ring_commit_record(cc_ring_t *ring, size_t size)
{
    cc_ring_writer_t_ *w = &ring->writer;

    if (!w->has_record || w->reserved_at != w->at)
        cci_fault("ring", "commit of a record, none is reserved");
    if (size > w->reserved)
        cci_fault("ring", "commit of a record of %zu bytes, reserved are %zu", size,
                  (size_t)w->reserved);
    w->has_record = false;
    w->reserved   = 0;
    put_header(ring, w->record, size);
    cci_ring_publish_written(ring, w->record + cci_ring_record_bytes(size));
}

bool cc_ring_try_write_record(cc_ring_t *ring, const void *data, size_t size)
{
    if (cci_ring_overwrites(ring))
        return cci_ring_overwrite_record(ring, data, size);
    void *place = cc_ring_try_reserve_record(ring, size);
    if (!place)
        return false;
    if (size)
        memcpy(place, data, size);
    cc_ring_commit_record(ring, size);
    return true;
}

/* ---- the reader ---- */

static uint64_t header_at(const cc_ring_t *ring, uint64_t at)
{
    return __atomic_load_n((const uint64_t *)(const void *)cci_ring_place(ring, at),
                           __ATOMIC_RELAXED);
}

/* Whether the bytes that were seen hold a record with this header, in one piece. */
static bool is_record(const cc_ring_t *ring, uint64_t header)
{
    const cc_ring_reader_t_ *r = &ring->reader;

    return header <= cc_ring_record_max(ring) &&
           cci_ring_record_bytes(header) <= r->limit - r->at &&
           cci_ring_record_bytes(header) <= cci_ring_piece(ring, r->at);
}

/* Go to the start when the writer did; the header there. */
static uint64_t pass_gap(cc_ring_t *ring, uint64_t header)
{
    cc_ring_reader_t_ *r   = &ring->reader;
    const size_t       gap = cci_ring_piece(ring, r->at);

    if (header != GAP || gap + CCI_RING_WORD > r->limit - r->at)
        return header;
    r->at += gap;
    return header_at(ring, r->at);
}

const void *cc_ring_view_record(cc_ring_t *ring, size_t *size)
{
    cc_ring_reader_t_ *r = &ring->reader;

    if (cci_ring_overwrites(ring))
        cci_fault("ring", "view of a ring that overwrites");
    r->has_record = false;
    if (!cci_ring_has_bytes(ring, CCI_RING_WORD))
        return NULL;
    if (!cci_ring_is_aligned(r->at)) {
        cci_ring_note_damage(&r->is_damaged);
        return NULL;
    }
    const uint64_t header = pass_gap(ring, header_at(ring, r->at));
    if (!is_record(ring, header)) {
        cci_ring_note_damage(&r->is_damaged);
        return NULL;
    }
    r->has_record = true;
    r->record     = cci_ring_record_bytes(header);
    r->record_at  = r->at;
    *size         = header;
    return cci_ring_place(ring, r->at) + CCI_RING_WORD;
}

void cc_ring_consume_record(cc_ring_t *ring)
{
    cc_ring_reader_t_ *r = &ring->reader;

    if (!r->has_record || r->record_at != r->at)
        cci_fault("ring", "consume of a record, none is viewed");
    r->has_record = false;
    cci_ring_drop(ring, r->record);
}

cc_result_t cc_ring_read_record(cc_ring_t *ring, void *out, size_t max, size_t *size)
{
    size_t n = 0;

    if (cci_ring_overwrites(ring))
        return cci_ring_snatch_record(ring, out, max, size);
    const void *record = cc_ring_view_record(ring, &n);
    if (!record)
        return ring->reader.limit - ring->reader.at < CCI_RING_WORD ? CC_RESULT_NOT_FOUND
                                                                    : CC_RESULT_DAMAGED;
    if (n > max)
        return CC_RESULT_FULL;
    if (n)
        memcpy(out, record, n);
    cc_ring_consume_record(ring);
    *size = n;
    return CC_RESULT_OK;
}
