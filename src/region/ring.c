/* SPDX-License-Identifier: MIT */
/* ring.c - bytes through a ring; see ccmem/ring.h for the contract, region/ring_parts.h for the
 * idea. */
#include "region/ring_parts.h"

#include "prim/fault.h"

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Acquire: pairs with publish_read, whose bytes were copied before. Sequentially consistent for who
 * goes to sleep next (ring_wait.c), which costs a load no more than that. */
bool cci_ring_look_for_room(cc_ring_t *ring, size_t size)
{
    cc_ring_writer_t_ *w    = &ring->writer;
    const uint64_t     seen = w->limit - ring->capacity;
    const uint64_t     read = __atomic_load_n(&ring->ends->read, __ATOMIC_SEQ_CST);

    if (read - seen > cci_ring_writer_at(ring) - seen)
        cci_ring_note_damage(&w->is_damaged);
    else
        w->limit = read + ring->capacity;
    return size <= cci_ring_room(ring);
}

/* Acquire: pairs with publish_written. */
bool cci_ring_look_for_bytes(cc_ring_t *ring, size_t size)
{
    cc_ring_reader_t_ *r       = &ring->reader;
    const uint64_t     at      = cci_ring_reader_at(ring);
    const uint64_t     seen    = at + cci_ring_bytes(ring);
    const uint64_t     written = __atomic_load_n(&ring->ends->written, __ATOMIC_SEQ_CST);

    if (written - seen > ring->capacity - (seen - at))
        cci_ring_note_damage(&r->is_damaged);
    else
        r->limit = written;
    return size <= cci_ring_bytes(ring);
}

/* ---- the writer ---- */

static void put(cc_ring_t *ring, const void *data, size_t size)
{
    if (size == 0)
        return;
    cci_ring_copy_in(ring, data, size);
    cci_ring_publish_written(ring, cci_ring_writer_at(ring) + size);
}

bool cc_ring_try_write_(cc_ring_t *ring, const void *data, size_t size)
{
    if (cci_ring_overwrites(ring))
        return cci_ring_overwrite(ring, data, size);
    if (!cci_ring_has_room(ring, size))
        return cci_ring_refuse(ring);
    put(ring, data, size);
    return true;
}

size_t cc_ring_write(cc_ring_t *ring, const void *data, size_t size)
{
    if (cci_ring_overwrites(ring)) {
        const size_t n = size < ring->capacity ? size : ring->capacity;
        return cci_ring_overwrite(ring, data, n) ? n : 0;
    }
    if (!cci_ring_has_room(ring, size)) {
        cci_ring_refuse(ring);
        size = cci_ring_room(ring);
    }
    put(ring, data, size);
    return size;
}

static void refuse_to_lend(const cc_ring_t *ring, const char *what)
{
    if (cci_ring_overwrites(ring))
        cci_fault("ring", "%s of a ring that overwrites", what);
}

void *cc_ring_reserve(cc_ring_t *ring, size_t *size)
{
    cc_ring_writer_t_ *w     = &ring->writer;
    const uint64_t     at    = cci_ring_writer_at(ring);
    const size_t       piece = cci_ring_piece(ring, at);

    refuse_to_lend(ring, "reserve");
    cci_ring_look_for_room(ring, 0);
    w->has_record  = false;
    w->reserved    = least(cci_ring_room(ring), piece);
    w->reserved_at = at;
    *size          = w->reserved;
    if (w->reserved == 0)
        return cci_ring_refuse(ring), NULL;
    if (ring->is_watched)
        cci_ring_lend(ring, at, w->reserved);
    return cci_ring_place(ring, at);
}

void cc_ring_commit(cc_ring_t *ring, size_t size)
{
    cc_ring_writer_t_ *w        = &ring->writer;
    const uint64_t     at       = cci_ring_writer_at(ring);
    const uint64_t     reserved = w->has_record || w->reserved_at != at ? 0 : w->reserved;

    if (size > reserved)
        cci_fault("ring", "commit of %zu bytes, reserved are %zu", size, (size_t)reserved);
    w->reserved -= size;
    w->reserved_at += size;
    cci_ring_publish_written(ring, at + size);
}

/* ---- the reader ---- */

bool cc_ring_try_read_(cc_ring_t *ring, void *out, size_t size)
{
    if (cci_ring_overwrites(ring))
        return cci_ring_snatch(ring, out, size, size, false) == size;
    if (!cci_ring_has_bytes(ring, size))
        return false;
    if (size) {
        cci_ring_copy_out(ring, out, size);
        cci_ring_drop(ring, size);
    }
    return true;
}

size_t cc_ring_peek(cc_ring_t *ring, void *out, size_t size)
{
    if (cci_ring_overwrites(ring))
        return cci_ring_snatch(ring, out, 0, size, true);
    if (!cci_ring_has_bytes(ring, size))
        size = cci_ring_bytes(ring);
    if (size)
        cci_ring_copy_out(ring, out, size);
    return size;
}

size_t cc_ring_read(cc_ring_t *ring, void *out, size_t size)
{
    if (cci_ring_overwrites(ring))
        return cci_ring_snatch(ring, out, 0, size, false);
    size = cc_ring_peek(ring, out, size);
    if (size)
        cci_ring_drop(ring, size);
    return size;
}

bool cc_ring_try_advance(cc_ring_t *ring, size_t size)
{
    if (cci_ring_overwrites(ring))
        return cci_ring_snatch(ring, NULL, size, size, false) == size;
    if (!cci_ring_has_bytes(ring, size))
        return false;
    cci_ring_drop(ring, size);
    return true;
}

const void *cc_ring_view(cc_ring_t *ring, size_t *size)
{
    const uint64_t at    = cci_ring_reader_at(ring);
    const size_t   piece = cci_ring_piece(ring, at);

    refuse_to_lend(ring, "view");
    cci_ring_look_for_bytes(ring, 0);
    *size = least(cci_ring_bytes(ring), piece);
    return *size ? cci_ring_place(ring, at) : NULL;
}

void cc_ring_consume(cc_ring_t *ring, size_t size)
{
    const size_t seen = cci_ring_bytes(ring);

    if (size > seen)
        cci_fault("ring", "consume of %zu bytes, viewed are %zu", size, seen);
    cci_ring_drop(ring, size);
}

void cc_ring_reset(cc_ring_t *ring)
{
    if (cci_ring_overwrites(ring)) {
        cci_ring_publish_read(ring, __atomic_load_n(&ring->ends->written, __ATOMIC_ACQUIRE));
        return;
    }
    cci_ring_look_for_bytes(ring, 0);
    cci_ring_drop(ring, cci_ring_bytes(ring));
}

/* ---- statistics ---- */

/* The written position last: none that is loaded before overtakes it. It may have moved on since,
 * so what lies between may look like more than there can be. */
cc_ring_stats_t cc_ring_stats(const cc_ring_t *ring)
{
    const uint64_t read    = __atomic_load_n(&ring->ends->read, __ATOMIC_ACQUIRE);
    const uint64_t oldest  = __atomic_load_n(&ring->ends->oldest, __ATOMIC_ACQUIRE);
    const uint64_t written = __atomic_load_n(&ring->ends->written, __ATOMIC_ACQUIRE);
    const uint64_t bytes   = least(written - read, written - oldest);

    return (cc_ring_stats_t){
        .capacity    = ring->capacity,
        .used        = least(bytes, ring->capacity),
        .written     = written,
        .read        = read,
        .wraps       = written / ring->capacity,
        .refused     = __atomic_load_n(&ring->writer.refused, __ATOMIC_RELAXED),
        .lost        = __atomic_load_n(&ring->reader.lost, __ATOMIC_RELAXED),
        .is_mirrored = ring->reach > ring->capacity,
        .damaged     = __atomic_load_n(&ring->writer.is_damaged, __ATOMIC_RELAXED) ||
                   __atomic_load_n(&ring->reader.is_damaged, __ATOMIC_RELAXED),
    };
}
