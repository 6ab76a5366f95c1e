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
    return ring->record_max;
}

static size_t room_for(const cc_ring_t *ring, size_t size)
{
    if (size > ring->record_max)
        return SIZE_MAX;
    const size_t bytes = cc_ring_record_bytes_(size),
                 piece = cci_ring_piece(ring, cci_ring_writer_at(ring));
    return bytes <= piece ? bytes : piece + bytes;
}

size_t cc_ring_record_room(const cc_ring_t *ring, size_t size)
{
    return room_for(ring, size);
}

/* Bytes that lie in one piece. */
static void put(cc_ring_t *ring, uint64_t at, const void *data, size_t size)
{
    if (ring->is_watched)
        cci_ring_lend(ring, at, size);
    if (size)
        memcpy(cci_ring_place(ring, at), data, size);
}

static void put_header(cc_ring_t *ring, uint64_t at, uint64_t header)
{
    put(ring, at, &header, sizeof header);
}

/* Where the record's header goes, or false. */
static bool find_place(cc_ring_t *ring, size_t size, uint64_t *header_at)
{
    const uint64_t at   = cci_ring_writer_at(ring);
    const size_t   need = room_for(ring, size);

    if (!cci_ring_is_aligned(at)) {
        cci_ring_note_damage(&ring->writer.is_damaged);
        return false;
    }
    if (need == SIZE_MAX || !cci_ring_has_room(ring, need))
        return cci_ring_refuse(ring);
    const size_t gap = need - cc_ring_record_bytes_(size);
    if (gap)
        put_header(ring, at, GAP);
    *header_at = at + gap;
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
    w->reserved_at = cci_ring_writer_at(ring);
    if (ring->is_watched)
        cci_ring_lend(ring, w->record + CCI_RING_WORD, size);
    return cci_ring_place(ring, w->record) + CCI_RING_WORD;
}

void cc_ring_commit_record(cc_ring_t *ring, size_t size)
{
    cc_ring_writer_t_ *w = &ring->writer;

    if (!w->has_record || w->reserved_at != cci_ring_writer_at(ring))
        cci_fault("ring", "commit of a record, none is reserved");
    if (size > w->reserved)
        cci_fault("ring", "commit of a record of %zu bytes, reserved are %zu", size,
                  (size_t)w->reserved);
    w->has_record = false;
    w->reserved   = 0;
    put_header(ring, w->record, size);
    cci_ring_publish_written(ring, w->record + cc_ring_record_bytes_(size));
}

bool cc_ring_try_write_record_(cc_ring_t *ring, const void *data, size_t size)
{
    uint64_t at;

    if (cci_ring_overwrites(ring))
        return cci_ring_overwrite_record(ring, data, size);
    if (!find_place(ring, size, &at))
        return false;
    put_header(ring, at, size);
    put(ring, at + CCI_RING_WORD, data, size);
    cci_ring_publish_written(ring, at + cc_ring_record_bytes_(size));
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
    return header <= ring->record_max && cc_ring_record_bytes_(header) <= cci_ring_bytes(ring) &&
           cc_ring_record_bytes_(header) <= cci_ring_piece(ring, cci_ring_reader_at(ring));
}

/* Go to the start when the writer did; the header there. */
static uint64_t pass_gap(cc_ring_t *ring, uint64_t header)
{
    const size_t gap = cci_ring_piece(ring, cci_ring_reader_at(ring));

    if (header != GAP || gap + CCI_RING_WORD > cci_ring_bytes(ring))
        return header;
    cci_ring_drop(ring, gap);
    return header_at(ring, cci_ring_reader_at(ring));
}

static cc_result_t find_damage(cc_ring_reader_t_ *r)
{
    cci_ring_note_damage(&r->is_damaged);
    return CC_RESULT_DAMAGED;
}

/* The size of the next record, which is at the reader's position then. */
static cc_result_t find_record(cc_ring_t *ring, size_t *size)
{
    if (!cci_ring_has_bytes(ring, CCI_RING_WORD))
        return CC_RESULT_NOT_FOUND;
    if (!cci_ring_is_aligned(cci_ring_reader_at(ring)))
        return find_damage(&ring->reader);
    const uint64_t header = pass_gap(ring, header_at(ring, cci_ring_reader_at(ring)));
    if (!is_record(ring, header))
        return find_damage(&ring->reader);
    *size = header;
    return CC_RESULT_OK;
}

const void *cc_ring_view_record(cc_ring_t *ring, size_t *size)
{
    cc_ring_reader_t_ *r = &ring->reader;
    size_t             n;

    if (cci_ring_overwrites(ring))
        cci_fault("ring", "view of a ring that overwrites");
    r->has_record = find_record(ring, &n) == CC_RESULT_OK;
    if (!r->has_record)
        return NULL;
    r->record    = cc_ring_record_bytes_(n);
    r->record_at = cci_ring_reader_at(ring);
    *size        = n;
    return cci_ring_place(ring, r->record_at) + CCI_RING_WORD;
}

void cc_ring_consume_record(cc_ring_t *ring)
{
    cc_ring_reader_t_ *r = &ring->reader;

    if (!r->has_record || r->record_at != cci_ring_reader_at(ring))
        cci_fault("ring", "consume of a record, none is viewed");
    r->has_record = false;
    cci_ring_drop(ring, r->record);
}

cc_result_t cc_ring_read_record_(cc_ring_t *ring, void *out, size_t max, size_t *size)
{
    size_t n;

    if (cci_ring_overwrites(ring))
        return cci_ring_snatch_record(ring, out, max, size);
    const cc_result_t result = find_record(ring, &n);
    if (result != CC_RESULT_OK)
        return result;
    if (n > max)
        return CC_RESULT_FULL;
    if (n)
        memcpy(out, cci_ring_place(ring, cci_ring_reader_at(ring)) + CCI_RING_WORD, n);
    cci_ring_drop(ring, cc_ring_record_bytes_(n));
    *size = n;
    return CC_RESULT_OK;
}
